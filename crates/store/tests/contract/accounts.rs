//! Accounts, sessions, API keys, assistants and connections.

use api::{AssistantSettings, ConnectionId, PageQuery, Preset, Role, Scope, UpdateUser};
use store::{NewConnection, NewSession, NewUser, StoreError};
use uuid::Uuid;

use crate::database::Database;

const HOUR: i64 = 60 * 60 * 1000;

async fn of_many_who_sign_up_at_once_one_administers(database: Database) {
    let signing_up: Vec<_> = (0..8)
        .map(|n| {
            let database = database.clone();
            tokio::spawn(async move { database.sign_up(&format!("{n}@example.org")).await.role })
        })
        .collect();
    let mut admins = 0;
    for signing_up in signing_up {
        admins += u32::from(signing_up.await.unwrap() == Role::Admin);
    }
    assert_eq!(admins, 1);
}

async fn of_two_administrators_who_demote_each_other_one_remains(database: Database) {
    let (one, two) = (
        database.user("one@example.org").await,
        database.user("two@example.org").await,
    );
    let promote = UpdateUser {
        role: Some(Role::Admin),
        ..UpdateUser::default()
    };
    database.store.update_user(two, &promote, None).await.unwrap();
    let demoting = [one, two].map(|id| {
        let store = database.store.clone();
        tokio::spawn(async move {
            let demote = UpdateUser {
                role: Some(Role::Member),
                ..UpdateUser::default()
            };
            store.update_user(id, &demote, None).await
        })
    });
    let mut refused = 0;
    for demoting in demoting {
        refused += u32::from(matches!(demoting.await.unwrap(), Err(StoreError::LastAdmin)));
    }
    assert_eq!(refused, 1);
}

async fn an_address_is_taken_however_it_is_written(database: Database) {
    let id = database.user("Anna@Example.org").await;
    let new = NewUser {
        email: "anna@example.ORG",
        name: "",
        role: None,
        password_hash: "",
    };
    let again = database.store.create_user(new).await;
    assert!(matches!(again, Err(StoreError::Taken(_))));
    let found = database.store.user_by_email("ANNA@example.org").await.unwrap().unwrap();
    assert_eq!(found.user.id, id);
    assert_eq!(found.user.email, "Anna@Example.org");
}

async fn users_are_listed_page_by_page_and_searched_without_regard_to_case(database: Database) {
    for n in 0..5 {
        database.user(&format!("user{n}@example.org")).await;
    }
    let mut query = PageQuery {
        limit: Some(2),
        ..PageQuery::default()
    };
    let mut seen = Vec::new();
    loop {
        let page = database.store.users(&query).await.unwrap();
        seen.extend(page.items.into_iter().map(|user| user.email));
        query.cursor = page.next_cursor;
        if query.cursor.is_none() {
            break;
        }
    }
    assert_eq!(seen.len(), 5);
    assert!(seen.is_sorted());
    let query = PageQuery {
        search: Some("USER3".to_owned()),
        ..PageQuery::default()
    };
    assert_eq!(database.store.users(&query).await.unwrap().items.len(), 1);
    let query = PageQuery {
        cursor: Some("50".to_owned()),
        ..PageQuery::default()
    };
    let refused = database.store.users(&query).await;
    assert!(matches!(refused, Err(StoreError::UnknownCursor)));
}

async fn a_session_ends_when_it_is_revoked_or_its_user_disabled(database: Database) {
    let store = &database.store;
    let (admin, user) = (
        database.user("admin@example.org").await,
        database.user("a@example.org").await,
    );
    for token in [b"one", b"two"] {
        let new = NewSession {
            user,
            token_hash: token,
            user_agent: "Firefox",
        };
        store.create_session(new).await.unwrap();
    }
    let (session, who) = store.session(b"one", HOUR).await.unwrap().unwrap();
    assert_eq!(who.id, user);
    assert!(store.session(b"one", -1).await.unwrap().is_none(), "too old");
    let listed = store.sessions(user, Some(session), HOUR).await.unwrap();
    assert_eq!(listed.iter().filter(|listed| listed.current).count(), 1);
    assert!(matches!(
        store.delete_session(admin, session).await,
        Err(StoreError::NotFound(_))
    ));
    store.delete_session(user, session).await.unwrap();
    assert!(store.session(b"one", HOUR).await.unwrap().is_none());

    let key = store
        .create_api_key(user, "ci", "hyp_1", b"key", Scope::Read, None)
        .await;
    assert!(key.unwrap().last_used_at.is_none());
    let (_, scope) = store.user_by_api_key(b"key").await.unwrap().unwrap();
    assert_eq!(scope, Scope::Read);
    assert!(store.api_keys(user).await.unwrap()[0].last_used_at.is_some());
    let disable = UpdateUser {
        disabled: Some(true),
        ..UpdateUser::default()
    };
    store.update_user(user, &disable, None).await.unwrap();
    assert!(store.session(b"two", HOUR).await.unwrap().is_none());
    assert!(store.user_by_api_key(b"key").await.unwrap().is_none());
}

async fn of_two_who_save_the_same_version_the_second_is_told(database: Database) {
    let store = &database.store;
    let user = database.user("a@example.org").await;
    let assistant = store.default_assistant(user).await.unwrap();
    let saving: Vec<_> = (0..4)
        .map(|_| {
            let (store, id) = (store.clone(), assistant.id);
            tokio::spawn(async move { store.save_assistant(user, id, 1, &AssistantSettings::default()).await })
        })
        .collect();
    let mut saved = 0;
    for saving in saving {
        match saving.await.unwrap() {
            Ok(assistant) => {
                assert_eq!(assistant.version, 2);
                saved += 1;
            }
            Err(error) => assert!(matches!(error, StoreError::ChangedMeanwhile(_)), "{error}"),
        }
    }
    assert_eq!(saved, 1);
    assert_eq!(store.assistant_versions(user, assistant.id).await.unwrap().len(), 2);
    assert!(matches!(
        store.delete_assistant(user, assistant.id).await,
        Err(StoreError::Last(_))
    ));
    let other = store
        .create_assistant(user, &AssistantSettings::default())
        .await
        .unwrap();
    store.delete_assistant(user, assistant.id).await.unwrap();
    assert_eq!(store.assistants(user).await.unwrap()[0].id, other.id);
}

async fn a_shared_connection_serves_others_and_shows_them_no_key(database: Database) {
    let store = &database.store;
    let (admin, user) = (
        database.user("admin@example.org").await,
        database.user("a@example.org").await,
    );
    let new = |shared| NewConnection {
        id: ConnectionId(Uuid::now_v7()),
        name: "Ollama",
        preset: Preset::Ollama,
        base_url: "http://127.0.0.1:11434/v1",
        sealed_key: Some(vec![0, 159, 146, 150]),
        model: "small",
        shared,
    };
    let own = store.create_connection(admin, &new(false)).await.unwrap();
    let shared = store.create_connection(admin, &new(true)).await.unwrap();
    let usable = store.connections(user).await.unwrap();
    assert_eq!(usable.len(), 1);
    assert_eq!(
        (usable[0].connection.id, usable[0].connection.editable),
        (shared.id, false)
    );
    assert_eq!(usable[0].sealed_key.as_deref(), Some(&[0, 159, 146, 150][..]));
    assert!(matches!(
        store.connection(user, own.id).await,
        Err(StoreError::NotFound(_))
    ));
    assert!(matches!(
        store.delete_connection(user, shared.id).await,
        Err(StoreError::Forbidden(_))
    ));
    store.delete_connection(admin, shared.id).await.unwrap();
    assert!(store.connections(user).await.unwrap().is_empty());
}

on_each_database! {
    of_many_who_sign_up_at_once_one_administers,
    of_two_administrators_who_demote_each_other_one_remains,
    an_address_is_taken_however_it_is_written,
    users_are_listed_page_by_page_and_searched_without_regard_to_case,
    a_session_ends_when_it_is_revoked_or_its_user_disabled,
    of_two_who_save_the_same_version_the_second_is_told,
    a_shared_connection_serves_others_and_shows_them_no_key,
}
