//! Questions, answers and where their sentences come from.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::{AssistantId, ConversationId, DocumentId, KnowledgeBaseId, MessageId, PassageId, Problem, SearchHit};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Conversation {
    pub id: ConversationId,
    pub title: String,
    pub assistant_id: AssistantId,
    pub pinned: bool,
    /// The last message of the branch that is shown.
    pub active_message_id: Option<MessageId>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

/// A conversation with all its messages, branches included, oldest first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ConversationTree {
    pub conversation: Conversation,
    pub messages: Vec<Message>,
}

impl ConversationTree {
    /// The messages from the first question to the active message.
    pub fn active_branch(&self) -> Vec<&Message> {
        let mut next = self.conversation.active_message_id;
        let mut branch = Vec::new();
        while let Some(message) = next.and_then(|id| self.messages.iter().find(|message| message.id == id)) {
            branch.push(message);
            next = message.parent_id;
        }
        branch.reverse();
        branch
    }

    /// The messages that share a parent with this one, itself included, oldest first.
    pub fn siblings(&self, message: &Message) -> Vec<&Message> {
        self.messages
            .iter()
            .filter(|other| other.parent_id == message.parent_id)
            .collect()
    }

    /// The newest message below this one, following the newest child each time; itself when it has none.
    pub fn newest_leaf(&self, of: MessageId) -> MessageId {
        let mut leaf = of;
        while let Some(child) = self
            .messages
            .iter()
            .rev()
            .find(|message| message.parent_id == Some(leaf))
        {
            leaf = child.id;
        }
        leaf
    }
}

/// Changes to a conversation; what is absent stays.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields, default)]
pub struct UpdateConversation {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pinned: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub active_message_id: Option<MessageId>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Author {
    User,
    Assistant,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum MessageStatus {
    /// Being written.
    Streaming,
    Complete,
    /// Ended early by its reader; what was written stays.
    Stopped,
    /// See `error`; what was written stays.
    Failed,
}

/// How an answer came about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum AnswerKind {
    /// Written by a language model; its citations were checked.
    Generated,
    /// The documents' own sentences.
    Extractive,
    /// The documents do not say.
    NotFound,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Message {
    pub id: MessageId,
    pub conversation_id: ConversationId,
    /// What it answers or follows; absent on a first question.
    pub parent_id: Option<MessageId>,
    pub author: Author,
    /// Markdown; `[1]` refers to the citation of that number, `[?]` follows a sentence that no passage supports.
    pub content: String,
    /// `content` as safe HTML.
    pub html: String,
    pub status: MessageStatus,
    pub answer_kind: Option<AnswerKind>,
    /// The version of the assistant that made this answer.
    pub assistant_version: Option<u32>,
    pub model: Option<String>,
    pub citations: Vec<Citation>,
    pub error: Option<Problem>,
    pub feedback: Option<Feedback>,
    pub created_at: DateTime<Utc>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Citation {
    /// As it stands in the answer, counted from 1.
    pub number: u32,
    pub passage_id: PassageId,
    pub document_id: DocumentId,
    pub knowledge_base_id: KnowledgeBaseId,
    pub document_name: String,
    /// Counted from 1.
    pub page: u32,
    pub heading_path: Vec<String>,
    /// The exact words of the document's text from `start` to `end`.
    pub quote: String,
    /// Characters from the start of the document's text.
    pub start: u64,
    pub end: u64,
    pub check: Check,
    /// False when the document was deleted, or is no longer shared with the caller: the quote is all there is then.
    #[serde(default = "available")]
    pub available: bool,
}

fn available() -> bool {
    true
}

/// Whether the cited words carry the sentence that cites them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Check {
    Supported,
    Weak,
    Unsupported,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Feedback {
    pub helpful: bool,
    #[serde(default)]
    pub note: String,
}

/// Asks a question in a new conversation.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct StartConversation {
    pub question: String,
    /// The caller's default assistant unless given.
    #[serde(default)]
    pub assistant_id: Option<AssistantId>,
    /// Search these alone for the answer, rather than what the assistant searches.
    #[serde(default)]
    pub knowledge_base_ids: Vec<KnowledgeBaseId>,
}

/// Asks a question in a conversation.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Ask {
    pub question: String,
    /// The answer it follows; the last one of the branch that is shown, unless given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent_id: Option<MessageId>,
    /// The question it takes the place of, in a branch of its own: to edit a question. Not together with `parent_id`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub edits: Option<MessageId>,
}

/// A question that was taken and the answer that is being written to it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Asked {
    pub conversation: Conversation,
    pub question: Message,
    pub answer: Message,
}

/// What `GET /messages/{id}/events` streams while an answer is being written.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum AnswerEvent {
    /// The passages the answer is made from.
    Retrieval { hits: Vec<SearchHit> },
    /// More of the answer's Markdown.
    Delta { text: String },
    /// The answer so far as safe HTML; replaces what came before.
    Html { html: String },
    /// The number has appeared in the text.
    Citation { citation: Box<Citation> },
    /// Complete, stopped or failed; the message as stored.
    Done { message: Box<Message> },
}
