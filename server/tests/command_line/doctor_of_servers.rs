//! What is wrong with a server is named, and what to do about it.

use std::{
    io::{BufRead, BufReader},
    net::TcpListener,
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection};

use crate::{
    doctor::findings,
    installation::{Installation, ran},
    postgres::empty_database,
};

/// The verdict and the message on one thing, with these settings.
fn examine(installation: &Installation, what: &str, settings: &[(&str, &str)]) -> (String, String) {
    let mut command = installation.command(&["doctor", "--json", "--listen", "127.0.0.1:0"]);
    command
        .envs(settings.iter().copied())
        .env("HYPERION_SECRET_KEY", "5e".repeat(32));
    findings(&ran(command.output().unwrap())).remove(what).unwrap()
}

fn expect(found: (String, String), verdict: &str, words: &str) {
    assert!(found.0 == verdict && found.1.contains(words), "{found:?}");
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// A certificate for this machine that no public authority signed, and its key.
fn make_certificate(folder: &Path) {
    let made = Command::new("openssl")
        .args([
            "req",
            "-x509",
            "-newkey",
            "rsa:2048",
            "-nodes",
            "-days",
            "2",
            "-subj",
            "/CN=127.0.0.1",
        ])
        .args([
            "-addext",
            "subjectAltName=IP:127.0.0.1",
            "-addext",
            "basicConstraints=critical,CA:FALSE",
        ])
        .args(["-keyout", "key.pem", "-out", "certificate.pem"])
        .current_dir(folder)
        .stderr(Stdio::null())
        .status();
    assert!(made.unwrap().success());
}

/// A server of one test, which ends with it.
struct Server(Child);

impl Server {
    fn start(mut command: Command, port: u16) -> Self {
        let server = Self(command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap());
        let begun = Instant::now();
        while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(begun.elapsed() < Duration::from_secs(60));
            std::thread::sleep(Duration::from_millis(20));
        }
        server
    }
}

impl Server {
    /// Of a script that says when it is.
    fn start_when_ready(mut command: Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let output = BufReader::new(child.stdout.take().unwrap());
        assert!(output.lines().map_while(Result::ok).any(|line| line == "ready"));
        Self(child)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

async fn run(database: &str, sql: &str) {
    let mut connection = PgConnection::connect(database).await.unwrap();
    connection.execute(AssertSqlSafe(sql.to_owned())).await.unwrap();
}

#[tokio::test]
async fn a_database_of_an_old_server_or_a_newer_program_is_refused() {
    let installation = Installation::new();
    let database = empty_database().await;
    let of = |database: &str| examine(&installation, "database", &[("HYPERION_DATABASE_URL", database)]);
    let store = store::Store::open(&store::Location::postgres(&database, 2).unwrap())
        .await
        .unwrap();
    store.close().await;
    expect(of(&database), "ok", "schema is this version's");
    run(
        &database,
        "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) VALUES (9999, 'later', true, '', 0)",
    )
    .await;
    expect(of(&database), "fail", "newer version of Hyperion");

    // It says what an older one would say.
    let old = empty_database().await;
    let (_, name) = old.rsplit_once('/').unwrap();
    run(
        &old,
        "CREATE SCHEMA old; CREATE FUNCTION old.current_setting(text) RETURNS text LANGUAGE sql RETURN '140009'",
    )
    .await;
    run(
        &old,
        &format!("ALTER DATABASE {name} SET search_path = old, pg_catalog"),
    )
    .await;
    expect(of(&old), "fail", "PostgreSQL 14 is too old");
}

#[test]
fn a_wrong_password_and_a_certificate_that_nobody_trusts_are_told_apart() {
    let installation = Installation::new();
    let folder = installation.path("certificates");
    std::fs::create_dir(&folder).unwrap();
    make_certificate(&folder);
    let trusted = folder.join("certificate.pem").display().to_string();

    let port = free_port();
    let mut redis = Command::new("redis-server");
    redis
        .args([
            "--port",
            "0",
            "--tls-port",
            &port.to_string(),
            "--bind",
            "127.0.0.1",
            "--save",
            "",
        ])
        .args([
            "--tls-cert-file",
            "certificate.pem",
            "--tls-key-file",
            "key.pem",
            "--tls-auth-clients",
            "no",
        ])
        .args(["--tls-ca-cert-file", "certificate.pem", "--requirepass", "right"])
        .current_dir(&folder);
    let _redis = Server::start(redis, port);
    let of = |address: &str| examine(&installation, "Redis", &[("HYPERION_REDIS_URL", address)]);
    expect(
        of(&format!("rediss://:right@127.0.0.1:{port}")),
        "warn",
        "certificate of Redis is not trusted",
    );
    expect(
        of(&format!("rediss://:right@127.0.0.1:{port}?ca_certificate={trusted}")),
        "ok",
        "answers",
    );
    expect(
        of(&format!("rediss://:wrong@127.0.0.1:{port}?ca_certificate={trusted}")),
        "warn",
        "its password",
    );
    let found = of(&format!("rediss://:right@127.0.0.1:{port}?ca_certificate=/none.pem"));
    expect(found, "warn", "/none.pem");

    let port = free_port();
    let mut milvus = Command::new(Path::new(env!("CARGO_MANIFEST_DIR")).join("../scripts/milvus.sh"));
    milvus
        .args(["server", &port.to_string()])
        .arg(installation.path("milvus"))
        .args(["auth", "tls"])
        .args([folder.join("certificate.pem"), folder.join("key.pem")]);
    let milvus = Server::start_when_ready(milvus);
    let of = |address: &str| examine(&installation, "Milvus", &[("HYPERION_MILVUS_URL", address)]);
    expect(
        of(&format!("https://root:Milvus@127.0.0.1:{port}")),
        "fail",
        "its certificate is trusted",
    );
    let trusted = format!("127.0.0.1:{port}?ca_certificate={trusted}");
    expect(of(&format!("https://root:Milvus@{trusted}")), "ok", "version");
    expect(
        of(&format!("https://root:wrong@{trusted}")),
        "fail",
        "check the user and the password",
    );
    drop(milvus);
}

#[tokio::test]
async fn the_certificate_of_postgres_is_checked_where_that_is_asked_for() {
    let installation = Installation::new();
    let postgres = std::env::var("TEST_POSTGRES_URL").expect("scripts/servers.sh sets TEST_POSTGRES_URL");
    let of = |database: &str| examine(&installation, "database", &[("HYPERION_DATABASE_URL", database)]);
    expect(of(&format!("{postgres}?sslmode=verify-full")), "fail", "certificate");
    let nobody = postgres.replace("hyperion@", "nobody@");
    expect(of(&nobody), "fail", "check the user, the password");
}
