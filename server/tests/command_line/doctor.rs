use std::{collections::BTreeMap, fs, net::TcpListener, os::unix::fs::PermissionsExt};

use sqlx::{Connection, Executor, SqliteConnection};

use crate::installation::{Installation, Ran, is_private, lines};

/// The verdict and the message on each thing.
pub fn findings(ran: &Ran) -> BTreeMap<String, (String, String)> {
    let text = |line: &serde_json::Value, key: &str| line[key].as_str().unwrap().to_owned();
    lines(&ran.out)
        .iter()
        .map(|line| (text(line, "what"), (text(line, "verdict"), text(line, "message"))))
        .collect()
}

fn doctor(installation: &Installation) -> Ran {
    installation.run(&["doctor", "--json", "--listen", "127.0.0.1:0"])
}

#[test]
fn a_whole_installation_is_found_well_before_and_after_its_first_start() {
    let installation = Installation::new();
    let found = doctor(&installation);
    let verdicts = findings(&found);
    for what in [
        "configuration",
        "data folder",
        "database",
        "secret key",
        "embedding model",
        "PDF library",
        "pages",
    ] {
        assert_eq!(verdicts[what].0, "ok", "{what}: {}", verdicts[what].1);
    }
    found.success();
    assert!(!installation.path("data").exists(), "the doctor made the data folder");

    let server = installation.serve();
    let verdicts = findings(&doctor(&installation));
    assert!(verdicts["address"].1.contains(&server.url), "{verdicts:?}");
    assert_eq!(verdicts["database"].1, "opens, and its schema is this version's");
    assert!(is_private(&installation.path("data/secret.key")));
    let text = installation.run(&["doctor", "--listen", "127.0.0.1:0"]).success();
    assert!(
        text.contains("ok    PDF library: reads a file in a confined process"),
        "{text}"
    );
}

#[test]
fn what_is_missing_or_wrong_is_named_and_fails() {
    let installation = Installation::with_account();
    fs::remove_file(installation.path("assets/libpdfium.so")).unwrap();
    fs::remove_file(installation.path("assets/models")).unwrap();
    fs::remove_file(installation.path("assets/site/main.css")).unwrap();
    fs::write(installation.path("data/secret.key"), "no key").unwrap();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let found = installation.run(&["doctor", "--json", "--listen", &address]);
    let verdicts = findings(&found);
    for (what, named) in [
        ("embedding model", "all-MiniLM-L6-v2"),
        ("PDF library", "libpdfium.so"),
        ("pages", "main.css"),
        ("secret key", "64 hexadecimal digits"),
        ("address", address.as_str()),
    ] {
        let (verdict, message) = &verdicts[what];
        assert!(
            verdict == "fail" && message.contains(named),
            "{what}: {verdict} {message}"
        );
    }
    found.failure();
}

#[test]
fn a_key_that_others_may_read_is_warned_of() {
    let installation = Installation::new();
    installation.write("data/secret.key", "ab".repeat(32));
    fs::set_permissions(installation.path("data/secret.key"), fs::Permissions::from_mode(0o644)).unwrap();
    let found = doctor(&installation);
    let (verdict, message) = &findings(&found)["secret key"];
    assert!(
        verdict == "warn" && message.contains("chmod 600"),
        "{verdict} {message}"
    );
    found.success();
}

#[test]
fn a_database_that_is_none_and_a_configuration_that_is_not_valid_fail() {
    let installation = Installation::new();
    installation.write(
        "data/hyperion.db",
        "these are not the bytes of a database, whatever they are".repeat(200),
    );
    let found = doctor(&installation);
    assert_eq!(findings(&found)["database"].0, "fail");
    found.failure();
    installation.write("bad.toml", "colour = 1");
    let found = installation.run(&["doctor", "--json", "--config", "bad.toml"]);
    let (verdict, message) = &findings(&found)["configuration"];
    assert!(
        verdict == "fail" && message.contains("line 1: colour"),
        "{verdict} {message}"
    );
    found.failure();
}

#[tokio::test]
async fn connections_are_tried_when_asked_for() {
    let installation = Installation::with_account();
    let folder = installation.path("data/hyperion.db");
    let store = store::Store::open(&store::Location::File(folder)).await.unwrap();
    let owner = store
        .user_by_email(crate::installation::EMAIL)
        .await
        .unwrap()
        .unwrap()
        .user;
    // Nothing listens there: the port was free a moment ago.
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let new = store::NewConnection {
        id: api::ConnectionId(uuid::Uuid::now_v7()),
        name: "Local",
        preset: api::Preset::Custom,
        base_url: &format!("http://127.0.0.1:{port}/v1"),
        sealed_key: None,
        model: "",
        shared: false,
    };
    store.create_connection(owner.id, &new).await.unwrap();
    store.close().await;
    let args = [
        "doctor",
        "--json",
        "--connections",
        "--listen",
        "127.0.0.1:0",
        "--allow-private-addresses",
        "true",
    ];
    let found = installation.run(&args);
    let (verdict, message) = &findings(&found)["connection Local of ada@example.org"];
    assert!(
        verdict == "warn" && message.contains("could not be connected to"),
        "{verdict} {message}"
    );
    found.success();
}

#[test]
fn each_server_of_a_large_installation_is_tried_and_what_is_wrong_with_it_said() {
    let postgres = std::env::var("TEST_POSTGRES_URL").expect("scripts/servers.sh sets TEST_POSTGRES_URL");
    let s3 = std::env::var("TEST_S3_URL").expect("scripts/servers.sh sets TEST_S3_URL");
    let installation = Installation::new();
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let examine = |database: &str, redis: &str, bucket: &str, s3: &str| {
        let args = [
            "doctor",
            "--json",
            "--listen",
            "127.0.0.1:0",
            "--database-url",
            database,
            "--redis-url",
            redis,
            "--originals-url",
            bucket,
        ];
        let mut command = installation.command(&args);
        command
            .env("AWS_ENDPOINT_URL", s3)
            .env("AWS_ACCESS_KEY_ID", "test")
            .env("AWS_SECRET_ACCESS_KEY", "test")
            .env("AWS_REGION", "us-east-1");
        let ran = crate::installation::ran(command.output().unwrap());
        findings(&ran)
    };
    let expect = |found: &BTreeMap<String, (String, String)>, what: &str, verdict: &str, words: &str| {
        let (given, message) = &found[what];
        assert!(given == verdict && message.contains(words), "{what}: {given} {message}");
    };
    let nowhere = format!("redis://{free}");
    let found = examine(&postgres, &nowhere, "s3://tests/doctor", &s3);
    expect(&found, "database", "ok", "first start");
    expect(&found, "original files", "ok", "answers");
    expect(&found, "Redis", "warn", "redis_url");
    expect(&found, "secret key", "fail", "HYPERION_SECRET_KEY");

    let found = examine(
        &format!("postgres://hyperion:secret@{free}/hyperion"),
        &nowhere,
        "s3://no-such-bucket",
        &s3,
    );
    expect(&found, "database", "fail", "cannot be reached");
    expect(&found, "original files", "fail", "originals_url");
    let all: String = found.values().map(|(_, message)| message.as_str()).collect();
    assert!(!all.contains("secret@"), "{all}");
}

#[tokio::test]
async fn documents_of_which_something_is_missing_are_found_and_read_again() {
    let installation = Installation::with_account();
    installation.write("papers/lease.txt", "The notice period is three months.");
    installation.write("papers/garden.txt", "Tomatoes need six hours of sun.");
    let ingest = ["ingest", "papers", "--knowledge-base", "Papers"];
    installation.run(&ingest).success();
    let examine = |more: &[&str]| {
        let args = ["doctor", "--json", "--listen", "127.0.0.1:0", "--deep"];
        findings(&installation.run(&[&args, more].concat()))
    };
    let found = examine(&[]);
    assert_eq!(
        (
            found["documents"].0.as_str(),
            found["originals of documents"].0.as_str()
        ),
        ("ok", "ok"),
        "{found:?}"
    );

    let file = installation.path("data/hyperion.db");
    let mut database = SqliteConnection::connect(&format!("sqlite://{}", file.display()))
        .await
        .unwrap();
    for damage in [
        "DELETE FROM vectors WHERE seq = (SELECT seq FROM passages JOIN documents ON documents.id = document_id
                                          WHERE documents.name = 'lease.txt')",
        "UPDATE documents SET status = 'queued' WHERE name = 'garden.txt'",
    ] {
        database.execute(damage).await.unwrap();
    }
    database.close().await.unwrap();
    let found = examine(&[]);
    let (verdict, message) = &found["documents"];
    assert!(
        verdict == "fail" && message.contains("lease.txt") && message.contains("garden.txt"),
        "{verdict} {message}"
    );
    assert_eq!(examine(&["--repair"])["documents"].0, "warn");
    // Whoever works on the data folder next reads them.
    let mut found = BTreeMap::new();
    for n in 0..5 {
        installation.write(&format!("papers/more{n}.txt"), format!("The rent is {n}00 euros."));
        installation.run(&ingest).success();
        found = examine(&[]);
        if found["documents"].0 == "ok" {
            break;
        }
    }
    assert_eq!(found["documents"].0, "ok", "{found:?}");

    let originals = installation.path("data/originals");
    let one = fs::read_dir(&originals).unwrap().next().unwrap().unwrap().path();
    fs::remove_file(&one).unwrap();
    let (verdict, message) = &examine(&[])["originals of documents"];
    let id = one.file_name().unwrap().to_str().unwrap();
    assert!(verdict == "fail" && message.contains(id), "{verdict} {message}");
}
