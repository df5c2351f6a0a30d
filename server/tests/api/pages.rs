//! The pages as a browser without JavaScript gets them.

use axum::{
    body::Body,
    http::{Request, StatusCode},
};
use serde_json::json;

use crate::common::{create_knowledge_base, server, server_with_pages};

const PASSWORD: &str = "plover-anvil-tundra";

#[tokio::test]
async fn who_is_not_signed_in_is_asked_to_and_comes_back() {
    let server = server_with_pages().await;
    let nobody = server.nobody();

    let sent_away = nobody.open("/assistants?search=a%20b").await;
    assert_eq!(sent_away.status, StatusCode::SEE_OTHER);
    assert_eq!(
        sent_away.header("location"),
        "/sign-in?next=%2Fassistants%3Fsearch%3Da%2520b"
    );
    assert_eq!(nobody.open("/").await.header("location"), "/sign-in");

    let form = nobody.open(sent_away.header("location")).await;
    assert_eq!(form.status, StatusCode::OK);
    assert!(
        form.text().contains(r#"value="/assistants?search=a%20b""#),
        "{}",
        form.text()
    );

    let ada = server.sign_up("ada@example.org").await;
    assert_eq!(ada.open("/").await.status, StatusCode::OK);
    assert_eq!(
        ada.open("/sign-in?next=/settings").await.header("location"),
        "/settings"
    );
    assert_eq!(ada.open("/sign-in?next=//evil.example").await.header("location"), "/");
}

#[tokio::test]
async fn the_pages_for_visitors_come_without_the_app() {
    let server = server_with_pages().await;
    for path in ["/sign-in", "/sign-up"] {
        let page = server.nobody().open(path).await.text();
        assert!(page.contains("main-1.css") && !page.contains("hyperion-1"), "{page}");
    }
    let ada = server.sign_up("ada@example.org").await;
    let page = ada.open("/").await.text();
    assert!(
        page.contains("hyperion-1.js") && page.contains("hyperion-1.wasm"),
        "{page}"
    );
}

#[tokio::test]
async fn a_page_comes_whole_and_runs_only_the_scripts_it_brings() {
    let server = server_with_pages().await;
    let ada = server.sign_up("ada@example.org").await;
    let page = ada.open("/settings").await;
    assert_eq!(page.status, StatusCode::OK);
    assert_eq!(page.header("content-type"), "text/html; charset=utf-8");
    assert_eq!(page.header("cache-control"), "no-store");

    let html = page.text();
    assert!(html.starts_with("<!DOCTYPE html>"), "{html}");
    assert!(
        html.trim_end().ends_with("</html>") || html.contains("</html>"),
        "{html}"
    );
    assert!(
        html.contains("ada@example.org"),
        "what the page is about is in it: {html}"
    );
    assert!(html.contains(r#"href="/site/main-1.css""#), "{html}");

    let policy = page.header("content-security-policy");
    let nonce = policy.split("'nonce-").nth(1).unwrap().split('\'').next().unwrap();
    assert!(nonce.len() >= 16, "{policy}");
    let scripts: Vec<&str> = html.split("<script").skip(1).collect();
    assert!(!scripts.is_empty());
    for script in scripts {
        assert!(
            script.split('>').next().unwrap().contains(nonce),
            "a script without the nonce: {script}"
        );
    }
    let again = ada.open("/settings").await;
    assert_ne!(again.header("content-security-policy"), policy, "a nonce is used once");
}

#[tokio::test]
async fn what_is_not_there_and_what_is_somebody_elses_are_both_not_found() {
    let server = server_with_pages().await;
    let ada = server.sign_up("ada@example.org").await;
    let eve = server.sign_up("eve@example.org").await;
    let assistants = ada.get("/assistants").await.json();
    let assistant = format!("/assistants/{}", assistants[0]["id"].as_str().unwrap());

    assert_eq!(ada.open(&assistant).await.status, StatusCode::OK);
    assert_eq!(eve.open(&assistant).await.status, StatusCode::NOT_FOUND);
    assert_eq!(
        eve.open("/assistants/not-an-identifier").await.status,
        StatusCode::NOT_FOUND
    );
    assert_eq!(eve.open("/admin/users").await.status, StatusCode::FORBIDDEN);

    let nowhere = server.nobody().open("/no/such/page").await;
    assert_eq!(nowhere.status, StatusCode::NOT_FOUND);
    assert!(
        nowhere.text().contains("There is no page at this address"),
        "{}",
        nowhere.text()
    );
}

#[tokio::test]
async fn files_of_the_bundle_are_kept_for_ever_and_come_compressed() {
    let server = server_with_pages().await;
    let nobody = server.nobody();
    for (accepted, body, encoding) in [
        ("gzip, br", "brotli", "br"),
        ("gzip", "gzip", "gzip"),
        ("identity", "plain", ""),
    ] {
        let request = Request::get("/site/hyperion-1.js").header("accept-encoding", accepted);
        let file = nobody.call(request.body(Body::empty()).unwrap()).await;
        assert_eq!(
            (file.status, file.text().as_str()),
            (StatusCode::OK, body),
            "{accepted}"
        );
        assert_eq!(file.header("content-encoding"), encoding);
        assert_eq!(file.header("cache-control"), "public, max-age=31536000, immutable");
        assert_eq!(file.header("vary"), "accept-encoding");
        assert!(
            file.header("content-type").contains("javascript"),
            "{}",
            file.header("content-type")
        );
    }
    assert_eq!(
        nobody.open("/site/hyperion-1.wasm").await.header("content-type"),
        "application/wasm"
    );
    for hidden in [
        "/site/manifest.json",
        "/site/hyperion-1.js.br",
        "/site/hyperion-0.js",
        "/site/../models/README.md",
    ] {
        let answer = nobody.open(hidden).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{hidden}");
        assert!(!answer.header("cache-control").contains("immutable"), "{hidden}");
    }
}

#[tokio::test]
async fn without_a_bundle_the_api_works_and_pages_say_what_is_missing() {
    let server = server().await;
    let page = server.nobody().open("/").await;
    assert_eq!(page.status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(page.text().contains("cargo xtask dist"), "{}", page.text());
    server.sign_up("ada@example.org").await;
}

#[tokio::test]
async fn signing_up_out_and_in_needs_no_javascript() {
    let server = server_with_pages().await;
    let mut ada = server.nobody();
    let fields = [
        ("name", "Ada"),
        ("email", "ada@example.org"),
        ("password", PASSWORD),
        ("next", "/settings"),
    ];
    let signed_up = ada.submit("/forms/sign-up", &fields).await;
    assert_eq!(
        (signed_up.status, signed_up.header("location")),
        (StatusCode::SEE_OTHER, "/settings")
    );
    ada.cookie = signed_up.cookie;
    assert_eq!(ada.get("/me").await.json()["name"], "Ada");

    let signed_out = ada.submit("/forms/sign-out", &[]).await;
    assert_eq!(
        (signed_out.status, signed_out.header("location")),
        (StatusCode::SEE_OTHER, "/sign-in")
    );
    assert_eq!(ada.get("/me").await.status, StatusCode::UNAUTHORIZED);

    let fields = [
        ("email", "ada@example.org"),
        ("password", PASSWORD),
        ("next", "https://evil.example"),
    ];
    let signed_in = ada.submit("/forms/sign-in", &fields).await;
    assert_eq!(
        (signed_in.status, signed_in.header("location")),
        (StatusCode::SEE_OTHER, "/")
    );
    ada.cookie = signed_in.cookie;
    assert_eq!(ada.get("/me").await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_refused_form_comes_back_as_it_was_but_for_the_password() {
    let server = server_with_pages().await;
    let nobody = server.nobody();
    let fields = [
        ("name", "A <b> & co"),
        ("email", "ada@example.org"),
        ("password", "short-one"),
        ("next", "/settings"),
    ];
    let refused = nobody.submit("/forms/sign-up", &fields).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    let html = refused.text();
    assert!(html.contains("Create an account"), "{html}");
    assert!(
        html.contains(r#"value="A &lt;b&gt; &amp; co""#),
        "what was typed is kept, and harmless: {html}"
    );
    assert!(
        html.contains(r#"value="ada@example.org""#) && html.contains(r#"value="/settings""#),
        "{html}"
    );
    assert!(!html.contains("short-one"), "a password never comes back");
    let field = html.split("id=\"password\"").nth(1).unwrap().split('>').next().unwrap();
    assert!(
        field.contains("autofocus") && field.contains(r#"aria-invalid="true""#),
        "{field}"
    );
    assert!(field.contains("password-problem"), "{field}");
    assert!(html.contains("Use a password of at least 10 characters."), "{html}");
    assert!(
        html.contains(r#"history.replaceState(null, '', "/sign-up?next=%2Fsettings")"#),
        "{html}"
    );

    server.sign_up("ada@example.org").await;
    let wrong = nobody
        .submit(
            "/forms/sign-in",
            &[("email", "ada@example.org"), ("password", "guessed")],
        )
        .await;
    assert_eq!(wrong.status, StatusCode::UNAUTHORIZED);
    assert!(wrong.text().contains("password is wrong") && wrong.text().contains(r#"value="ada@example.org""#));
}

#[tokio::test]
async fn a_form_from_another_site_is_not_taken() {
    let server = server_with_pages().await;
    let ada = server.sign_up("ada@example.org").await;
    let request = Request::post("/forms/sign-out")
        .header("sec-fetch-site", "cross-site")
        .header("referer", "https://evil.example/");
    let refused = ada.call(request.body(Body::empty()).unwrap()).await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
    assert!(refused.text().contains("Open Hyperion itself"), "{}", refused.text());
    assert_eq!(ada.get("/me").await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_form_of_somebody_whose_session_is_over_leads_to_sign_in() {
    let server = server_with_pages().await;
    let asked = server.nobody().submit("/forms/ask", &[("question", "Who?")]).await;
    assert_eq!(
        (asked.status, asked.header("location")),
        (StatusCode::SEE_OTHER, "/sign-in")
    );
}

#[tokio::test]
async fn files_are_uploaded_without_javascript_and_those_not_taken_are_named() {
    let server = server_with_pages().await;
    let ada = server.sign_up("ada@example.org").await;
    let kb = create_knowledge_base(&ada, "Notes").await;
    let taken = ada.submit_files(&kb, &[("a.txt", b"one"), ("b.txt", b"two")]).await;
    assert_eq!(
        (taken.status, taken.header("location")),
        (StatusCode::SEE_OTHER, format!("/knowledge-bases/{kb}").as_str())
    );
    let listed = ada.get(&format!("/knowledge-bases/{kb}/documents")).await.json();
    assert_eq!(listed["items"].as_array().unwrap().len(), 2, "{listed}");

    // What a browser sends when no file was chosen.
    assert_eq!(
        ada.submit_files(&kb, &[("", b"")]).await.status,
        StatusCode::UNPROCESSABLE_ENTITY
    );
    assert_eq!(
        ada.submit_files(&kb, &[("c.txt", b"one")]).await.status,
        StatusCode::UNPROCESSABLE_ENTITY
    );
    let listed = ada.get(&format!("/knowledge-bases/{kb}/documents")).await.json();
    assert_eq!(listed["items"].as_array().unwrap().len(), 2, "{listed}");
}

#[tokio::test]
async fn an_api_key_opens_no_pages() {
    let server = server_with_pages().await;
    let ada = server.sign_up("ada@example.org").await;
    let created = ada
        .post("/me/api-keys", json!({ "name": "script", "scope": "write" }))
        .await
        .json();
    let bearer = format!("Bearer {}", created["secret"].as_str().unwrap());
    let request = Request::get("/settings").header("authorization", bearer);
    let answer = server.nobody().call(request.body(Body::empty()).unwrap()).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER);
}
