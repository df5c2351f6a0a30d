//! What every index of passages keeps to, kept to by Milvus: a new one that ranks words itself, and an old one that does not.
#![allow(clippy::unwrap_used, reason = "in a test, a surprise is a failure")]

macro_rules! on_each_index {
    ($($name:ident),+ $(,)?) => {
        mod milvus_lite {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $name() {
                super::$name(crate::index::Kind::Lite).await;
            })+
        }
        mod milvus_2_3 {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $name() {
                super::$name(crate::index::Kind::Old).await;
            })+
        }
    };
}

#[path = "../../../store/tests/contract/database.rs"]
#[allow(dead_code, reason = "some of it is for other contracts")]
mod database;
mod index;
#[path = "../../../store/tests/contract/passage_index.rs"]
mod passage_index;
mod server;
