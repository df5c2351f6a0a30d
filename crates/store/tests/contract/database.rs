//! An empty database with what most tests begin with.

use std::sync::Arc;

use api::{CreateKnowledgeBase, DocumentId, KnowledgeBaseId, User, UserId};
use sqlx::{Connection, Executor, PgConnection};
use store::{Location, NewDocument, NewUser, Store};
use uuid::Uuid;

#[derive(Clone)]
pub struct Database {
    pub store: Store,
    pub location: Location,
    _folder: Option<Arc<tempfile::TempDir>>,
}

impl Database {
    pub async fn sqlite() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let location = Location::File(folder.path().join("test.db"));
        Self {
            store: Store::open(&location).await.unwrap(),
            location,
            _folder: Some(Arc::new(folder)),
        }
    }

    pub async fn postgres() -> Self {
        let location = empty_postgres().await;
        Self {
            store: Store::open(&location).await.unwrap(),
            location,
            _folder: None,
        }
    }

    /// One that is there already.
    pub fn at(store: Store, location: Location) -> Self {
        Self {
            store,
            location,
            _folder: None,
        }
    }

    pub fn is_postgres(&self) -> bool {
        matches!(self.location, Location::Postgres { .. })
    }

    /// A statement of PostgreSQL's own.
    pub async fn run(&self, sql: &'static str) {
        let Location::Postgres { options, .. } = &self.location else {
            panic!("this is for PostgreSQL");
        };
        let mut connection = PgConnection::connect_with(options).await.unwrap();
        connection.execute(sql).await.unwrap();
    }

    pub async fn user(&self, email: &str) -> UserId {
        self.sign_up(email).await.id
    }

    pub async fn sign_up(&self, email: &str) -> User {
        let new = NewUser {
            email,
            name: email,
            role: None,
            password_hash: "",
        };
        self.store.create_user(new).await.unwrap()
    }

    pub async fn knowledge_base(&self, owner: UserId, name: &str) -> KnowledgeBaseId {
        let new = CreateKnowledgeBase {
            name: name.to_owned(),
            description: String::new(),
        };
        self.store.create_knowledge_base(owner, &new).await.unwrap().id
    }

    pub async fn document(&self, owner: UserId, knowledge_base: KnowledgeBaseId, name: &str, size: u64) -> DocumentId {
        let id = DocumentId(Uuid::now_v7());
        let new = NewDocument {
            id,
            knowledge_base,
            name,
            media_type: "text/plain",
            size,
            sha256: name,
            source_url: None,
            trace: None,
        };
        self.store.accept_document(owner, &new).await.unwrap();
        id
    }
}

/// A database of its own on the server for tests.
pub async fn empty_postgres() -> Location {
    let server = std::env::var("TEST_POSTGRES_URL")
        .expect("TEST_POSTGRES_URL is not set: scripts/servers.sh starts PostgreSQL and sets it");
    let name = format!("test_{}", Uuid::now_v7().simple());
    let mut connection = PgConnection::connect(&server).await.unwrap();
    connection
        .execute(sqlx::AssertSqlSafe(format!("CREATE DATABASE {name}")))
        .await
        .unwrap();
    let (server, _) = server.rsplit_once('/').unwrap();
    Location::postgres(&format!("{server}/{name}"), 5).unwrap()
}
