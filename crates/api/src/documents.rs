//! Uploaded files, how far they are, and the text that was read from them.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::{DocumentId, KnowledgeBaseId, Problem};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum DocumentStatus {
    Queued,
    Processing,
    /// Searchable and citable.
    Ready,
    /// See `error`; the original can still be downloaded.
    Failed,
    Cancelled,
}

impl DocumentStatus {
    /// Whether a worker still has something to do.
    pub fn is_underway(self) -> bool {
        matches!(self, Self::Queued | Self::Processing)
    }
}

/// What is being done to a document, in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    Extract,
    Split,
    Embed,
    Index,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Document {
    pub id: DocumentId,
    pub knowledge_base_id: KnowledgeBaseId,
    pub name: String,
    /// Decided by content, not by name.
    pub media_type: String,
    /// Bytes of the original.
    pub size: u64,
    /// SHA-256 of the original, in hexadecimal.
    pub sha256: String,
    pub status: DocumentStatus,
    /// What is being done now, while `processing`.
    pub stage: Option<Stage>,
    /// 0 to 1 over all stages.
    pub progress: f32,
    /// Why it failed.
    pub error: Option<DocumentError>,
    pub pages: u32,
    pub passages: u32,
    pub source_url: Option<String>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DocumentError {
    /// Stable name, for programs: `encrypted`, `scanned`, `corrupt`, `too_large`, `empty`, `not_text`, `unsupported`, ...
    pub code: String,
    /// What is wrong with the file.
    pub message: String,
    /// What to do about it.
    pub remedy: String,
}

/// What became of one uploaded file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum Upload {
    /// Stored durably; it will end `ready` or `failed`.
    Accepted {
        document: Box<Document>,
    },
    /// The knowledge base already holds these bytes, as this document.
    Duplicate {
        name: String,
        document: Box<Document>,
    },
    Refused {
        name: String,
        problem: Problem,
    },
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Uploads {
    /// In the order of the files sent.
    pub files: Vec<Upload>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct UploadFromUrl {
    pub url: String,
}

/// How many failed documents are read again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RetriedDocuments {
    pub documents: u64,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum DocumentOrder {
    #[default]
    Newest,
    Oldest,
    Name,
    Largest,
}

/// Which documents of a knowledge base to list.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::IntoParams))]
pub struct DocumentQuery {
    /// Only documents whose name contains this.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub search: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", param(inline))]
    pub status: Option<DocumentStatus>,
    #[serde(default)]
    #[cfg_attr(feature = "openapi", param(inline))]
    pub order: DocumentOrder,
    /// `next_cursor` of the page before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
    /// At most so many (1 to 200, 50 unless given).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
}

/// Which part of a document's text to get: from a page on, or by one of the positions.
///
/// Positions are characters from the start of the document's text.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::IntoParams))]
pub struct TextQuery {
    /// Counted from 1, which is also what is given without any of the others.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_page: Option<u32>,
    /// At most so many pages, from `first_page` on (1 to 50, 1 unless given).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pages: Option<u32>,
    /// The text around this position, from the start of its page where that is near.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub around: Option<u64>,
    /// The text that begins here: the `end` of what was read before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<u64>,
    /// The text that ends here: the `start` of what was read before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub before: Option<u64>,
    /// At most about so many characters (1,000 to 1,000,000, which it is unless given).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub characters: Option<u32>,
}

/// A part of a document's text.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DocumentText {
    pub total_pages: u32,
    /// Length of the whole text, in characters.
    pub total_characters: u64,
    /// Where the part begins and ends, in characters from the start of the text.
    pub start: u64,
    pub end: u64,
    pub pages: Vec<TextPage>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TextPage {
    /// Counted from 1.
    pub number: u32,
    /// What people call it: a page number, or a sheet's, slide's or chapter's name.
    pub label: String,
    /// Those of its blocks that are in the part; long paragraphs and code at its edges may be cut.
    pub blocks: Vec<TextBlock>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TextBlock {
    pub kind: TextBlockKind,
    /// Characters from the start of the document's text.
    pub start: u64,
    pub text: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum TextBlockKind {
    Heading1,
    Heading2,
    Heading3,
    Paragraph,
    ListItem,
    /// A Markdown pipe table.
    Table,
    Code,
}

/// A change to a document, as the knowledge base's event stream tells it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum DocumentEvent {
    Changed { document: Box<Document> },
    Deleted { id: DocumentId },
}
