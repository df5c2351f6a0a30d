//! Files that the server fetches from an address.

use std::net::SocketAddr;

use axum::{Router, http::StatusCode, http::header, response::Redirect, routing::get};
use serde_json::{Value, json};
use server::config::Config;

use crate::common::{Answer, Server, Visitor, create_knowledge_base, server, server_with};

/// A web server with some files on it, on a loopback address.
async fn web() -> SocketAddr {
    let files = Router::new()
        .route(
            "/reports/Jahres%20bericht.txt",
            get(|| async { "The report of the year." }),
        )
        .route(
            "/download",
            get(|| async {
                (
                    [(header::CONTENT_DISPOSITION, "attachment; filename=\"../minutes.md\"")],
                    "# Minutes\n\nAll went well.",
                )
            }),
        )
        .route("/moved", get(|| async { Redirect::temporary("/download") }))
        .route("/large", get(|| async { vec![b'a'; 3 << 20] }));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, files).await.unwrap() });
    address
}

async fn reaching_private_addresses() -> (Server, Visitor, String) {
    let server = server_with(Config {
        allow_private_addresses: true,
        max_upload_mib: 2,
        ..Config::default()
    })
    .await;
    let owner = server.sign_up("ada@example.org").await;
    let kb = create_knowledge_base(&owner, "Web").await;
    (server, owner, kb)
}

async fn fetch(owner: &Visitor, kb: &str, url: &str) -> Answer {
    owner
        .post(
            &format!("/knowledge-bases/{kb}/documents/from-url"),
            json!({ "url": url }),
        )
        .await
}

#[tokio::test]
async fn a_file_is_fetched_and_named_by_the_server_or_its_address() {
    let (_server, owner, kb) = reaching_private_addresses().await;
    let web = web().await;
    for (path, name) in [
        ("/reports/Jahres%20bericht.txt", "Jahres bericht.txt"),
        ("/moved", "minutes.md"),
    ] {
        let url = format!("http://{web}{path}");
        let answer = fetch(&owner, &kb, &url).await;
        assert_eq!(answer.status, StatusCode::ACCEPTED);
        let file = &answer.json()["files"][0];
        assert_eq!(file["outcome"], "accepted", "{file}");
        assert_eq!(file["document"]["name"], name);
        assert_eq!(file["document"]["source_url"], url);
    }
    let again = fetch(&owner, &kb, &format!("http://{web}/download")).await.json();
    assert_eq!(again["files"][0]["outcome"], "duplicate");
}

#[tokio::test]
async fn what_cannot_be_fetched_is_told() {
    let (_server, owner, kb) = reaching_private_addresses().await;
    let web = web().await;
    let problem = |answer: Answer| {
        (
            answer.status,
            answer.json()["code"].as_str().unwrap_or_default().to_owned(),
        )
    };
    let missing = fetch(&owner, &kb, &format!("http://{web}/missing")).await;
    assert!(missing.json()["detail"].as_str().unwrap().contains("404"));
    assert_eq!(
        problem(missing),
        (StatusCode::UNPROCESSABLE_ENTITY, "not_fetched".to_owned())
    );
    for url in [
        "file:///etc/passwd",
        "http://127.0.0.1:1/refused",
        "http://no-such-host.invalid/",
    ] {
        let refused = problem(fetch(&owner, &kb, url).await);
        assert_eq!(
            refused,
            (StatusCode::UNPROCESSABLE_ENTITY, "not_fetched".to_owned()),
            "{url}"
        );
    }
    for url in ["no address", "http://ada:secret@example.org/"] {
        let answer = fetch(&owner, &kb, url).await;
        assert_eq!(answer.json()["fields"][0]["field"], "url", "{url}");
    }
    let large = fetch(&owner, &kb, &format!("http://{web}/large")).await.json();
    assert_eq!(large["files"][0]["problem"]["code"], "too_large", "{large}");
    let listed: Value = owner.get(&format!("/knowledge-bases/{kb}/documents")).await.json();
    assert_eq!(listed["items"].as_array().unwrap().len(), 0);
}

#[tokio::test]
async fn addresses_of_the_servers_own_network_are_refused_unless_allowed() {
    let server = server().await;
    let owner = server.sign_up("ada@example.org").await;
    let kb = create_knowledge_base(&owner, "Web").await;
    let web = web().await;
    for host in ["127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "2130706433"] {
        let answer = fetch(&owner, &kb, &format!("http://{host}:{}/download", web.port())).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{host}");
        assert_eq!(answer.json()["code"], "not_fetched");
    }
}
