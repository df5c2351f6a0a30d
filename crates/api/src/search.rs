//! Search without an answer.

use serde::{Deserialize, Serialize};

use crate::{DocumentId, KnowledgeBaseId, PassageId};

#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct SearchRequest {
    pub query: String,
    /// Empty: every knowledge base the caller may read.
    #[serde(default)]
    pub knowledge_base_ids: Vec<KnowledgeBaseId>,
    /// At most so many passages (1 to 50, 10 unless given).
    #[serde(default)]
    pub limit: Option<u32>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SearchResults {
    /// Best first.
    pub hits: Vec<SearchHit>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SearchHit {
    pub passage_id: PassageId,
    pub document_id: DocumentId,
    pub knowledge_base_id: KnowledgeBaseId,
    pub document_name: String,
    pub heading_path: Vec<String>,
    /// Counted from 1.
    pub first_page: u32,
    pub last_page: u32,
    /// Characters from the start of the document's text.
    pub start: u64,
    pub end: u64,
    pub text: String,
    /// Fused score, comparable within one result only.
    pub score: f32,
    /// How well the passage fits the question by itself: their cosine or, where it holds most of the question's words,
    /// the share of them, whichever is larger (0 to 1, comparable between questions).
    #[serde(default)]
    pub relevance: f32,
}
