use crate::{
    installation::{EMAIL, Installation, PASSWORD},
    users::http,
};

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
    let http = http();
    let post = |path: &str, body: serde_json::Value| {
        let request = http.post(format!("{}/api/v1{path}", server.url));
        request
            .header("content-type", "application/json")
            .body(body.to_string())
    };
    let credentials = serde_json::json!({ "email": EMAIL, "password": PASSWORD });
    let signed_in = post("/auth/sign-in", credentials).send().await.unwrap();
    let cookie = signed_in.headers()["set-cookie"]
        .to_str()
        .unwrap()
        .split(';')
        .next()
        .unwrap()
        .to_owned();
    let new = post("/knowledge-bases", serde_json::json!({ "name": "A" })).header("cookie", &cookie);
    let made: serde_json::Value = serde_json::from_slice(&new.send().await.unwrap().bytes().await.unwrap()).unwrap();
    let events = format!(
        "{}/api/v1/knowledge-bases/{}/events",
        server.url,
        made["id"].as_str().unwrap()
    );
    let stream = http.get(events).header("cookie", &cookie).send().await.unwrap();
    assert_eq!(stream.status(), 200);

    let stopped = tokio::task::spawn_blocking(|| server.stop()).await.unwrap();
    // The stream ends in order, rather than being cut off.
    stream.bytes().await.unwrap();
    assert!(stopped.0.success(), "{}", stopped.1);
}
