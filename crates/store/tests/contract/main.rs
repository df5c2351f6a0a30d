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

mod accounts;
mod conversations;
mod copy;
mod database;
mod documents;
mod jobs;
mod knowledge_bases;
mod passage_index;
