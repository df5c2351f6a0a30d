//! A database that is brought to its schema apart from the servers.

use std::{
    net::TcpListener,
    process::{Command, Stdio},
    time::Duration,
};

use crate::{
    installation::{Installation, Started, ran, serve, start},
    migrate_storage::Large,
    session::http,
};

/// A port that nobody has now.
fn free_address() -> String {
    TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .to_string()
}

fn silently(mut command: Command) -> Started {
    command.stdout(Stdio::null());
    start(command)
}

/// What is answered, once there is somebody to answer.
async fn answered(address: &str, path: &str) -> (u16, String) {
    let http = http();
    loop {
        if let Ok(answer) = http.get(format!("http://{address}{path}")).send().await {
            return (answer.status().as_u16(), answer.text().await.unwrap_or_default());
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// A server that must not migrate is alive and not ready until somebody else has, and is then ready at the same address.
async fn waits_until_migrated(command: impl Fn(&[&str]) -> Command) {
    let address = free_address();
    let mut serving = silently(command(&["serve", "--listen", &address, "--migrate", "false"]));
    assert_eq!(answered(&address, "/healthz").await, (200, "ok".to_owned()));
    let (status, why) = answered(&address, "/readyz").await;
    assert!(
        status == 503 && why.contains("waiting for `hyperion migrate`"),
        "{status} {why}"
    );
    assert_eq!(answered(&address, "/api/v1/openapi.json").await.0, 503);

    let migrated = ran(command(&["migrate"]).output().unwrap()).success();
    assert!(migrated.contains("has the schema of this program now"), "{migrated}");
    while answered(&address, "/readyz").await.0 != 200 {
        assert!(serving.ended().is_none(), "it has ended");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(answered(&address, "/api/v1/openapi.json").await.0, 200);
    serving.ask_to_stop();
    assert!(serving.wait().success());

    let again = ran(command(&["migrate"]).output().unwrap()).success();
    assert!(again.contains("has the schema of this program already"), "{again}");
    // With it there, nothing is waited for.
    serve(command(&["serve", "--listen", "127.0.0.1:0", "--migrate", "false"])).stop();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_on_a_file_waits_until_it_is_migrated() {
    let installation = Installation::new();
    waits_until_migrated(|args| installation.command(args)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replica_waits_until_its_database_is_migrated() {
    let (installation, large) = (Installation::new(), Large::new().await);
    let key = "5e".repeat(32);
    waits_until_migrated(|args| large.command_in(&installation, "replica", args, &key)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_waits_ends_when_it_is_asked_to() {
    let installation = Installation::new();
    let address = free_address();
    let mut serving = silently(installation.command(&["serve", "--listen", &address, "--migrate", "false"]));
    answered(&address, "/healthz").await;
    serving.ask_to_stop();
    assert!(serving.wait().success());
    assert!(!installation.path("data/hyperion.db").exists());
}
