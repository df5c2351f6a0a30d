//! A database that is brought to its schema apart from the servers.

use std::{net::TcpListener, process::Stdio, time::Duration};

use crate::{
    installation::{Installation, ran, serve},
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
async fn waits_until_migrated(command: impl Fn(&[&str]) -> std::process::Command) {
    let address = free_address();
    let mut serving = command(&["serve", "--listen", &address, "--migrate", "false"])
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
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
        assert!(serving.try_wait().unwrap().is_none(), "it has ended");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(answered(&address, "/api/v1/openapi.json").await.0, 200);
    let stopped = std::process::Command::new("kill")
        .arg(serving.id().to_string())
        .status()
        .unwrap();
    assert!(stopped.success() && serving.wait().unwrap().success());

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
    let mut serving = installation
        .command(&["serve", "--listen", &address, "--migrate", "false"])
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    answered(&address, "/healthz").await;
    let asked = std::process::Command::new("kill")
        .arg(serving.id().to_string())
        .status()
        .unwrap();
    assert!(asked.success() && serving.wait().unwrap().success());
    assert!(!installation.path("data/hyperion.db").exists());
}
