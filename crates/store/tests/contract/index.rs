//! The kinds of the embedded index.

use std::sync::Arc;

use store::{EmbeddedIndex, PassageIndex, Store};

use crate::database::Database;

#[derive(Debug, Clone, Copy)]
pub enum Kind {
    OnSqlite,
    OnPostgres,
}

impl Kind {
    pub async fn database(self) -> Database {
        match self {
            Self::OnSqlite => Database::sqlite().await,
            Self::OnPostgres => Database::postgres().await,
        }
    }

    pub async fn index(self, _: &Store, dimension: usize, budget: usize) -> Arc<dyn PassageIndex> {
        Arc::new(EmbeddedIndex::new(dimension, budget))
    }
}
