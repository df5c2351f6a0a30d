//! The Milvus servers for tests.

use std::sync::Arc;

use milvus::{Address, MilvusIndex};
use store::{PassageIndex, Store};

use crate::database::Database;

#[derive(Debug, Clone, Copy)]
pub enum Kind {
    Lite,
    Old,
}

impl Kind {
    pub fn address(self) -> String {
        let variable = match self {
            Self::Lite => "TEST_MILVUS_LITE_URL",
            Self::Old => "TEST_MILVUS_URL",
        };
        std::env::var(variable)
            .unwrap_or_else(|_| panic!("{variable} is not set: scripts/servers.sh starts Milvus and sets it"))
    }

    pub async fn database(self) -> Database {
        Database::sqlite().await
    }

    pub async fn open(self, store: &Store, dimension: usize) -> MilvusIndex {
        let index = MilvusIndex::new(Address::parse(&self.address()).unwrap());
        index.prepare(store, dimension).await.unwrap();
        index
    }

    pub async fn index(self, store: &Store, dimension: usize, _: usize) -> Arc<dyn PassageIndex> {
        Arc::new(self.open(store, dimension).await)
    }
}
