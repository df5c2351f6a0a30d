use crate::{installation::Installation, session::Session};

#[test]
fn a_second_server_on_the_same_data_is_refused_and_told_who_is_there() {
    let installation = Installation::new();
    let server = installation.serve();
    let said = installation.run(&["serve", "--listen", "127.0.0.1:0"]).failure();
    assert!(
        said.contains(&format!("in use by `hyperion serve` (process {})", server.process())),
        "{said}"
    );
    let (status, said) = server.stop();
    assert!(status.success() && said.contains("Hyperion has stopped"), "{said}");
    assert!(installation.serve().stop().0.success());
}

#[test]
fn an_address_that_is_taken_is_named_with_what_to_do() {
    let installation = Installation::new();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let said = installation.run(&["serve", "--listen", &address]).failure();
    assert!(said.contains(&address) && said.contains("--listen"), "{said}");
}

#[tokio::test]
async fn a_server_that_is_asked_to_stop_ends_streams_that_would_never_end() {
    let installation = Installation::with_account();
    let server = installation.serve();
    let session = Session::at(&server.url).await;
    let made = session
        .told("/knowledge-bases", serde_json::json!({ "name": "A" }))
        .await;
    let events = format!(
        "{}/api/v1/knowledge-bases/{}/events",
        server.url,
        made["id"].as_str().unwrap()
    );
    let stream = session
        .http
        .get(events)
        .header("cookie", &session.cookie)
        .send()
        .await
        .unwrap();
    assert_eq!(stream.status(), 200);

    let stopped = tokio::task::spawn_blocking(|| server.stop()).await.unwrap();
    // The stream ends in order, rather than being cut off.
    stream.bytes().await.unwrap();
    assert!(stopped.0.success(), "{}", stopped.1);
}
