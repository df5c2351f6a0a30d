//! Conversations and their messages, each seen by its owner alone.
//!
//! Messages leave here without HTML: it is made from their Markdown wherever they are shown.

use std::collections::HashSet;

use api::{
    AnswerKind, AssistantId, Author, Citation, Conversation, ConversationId, ConversationTree, DocumentId, Feedback,
    Message, MessageId, MessageStatus, Page, PageQuery, Problem, UpdateConversation, UserId,
};
use tracing::instrument;
use uuid::Uuid;

use crate::{
    Store, StoreError,
    accounts::{page, page_limit},
    cursor::Cursor,
    database::{Row, Transaction, statement},
    enums::{from_name, name_of},
    time::{from_millis, now},
};

/// What is to be answered, and where in the conversation.
#[derive(Debug, Clone)]
pub enum Question {
    /// A question after the last answer of the branch that is shown.
    Next(String),
    /// A question after this answer.
    After(MessageId, String),
    /// A question beside this one, in a branch of its own.
    Edited(MessageId, String),
    /// This one, which was asked before.
    Again(MessageId),
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

/// So long after it was last heard of, whoever writes an answer counts as dead.
const ALIVE_MS: i64 = 15_000;

fn conversation(row: &Row) -> Result<Conversation, sqlx::Error> {
    Ok(Conversation {
        id: ConversationId(row.get("id")?),
        title: row.get("title")?,
        assistant_id: AssistantId(row.get("assistant_id")?),
        pinned: row.get("pinned")?,
        active_message_id: row.get::<Option<Uuid>>("active_message_id")?.map(MessageId),
        created_at: from_millis(row.get("created_at")?),
        updated_at: from_millis(row.get("updated_at")?),
    })
}

fn message(row: &Row) -> Result<Message, StoreError> {
    let kind: Option<String> = row.get("answer_kind")?;
    let error: Option<String> = row.get("error")?;
    let feedback: Option<String> = row.get("feedback")?;
    Ok(Message {
        id: MessageId(row.get("id")?),
        conversation_id: ConversationId(row.get("conversation_id")?),
        parent_id: row.get::<Option<Uuid>>("parent_id")?.map(MessageId),
        author: from_name(row.get("author")?)?,
        content: row.get("content")?,
        html: String::new(),
        status: from_name(row.get("status")?)?,
        answer_kind: kind.map(from_name).transpose()?,
        assistant_version: row.get("assistant_version")?,
        model: row.get("model")?,
        citations: serde_json::from_str(&row.get::<String>("citations")?)?,
        error: error.map(|error| serde_json::from_str(&error)).transpose()?,
        feedback: feedback.map(|feedback| serde_json::from_str(&feedback)).transpose()?,
        created_at: from_millis(row.get("created_at")?),
    })
}

/// Where a page ended in a list of conversations: whether that one is pinned, when it was last asked in, and which it is.
fn place_of(cursor: &Cursor) -> Option<(bool, i64, Uuid)> {
    let (pinned, asked) = cursor.value.split_once(' ')?;
    Some((pinned == "1", asked.parse().ok()?, cursor.id))
}

/// Text as search compares it.
fn folded(text: &str) -> String {
    text.to_lowercase()
}

async fn message_in(
    tx: &mut Transaction<'_>,
    conversation: ConversationId,
    id: MessageId,
    by: Author,
) -> Result<Message, StoreError> {
    let row = statement("SELECT * FROM messages WHERE id = $1 AND conversation_id = $2 AND author = $3")
        .bind(id.0)
        .bind(conversation.0)
        .bind(name_of(by)?)
        .fetch_optional(tx)
        .await?
        .ok_or(StoreError::NotFound(match by {
            Author::User => "question in this conversation",
            Author::Assistant => "answer in this conversation",
        }))?;
    message(&row)
}

struct NewMessage<'a> {
    id: MessageId,
    parent: Option<Uuid>,
    author: Author,
    content: &'a str,
    status: MessageStatus,
    assistant_version: Option<u32>,
}

impl NewMessage<'_> {
    async fn insert(&self, tx: &mut Transaction<'_>, conversation: ConversationId) -> Result<Message, StoreError> {
        let row = statement(
            "INSERT INTO messages (id, conversation_id, parent_id, author, content, folded, status, assistant_version,
                                   created_at, alive_until)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9 + $10) RETURNING *",
        )
        .bind(self.id.0)
        .bind(conversation.0)
        .bind(self.parent)
        .bind(name_of(self.author)?)
        .bind(self.content)
        .bind(folded(self.content))
        .bind(name_of(self.status)?)
        .bind(self.assistant_version)
        .bind(now())
        .bind(ALIVE_MS)
        .fetch_one(tx)
        .await?;
        message(&row)
    }
}

impl Store {
    #[instrument(target = "store", skip_all)]
    pub async fn create_conversation(
        &self,
        caller: UserId,
        assistant: AssistantId,
        title: &str,
    ) -> Result<Conversation, StoreError> {
        let row = statement(
            "INSERT INTO conversations (id, owner_id, assistant_id, title, folded_title, created_at, updated_at)
             SELECT $2, $1, id, $4, $5, $6, $6 FROM assistants WHERE id = $3 AND owner_id = $1 AND NOT deleted
             RETURNING *",
        )
        .bind(caller.0)
        .bind(Uuid::now_v7())
        .bind(assistant.0)
        .bind(title)
        .bind(folded(title))
        .bind(now())
        .fetch_optional(&self.writes)
        .await?
        .ok_or(StoreError::NotFound("assistant"))?;
        Ok(conversation(&row)?)
    }

    /// A conversation in which this was said already, each message after the one before.
    #[instrument(target = "store", skip_all)]
    pub async fn create_conversation_after(
        &self,
        caller: UserId,
        assistant: AssistantId,
        title: &str,
        said: &[(Author, String)],
    ) -> Result<Conversation, StoreError> {
        let created = self.create_conversation(caller, assistant, title).await?;
        if said.is_empty() {
            return Ok(created);
        }
        let mut tx = self.writes.begin().await?;
        let mut parent = None;
        for (author, content) in said {
            let message = NewMessage {
                id: MessageId(Uuid::now_v7()),
                parent,
                author: *author,
                content,
                status: MessageStatus::Complete,
                assistant_version: None,
            };
            parent = Some(message.insert(&mut tx, created.id).await?.id.0);
        }
        let row = statement("UPDATE conversations SET active_message_id = $2 WHERE id = $1 RETURNING *")
            .bind(created.id.0)
            .bind(parent)
            .fetch_one(&mut tx)
            .await?;
        tx.commit().await?;
        Ok(conversation(&row)?)
    }

    #[instrument(target = "store", skip_all)]
    pub async fn conversation(&self, caller: UserId, id: ConversationId) -> Result<Conversation, StoreError> {
        let row = statement("SELECT * FROM conversations WHERE id = $2 AND owner_id = $1")
            .bind(caller.0)
            .bind(id.0)
            .fetch_optional(&self.reads)
            .await?
            .ok_or(StoreError::NotFound("conversation"))?;
        Ok(conversation(&row)?)
    }

    /// The caller's conversations, pinned ones first, then those that were asked in last.
    #[instrument(target = "store", skip_all)]
    pub async fn conversations(&self, caller: UserId, query: &PageQuery) -> Result<Page<Conversation>, StoreError> {
        let limit = page_limit(query.limit);
        let after = match Cursor::parse_optional(query.cursor.as_deref())? {
            Some(cursor) => Some(place_of(&cursor).ok_or(StoreError::UnknownCursor)?),
            None => None,
        };
        let rows = statement(
            "SELECT * FROM conversations
             WHERE owner_id = $1 AND ($2 IS NULL OR (pinned, updated_at, id) < ($2, $3, $4))
                   AND ($5 IS NULL OR instr(folded_title, $5) > 0 OR EXISTS (
                       SELECT 1 FROM messages WHERE conversation_id = conversations.id AND instr(folded, $5) > 0))
             ORDER BY pinned DESC, updated_at DESC, id DESC LIMIT $6",
        )
        .bind(caller.0)
        .bind(after.map(|(pinned, ..)| pinned))
        .bind(after.map(|(_, asked, _)| asked))
        .bind(after.map(|(.., id)| id))
        .bind(query.search.as_deref().map(|search| folded(search.trim())))
        .bind(limit + 1)
        .fetch_all(&self.reads)
        .await?;
        let items = rows.iter().map(conversation).collect::<Result<Vec<_>, _>>()?;
        let cursor = |item: &Conversation| {
            let (pinned, asked) = (u8::from(item.pinned), item.updated_at.timestamp_millis());
            Cursor {
                id: item.id.0,
                value: format!("{pinned} {asked}"),
            }
            .to_string()
        };
        Ok(page(items, limit, cursor))
    }

    #[instrument(target = "store", skip_all)]
    pub async fn conversation_tree(&self, caller: UserId, id: ConversationId) -> Result<ConversationTree, StoreError> {
        let conversation = self.conversation(caller, id).await?;
        let rows = statement("SELECT * FROM messages WHERE conversation_id = $1 ORDER BY id")
            .bind(id.0)
            .fetch_all(&self.reads)
            .await?;
        let mut messages = rows.iter().map(message).collect::<Result<Vec<_>, _>>()?;
        self.mark_unavailable(caller, &mut messages).await?;
        Ok(ConversationTree { conversation, messages })
    }

    /// Says of each citation whether the caller can still read its document.
    async fn mark_unavailable(&self, caller: UserId, messages: &mut [Message]) -> Result<(), StoreError> {
        let citations = || messages.iter().flat_map(|message| &message.citations);
        let cited: HashSet<DocumentId> = citations().map(|citation| citation.document_id).collect();
        let readable: Vec<Uuid> = statement(
            "SELECT documents.id FROM documents JOIN knowledge_base_access USING (knowledge_base_id)
             WHERE user_id = $1 AND documents.id IN ",
        )
        .bind(caller.0)
        .push_list(cited.iter().map(|id| id.0))
        .fetch_column(&self.reads)
        .await?;
        let readable: HashSet<Uuid> = readable.into_iter().collect();
        for citation in messages.iter_mut().flat_map(|message| &mut message.citations) {
            citation.available = readable.contains(&citation.document_id.0);
        }
        Ok(())
    }

    #[instrument(target = "store", skip_all)]
    pub async fn update_conversation(
        &self,
        caller: UserId,
        id: ConversationId,
        change: &UpdateConversation,
    ) -> Result<Conversation, StoreError> {
        let active = match change.active_message_id {
            Some(within) => {
                let tree = self.conversation_tree(caller, id).await?;
                if tree.messages.iter().all(|message| message.id != within) {
                    return Err(StoreError::NotFound("message in this conversation"));
                }
                Some(tree.newest_leaf(within))
            }
            None => None,
        };
        let row = statement(
            "UPDATE conversations SET title = coalesce($3, title), folded_title = coalesce($4, folded_title),
                                      pinned = coalesce($5, pinned),
                                      active_message_id = coalesce($6, active_message_id)
             WHERE id = $2 AND owner_id = $1 RETURNING *",
        )
        .bind(caller.0)
        .bind(id.0)
        .bind(&change.title)
        .bind(change.title.as_deref().map(folded))
        .bind(change.pinned)
        .bind(active.map(|id| id.0))
        .fetch_optional(&self.writes)
        .await?
        .ok_or(StoreError::NotFound("conversation"))?;
        Ok(conversation(&row)?)
    }

    #[instrument(target = "store", skip_all)]
    pub async fn delete_conversation(&self, caller: UserId, id: ConversationId) -> Result<(), StoreError> {
        let deleted = statement("DELETE FROM conversations WHERE id = $2 AND owner_id = $1")
            .bind(caller.0)
            .bind(id.0)
            .execute(&self.writes)
            .await?;
        if deleted == 0 {
            return Err(StoreError::NotFound("conversation"));
        }
        Ok(())
    }

    #[instrument(target = "store", skip_all)]
    pub async fn message(&self, caller: UserId, id: MessageId) -> Result<Message, StoreError> {
        let row = statement(
            "SELECT messages.* FROM messages JOIN conversations ON conversations.id = conversation_id
             WHERE messages.id = $2 AND owner_id = $1",
        )
        .bind(caller.0)
        .bind(id.0)
        .fetch_optional(&self.reads)
        .await?
        .ok_or(StoreError::NotFound("message"))?;
        let mut message = message(&row)?;
        self.mark_unavailable(caller, std::slice::from_mut(&mut message))
            .await?;
        Ok(message)
    }

    /// Stores a question, unless it was asked before, and an answer to it that is still to be written.
    ///
    /// The new answer becomes the conversation's active message. `ids` are those of the question, should it be new, and
    /// of the answer, made in this order, since messages are sorted by them.
    #[instrument(target = "store", skip_all)]
    pub async fn begin_answer(
        &self,
        caller: UserId,
        conversation_id: ConversationId,
        question: &Question,
        assistant_version: u32,
        ids: [MessageId; 2],
    ) -> Result<(Conversation, Message, Message), StoreError> {
        let [question_id, answer_id] = ids;
        let mut tx = self.writes.begin().await?;
        let last_answer: Option<Uuid> =
            statement("SELECT active_message_id FROM conversations WHERE id = $2 AND owner_id = $1")
                .bind(caller.0)
                .bind(conversation_id.0)
                .fetch_optional(&mut tx)
                .await?
                .ok_or(StoreError::NotFound("conversation"))?
                .get(0)?;

        let ask = async |tx: &mut Transaction<'_>, parent: Option<Uuid>, text: &str| {
            let question = NewMessage {
                id: question_id,
                parent,
                author: Author::User,
                content: text,
                status: MessageStatus::Complete,
                assistant_version: None,
            };
            question.insert(tx, conversation_id).await
        };
        let question = match question {
            Question::Next(text) => ask(&mut tx, last_answer, text).await?,
            Question::After(answer, text) => {
                let answer = message_in(&mut tx, conversation_id, *answer, Author::Assistant).await?;
                ask(&mut tx, Some(answer.id.0), text).await?
            }
            Question::Edited(asked, text) => {
                let asked = message_in(&mut tx, conversation_id, *asked, Author::User).await?;
                ask(&mut tx, asked.parent_id.map(|parent| parent.0), text).await?
            }
            Question::Again(asked) => message_in(&mut tx, conversation_id, *asked, Author::User).await?,
        };
        let answer = NewMessage {
            id: answer_id,
            parent: Some(question.id.0),
            author: Author::Assistant,
            content: "",
            status: MessageStatus::Streaming,
            assistant_version: Some(assistant_version),
        };
        let answer = answer.insert(&mut tx, conversation_id).await?;
        let row =
            statement("UPDATE conversations SET active_message_id = $2, updated_at = $3 WHERE id = $1 RETURNING *")
                .bind(conversation_id.0)
                .bind(answer.id.0)
                .bind(now())
                .fetch_one(&mut tx)
                .await?;
        let conversation = conversation(&row)?;
        tx.commit().await?;
        Ok((conversation, question, answer))
    }

    /// Stores how far an answer is. None when its conversation was deleted meanwhile: stop then.
    ///
    /// For the task that writes the answer; an answer that has ended does not change any more.
    #[instrument(target = "store", skip_all)]
    pub async fn save_answer(&self, id: MessageId, state: &AnswerState) -> Result<Option<Message>, StoreError> {
        let row = statement(
            "UPDATE messages SET content = $2, folded = $3, status = $4, answer_kind = $5, model = $6, citations = $7,
                                 error = $8
             WHERE id = $1 AND status = 'streaming' RETURNING *",
        )
        .bind(id.0)
        .bind(&state.content)
        .bind(folded(&state.content))
        .bind(name_of(state.status)?)
        .bind(state.kind.map(name_of).transpose()?)
        .bind(&state.model)
        .bind(serde_json::to_string(&state.citations)?)
        .bind(state.error.as_ref().map(serde_json::to_string).transpose()?)
        .fetch_optional(&self.writes)
        .await?;
        row.as_ref().map(message).transpose()
    }

    /// Says that whoever writes these answers is alive.
    #[instrument(target = "store", skip_all)]
    pub async fn keep_answers_alive(&self, ids: &[MessageId]) -> Result<(), StoreError> {
        statement("UPDATE messages SET alive_until = $1 WHERE status = 'streaming' AND id IN ")
            .bind(now() + ALIVE_MS)
            .push_list(ids.iter().map(|id| id.0))
            .execute(&self.writes)
            .await?;
        Ok(())
    }

    /// Ends the answers whose writers have died, or all that are being written when nobody can be alive who does; what
    /// they held stays.
    #[instrument(target = "store", skip_all)]
    pub async fn fail_interrupted_answers(&self, error: &Problem, nobody_alive: bool) -> Result<(), StoreError> {
        let before = if nobody_alive { i64::MAX } else { now() };
        statement("UPDATE messages SET status = 'failed', error = $1 WHERE status = 'streaming' AND alive_until < $2")
            .bind(serde_json::to_string(error)?)
            .bind(before)
            .execute(&self.writes)
            .await?;
        Ok(())
    }

    #[instrument(target = "store", skip_all)]
    pub async fn save_feedback(
        &self,
        caller: UserId,
        id: MessageId,
        feedback: &Feedback,
    ) -> Result<Message, StoreError> {
        let row = statement(
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
        let mut message = message(&row)?;
        self.mark_unavailable(caller, std::slice::from_mut(&mut message))
            .await?;
        Ok(message)
    }
}
