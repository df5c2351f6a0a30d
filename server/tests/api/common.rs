//! A real server in its own folder, and people who use it.

use std::path::PathBuf;

use axum::{
    Router,
    body::{Body, to_bytes},
    http::{Request, StatusCode, header},
};
use serde_json::{Value, json};
use server::{config::Config, serve, state::AppState};
use tempfile::TempDir;
use tower::ServiceExt;

pub struct Server {
    pub router: Router,
    pub state: AppState,
    _folder: TempDir,
}

pub struct Answer {
    pub status: StatusCode,
    pub cookie: Option<String>,
    pub body: Vec<u8>,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|_| panic!("not JSON: {}", String::from_utf8_lossy(&self.body)))
    }
}

pub async fn server() -> Server {
    server_with(Config::default()).await
}

pub async fn server_with(config: Config) -> Server {
    let folder = tempfile::tempdir().unwrap();
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..");
    let config = Config {
        data_dir: folder.path().to_owned(),
        assets_dir: Some(root),
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
    router: Router,
    pub cookie: Option<String>,
}

impl Server {
    pub fn nobody(&self) -> Visitor {
        Visitor {
            router: self.router.clone(),
            cookie: None,
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
        let mut form = format!("--edge\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{name}\"\r\n\r\n")
            .into_bytes();
        form.extend_from_slice(bytes);
        form.extend_from_slice(b"\r\n--edge--\r\n");
        let path = format!("/knowledge-bases/{knowledge_base}/documents");
        self.request("POST", &path, "multipart/form-data; boundary=edge", Body::from(form))
            .await
    }

    async fn request(&self, method: &str, path: &str, content_type: &str, body: Body) -> Answer {
        let mut request = Request::builder()
            .method(method)
            .uri(format!("/api/v1{path}"))
            .header(header::CONTENT_TYPE, content_type)
            .header("sec-fetch-site", "same-origin");
        if let Some(cookie) = &self.cookie {
            request = request.header(header::COOKIE, cookie);
        }
        let response = self.router.clone().oneshot(request.body(body).unwrap()).await.unwrap();
        let cookie = response
            .headers()
            .get(header::SET_COOKIE)
            .map(|cookie| cookie.to_str().unwrap().split(';').next().unwrap().to_owned());
        Answer {
            status: response.status(),
            cookie,
            body: to_bytes(response.into_body(), usize::MAX).await.unwrap().to_vec(),
        }
    }
}

pub async fn create_knowledge_base(owner: &Visitor, name: &str) -> String {
    let answer = owner.post("/knowledge-bases", json!({ "name": name })).await;
    assert_eq!(answer.status, StatusCode::CREATED);
    answer.json()["id"].as_str().unwrap().to_owned()
}
