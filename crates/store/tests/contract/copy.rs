//! A copy into a database of either kind is the same installation.

use std::cell::Cell;

use api::{
    Access, Author, ConnectionId, DocumentError, Feedback, KnowledgeBaseId, MessageId, MessageStatus, Preset, Scope,
    Stage, UserId,
};
use engine::{
    document::{Block, BlockKind, ExtractedText, PageSpan},
    lexical,
    split::{ChunkSettings, split},
};
use sqlx::{Connection, PgConnection, Row};
use store::{
    AnswerState, CopyError, Copying, Location, NewConnection, NewPassage, NewSession, OWN_INDEX, Published, Question,
    Schema, Store, StoreError,
};
use tokio::sync::Notify;
use uuid::Uuid;

use crate::database::{Database, empty_postgres};

const QUESTIONS: [&str; 8] = [
    "who keeps the lighthouse keys",
    "港口 租金",
    "ภาษาไทย",
    "quantity of item 77",
    "Handbook of the harbour",
    "porter's 'key' \\ & |",
    "row price",
    "zebra",
];

/// An empty SQLite database, in a folder that lasts as long as the test.
fn empty_sqlite(folder: &tempfile::TempDir, name: &str) -> Location {
    Location::File(folder.path().join(name))
}

fn extracted(title: Option<&str>, rows: usize) -> ExtractedText {
    let table: String = (0..rows)
        .map(|n| format!("\n| item {n} | {} | {n}.50 |", n * 3))
        .collect();
    let blocks = [
        (BlockKind::Heading(1), "The harbour".to_owned()),
        (
            BlockKind::Paragraph,
            "The harbour master keeps the keys of the lighthouse. 租金为每月九百欧元，港口在北边。 ภาษาไทยในท่าเรือ"
                .to_owned(),
        ),
        (BlockKind::Heading(2), "Stock".to_owned()),
        (
            BlockKind::Table,
            format!("| row | quantity | price |\n| --- | --- | --- |{table}"),
        ),
        (
            BlockKind::Paragraph,
            "It's the porter's \\ own 'key' & | ! <-> (odd): signs".to_owned(),
        ),
    ];
    let mut text = ExtractedText {
        title: title.map(str::to_owned),
        ..ExtractedText::default()
    };
    for (kind, block) in blocks {
        if !text.text.is_empty() {
            text.text.push_str("\n\n");
        }
        let start = text.text.len();
        text.text.push_str(&block);
        text.blocks.push(Block {
            kind,
            range: start..text.text.len(),
        });
    }
    text.pages.push(PageSpan {
        label: "1".to_owned(),
        range: 0..text.text.len(),
    });
    text
}

/// Publishes a document as a worker does.
async fn publish(
    store: &Store,
    user: UserId,
    base: KnowledgeBaseId,
    database: &Database,
    name: &str,
    text: &ExtractedText,
) {
    database.document(user, base, name, 1).await;
    let job = store.lease_job(Uuid::now_v7(), 60_000, 1).await.unwrap().unwrap();
    let settings = ChunkSettings {
        max_tokens: 12,
        overlap_sentences: 0,
    };
    let title = text.title.as_deref().unwrap_or(name);
    let passages: Vec<NewPassage> = (0..)
        .zip(split(text, &settings, |piece| piece.split_whitespace().count()))
        .map(|(ordinal, passage)| {
            let terms = lexical::terms(&passage.with_context(title)).join(" ");
            let vector = [ordinal as f32, 0.5, -0.25, 0.0];
            NewPassage::new(ordinal, vec![1, 2, 3], passage, terms, &vector)
        })
        .collect();
    for some in passages.chunks(50) {
        store.stage_passages(&job, Stage::Embed, 0.3, some).await.unwrap();
    }
    let published = Published {
        media_type: "text/markdown",
        text,
        passages: u32::try_from(passages.len()).unwrap(),
        index: OWN_INDEX,
    };
    store.publish_document(&job, published).await.unwrap().unwrap();
}

struct Filled {
    database: Database,
    user: UserId,
    bases: Vec<KnowledgeBaseId>,
}

/// Something in every table, and in some more than a batch.
async fn fill(database: Database) -> Filled {
    let store = &database.store;
    let user = database.user("Ada@Example.org").await;
    let other = database.user("bob@example.org").await;
    let expiry = chrono::DateTime::from_timestamp_millis(1_900_000_000_123).unwrap();
    let session = NewSession {
        user,
        token_hash: &[7; 32],
        user_agent: "a \"browser\"",
    };
    store.create_session(session).await.unwrap();
    store
        .create_api_key(user, "ci", "hyp_abc", &[0, 255, 1], Scope::Read, Some(expiry))
        .await
        .unwrap();
    let base = database.knowledge_base(user, "Harbour").await;
    let second = database.knowledge_base(other, "Empty 空").await;
    store.share(user, base, other, Access::Editor).await.unwrap();
    publish(store, user, base, &database, "stock.csv", &extracted(None, 1_500)).await;
    publish(
        store,
        user,
        base,
        &database,
        "book.md",
        &extracted(Some("Handbook"), 40),
    )
    .await;
    publish(store, other, second, &database, "letzte.txt", &extracted(None, 0)).await;

    database.document(user, base, "broken.pdf", 1).await;
    let job = store.lease_job(Uuid::now_v7(), 60_000, 1).await.unwrap().unwrap();
    let error = DocumentError {
        code: "scanned".to_owned(),
        message: "It's a scan.".to_owned(),
        remedy: "None.".to_owned(),
    };
    store.fail_document(&job, &error).await.unwrap().unwrap();

    database.document(user, base, "waiting.txt", 1).await;
    let job = store.lease_job(Uuid::now_v7(), 60_000, 1).await.unwrap().unwrap();
    let text = extracted(None, 2);
    let passage = split(&text, &ChunkSettings::default(), str::len).remove(0);
    let staged = NewPassage::new(0, vec![9], passage, "harbour".to_owned(), &[0.5; 4]);
    store.stage_passages(&job, Stage::Embed, 0.4, &[staged]).await.unwrap();

    for key in ["b", "B", "ä", "~"] {
        store.remember_response(user, base, key, "{}").await.unwrap();
    }
    for (name, sealed_key) in [("Local", None), ("Far", Some(vec![1, 0, 2]))] {
        let new = NewConnection {
            id: ConnectionId(Uuid::now_v7()),
            name,
            preset: Preset::Custom,
            base_url: "http://127.0.0.1:1/v1",
            sealed_key,
            model: "small",
            shared: name == "Far",
        };
        store.create_connection(user, &new).await.unwrap();
    }
    let assistant = store.default_assistant(user).await.unwrap();
    store
        .save_assistant(user, assistant.id, assistant.version, &assistant.settings)
        .await
        .unwrap();
    let said = [
        (Author::User, "Hello".to_owned()),
        (Author::Assistant, "Good\0bye".to_owned()),
    ];
    let said = if database.is_postgres() { &said[..1] } else { &said[..] };
    let conversation = store
        .create_conversation_after(user, assistant.id, "Tëst", said)
        .await
        .unwrap();
    // As when the clock of the replica that took the question was ahead.
    let [early, late] = [MessageId(Uuid::now_v7()), MessageId(Uuid::now_v7())];
    let (_, _, answer) = store
        .begin_answer(
            user,
            conversation.id,
            &Question::Next("Why?".to_owned()),
            2,
            [late, early],
        )
        .await
        .unwrap();
    let state = AnswerState {
        content: "Because [1].".to_owned(),
        status: MessageStatus::Complete,
        kind: None,
        model: Some("small".to_owned()),
        citations: Vec::new(),
        error: None,
    };
    store.save_answer(answer.id, &state).await.unwrap();
    let feedback = Feedback {
        helpful: true,
        note: "ok".to_owned(),
    };
    store.save_feedback(user, answer.id, &feedback).await.unwrap();
    Filled {
        user,
        bases: vec![base, second],
        database,
    }
}

async fn copy(source: &Location, target: &Location) {
    let copying = Copying::open(source, target).await.unwrap();
    copying.begin().await.unwrap();
    let told = Cell::new(0);
    let rows = copying.rows().await.unwrap();
    let copied = copying.copy(|rows| told.set(told.get() + rows)).await.unwrap();
    assert_eq!((copied, told.get()), (rows, rows));
    for compared in copying.compare(|_| {}).await.unwrap() {
        assert!(compared.agrees(), "{compared:?}");
        assert!(compared.source.rows > 0, "{compared:?}");
    }
    copying.finish().await.unwrap();
    copying.close().await;
}

/// What the questions find by their words, with the scores.
async fn found(store: &Store, bases: &[KnowledgeBaseId]) -> Vec<Vec<(i64, f32)>> {
    let mut all = Vec::new();
    for question in QUESTIONS {
        let terms = lexical::terms(question);
        all.push(store.lexical_search(bases, &terms, 20).await.unwrap());
    }
    all
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_from_sqlite_to_postgres_and_back_finds_the_same_with_the_same_scores() {
    let filled = fill(Database::sqlite().await).await;
    let (first, folder) = (&filled.database, tempfile::tempdir().unwrap());
    let (postgres, back) = (empty_postgres().await, empty_sqlite(&folder, "back.db"));
    copy(&first.location, &postgres).await;
    copy(&postgres, &back).await;

    let before = found(&first.store, &filled.bases).await;
    assert!(
        before.iter().filter(|found| found.is_empty()).count() == 1,
        "{before:?}"
    );
    let between = Store::open(&postgres).await.unwrap();
    let names = |found: &[Vec<(i64, f32)>]| -> Vec<Vec<i64>> {
        let name = |found: &Vec<(i64, f32)>| found.iter().take(3).map(|(seq, _)| *seq).collect();
        found.iter().map(name).collect()
    };
    assert_eq!(names(&found(&between, &filled.bases).await), names(&before));
    let store = Store::open(&back).await.unwrap();
    assert_eq!(found(&store, &filled.bases).await, before);
    // Whoever was signed in still is.
    assert!(store.session(&[7; 32], i64::MAX / 2).await.unwrap().is_some());
    assert!(store.damaged_documents().await.unwrap().is_empty());
    assert!(between.damaged_documents().await.unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_words_of_a_copy_are_those_that_reading_the_documents_made() {
    let filled = fill(Database::postgres().await).await;
    let (first, folder) = (&filled.database, tempfile::tempdir().unwrap());
    let (sqlite, again) = (empty_sqlite(&folder, "between.db"), empty_postgres().await);
    copy(&first.location, &sqlite).await;
    copy(&sqlite, &again).await;
    let words = async |location: &Location| {
        let mut connection = connect(location).await;
        let sql = "SELECT concat_ws(' ', seq, knowledge_base_id, length, terms) FROM passage_terms ORDER BY seq";
        let words: Vec<String> = sqlx::query_scalar(sql).fetch_all(&mut connection).await.unwrap();
        let sql = "SELECT concat_ws(' ', knowledge_base_id, passages, terms) FROM lexical_sizes ORDER BY 1";
        let sizes: Vec<String> = sqlx::query_scalar(sql).fetch_all(&mut connection).await.unwrap();
        (words, sizes)
    };
    let before = words(&first.location).await;
    assert!(before.0.len() > 500, "{}", before.0.len());
    assert_eq!(words(&again).await, before);

    // New passages get numbers after those that were copied.
    let store = Store::open(&again).await.unwrap();
    store.release_all_leases().await.unwrap();
    let copy = Database::at(store, again);
    let waiting = copy.store.lease_job(Uuid::now_v7(), 60_000, 1).await.unwrap().unwrap();
    let text = extracted(None, 1);
    let published = Published {
        media_type: "text/plain",
        text: &text,
        passages: 1,
        index: OWN_INDEX,
    };
    copy.store.publish_document(&waiting, published).await.unwrap().unwrap();
    publish(&copy.store, filled.user, filled.bases[0], &copy, "new.txt", &text).await;
}

async fn connect(location: &Location) -> PgConnection {
    let Location::Postgres { options, .. } = location else {
        panic!("this is for PostgreSQL");
    };
    PgConnection::connect_with(options).await.unwrap()
}

/// Copies until it was told of rows so many times; whether it came to its end before that.
async fn copy_until(copying: &Copying, times: usize) -> bool {
    let (told, enough) = (Cell::new(0), Notify::new());
    let copy = copying.copy(|_| {
        told.set(told.get() + 1);
        if told.get() == times {
            enough.notify_one();
        }
    });
    tokio::select! {
        biased;
        () = enough.notified() => false,
        copied = copy => { copied.unwrap(); true }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_that_is_cut_off_is_refused_by_servers_and_goes_on_where_it_was() {
    let filled = fill(Database::sqlite().await).await;
    let source = &filled.database.location;
    let folder = tempfile::tempdir().unwrap();
    for target in [empty_sqlite(&folder, "target.db"), empty_postgres().await] {
        let mut runs = 0;
        loop {
            let copying = Copying::open(source, &target).await.unwrap();
            copying.begin().await.unwrap();
            runs += 1;
            let ended = copy_until(&copying, 4 * runs).await;
            if !ended {
                copying.close().await;
                assert_eq!(Store::schema(&target).await.unwrap(), Schema::Unfinished);
                let refused = Store::open(&target).await.err().unwrap();
                assert!(matches!(refused, StoreError::UnfinishedCopy { .. }), "{refused}");
                let message = refused.to_string();
                assert!(
                    message.contains("hyperion migrate-storage") && message.contains("test.db"),
                    "{message}"
                );
                continue;
            }
            for compared in copying.compare(|_| {}).await.unwrap() {
                assert!(compared.agrees(), "{compared:?}");
            }
            copying.finish().await.unwrap();
            copying.close().await;
            break;
        }
        assert!(runs > 5, "{runs}");
        Store::open(&target).await.unwrap().close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_changes_in_the_source_meanwhile_is_noticed() {
    let filled = fill(Database::postgres().await).await;
    let folder = tempfile::tempdir().unwrap();
    let copying = Copying::open(&filled.database.location, &empty_sqlite(&folder, "target.db"))
        .await
        .unwrap();
    assert!(copying.servers_at_source().await.unwrap() > 0);
    copying.begin().await.unwrap();
    copying.copy(|_| {}).await.unwrap();
    filled.database.knowledge_base(filled.user, "made meanwhile").await;
    filled
        .database
        .run("UPDATE vectors SET vector = '\\x00' WHERE seq = 7")
        .await;
    let compared = copying.compare(|_| {}).await.unwrap();
    let differing: Vec<&str> = compared
        .iter()
        .filter(|compared| !compared.agrees())
        .map(|compared| compared.table)
        .collect();
    assert_eq!(differing, ["knowledge_bases", "vectors"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_whole_source_or_no_empty_target_is_refused() {
    let (one, other) = (Database::sqlite().await, Database::sqlite().await);
    one.user("a@example.org").await;
    let folder = tempfile::tempdir().unwrap();
    let open = async |source: &Location, target: &Location| Copying::open(source, target).await.err();

    let refused = open(&one.location, &one.location).await;
    assert!(matches!(refused, Some(CopyError::SameDatabase(_))), "{refused:?}");
    let refused = open(&empty_sqlite(&folder, "absent.db"), &other.location).await;
    assert!(matches!(refused, Some(CopyError::NoSource(_))), "{refused:?}");
    other.user("b@example.org").await;
    let refused = open(&one.location, &other.location).await;
    assert!(
        matches!(refused, Some(CopyError::NotEmpty { table: "users", .. })),
        "{refused:?}"
    );

    let target = empty_sqlite(&folder, "target.db");
    let copying = Copying::open(&one.location, &target).await.unwrap();
    copying.begin().await.unwrap();
    copying.copy(|_| {}).await.unwrap();
    let refused = open(&other.location, &target).await;
    assert!(matches!(refused, Some(CopyError::OtherSource { .. })), "{refused:?}");
    let refused = open(&target, &empty_sqlite(&folder, "third.db")).await;
    assert!(matches!(refused, Some(CopyError::UnfinishedSource(_))), "{refused:?}");
    copying.finish().await.unwrap();
    let refused = open(&one.location, &target).await;
    assert!(matches!(refused, Some(CopyError::Finished { .. })), "{refused:?}");

    let postgres = Database::postgres().await;
    let server = connect(&postgres.location).await;
    let refused = open(&postgres.location, &postgres.location).await;
    assert!(matches!(refused, Some(CopyError::SameDatabase(_))), "{refused:?}");
    let refused = open(&one.location, &postgres.location).await;
    let Some(CopyError::Served { servers, .. }) = refused else {
        panic!("{refused:?}");
    };
    assert!(servers > 0);
    server.close().await.unwrap();
    postgres.store.close().await;
    let first = Copying::open(&one.location, &postgres.location).await.unwrap();
    let refused = open(&one.location, &postgres.location).await;
    assert!(matches!(refused, Some(CopyError::CopiedInto(_))), "{refused:?}");
    first.close().await;
    let refused = open(&one.location, &postgres.location).await;
    assert!(refused.is_none(), "{refused:?}");

    let mut connection = connect(&postgres.location).await;
    for change in [
        "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) VALUES (999, '', true, '', 0)",
        "DELETE FROM _sqlx_migrations WHERE version = 4",
    ] {
        sqlx::query(change).execute(&mut connection).await.unwrap();
        let refused = open(&postgres.location, &empty_sqlite(&folder, "fourth.db")).await;
        assert!(matches!(refused, Some(CopyError::NewerSource(_))), "{refused:?}");
        let refused = open(&one.location, &postgres.location).await;
        assert!(matches!(refused, Some(CopyError::NewerTarget(_))), "{refused:?}");
    }
    let count = sqlx::query("DELETE FROM _sqlx_migrations WHERE version = 999 RETURNING 1");
    assert_eq!(count.fetch_one(&mut connection).await.unwrap().get::<i32, _>(0), 1);
    let refused = open(&postgres.location, &empty_sqlite(&folder, "fifth.db")).await;
    assert!(matches!(refused, Some(CopyError::OlderSource(_))), "{refused:?}");
}
