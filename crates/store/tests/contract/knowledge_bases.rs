//! Knowledge bases and whom they are shared with; opening the database they are in.

use api::{Access, CreateKnowledgeBase, PageQuery, UpdateKnowledgeBase};
use store::{Location, Schema, Store, StoreError};

use crate::database::{Database, empty_postgres};

async fn what_is_not_shared_is_not_there_and_what_is_read_only_cannot_be_changed(database: Database) {
    let store = &database.store;
    let (owner, other) = (
        database.user("a@example.org").await,
        database.user("b@example.org").await,
    );
    let base = database.knowledge_base(owner, "Leases").await;
    let needs = async |access| store.require_access(other, base, access).await;
    assert!(matches!(needs(Access::Viewer).await, Err(StoreError::NotFound(_))));
    assert!(store.readable(other, &[base]).await.unwrap().is_empty());

    assert!(store.share(owner, base, other, Access::Viewer).await.unwrap());
    needs(Access::Viewer).await.unwrap();
    assert!(matches!(needs(Access::Editor).await, Err(StoreError::Forbidden(_))));
    assert!(store.share(owner, base, other, Access::Editor).await.unwrap());
    needs(Access::Editor).await.unwrap();
    assert!(!store.share(owner, base, owner, Access::Viewer).await.unwrap());
    assert_eq!(store.readable(other, &[]).await.unwrap(), [base]);
    assert_eq!(store.members(other, base).await.unwrap().len(), 2);

    assert!(store.unshare(other, base, other).await.unwrap());
    assert!(matches!(needs(Access::Viewer).await, Err(StoreError::NotFound(_))));
}

async fn a_name_is_taken_once_an_owner(database: Database) {
    let store = &database.store;
    let (owner, other) = (
        database.user("a@example.org").await,
        database.user("b@example.org").await,
    );
    let base = database.knowledge_base(owner, "Leases").await;
    let new = CreateKnowledgeBase {
        name: "Leases".to_owned(),
        description: String::new(),
    };
    assert!(matches!(
        store.create_knowledge_base(owner, &new).await,
        Err(StoreError::Taken(_))
    ));
    store.create_knowledge_base(other, &new).await.unwrap();
    let change = UpdateKnowledgeBase {
        name: None,
        description: Some("All of them".to_owned()),
    };
    let changed = store.update_knowledge_base(owner, base, &change).await.unwrap();
    assert_eq!(
        (changed.name.as_str(), changed.description.as_str()),
        ("Leases", "All of them")
    );
}

async fn they_are_listed_newest_first_page_by_page(database: Database) {
    let owner = database.user("a@example.org").await;
    for name in ["one", "two", "three", "Träume"] {
        database.knowledge_base(owner, name).await;
    }
    let mut query = PageQuery {
        limit: Some(3),
        ..PageQuery::default()
    };
    let first = database.store.knowledge_bases(owner, &query).await.unwrap();
    assert_eq!(first.items[0].name, "Träume");
    query.cursor = first.next_cursor;
    let rest = database.store.knowledge_bases(owner, &query).await.unwrap();
    assert_eq!((rest.items.len(), rest.items[0].name.as_str()), (1, "one"));
    let query = PageQuery {
        search: Some("TR".to_owned()),
        ..PageQuery::default()
    };
    assert_eq!(
        database.store.knowledge_bases(owner, &query).await.unwrap().items.len(),
        1
    );
}

async fn deleting_one_takes_everything_in_it_along(database: Database) {
    let store = &database.store;
    let owner = database.user("a@example.org").await;
    let base = database.knowledge_base(owner, "one").await;
    let document = database.document(owner, base, "a.txt", 1).await;
    assert_eq!(store.delete_knowledge_base(owner, base).await.unwrap(), [document]);
    assert!(store.existing_documents().await.unwrap().is_empty());
    assert!(store.lease_job(uuid::Uuid::now_v7(), 1000, 1).await.unwrap().is_none());
}

async fn a_database_that_is_open_is_current_and_opens_again(database: Database) {
    let owner = database.user("a@example.org").await;
    assert_eq!(Store::schema(&database.location).await.unwrap(), Schema::Current);
    let again = Store::open(&database.location).await.unwrap();
    assert!(again.any_user_exists().await.unwrap());
    assert_eq!(again.default_assistant(owner).await.unwrap().version, 1);
}

on_each_database! {
    what_is_not_shared_is_not_there_and_what_is_read_only_cannot_be_changed,
    a_name_is_taken_once_an_owner,
    they_are_listed_newest_first_page_by_page,
    deleting_one_takes_everything_in_it_along,
    a_database_that_is_open_is_current_and_opens_again,
}

#[tokio::test(flavor = "multi_thread")]
async fn several_that_start_on_an_empty_database_at_once_make_it_once() {
    let location = empty_postgres().await;
    assert_eq!(Store::schema(&location).await.unwrap(), Schema::Missing);
    let opening: Vec<_> = (0..4)
        .map(|_| {
            let location = location.clone();
            tokio::spawn(async move { Store::open(&location).await.map(drop) })
        })
        .collect();
    for opening in opening {
        opening.await.unwrap().unwrap();
    }
    assert_eq!(Store::schema(&location).await.unwrap(), Schema::Current);
}

#[tokio::test]
async fn a_database_that_cannot_be_used_says_why() {
    let failure = async |url: &str| {
        let location = Location::postgres(url, 2).unwrap();
        Store::open(&location).await.err().unwrap().to_string()
    };
    let nobody = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let message = failure(&format!("postgres://hyperion@{nobody}/hyperion")).await;
    assert!(message.contains("cannot be reached"), "{message}");
    let server = std::env::var("TEST_POSTGRES_URL").unwrap();
    let message = failure(&server.replace("/postgres", "/nothing")).await;
    assert!(message.contains("refuses"), "{message}");
    let message = failure(&format!("{server}?sslmode=require")).await;
    assert!(message.contains("not trusted") || message.contains("TLS"), "{message}");
    assert!(Location::postgres("mysql://localhost/hyperion", 2).is_none());
}
