//! Conversations and their messages, each seen by its owner alone.
//!
//! Messages leave here without HTML: it is made from their Markdown wherever they are shown.

use api::{
    AnswerKind, AssistantId, Author, Citation, Conversation, ConversationId, ConversationTree, Feedback, Message,
    MessageId, MessageStatus, Page, PageQuery, Problem, UpdateConversation, UserId,
};
use sqlx::{Row, sqlite::SqliteRow};
use uuid::Uuid;

use crate::{
    Store, StoreError,
    accounts::{page, page_limit},
    enums::{from_name, name_of},
    time::{from_millis, now},
};

/// Where a new answer belongs.
pub enum Question<'a> {
    /// A new question and its place in the conversation.
    New { parent: Option<MessageId>, text: &'a str },
    /// One that was asked before.
    Asked(MessageId),
}

/// What is known of an answer while it is being written and when it is done.
#[derive(Debug, Clone)]
pub struct AnswerState {
    pub content: String,
    pub status: MessageStatus,
    pub kind: Option<AnswerKind>,
    pub model: Option<String>,
    pub citations: Vec<Citation>,
    pub error: Option<Problem>,
}

fn conversation(row: &SqliteRow) -> Result<Conversation, sqlx::Error> {
    Ok(Conversation {
        id: ConversationId(row.try_get("id")?),
        title: row.try_get("title")?,
        assistant_id: AssistantId(row.try_get("assistant_id")?),
        pinned: row.try_get("pinned")?,
        active_message_id: row.try_get::<Option<Uuid>, _>("active_message_id")?.map(MessageId),
        created_at: from_millis(row.try_get("created_at")?),
        updated_at: from_millis(row.try_get("updated_at")?),
    })
}

fn message(row: &SqliteRow) -> Result<Message, StoreError> {
    let kind: Option<String> = row.try_get("answer_kind")?;
    let error: Option<String> = row.try_get("error")?;
    let feedback: Option<String> = row.try_get("feedback")?;
    Ok(Message {
        id: MessageId(row.try_get("id")?),
        conversation_id: ConversationId(row.try_get("conversation_id")?),
        parent_id: row.try_get::<Option<Uuid>, _>("parent_id")?.map(MessageId),
        author: from_name(row.try_get("author")?)?,
        content: row.try_get("content")?,
        html: String::new(),
        status: from_name(row.try_get("status")?)?,
        answer_kind: kind.map(from_name).transpose()?,
        assistant_version: row.try_get("assistant_version")?,
        model: row.try_get("model")?,
        citations: serde_json::from_str(row.try_get("citations")?)?,
        error: error.map(|error| serde_json::from_str(&error)).transpose()?,
        feedback: feedback.map(|feedback| serde_json::from_str(&feedback)).transpose()?,
        created_at: from_millis(row.try_get("created_at")?),
    })
}

impl Store {
    pub async fn create_conversation(
        &self,
        caller: UserId,
        assistant: AssistantId,
        title: &str,
    ) -> Result<Conversation, StoreError> {
        let row = sqlx::query(
            "INSERT INTO conversations (id, owner_id, assistant_id, title, created_at, updated_at)
             SELECT $2, $1, id, $4, $5, $5 FROM assistants WHERE id = $3 AND owner_id = $1 AND NOT deleted RETURNING *",
        )
        .bind(caller.0)
        .bind(Uuid::now_v7())
        .bind(assistant.0)
        .bind(title)
        .bind(now())
        .fetch_optional(&self.writes)
        .await?
        .ok_or(StoreError::NotFound("assistant"))?;
        Ok(conversation(&row)?)
    }

    pub async fn conversation(&self, caller: UserId, id: ConversationId) -> Result<Conversation, StoreError> {
        let row = sqlx::query("SELECT * FROM conversations WHERE id = $2 AND owner_id = $1")
            .bind(caller.0)
            .bind(id.0)
            .fetch_optional(&self.reads)
            .await?
            .ok_or(StoreError::NotFound("conversation"))?;
        Ok(conversation(&row)?)
    }

    /// The caller's conversations, pinned ones first, then the newest.
    pub async fn conversations(&self, caller: UserId, query: &PageQuery) -> Result<Page<Conversation>, StoreError> {
        let limit = page_limit(query.limit);
        let rows = sqlx::query(
            "SELECT * FROM conversations
             WHERE owner_id = $1 AND ($2 IS NULL OR pinned || hex(id) < $2)
                   AND ($3 IS NULL OR instr(lower(title), lower($3)) > 0)
             ORDER BY pinned DESC, id DESC LIMIT $4",
        )
        .bind(caller.0)
        .bind(&query.cursor)
        .bind(&query.search)
        .bind(limit + 1)
        .fetch_all(&self.reads)
        .await?;
        let items = rows.iter().map(conversation).collect::<Result<Vec<_>, _>>()?;
        let cursor = |item: &Conversation| {
            let id = item.id.0.simple().to_string().to_uppercase();
            format!("{}{id}", u8::from(item.pinned))
        };
        Ok(page(items, limit, cursor))
    }

    pub async fn conversation_tree(&self, caller: UserId, id: ConversationId) -> Result<ConversationTree, StoreError> {
        let conversation = self.conversation(caller, id).await?;
        let rows = sqlx::query("SELECT * FROM messages WHERE conversation_id = $1 ORDER BY id")
            .bind(id.0)
            .fetch_all(&self.reads)
            .await?;
        let messages = rows.iter().map(message).collect::<Result<_, _>>()?;
        Ok(ConversationTree { conversation, messages })
    }

    pub async fn update_conversation(
        &self,
        caller: UserId,
        id: ConversationId,
        change: &UpdateConversation,
    ) -> Result<Conversation, StoreError> {
        if let Some(active) = change.active_message_id
            && self.message(caller, active).await?.conversation_id != id
        {
            return Err(StoreError::NotFound("message"));
        }
        let row = sqlx::query(
            "UPDATE conversations SET title = coalesce($3, title), pinned = coalesce($4, pinned),
                                      active_message_id = coalesce($5, active_message_id), updated_at = $6
             WHERE id = $2 AND owner_id = $1 RETURNING *",
        )
        .bind(caller.0)
        .bind(id.0)
        .bind(&change.title)
        .bind(change.pinned)
        .bind(change.active_message_id.map(|id| id.0))
        .bind(now())
        .fetch_optional(&self.writes)
        .await?
        .ok_or(StoreError::NotFound("conversation"))?;
        Ok(conversation(&row)?)
    }

    pub async fn delete_conversation(&self, caller: UserId, id: ConversationId) -> Result<(), StoreError> {
        let deleted = sqlx::query("DELETE FROM conversations WHERE id = $2 AND owner_id = $1")
            .bind(caller.0)
            .bind(id.0)
            .execute(&self.writes)
            .await?;
        if deleted.rows_affected() == 0 {
            return Err(StoreError::NotFound("conversation"));
        }
        Ok(())
    }

    pub async fn message(&self, caller: UserId, id: MessageId) -> Result<Message, StoreError> {
        let row = sqlx::query(
            "SELECT messages.* FROM messages JOIN conversations ON conversations.id = conversation_id
             WHERE messages.id = $2 AND owner_id = $1",
        )
        .bind(caller.0)
        .bind(id.0)
        .fetch_optional(&self.reads)
        .await?
        .ok_or(StoreError::NotFound("message"))?;
        message(&row)
    }

    /// Stores a question, unless it was asked before, and an answer to it that is still to be written.
    ///
    /// The new answer becomes the conversation's active message.
    pub async fn begin_answer(
        &self,
        caller: UserId,
        conversation_id: ConversationId,
        question: &Question<'_>,
        assistant_version: u32,
    ) -> Result<(Conversation, Message, Message), StoreError> {
        const INSERT: &str = "
            INSERT INTO messages (id, conversation_id, parent_id, author, content, status, assistant_version, created_at)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8) RETURNING *";
        let mut tx = self.writes.begin().await?;
        // Made in this order, since messages are sorted by their ids.
        let (new_question, answer) = (Uuid::now_v7(), Uuid::now_v7());
        let row = sqlx::query(
            "UPDATE conversations SET active_message_id = $3, updated_at = $4 WHERE id = $2 AND owner_id = $1 RETURNING *",
        )
        .bind(caller.0)
        .bind(conversation_id.0)
        .bind(answer)
        .bind(now())
        .fetch_optional(&mut *tx)
        .await?
        .ok_or(StoreError::NotFound("conversation"))?;
        let conversation = conversation(&row)?;

        let known = match question {
            Question::New { parent, .. } => *parent,
            Question::Asked(question) => Some(*question),
        };
        let known = match known {
            Some(id) => {
                let row = sqlx::query("SELECT * FROM messages WHERE id = $1 AND conversation_id = $2")
                    .bind(id.0)
                    .bind(conversation_id.0)
                    .fetch_optional(&mut *tx)
                    .await?
                    .ok_or(StoreError::NotFound("message"))?;
                Some(message(&row)?)
            }
            None => None,
        };
        let question = match (question, known) {
            (Question::Asked(_), Some(asked)) if asked.author == Author::User => asked,
            (Question::New { text, .. }, parent)
                if parent.as_ref().is_none_or(|parent| parent.author == Author::Assistant) =>
            {
                let row = sqlx::query(INSERT)
                    .bind(new_question)
                    .bind(conversation_id.0)
                    .bind(parent.map(|parent| parent.id.0))
                    .bind("user")
                    .bind(*text)
                    .bind("complete")
                    .bind(None::<u32>)
                    .bind(now())
                    .fetch_one(&mut *tx)
                    .await?;
                message(&row)?
            }
            _ => return Err(StoreError::NotFound("message")),
        };
        let row = sqlx::query(INSERT)
            .bind(answer)
            .bind(conversation_id.0)
            .bind(question.id.0)
            .bind("assistant")
            .bind("")
            .bind("streaming")
            .bind(assistant_version)
            .bind(now())
            .fetch_one(&mut *tx)
            .await?;
        let answer = message(&row)?;
        tx.commit().await?;
        Ok((conversation, question, answer))
    }

    /// Stores how far an answer is. None when its conversation was deleted meanwhile: stop then.
    ///
    /// For the task that writes the answer; an answer that has ended does not change any more.
    pub async fn save_answer(&self, id: MessageId, state: &AnswerState) -> Result<Option<Message>, StoreError> {
        let row = sqlx::query(
            "UPDATE messages SET content = $2, status = $3, answer_kind = $4, model = $5, citations = $6, error = $7
             WHERE id = $1 AND status = 'streaming' RETURNING *",
        )
        .bind(id.0)
        .bind(&state.content)
        .bind(name_of(state.status)?)
        .bind(state.kind.map(name_of).transpose()?)
        .bind(&state.model)
        .bind(serde_json::to_string(&state.citations)?)
        .bind(state.error.as_ref().map(serde_json::to_string).transpose()?)
        .fetch_optional(&self.writes)
        .await?;
        row.as_ref().map(message).transpose()
    }

    /// Ends the answers that were being written when the server last stopped; what they held stays.
    pub async fn fail_interrupted_answers(&self, error: &Problem) -> Result<(), StoreError> {
        sqlx::query("UPDATE messages SET status = 'failed', error = $1 WHERE status = 'streaming'")
            .bind(serde_json::to_string(error)?)
            .execute(&self.writes)
            .await?;
        Ok(())
    }

    pub async fn save_feedback(
        &self,
        caller: UserId,
        id: MessageId,
        feedback: &Feedback,
    ) -> Result<Message, StoreError> {
        let row = sqlx::query(
            "UPDATE messages SET feedback = $3
             WHERE id = $2 AND author = 'assistant'
                   AND conversation_id IN (SELECT id FROM conversations WHERE owner_id = $1) RETURNING *",
        )
        .bind(caller.0)
        .bind(id.0)
        .bind(serde_json::to_string(feedback)?)
        .fetch_optional(&self.writes)
        .await?
        .ok_or(StoreError::NotFound("answer"))?;
        message(&row)
    }
}
