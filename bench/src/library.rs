//! A knowledge base of the product's own store to measure in.

use std::{
    error::Error,
    sync::Arc,
    time::{Duration, Instant},
};

use api::{CreateKnowledgeBase, DocumentId, KnowledgeBaseId, Stage, UserId};
use engine::{document::ExtractedText, lexical, split::Passage};
use store::{Location, NewDocument, NewPassage, NewUser, PassageIndex, Published, Store};
use uuid::Uuid;

/// A knowledge base and what finds its passages.
pub struct Library {
    pub store: Store,
    pub index: Arc<dyn PassageIndex>,
    pub knowledge_base: KnowledgeBaseId,
    user: UserId,
    worker: Uuid,
}

/// Whose it is.
const OWNER: &str = "bench@example.org";

const LEASE_MS: i64 = 600_000;

impl Library {
    /// A new one in an empty database.
    pub async fn create(location: &Location, index: Arc<dyn PassageIndex>) -> Result<Self, Box<dyn Error>> {
        let store = Store::open(location).await?;
        let new = NewUser {
            email: OWNER,
            name: "Bench",
            role: None,
            password_hash: "",
        };
        let user = store.create_user(new).await?.id;
        let new = CreateKnowledgeBase {
            name: "Bench".to_owned(),
            description: String::new(),
        };
        let knowledge_base = store.create_knowledge_base(user, &new).await?.id;
        Ok(Self {
            store,
            index,
            knowledge_base,
            user,
            worker: Uuid::now_v7(),
        })
    }

    /// The one that an earlier run made in this database.
    pub async fn open(location: &Location, index: Arc<dyn PassageIndex>) -> Result<Self, Box<dyn Error>> {
        let store = Store::open(location).await?;
        let owner = store.user_by_email(OWNER).await?.ok_or("the database has no user")?;
        let user = owner.user.id;
        let readable = store.readable(user, &[]).await?;
        Ok(Self {
            knowledge_base: *readable.first().ok_or("the database has no knowledge base")?,
            store,
            index,
            user,
            worker: Uuid::now_v7(),
        })
    }

    /// Adds a document of passages, each with what it is found by: what was embedded of it, and its vector. Returns how
    /// long the index took to take them.
    pub async fn add(
        &self,
        name: &str,
        text: &ExtractedText,
        passages: Vec<(Passage, String, Vec<f32>)>,
    ) -> Result<Duration, Box<dyn Error>> {
        let id = DocumentId(Uuid::now_v7());
        let new = NewDocument {
            id,
            knowledge_base: self.knowledge_base,
            name,
            media_type: "text/plain",
            size: text.text.len() as u64,
            // Collections hold some texts, and even names, twice.
            sha256: &id.to_string(),
            source_url: None,
            trace: None,
        };
        let (document, _) = self.store.accept_document(self.user, &new).await?;
        let job = self
            .store
            .lease_job(self.worker, LEASE_MS, 1)
            .await?
            .ok_or("the job of a new document is not due")?;
        let passages: Vec<NewPassage> = (0..)
            .zip(passages)
            .map(|(ordinal, (passage, input, vector))| {
                NewPassage::new(ordinal, Vec::new(), passage, lexical::terms(&input).join(" "), &vector)
            })
            .collect();
        self.store.stage_passages(&job, Stage::Embed, 1.0, &passages).await?;
        let passages = u32::try_from(passages.len())?;
        let begun = Instant::now();
        let index = self.index.take(&self.store, &document, passages).await?;
        let taken = begun.elapsed();
        let published = Published {
            media_type: "text/plain",
            text,
            passages,
            index,
        };
        self.store.publish_document(&job, published).await?;
        Ok(taken)
    }
}
