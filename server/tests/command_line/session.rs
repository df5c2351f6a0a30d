//! The account of an installation, signed in at its server.

use serde_json::{Value, json};

use crate::installation::{EMAIL, PASSWORD};

pub struct Session {
    pub http: reqwest::Client,
    url: String,
    pub cookie: String,
}

impl Session {
    pub async fn at(url: &str) -> Self {
        let mut session = Self {
            http: http(),
            url: url.to_owned(),
            cookie: String::new(),
        };
        let signed_in = session.post("/auth/sign-in", json!({ "email": EMAIL, "password": PASSWORD }));
        let signed_in = signed_in.send().await.unwrap();
        session.cookie = cookie(&signed_in);
        session
    }

    fn post(&self, path: &str, body: Value) -> reqwest::RequestBuilder {
        let request = self.http.post(format!("{}/api/v1{path}", self.url));
        request
            .header("content-type", "application/json")
            .header("cookie", &self.cookie)
            .body(body.to_string())
    }

    /// What is answered.
    pub async fn told(&self, path: &str, body: Value) -> Value {
        let answer = self.post(path, body).send().await.unwrap();
        serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap()
    }
}

/// The cookie that signing in gave.
pub fn cookie(signed_in: &reqwest::Response) -> String {
    signed_in.headers()["set-cookie"]
        .to_str()
        .unwrap()
        .split(';')
        .next()
        .unwrap()
        .to_owned()
}

pub fn http() -> reqwest::Client {
    // Fails only when another test of this process installed it already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder()
        .no_proxy()
        .tls_certs_only([])
        .build()
        .unwrap()
}
