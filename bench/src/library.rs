//! A knowledge base of the product's own store to measure in.

use std::{error::Error, path::Path};

use api::{CreateKnowledgeBase, DocumentId, KnowledgeBaseId, Stage, UserId};
use engine::{document::ExtractedText, lexical, split::Passage};
use store::{Location, NewDocument, NewPassage, NewUser, OWN_INDEX, Published, Store};
use uuid::Uuid;

pub struct Library {
    pub store: Store,
    pub knowledge_base: KnowledgeBaseId,
    user: UserId,
    worker: Uuid,
}

const LEASE_MS: i64 = 600_000;

impl Library {
    /// A new database in this file.
    pub async fn create(file: &Path) -> Result<Self, Box<dyn Error>> {
        let store = Store::open(&Location::File(file.to_owned())).await?;
        let new = NewUser {
            email: "bench@example.org",
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
            knowledge_base,
            user,
            worker: Uuid::now_v7(),
        })
    }

    /// Adds a document of passages, each with what it is found by: what was embedded of it, and its vector.
    pub async fn add(
        &self,
        name: &str,
        text: &ExtractedText,
        passages: Vec<(Passage, String, Vec<f32>)>,
    ) -> Result<(), Box<dyn Error>> {
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
        };
        self.store.accept_document(self.user, &new).await?;
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
        let published = Published {
            media_type: "text/plain",
            text,
            passages: u32::try_from(passages.len())?,
            index: OWN_INDEX,
        };
        self.store.publish_document(&job, published).await?;
        Ok(())
    }
}
