//! Named collections of documents and who may use them.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::{KnowledgeBaseId, Person};

/// What somebody may do with a knowledge base; each level includes those before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Access {
    /// Read its documents and ask about them.
    Viewer,
    /// Also add, retry and delete documents.
    Editor,
    /// Also rename, share and delete it.
    Owner,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct KnowledgeBase {
    pub id: KnowledgeBaseId,
    pub name: String,
    pub description: String,
    /// What the caller may do with it.
    pub access: Access,
    pub owner: Person,
    pub documents: DocumentCounts,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DocumentCounts {
    pub total: u64,
    pub ready: u64,
    /// Queued or being read.
    pub underway: u64,
    pub failed: u64,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct CreateKnowledgeBase {
    pub name: String,
    #[serde(default)]
    pub description: String,
}

/// Changes to a knowledge base; what is absent stays.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields, default)]
pub struct UpdateKnowledgeBase {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Member {
    pub person: Person,
    pub access: Access,
}

/// Shares a knowledge base with the user who has this e-mail address, or changes what they may do.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct ShareKnowledgeBase {
    pub email: String,
    /// `viewer` or `editor`.
    pub access: Access,
}
