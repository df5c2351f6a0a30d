//! Language model endpoints.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::{ConnectionId, Problem};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Preset {
    Ollama,
    LmStudio,
    OpenRouter,
    OpenAi,
    Custom,
}

impl Preset {
    pub const ALL: [Preset; 5] = [
        Self::Ollama,
        Self::LmStudio,
        Self::OpenRouter,
        Self::OpenAi,
        Self::Custom,
    ];

    pub fn label(self) -> &'static str {
        match self {
            Self::Ollama => "Ollama",
            Self::LmStudio => "LM Studio",
            Self::OpenRouter => "OpenRouter",
            Self::OpenAi => "OpenAI",
            Self::Custom => "Other OpenAI-compatible",
        }
    }

    /// The address such a server has unless told otherwise; empty where there is no usual one.
    pub fn base_url(self) -> &'static str {
        match self {
            Self::Ollama => "http://127.0.0.1:11434/v1",
            Self::LmStudio => "http://127.0.0.1:1234/v1",
            Self::OpenRouter => "https://openrouter.ai/api/v1",
            Self::OpenAi => "https://api.openai.com/v1",
            Self::Custom => "",
        }
    }
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Connection {
    pub id: ConnectionId,
    pub name: String,
    pub preset: Preset,
    pub base_url: String,
    /// The key itself is never sent back.
    pub has_key: bool,
    /// Model to use where an assistant names none.
    pub model: String,
    /// Offered to every user by an admin.
    pub shared: bool,
    /// Whether the caller may change it.
    pub editable: bool,
    pub created_at: DateTime<Utc>,
}

#[derive(Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct SaveConnection {
    pub name: String,
    pub preset: Preset,
    pub base_url: String,
    /// Absent: keep the stored key. Empty: remove it.
    #[serde(default)]
    pub key: Option<String>,
    #[serde(default)]
    pub model: String,
    /// Only an admin may share.
    #[serde(default)]
    pub shared: bool,
}

/// What an endpoint said when it was tried.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ConnectionTest {
    pub models: Vec<String>,
    /// What is wrong and what to do; absent when it works.
    pub problem: Option<Problem>,
}
