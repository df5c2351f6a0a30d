//! An installation that moves is the same one afterwards.

use std::{fs, path::PathBuf, process::Command, time::Duration};

use secrecy::ExposeSecret;
use serde_json::{Value, json};
use server::connections::secrets::{KeptKey, Secrets};
use sqlx::{Connection, Executor, PgConnection};
use store::{Location, NewConnection, Store};
use uuid::Uuid;

use crate::{
    installation::{EMAIL, Installation, Ran, is_private, ran, serve},
    postgres::empty_database,
    session::Session,
};

/// PostgreSQL and a folder in a bucket, both empty.
pub struct Large {
    pub database: String,
    pub bucket: String,
}

impl Large {
    pub async fn new() -> Self {
        let database = empty_database().await;
        let (_, name) = database.rsplit_once('/').unwrap();
        Self {
            bucket: format!("s3://tests/{name}"),
            database,
        }
    }

    pub fn location(&self) -> Location {
        Location::postgres(&self.database, 2).unwrap()
    }

    /// Writes a configuration file that names it.
    pub fn write_file(&self, installation: &Installation) {
        let file = format!(
            "database_url = {:?}\noriginals_url = {:?}\ndata_dir = \"replica\"\n",
            self.database, self.bucket
        );
        installation.write("large.toml", file);
    }

    /// The program as a replica, with the key of the installation's data folder.
    pub fn command(&self, installation: &Installation, args: &[&str]) -> Command {
        let key = fs::read_to_string(installation.path("data/secret.key")).unwrap();
        self.command_in(installation, "replica", args, &key)
    }

    /// The same with another data folder and another key.
    pub fn command_in(&self, installation: &Installation, data: &str, args: &[&str], key: &str) -> Command {
        let args = [
            args,
            &["--database-url", &self.database, "--originals-url", &self.bucket],
        ]
        .concat();
        let mut command = reaching_s3(installation.command_on(data, &args));
        command.env("HYPERION_SECRET_KEY", key);
        command
    }
}

pub fn reaching_s3(mut command: Command) -> Command {
    let s3 = std::env::var("TEST_S3_URL").expect("scripts/servers.sh sets TEST_S3_URL");
    command
        .env("AWS_ENDPOINT_URL", s3)
        .env("AWS_ACCESS_KEY_ID", "test")
        .env("AWS_SECRET_ACCESS_KEY", "test")
        .env("AWS_REGION", "us-east-1");
    command
}

pub fn run(mut command: Command) -> Ran {
    ran(command.output().unwrap())
}

/// The report of a migration that ended well.
fn report(ran: Ran) -> Value {
    serde_json::from_str(ran.success().trim_end()).unwrap()
}

fn migrate(installation: &Installation, to: &str) -> Command {
    reaching_s3(installation.command(&["migrate-storage", "--json", "--to", to]))
}

pub const QUESTIONS: [&str; 4] = [
    "How many days of paid holiday does every employee get?",
    "租金是多少？",
    "What is the price of the brass lantern number 97?",
    "Who keeps the keys of the lighthouse?",
];

/// With documents in several scripts, one of them a table of several passages, and one of them empty.
pub fn with_documents() -> Installation {
    let installation = Installation::with_account();
    installation.write(
        "files/leave.md",
        "# Leave\n\nEvery employee gets **thirty days** of paid holiday a year.\n",
    );
    installation.write(
        "files/合同.txt",
        "租赁合同\n\n租金为每月九百欧元。押金为三个月的租金。港口在城市的北边。\n",
    );
    installation.write(
        "files/harbour.txt",
        "The harbour master keeps the keys of the lighthouse.",
    );
    let stock: String = (0..120)
        .map(|n| format!("{n},brass lantern number {n},{}.50 euros\n", n * 3))
        .collect();
    installation.write("files/stock.csv", format!("item,description,price\n{stock}"));
    installation.write("files/empty.txt", "");
    // The empty one fails, and is kept all the same.
    installation.run(&["ingest", "files", "--knowledge-base", "Papers"]);
    installation
}

/// What is answered, and what is cited for it.
pub fn answers(mut ask: impl FnMut(&str) -> Command) -> Vec<Value> {
    let answer = |question: &&str| {
        let message: Value = serde_json::from_str(&run(ask(question)).success()).unwrap();
        json!({ "content": message["content"], "citations": message["citations"], "kind": message["answer_kind"] })
    };
    QUESTIONS.iter().map(answer).collect()
}

/// The passages that a server finds for every question, with their scores.
async fn found(server: Command) -> Vec<Vec<(String, f64)>> {
    let server = serve(server);
    let session = Session::at(&server.url).await;
    let mut all = Vec::new();
    for question in QUESTIONS {
        let found = session.told("/search", json!({ "query": question, "limit": 5 })).await;
        let hits = found["hits"].as_array().unwrap().iter();
        all.push(
            hits.map(|hit| (hit["text"].as_str().unwrap().to_owned(), hit["score"].as_f64().unwrap()))
                .collect(),
        );
    }
    tokio::task::spawn_blocking(|| server.stop()).await.unwrap();
    all
}

/// The same passages in the same order, and the scores alike: each database has its own BM25.
#[track_caller]
fn assert_alike(before: &[Vec<(String, f64)>], after: &[Vec<(String, f64)>]) {
    for ((question, before), after) in QUESTIONS.iter().zip(before).zip(after) {
        let texts = |found: &[(String, f64)]| found.iter().map(|(text, _)| text.clone()).collect::<Vec<_>>();
        assert_eq!(texts(before), texts(after), "{question}");
        for ((text, one), (_, other)) in before.iter().zip(after) {
            assert!((one - other).abs() < 0.05, "{question}: {one} and {other} for {text}");
        }
    }
}

pub const SECRET: &str = "sk-of-the-connection";

/// Gives this person a connection to where nobody listens, whose key is sealed with the installation's.
pub async fn connect(installation: &Installation, email: &str) {
    let store = Store::open(&Location::File(installation.path("data/hyperion.db")))
        .await
        .unwrap();
    let owner = store.user_by_email(email).await.unwrap().unwrap().user.id;
    let id = api::ConnectionId(Uuid::now_v7());
    let sealed = Secrets::open(&installation.path("data"))
        .unwrap()
        .seal(owner, id, SECRET);
    let new = NewConnection {
        id,
        name: "Far",
        preset: api::Preset::Custom,
        base_url: "http://127.0.0.1:9/v1",
        sealed_key: Some(sealed),
        model: "small",
        shared: false,
    };
    store.create_connection(owner, &new).await.unwrap();
    store.close().await;
}

/// The key of this person's connection in a database, opened with the key of a data folder.
pub async fn opened(location: &Location, data: PathBuf, email: &str) -> String {
    let secrets = KeptKey::in_folder(&data).unwrap().unwrap().secrets().unwrap();
    let store = Store::open(location).await.unwrap();
    let owner = store.user_by_email(email).await.unwrap().unwrap().user.id;
    let stored = store.connections(owner).await.unwrap().remove(0);
    store.close().await;
    let opened = secrets
        .unseal(owner, stored.connection.id, &stored.sealed_key.unwrap())
        .unwrap();
    opened.expose_secret().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_installation_that_moves_to_large_servers_and_back_answers_and_finds_the_same() {
    let (installation, large) = (with_documents(), Large::new().await);
    let listen = ["serve", "--listen", "127.0.0.1:0"];
    let ask = |question: &str| installation.command(&["ask", question, "--json"]);
    let (asked, searched) = (answers(ask), found(installation.command(&listen)).await);
    assert!(asked[2]["content"].as_str().unwrap().contains("291.50"), "{asked:?}");
    assert!(asked[1]["citations"][0]["document_name"] == "合同.txt", "{asked:?}");

    large.write_file(&installation);
    let told = reaching_s3(installation.command(&["migrate-storage", "--to", "large.toml"]));
    let told = run(told).success();
    let key = fs::read_to_string(installation.path("data/secret.key")).unwrap();
    let set_key = format!(
        "export HYPERION_SECRET_KEY=\"$(cat '{}')\"",
        installation.path("data/secret.key").display()
    );
    assert!(told.contains(&set_key) && !told.contains(key.trim()), "{told}");
    assert!(
        told.contains("Everything agrees") && !told.contains("DIFFERS"),
        "{told}"
    );

    assert_alike(&searched, &found(large.command(&installation, &listen)).await);
    assert_eq!(
        answers(|question| large.command(&installation, &["ask", question, "--json"])),
        asked
    );
    let examined = large.command(&installation, &["doctor", "--deep", "--listen", "127.0.0.1:0"]);
    let examined = run(examined).out;
    assert!(
        examined.contains("ok    documents:") && examined.contains("ok    originals of documents: all 5"),
        "{examined}"
    );

    installation.write("small.toml", "data_dir = \"back\"\n");
    let back = report(run(
        large.command(&installation, &["migrate-storage", "--json", "--to", "small.toml"])
    ));
    assert_eq!(
        (&back["finished"], &back["originals"]["sent"]),
        (&json!(true), &json!(5)),
        "{back}"
    );
    let ask_back = |question: &str| installation.command_on("back", &["ask", question, "--json"]);
    assert_eq!(answers(ask_back), asked);
    assert_alike(&searched, &found(installation.command_on("back", &listen)).await);

    let said = run(migrate(&installation, "large.toml")).failure();
    assert!(said.contains("is finished: serve from there"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_key_of_a_connection_still_opens_and_a_wrong_secret_key_is_refused() {
    let (installation, large) = (Installation::with_account(), Large::new().await);
    connect(&installation, EMAIL).await;
    large.write_file(&installation);
    report(run(migrate(&installation, "large.toml")));
    assert_eq!(
        opened(&large.location(), installation.path("data"), EMAIL).await,
        SECRET
    );

    installation.write("small.toml", "data_dir = \"back\"\n");
    let back = || large.command(&installation, &["migrate-storage", "--json", "--to", "small.toml"]);
    let mut wrong = back();
    wrong.env("HYPERION_SECRET_KEY", "ab".repeat(32));
    let said = run(wrong).failure();
    assert!(
        said.contains("no key of a connection opens with the secret key in HYPERION_SECRET_KEY"),
        "{said}"
    );
    let mut without = back();
    without.env_remove("HYPERION_SECRET_KEY");
    let said = run(without).failure();
    assert!(said.contains("its secret key is not here"), "{said}");
    report(run(back()));
    assert!(is_private(&installation.path("back/secret.key")));
    let location = Location::File(installation.path("back/hyperion.db"));
    assert_eq!(opened(&location, installation.path("back"), EMAIL).await, SECRET);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_migration_that_is_killed_keeps_servers_away_and_goes_on_where_it_was() {
    let (installation, large) = (with_documents(), Large::new().await);
    large.write_file(&installation);
    Store::open(&large.location()).await.unwrap().close().await;
    // Nobody can add passages meanwhile, so the migration stops in the middle of them.
    let mut connection = PgConnection::connect(&large.database).await.unwrap();
    connection.execute("BEGIN").await.unwrap();
    connection.execute("LOCK TABLE passages IN SHARE MODE").await.unwrap();
    let mut migrating = migrate(&installation, "large.toml").spawn().unwrap();
    let mut other = PgConnection::connect(&large.database).await.unwrap();
    let waits = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
    while sqlx::query_scalar::<_, i64>(waits).fetch_one(&mut other).await.unwrap() == 0 {
        assert!(migrating.try_wait().unwrap().is_none(), "it has ended");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    migrating.kill().unwrap();
    migrating.wait().unwrap();
    connection.close().await.unwrap();

    let texts: i64 = sqlx::query_scalar("SELECT count(*) FROM document_texts")
        .fetch_one(&mut other)
        .await
        .unwrap();
    assert_eq!(texts, 4);
    let said = run(large.command(&installation, &["serve", "--listen", "127.0.0.1:0"])).failure();
    assert!(
        said.contains("was not finished: run `hyperion migrate-storage` again, or use an empty one"),
        "{said}"
    );
    let said = run(large.command(&installation, &["doctor", "--listen", "127.0.0.1:0"]));
    assert!(
        said.out.contains("fail  database: a copy into it was not finished"),
        "{}",
        said.out
    );

    let done = report(run(migrate(&installation, "large.toml")));
    let tables = done["tables"].as_array().unwrap();
    let rows: u64 = tables
        .iter()
        .map(|table| table["rows_in_source"].as_u64().unwrap())
        .sum();
    let copied = done["rows_copied"].as_u64().unwrap();
    assert!(copied > 0 && copied < rows, "{copied} of {rows}");
    let asked = |command: Command| run(command).success();
    let question = ["ask", QUESTIONS[0]];
    assert!(asked(large.command(&installation, &question)).contains("thirty days"));
}

#[test]
fn an_original_that_is_missing_is_named_and_the_rest_is_copied() {
    let installation = with_documents();
    let original = fs::read_dir(installation.path("data/originals"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .find(|path| fs::read(path).unwrap().starts_with(b"The harbour"))
        .unwrap();
    fs::rename(&original, installation.path("kept")).unwrap();
    installation.write("other.toml", "data_dir = \"other\"");
    let arguments = ["migrate-storage", "--to", "other.toml"];
    let told = installation.run(&arguments);
    assert_eq!(told.status.code(), Some(1), "{}", told.err);
    assert!(
        told.out.contains("harbour.txt (") && told.out.contains("--allow-missing-originals"),
        "{}",
        told.out
    );
    let other = |args: &[&str]| run(installation.command_on("other", args));
    let said = other(&["ask", "Why?"]).failure();
    assert!(said.contains("was not finished"), "{said}");

    // Not what was uploaded.
    fs::write(&original, "The harbour").unwrap();
    let told = installation.run(&arguments);
    assert!(told.out.contains("is not what was uploaded"), "{}", told.out);
    assert_eq!(told.status.code(), Some(1));

    fs::rename(installation.path("kept"), &original).unwrap();
    let done = report(installation.run(&["migrate-storage", "--json", "--to", "other.toml"]));
    let originals = &done["originals"];
    assert_eq!(
        (&originals["sent"], &originals["already_there"]),
        (&json!(1), &json!(4)),
        "{done}"
    );
    assert_eq!(done["rows_copied"], 0);
    assert!(other(&["ask", QUESTIONS[3]]).success().contains("harbour master"));

    fs::remove_file(&original).unwrap();
    installation.write("third.toml", "data_dir = \"third\"");
    let without = ["migrate-storage", "--to", "third.toml", "--allow-missing-originals"];
    let told = installation.run(&without).success();
    assert!(
        told.contains("harbour.txt (") && told.contains("the copy is finished"),
        "{told}"
    );
}

#[test]
fn what_cannot_be_copied_is_refused_before_anything_is_written() {
    let installation = with_documents();
    let other = Installation::with_account();
    let to = |text: String| {
        installation.write("to.toml", text);
        installation.run(&["migrate-storage", "--to", "to.toml"])
    };
    let folder = |path: PathBuf| format!("data_dir = {:?}", path.display().to_string());

    let said = to("data_dir = \"x\"\ncolour = 1".to_owned()).failure();
    assert!(said.contains("to.toml, line 2: colour is not a setting"), "{said}");
    let said = to(folder(installation.path("data"))).failure();
    assert!(said.contains("is both the source and the target"), "{said}");
    let said = to(folder(other.path("data"))).failure();
    assert!(
        said.contains("is not empty, it has users: copy into an empty database"),
        "{said}"
    );
    let said = run(installation.command_on("absent", &["migrate-storage", "--to", "to.toml"])).failure();
    assert!(said.contains("there is no Hyperion in"), "{said}");
    assert!(!installation.path("absent").exists());

    installation.write("taken/originals/notes.txt", "Not an original.");
    let said = to(folder(installation.path("taken"))).failure();
    assert!(said.contains("notes.txt, which belongs to no document"), "{said}");
    installation.write("keyed/secret.key", "ab".repeat(32));
    let said = to(folder(installation.path("keyed"))).failure();
    assert!(said.contains("another secret key"), "{said}");

    let server = installation.serve();
    let said = to(folder(installation.path("new"))).failure();
    assert!(said.contains("in use by `hyperion serve`"), "{said}");
    drop(server);
    let empty = Installation::new();
    let server = empty.serve();
    let said = to(folder(empty.path("data"))).failure();
    assert!(said.contains("in use by `hyperion serve`"), "{said}");
    drop(server);
}
