//! An installation on PostgreSQL and S3, and snapshots in a bucket.

use std::{path::Path, process::Command};

use object_store::{ObjectStore, ObjectStoreExt, aws::AmazonS3Builder};
use secrecy::ExposeSecret;
use sqlx::{Connection, Executor, PgConnection};
use store::{Location, Milestone, Store};

use super::*;
use crate::{
    migrate_storage::{Large, SECRET, answers, opened, reaching_s3, run as run_command, with_documents},
    postgres::empty_database,
};

/// An installation on servers, with a folder for its key and what else the test needs.
pub struct OnServers {
    pub installation: Installation,
    pub large: Large,
    /// Where its snapshots are.
    pub place: String,
}

impl OnServers {
    /// With the documents of [`with_documents`], and the key of a connection.
    pub async fn new() -> Self {
        let (installation, large) = (with_documents(), Large::new().await);
        connect_bob(&installation).await;
        large.write_file(&installation);
        let migrate = installation.command(&["migrate-storage", "--to", "large.toml"]);
        run_command(reaching_s3(migrate)).success();
        Self {
            place: format!("{}-snapshots", large.bucket),
            installation,
            large,
        }
    }

    pub fn command(&self, args: &[&str]) -> Command {
        self.command_in(&self.large, args)
    }

    /// The same with another database and bucket.
    pub fn command_in(&self, large: &Large, args: &[&str]) -> Command {
        let mut command = large.command(&self.installation, args);
        command.env("HYPERION_BACKUP_URL", &self.place);
        command
    }

    pub fn run(&self, args: &[&str]) -> Ran {
        run_command(self.command(args))
    }

    pub fn objects(&self) -> impl ObjectStore {
        bucket(&self.place)
    }

    /// The names of the published snapshots.
    pub async fn published(&self) -> Vec<String> {
        let objects: Vec<String> = all_in(&self.objects(), &self.place).await;
        let names = objects.iter().filter_map(|path| path.strip_suffix("/manifest.json"));
        names.map(|path| path.rsplit('/').next().unwrap().to_owned()).collect()
    }
}

/// The test server's bucket, with paths as in `url`.
fn bucket(url: &str) -> impl ObjectStore + use<> {
    // Fails only when another test of this process installed it already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    AmazonS3Builder::new()
        .with_url(url)
        .with_endpoint(std::env::var("TEST_S3_URL").expect("scripts/servers.sh sets TEST_S3_URL"))
        .with_allow_http(true)
        .with_access_key_id("test")
        .with_secret_access_key("test")
        .with_region("us-east-1")
        .build()
        .unwrap()
}

/// Paths of objects in a folder of the bucket.
async fn all_in(objects: &impl ObjectStore, url: &str) -> Vec<String> {
    use futures::TryStreamExt;
    let folder = url.strip_prefix("s3://tests/").unwrap();
    let all: Vec<_> = objects
        .list(Some(&object_store::path::Path::from(folder)))
        .try_collect()
        .await
        .unwrap();
    let mut paths: Vec<String> = all.into_iter().map(|object| object.location.to_string()).collect();
    paths.sort();
    paths
}

/// Removes every object in a folder of the bucket.
pub async fn empty(url: &str) {
    let objects = bucket(url);
    for path in all_in(&objects, url).await {
        objects.delete(&object_store::path::Path::from(path)).await.unwrap();
    }
}

/// Removes one object of a folder of the bucket.
pub async fn remove(url: &str, name: &str) {
    let folder = url.strip_prefix("s3://tests/").unwrap();
    let path = object_store::path::Path::from(format!("{folder}/{name}"));
    bucket(url).delete(&path).await.unwrap();
}

pub async fn rows(database: &str, sql: &'static str) -> i64 {
    let mut connection = PgConnection::connect(database).await.unwrap();
    let counted = sqlx::query_scalar(sql).fetch_one(&mut connection).await.unwrap();
    connection.close().await.unwrap();
    counted
}

const TABLES: &str = "SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace";

#[tokio::test(flavor = "multi_thread")]
async fn everything_comes_back_into_an_empty_database_and_bucket() {
    let servers = OnServers::new().await;
    let asked = answers(|question| servers.command(&["ask", question, "--json"]));
    let identity = age::x25519::Identity::generate();
    let private = identity.to_string();
    servers.installation.write("identity.txt", private.expose_secret());
    let recipient = identity.to_public().to_string();

    let made = servers.run(&["backup", "--recipient", &recipient]);
    assert!(made.err.is_empty(), "{}", made.err);
    let made = made.success();
    assert!(made.contains("5 originals, 5 of them new"), "{made}");
    let again = servers.run(&["backup", "--recipient", &recipient]).success();
    assert!(again.contains("5 originals, 0 of them new"), "{again}");
    assert_eq!(servers.published().await, [name_in(&made), name_in(&again)]);
    servers.run(&["verify"]).success();

    // The drill leaves the scratch database as empty as it was, and notes that it went well.
    let scratch = empty_database().await;
    let drill = |url: &str| servers.run(&["verify", "--identity", "identity.txt", "--drill", url]);
    let said = drill(&scratch).success();
    assert!(said.contains("18 tables agree"), "{said}");
    assert_eq!(rows(&scratch, TABLES).await, 0);
    let store = Store::open(&servers.large.location()).await.unwrap();
    assert!(store.reached(Milestone::Drill).await.unwrap().is_some());
    assert!(store.reached(Milestone::Backup).await.unwrap().is_some());
    store.close().await;

    // The whole installation is lost, and its key too.
    let lost = &servers.large;
    empty(&lost.bucket).await;
    let server = std::env::var("TEST_POSTGRES_URL").unwrap();
    let (_, name) = lost.database.rsplit_once('/').unwrap();
    let drop = sqlx::AssertSqlSafe(format!("DROP DATABASE {name} WITH (FORCE)"));
    PgConnection::connect(&server)
        .await
        .unwrap()
        .execute(drop)
        .await
        .unwrap();

    let new = Large::new().await;
    let restore = ["restore", "--replace-everything", "--identity", "identity.txt"];
    let mut wrong = servers.command_in(&new, &restore);
    let said = run_command({
        wrong.env("HYPERION_SECRET_KEY", "ab".repeat(32));
        wrong
    })
    .failure();
    assert!(said.contains("is not the snapshot's"), "{said}");
    assert_eq!(rows(&new.database, TABLES).await, 0);
    let mut without = servers.command_in(&new, &restore);
    without.env_remove("HYPERION_SECRET_KEY");
    let told = run_command(without).success();
    assert!(told.contains("export HYPERION_SECRET_KEY="), "{told}");
    assert_eq!(
        answers(|question| servers.command_in(&new, &["ask", question, "--json"])),
        asked
    );
    assert_whole(run_command(servers.command_in(&new, &EXAMINE)), 5);
    let secret = opened(&new.location(), servers.installation.path("replica"), BOB).await;
    assert_eq!(secret, SECRET);
    assert_eq!(
        rows(
            &new.database,
            "SELECT count(*) FROM pg_class WHERE relname = 'restore_in_progress'"
        )
        .await,
        0
    );

    // Once more, over what is there.
    run_command(servers.command_in(&new, &restore)).success();
    assert_eq!(
        answers(|question| servers.command_in(&new, &["ask", question, "--json"])),
        asked
    );
    let said = run_command(servers.command_in(&new, &["backup", "--recipient", &recipient])).success();
    assert!(said.contains("0 of them new"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_is_not_for_it_is_left_as_it_is() {
    let servers = OnServers::new().await;
    servers.run(&["backup"]).success();
    let own = servers.large.database.clone();
    let said = servers.run(&["verify", "--drill", &own]).failure();
    assert!(said.contains("is not empty, it holds the table"), "{said}");
    let foreign = empty_database().await;
    let mut connection = PgConnection::connect(&foreign).await.unwrap();
    connection
        .execute("CREATE TABLE notes (text TEXT); INSERT INTO notes VALUES ('mine')")
        .await
        .unwrap();
    connection.close().await.unwrap();
    let said = servers.run(&["verify", "--drill", &foreign]).failure();
    assert!(said.contains("it holds the table notes"), "{said}");
    let other = Large {
        database: foreign.clone(),
        bucket: servers.large.bucket.clone(),
    };
    let restore = ["restore", "--replace-everything"];
    let said = run_command(servers.command_in(&other, &restore)).failure();
    assert!(
        said.contains("holds the table notes, which is not Hyperion's"),
        "{said}"
    );
    assert_eq!(rows(&foreign, "SELECT count(*) FROM notes").await, 1);

    // On another machine, so to say.
    let listen = ["serve", "--listen", "127.0.0.1:0"];
    let key = fs::read_to_string(servers.installation.path("data/secret.key")).unwrap();
    let listen = servers
        .large
        .command_in(&servers.installation, "elsewhere", &listen, &key);
    let server = crate::installation::serve(listen);
    let said = servers.run(&restore).failure();
    assert!(said.contains("is being served, by"), "{said}");
    server.stop();
    assert_whole(servers.run(&EXAMINE), 5);

    // A snapshot of one kind of database is none of the other.
    let small = &servers.installation;
    let from = ["restore", "--replace-everything", "--from", &servers.place];
    let said = run_command(reaching_s3(small.command(&from))).failure();
    assert!(
        said.contains("is of a PostgreSQL database, and here is a SQLite one"),
        "{said}"
    );
    let location = Location::File(small.path("data/hyperion.db"));
    assert!(matches!(Store::schema(&location).await, Ok(store::Schema::Current)));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_in_the_bucket_any_more_is_found() {
    let servers = OnServers::new().await;
    servers.run(&["backup"]).success();
    let objects = servers.objects();
    let paths = all_in(&objects, &servers.place).await;
    let original = paths.iter().find(|path| path.contains("/originals/plain/")).unwrap();
    let path = object_store::path::Path::from(original.as_str());
    objects.put(&path, "not what it was".into()).await.unwrap();
    let found = servers.run(&["verify"]);
    assert_eq!(found.status.code(), Some(1), "{}", found.err);
    let name = Path::new(original).file_name().unwrap().to_str().unwrap();
    assert!(
        found.out.contains(name) && found.out.contains("bytes and should have"),
        "{}",
        found.out
    );
}
