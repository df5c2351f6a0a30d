//! Conversations, their branches and their lists.

use api::{MessageId, MessageStatus, PageQuery, UpdateConversation, UserId};
use store::{AnswerState, Question, StoreError};
use uuid::Uuid;

use crate::database::Database;

fn ids() -> [MessageId; 2] {
    [MessageId(Uuid::now_v7()), MessageId(Uuid::now_v7())]
}

async fn conversation(database: &Database, owner: UserId, title: &str) -> api::ConversationId {
    let assistant = database.store.default_assistant(owner).await.unwrap();
    let created = database.store.create_conversation(owner, assistant.id, title).await;
    created.unwrap().id
}

async fn an_edited_question_makes_a_branch_and_an_ended_answer_stays(database: Database) {
    let store = &database.store;
    let (owner, other) = (
        database.user("a@example.org").await,
        database.user("b@example.org").await,
    );
    let id = conversation(&database, owner, "Leases").await;
    let next = Question::Next("How long?".to_owned());
    let (_, question, answer) = store.begin_answer(owner, id, &next, 1, ids()).await.unwrap();
    let done = AnswerState {
        content: "Three **months**. 世界".to_owned(),
        status: MessageStatus::Complete,
        kind: None,
        model: Some("small".to_owned()),
        citations: Vec::new(),
        error: None,
    };
    assert!(store.save_answer(answer.id, &done).await.unwrap().is_some());
    assert!(
        store.save_answer(answer.id, &done).await.unwrap().is_none(),
        "it has ended"
    );
    let edited = Question::Edited(question.id, "How short?".to_owned());
    let (now, second, _) = store.begin_answer(owner, id, &edited, 1, ids()).await.unwrap();
    assert_eq!(second.parent_id, question.parent_id);
    let tree = store.conversation_tree(owner, id).await.unwrap();
    assert_eq!(tree.messages.len(), 4);
    assert_eq!(tree.messages[1].content, done.content);
    let back = UpdateConversation {
        active_message_id: Some(question.id),
        ..UpdateConversation::default()
    };
    let changed = store.update_conversation(owner, id, &back).await.unwrap();
    assert_eq!(changed.active_message_id, Some(answer.id));
    assert_ne!(changed.active_message_id, now.active_message_id);
    assert!(matches!(
        store.conversation_tree(other, id).await,
        Err(StoreError::NotFound(_))
    ));
    store.delete_conversation(owner, id).await.unwrap();
    assert!(matches!(
        store.message(owner, answer.id).await,
        Err(StoreError::NotFound(_))
    ));
}

async fn pinned_ones_come_first_then_those_last_asked_in(database: Database) {
    let store = &database.store;
    let owner = database.user("a@example.org").await;
    let mut made = Vec::new();
    for title in ["one", "two", "THREE", "vier Äpfel", "five"] {
        made.push(conversation(&database, owner, title).await);
    }
    let pin = UpdateConversation {
        pinned: Some(true),
        ..UpdateConversation::default()
    };
    store.update_conversation(owner, made[1], &pin).await.unwrap();
    let next = Question::Next("Where are the ÄPFEL kept?".to_owned());
    tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    store.begin_answer(owner, made[0], &next, 1, ids()).await.unwrap();
    let mut query = PageQuery {
        limit: Some(2),
        ..PageQuery::default()
    };
    let mut titles = Vec::new();
    loop {
        let page = store.conversations(owner, &query).await.unwrap();
        titles.extend(page.items.into_iter().map(|item| item.title));
        query.cursor = page.next_cursor;
        if query.cursor.is_none() {
            break;
        }
    }
    assert_eq!(titles, ["two", "one", "five", "vier Äpfel", "THREE"]);
    let search = PageQuery {
        search: Some("äpfel".to_owned()),
        ..PageQuery::default()
    };
    let found = store.conversations(owner, &search).await.unwrap();
    assert_eq!(found.items.len(), 2, "by title and by what was asked");
}

async fn a_user_is_deleted_with_conversations_and_all(database: Database) {
    let store = &database.store;
    database.user("admin@example.org").await;
    let owner = database.user("a@example.org").await;
    let id = conversation(&database, owner, "Leases").await;
    for text in ["one", "two"] {
        let next = Question::Next(text.to_owned());
        store.begin_answer(owner, id, &next, 1, ids()).await.unwrap();
    }
    let base = database.knowledge_base(owner, "one").await;
    let document = database.document(owner, base, "a.txt", 1).await;
    assert_eq!(store.delete_user(owner).await.unwrap(), (vec![base], vec![document]));
    assert!(matches!(
        store.conversation(owner, id).await,
        Err(StoreError::NotFound(_))
    ));
}

on_each_database! {
    an_edited_question_makes_a_branch_and_an_ended_answer_stays,
    pinned_ones_come_first_then_those_last_asked_in,
    a_user_is_deleted_with_conversations_and_all,
}
