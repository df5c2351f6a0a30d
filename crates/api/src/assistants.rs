//! What one chats with. Every save is a new version.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::{AssistantId, ConnectionId, KnowledgeBaseId};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Assistant {
    pub id: AssistantId,
    /// The current version, counted from 1.
    pub version: u32,
    pub settings: AssistantSettings,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct AssistantSettings {
    pub name: String,
    #[serde(default)]
    pub description: String,
    /// The system message.
    pub instructions: String,
    /// The user message; `{context}` and `{question}`, which it must hold, and `{date}` are filled in.
    pub prompt_template: String,
    /// Empty: every knowledge base its user may read.
    #[serde(default)]
    pub knowledge_base_ids: Vec<KnowledgeBaseId>,
    #[serde(default)]
    pub retrieval: RetrievalSettings,
    #[serde(default)]
    pub generation: GenerationSettings,
    #[serde(default)]
    pub model: ModelChoice,
}

impl Default for AssistantSettings {
    fn default() -> Self {
        Self {
            name: "Assistant".to_owned(),
            description: "Answers from every knowledge base you may read.".to_owned(),
            instructions: "You answer questions from the numbered passages you are given, and from nothing else. \
                           End every sentence with the number of the passage that supports it, like [1]. \
                           If the passages do not hold the answer, say that the documents do not say. \
                           Answer in the language of the question."
                .to_owned(),
            prompt_template: "Passages:\n\n{context}\n\nQuestion: {question}".to_owned(),
            knowledge_base_ids: Vec::new(),
            retrieval: RetrievalSettings::default(),
            generation: GenerationSettings::default(),
            model: ModelChoice::default(),
        }
    }
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields, default)]
pub struct RetrievalSettings {
    /// Passages given to the model (1 to 30).
    pub passages: u32,
    /// Passages whose relevance is below this are left out; none left means that the documents do not say (0 to 1).
    pub min_score: f32,
    /// 0 is meaning alone, 1 is words alone.
    pub lexical_weight: f32,
    /// Passages added before and after each found one (0 to 3).
    pub neighbours: u32,
    /// Passages are left out from where they would take more than this, in tokens (200 to 100,000).
    pub context_tokens: u32,
}

impl Default for RetrievalSettings {
    fn default() -> Self {
        Self {
            passages: 8,
            min_score: 0.25,
            lexical_weight: 0.5,
            neighbours: 0,
            context_tokens: 3000,
        }
    }
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields, default)]
pub struct GenerationSettings {
    /// 0 to 2.
    pub temperature: f32,
    /// Above 0, to 1.
    pub top_p: f32,
    /// 16 to 32,768.
    pub max_tokens: u32,
}

impl Default for GenerationSettings {
    fn default() -> Self {
        Self {
            temperature: 0.2,
            top_p: 1.0,
            max_tokens: 1024,
        }
    }
}

/// Who writes the answer.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum ModelChoice {
    /// The first connection its user may use, or the documents' own sentences where there is none.
    #[default]
    Automatic,
    /// Always the documents' own sentences.
    Extractive,
    Connection {
        connection_id: ConnectionId,
        model: String,
    },
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AssistantVersion {
    pub version: u32,
    pub settings: AssistantSettings,
    pub created_at: DateTime<Utc>,
}

/// Saves a new version.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct SaveAssistant {
    /// The version the change was made from; refused with 409 when another save came first.
    pub base_version: u32,
    pub settings: AssistantSettings,
}
