//! A real server in its own folder, and people who use it.

use std::path::PathBuf;

use axum::{
    Router,
    body::{Body, to_bytes},
    http::{HeaderMap, Request, Response, StatusCode, header},
};
use serde_json::{Value, json};
use server::{
    config::{Config, DatabaseUrl},
    serve,
    state::AppState,
};
use tempfile::TempDir;
use tower::ServiceExt;

use crate::postgres::empty_database;

/// A client that goes over the network, for what is tested as a program of its own.
pub fn http() -> reqwest::Client {
    // Refused when it is installed already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::new()
}

pub struct Server {
    pub router: Router,
    pub state: AppState,
    _folder: TempDir,
}

pub struct Answer {
    pub status: StatusCode,
    pub cookie: Option<String>,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

impl Answer {
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|_| panic!("not JSON: {}", String::from_utf8_lossy(&self.body)))
    }
}

pub async fn server() -> Server {
    server_with(Config::default()).await
}

/// A server that has the pages too, with a bundle whose files hold nothing of interest.
pub async fn server_with_pages() -> Server {
    server_with_pages_and(Config::default()).await
}

pub async fn server_with_pages_and(config: Config) -> Server {
    let folder = tempfile::tempdir().unwrap();
    let (assets, site) = (folder.path().join("assets"), folder.path().join("assets/site"));
    std::fs::create_dir_all(&site).unwrap();
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..");
    std::os::unix::fs::symlink(root.join("models"), assets.join("models")).unwrap();
    let manifest = json!({
        "js": "hyperion-1.js", "wasm": "hyperion-1.wasm", "css": "main-1.css", "static": { "favicon.svg": "favicon-1.svg" }
    });
    std::fs::write(site.join("manifest.json"), manifest.to_string()).unwrap();
    for name in ["hyperion-1.js", "hyperion-1.wasm", "main-1.css", "favicon-1.svg"] {
        std::fs::write(site.join(name), "plain").unwrap();
    }
    std::fs::write(site.join("hyperion-1.js.br"), "brotli").unwrap();
    std::fs::write(site.join("hyperion-1.js.gz"), "gzip").unwrap();
    open(config, assets, folder).await
}

pub async fn server_with(config: Config) -> Server {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..");
    open(config, root, tempfile::tempdir().unwrap()).await
}

/// On PostgreSQL where TEST_DATABASE says so; else none, and the server makes a SQLite file.
async fn database_of_its_own() -> Option<DatabaseUrl> {
    if std::env::var("TEST_DATABASE").is_ok_and(|database| database == "postgres") {
        return DatabaseUrl::new(&empty_database().await);
    }
    None
}

async fn open(config: Config, assets: PathBuf, folder: TempDir) -> Server {
    let config = Config {
        data_dir: folder.path().join("data"),
        assets_dir: Some(assets),
        database_url: database_of_its_own().await,
        ..config
    };
    let state = AppState::open(config, env!("CARGO_BIN_EXE_hyperion").into())
        .await
        .unwrap();
    Server {
        router: serve::router(state.clone()),
        state,
        _folder: folder,
    }
}

/// Somebody with a session cookie; `nobody()` has none.
#[derive(Clone)]
pub struct Visitor {
    pub router: Router,
    pub cookie: Option<String>,
    /// The secret of an API key.
    key: Option<String>,
}

impl Server {
    pub fn nobody(&self) -> Visitor {
        Visitor {
            router: self.router.clone(),
            cookie: None,
            key: None,
        }
    }

    /// A program that was given an API key.
    pub fn with_key(&self, secret: &str) -> Visitor {
        Visitor {
            key: Some(secret.to_owned()),
            ..self.nobody()
        }
    }

    pub async fn sign_up(&self, email: &str) -> Visitor {
        let mut visitor = self.nobody();
        let body = json!({ "email": email, "name": email, "password": "plover-anvil-tundra" });
        let answer = visitor.send("POST", "/auth/sign-up", Some(body)).await;
        assert_eq!(
            answer.status,
            StatusCode::CREATED,
            "{}",
            String::from_utf8_lossy(&answer.body)
        );
        visitor.cookie = answer.cookie;
        visitor
    }
}

impl Visitor {
    /// Signs in once more, as another browser.
    pub async fn sign_in(&self, email: &str, password: &str) -> Visitor {
        let credentials = json!({ "email": email, "password": password });
        let answer = self.post("/auth/sign-in", credentials).await;
        assert_eq!(answer.status, StatusCode::OK);
        Visitor {
            cookie: answer.cookie,
            ..self.clone()
        }
    }

    pub async fn send(&self, method: &str, path: &str, body: Option<Value>) -> Answer {
        let body = body.map_or_else(Body::empty, |body| Body::from(body.to_string()));
        self.request(method, path, "application/json", body).await
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.send("GET", path, None).await
    }

    pub async fn post(&self, path: &str, body: Value) -> Answer {
        self.send("POST", path, Some(body)).await
    }

    pub async fn upload(&self, knowledge_base: &str, name: &str, bytes: &[u8]) -> Answer {
        self.upload_files(knowledge_base, &[(name, bytes)], None).await
    }

    pub async fn upload_files(&self, knowledge_base: &str, files: &[(&str, &[u8])], key: Option<&str>) -> Answer {
        let mut request = multipart(&format!("/api/v1/knowledge-bases/{knowledge_base}/documents"), files);
        if let Some(key) = key {
            request.headers_mut().insert("idempotency-key", key.parse().unwrap());
        }
        self.call(request).await
    }

    /// Posts files with the form of a knowledge base's page.
    pub async fn submit_files(&self, knowledge_base: &str, files: &[(&str, &[u8])]) -> Answer {
        let path = format!("/forms/knowledge-bases/{knowledge_base}/documents");
        self.call(multipart(&path, files)).await
    }

    /// An answer whose body goes on.
    pub async fn stream(&self, path: &str) -> Response<Body> {
        let mut request = Request::get(format!("/api/v1{path}"));
        if let Some(cookie) = &self.cookie {
            request = request.header(header::COOKIE, cookie);
        }
        self.router
            .clone()
            .oneshot(request.body(Body::empty()).unwrap())
            .await
            .unwrap()
    }

    /// Opens a page.
    pub async fn open(&self, path: &str) -> Answer {
        self.call(Request::get(path).body(Body::empty()).unwrap()).await
    }

    /// Posts a plain form as a browser does.
    pub async fn submit(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let fields = url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs(fields)
            .finish();
        let request = Request::post(path)
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header("sec-fetch-site", "same-origin");
        self.call(request.body(Body::from(fields)).unwrap()).await
    }

    async fn request(&self, method: &str, path: &str, content_type: &str, body: Body) -> Answer {
        let request = Request::builder()
            .method(method)
            .uri(format!("/api/v1{path}"))
            .header(header::CONTENT_TYPE, content_type)
            .header("sec-fetch-site", "same-origin");
        self.call(request.body(body).unwrap()).await
    }

    /// Sends a request of any kind, with the visitor's cookie.
    pub async fn call(&self, mut request: Request<Body>) -> Answer {
        if let Some(cookie) = &self.cookie {
            request.headers_mut().insert(header::COOKIE, cookie.parse().unwrap());
        }
        if let Some(key) = &self.key {
            let value = format!("Bearer {key}").parse().unwrap();
            request.headers_mut().insert(header::AUTHORIZATION, value);
        }
        let response = self.router.clone().oneshot(request).await.unwrap();
        let cookie = response
            .headers()
            .get(header::SET_COOKIE)
            .map(|cookie| cookie.to_str().unwrap().split(';').next().unwrap().to_owned());
        Answer {
            status: response.status(),
            cookie,
            headers: response.headers().clone(),
            body: to_bytes(response.into_body(), usize::MAX).await.unwrap().to_vec(),
        }
    }
}

fn multipart(path: &str, files: &[(&str, &[u8])]) -> Request<Body> {
    let mut form = Vec::new();
    for (name, bytes) in files {
        let disposition = format!("Content-Disposition: form-data; name=\"file\"; filename=\"{name}\"");
        form.extend_from_slice(format!("--edge\r\n{disposition}\r\n\r\n").as_bytes());
        form.extend_from_slice(bytes);
        form.extend_from_slice(b"\r\n");
    }
    form.extend_from_slice(b"--edge--\r\n");
    Request::post(path)
        .header(header::CONTENT_TYPE, "multipart/form-data; boundary=edge")
        .header("sec-fetch-site", "same-origin")
        .body(Body::from(form))
        .unwrap()
}

pub async fn create_knowledge_base(owner: &Visitor, name: &str) -> String {
    let answer = owner.post("/knowledge-bases", json!({ "name": name })).await;
    assert_eq!(answer.status, StatusCode::CREATED);
    answer.json()["id"].as_str().unwrap().to_owned()
}
