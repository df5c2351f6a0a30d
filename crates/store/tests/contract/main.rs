//! What every database keeps to.
#![allow(clippy::unwrap_used, reason = "in a test, a surprise is a failure")]

/// Makes a test on each database of functions that take one.
macro_rules! on_each_database {
    ($($name:ident),+ $(,)?) => {
        mod sqlite {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $name() {
                super::$name(crate::database::Database::sqlite().await).await;
            })+
        }
        mod postgres {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $name() {
                super::$name(crate::database::Database::postgres().await).await;
            })+
        }
    };
}

/// Makes a test on each kind of index of functions that take one.
macro_rules! on_each_index {
    ($($name:ident),+ $(,)?) => {
        mod on_sqlite {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $name() {
                super::$name(crate::index::Kind::OnSqlite).await;
            })+
        }
        mod on_postgres {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $name() {
                super::$name(crate::index::Kind::OnPostgres).await;
            })+
        }
    };
}

mod accounts;
mod conversations;
mod copy;
mod database;
mod documents;
mod index;
mod indexed;
mod jobs;
mod knowledge_bases;
mod passage_index;
mod snapshot;
mod upload_claims;
mod words;
