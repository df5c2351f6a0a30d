//! An index of passages that fails as it is asked to.

use api::{Document, DocumentId, KnowledgeBaseId};
use async_trait::async_trait;
use server::telemetry::sentry;
use store::{IndexError, PassageIndex, Rankings, Sought, Store};

pub const PANIC: &str = "How does zanzibar panic?";
pub const ERROR: &str = "How does zanzibar fail?";
pub const SLOW: &str = "How slow is zanzibar?";

pub struct Faulty;

#[async_trait]
impl PassageIndex for Faulty {
    async fn search(&self, _: &Store, _: &[KnowledgeBaseId], sought: &Sought<'_>) -> Result<Rankings, IndexError> {
        match sought.question {
            PANIC => panic!("nothing is known of {}", sought.question),
            ERROR => {
                return Err(IndexError::Failed {
                    server: "Milvus",
                    reason: format!("no collection for {}", sought.question),
                });
            }
            SLOW => tokio::time::sleep(sentry::SLOW).await,
            _ => {}
        }
        Ok(Rankings::default())
    }

    async fn take(&self, _: &Store, _: &Document, _: u32) -> Result<i64, IndexError> {
        unreachable!("nothing is read in this test")
    }

    async fn forget_document(&self, _: &Store, _: KnowledgeBaseId, _: DocumentId) -> Result<(), IndexError> {
        Ok(())
    }

    async fn forget(&self, _: &Store, _: KnowledgeBaseId) -> Result<(), IndexError> {
        Ok(())
    }
}
