use crate::{
    installation::{EMAIL, Installation, PASSWORD, lines},
    session::{cookie, http},
};

#[test]
fn the_first_user_is_an_administrator_and_others_are_what_they_are_made() {
    let installation = Installation::with_account();
    let add = |email: &str, more: &[&str]| {
        let args = [&["user", "add", email], more].concat();
        installation.run_with_input(&args, PASSWORD).success()
    };
    assert!(add("bob@example.org", &["--name", "Bob"]).contains("as member"));
    assert!(add("eve@example.org", &["--admin"]).contains("as admin"));
    let users = lines(&installation.run(&["user", "list", "--json"]).success());
    let told: Vec<_> = users
        .iter()
        .map(|user| {
            (
                user["email"].as_str().unwrap(),
                user["role"].as_str().unwrap(),
                user["name"].as_str().unwrap(),
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            (EMAIL, "admin", EMAIL),
            ("bob@example.org", "member", "Bob"),
            ("eve@example.org", "admin", "eve@example.org")
        ]
    );
    assert!(
        installation
            .run(&["user", "list"])
            .success()
            .contains("bob@example.org\tmember\tBob")
    );
}

#[test]
fn what_cannot_be_an_account_is_refused_with_a_reason() {
    let installation = Installation::with_account();
    let said = installation
        .run_with_input(&["user", "add", "bob@example.org"], "short")
        .failure();
    assert!(said.contains("at least 10 characters"), "{said}");
    let said = installation.run_with_input(&["user", "add", "bob"], PASSWORD).failure();
    assert!(said.contains("e-mail address like"), "{said}");
    let said = installation.run_with_input(&["user", "add", EMAIL], PASSWORD).failure();
    assert!(said.contains("has an account already"), "{said}");
    let said = installation
        .run_with_input(&["user", "reset-password", "nobody@example.org"], PASSWORD)
        .failure();
    assert!(said.contains("nobody here has"), "{said}");
    assert_eq!(lines(&installation.run(&["user", "list", "--json"]).success()).len(), 1);
}

#[tokio::test]
async fn a_password_reset_beside_a_running_server_ends_the_old_password_and_the_sessions() {
    let installation = Installation::with_account();
    let server = installation.serve();
    let http = http();
    let sign_in = async |password: &str| {
        let body = serde_json::json!({ "email": EMAIL, "password": password }).to_string();
        let request = http.post(format!("{}/api/v1/auth/sign-in", server.url));
        request
            .header("content-type", "application/json")
            .body(body)
            .send()
            .await
            .unwrap()
    };
    let signed_in = sign_in(PASSWORD).await;
    assert_eq!(signed_in.status(), 200);
    let cookie = cookie(&signed_in);
    let me = async || {
        let request = http.get(format!("{}/api/v1/me", server.url)).header("cookie", &cookie);
        request.send().await.unwrap().status().as_u16()
    };
    assert_eq!(me().await, 200);

    let said = installation.run_with_input(&["user", "reset-password", EMAIL], "walnut-harbour-sixty");
    assert!(said.success().contains("all their sessions have ended"));

    assert_eq!(me().await, 401);
    assert_eq!(sign_in(PASSWORD).await.status(), 401);
    assert_eq!(sign_in("walnut-harbour-sixty").await.status(), 200);
}
