//! Somebody who uses the program over HTTP.

use std::time::Duration;

use eventsource_stream::Event;
use futures::{Stream, StreamExt};
use reqwest::{Client, RequestBuilder, Response, StatusCode, header};
use serde_json::{Value, json};

/// Longer than anything here takes on a machine that is busy with other things; whatever takes longer hangs.
const PATIENCE: Duration = Duration::from_secs(240);

/// What answers requests: a program, or what stands in front of several.
pub trait Served {
    fn address(&self) -> &str;
}

/// A signed-in owner of one knowledge base. After a restart of the program the session still holds.
#[derive(Clone)]
pub struct Person {
    client: Client,
    cookie: String,
    email: String,
    pub knowledge_base: String,
}

const PASSWORD: &str = "plover-anvil-tundra";

/// A file to be uploaded.
#[derive(Clone)]
pub struct File {
    pub name: String,
    pub bytes: Vec<u8>,
}

impl File {
    pub fn new(name: impl Into<String>, bytes: impl Into<Vec<u8>>) -> Self {
        Self {
            name: name.into(),
            bytes: bytes.into(),
        }
    }
}

impl Person {
    pub async fn sign_up(server: &impl Served) -> Self {
        Self::sign_up_as(server, "ada@example.org").await
    }

    pub async fn sign_up_as(server: &impl Served, email: &str) -> Self {
        // Fails only when a provider is installed already, which is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = Client::builder().no_proxy().timeout(PATIENCE).build().unwrap();
        let body = json!({ "email": email, "name": "Ada", "password": PASSWORD });
        let url = format!("{}/api/v1/auth/sign-up", server.address());
        let answer = client.post(url).json(&body).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::CREATED);
        let mut person = Self {
            client,
            cookie: session_of(&answer),
            email: email.to_owned(),
            knowledge_base: String::new(),
        };
        let made = person
            .post(server, "/knowledge-bases", json!({ "name": "Tests" }))
            .await;
        person.knowledge_base = made["id"].as_str().unwrap().to_owned();
        person
    }

    /// The same person, with a session of its own.
    pub async fn in_another_browser(&self, server: &impl Served) -> Self {
        let url = format!("{}/api/v1/auth/sign-in", server.address());
        let body = json!({ "email": self.email, "password": PASSWORD });
        let answer = self.client.post(url).json(&body).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK);
        Self {
            cookie: session_of(&answer),
            ..self.clone()
        }
    }

    pub async fn get(&self, server: &impl Served, path: &str) -> Value {
        let answer = self.request("GET", server, path).send().await.unwrap();
        json_of(answer).await
    }

    pub async fn post(&self, server: &impl Served, path: &str, body: Value) -> Value {
        let answer = self.request("POST", server, path).json(&body).send().await.unwrap();
        json_of(answer).await
    }

    pub async fn status(&self, method: &str, server: &impl Served, path: &str) -> Option<StatusCode> {
        let answer = self.request(method, server, path).send().await.ok()?;
        Some(answer.status())
    }

    pub async fn original(&self, server: &impl Served, id: &str) -> Vec<u8> {
        let path = format!("/documents/{id}/original");
        let answer = self.request("GET", server, &path).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK);
        answer.bytes().await.unwrap().to_vec()
    }

    /// What became of each file; `None` when the request failed.
    pub async fn try_upload(&self, server: &impl Served, files: &[File]) -> Option<Vec<Value>> {
        let answer = self.send_files(server, files).await?;
        (answer.status() == StatusCode::ACCEPTED).then_some(())?;
        let uploads: Value = answer.json().await.ok()?;
        Some(uploads["files"].as_array().unwrap().clone())
    }

    pub async fn upload(&self, server: &impl Served, files: &[File]) -> Vec<Value> {
        let answer = self.send_files(server, files).await.unwrap();
        let status = answer.status();
        let body = answer.text().await.unwrap();
        assert_eq!(status, StatusCode::ACCEPTED, "{body}");
        let uploads: Value = serde_json::from_str(&body).unwrap();
        let uploads = uploads["files"].as_array().unwrap().clone();
        assert_eq!(uploads.len(), files.len());
        uploads
    }

    /// Uploads one file and returns its document's identifier.
    pub async fn upload_one(&self, server: &impl Served, file: File) -> String {
        let uploads = self.upload(server, &[file]).await;
        assert_eq!(uploads[0]["outcome"], "accepted", "{}", uploads[0]);
        uploads[0]["document"]["id"].as_str().unwrap().to_owned()
    }

    pub async fn send_files(&self, server: &impl Served, files: &[File]) -> Option<Response> {
        self.upload_request(server, files).send().await.ok()
    }

    pub fn upload_request(&self, server: &impl Served, files: &[File]) -> RequestBuilder {
        const EDGE: &str = "a-line-that-is-in-no-file-e6d1c0a2";
        let mut form = Vec::new();
        for file in files {
            let head = format!(
                "--{EDGE}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{}\"\r\n\r\n",
                file.name.replace('\r', "%0D").replace('\n', "%0A").replace('"', "%22")
            );
            form.extend_from_slice(head.as_bytes());
            form.extend_from_slice(&file.bytes);
            form.extend_from_slice(b"\r\n");
        }
        form.extend_from_slice(format!("--{EDGE}--\r\n").as_bytes());
        let path = format!("/knowledge-bases/{}/documents", self.knowledge_base);
        self.request("POST", server, &path)
            .header(header::CONTENT_TYPE, format!("multipart/form-data; boundary={EDGE}"))
            .body(form)
    }

    /// Waits until nothing is under way any more, while the server goes on answering.
    pub async fn wait_until_all_ended(&self, server: &impl Served) {
        let path = format!("/knowledge-bases/{}", self.knowledge_base);
        let (mut last, mut unchanged_since) = (Value::Null, std::time::Instant::now());
        loop {
            self.expect_health(server).await;
            let counts = self.get(server, &path).await["documents"].clone();
            if counts["underway"] == 0 {
                return;
            }
            if counts != last {
                (last, unchanged_since) = (counts, std::time::Instant::now());
            }
            assert!(
                unchanged_since.elapsed() < PATIENCE,
                "nothing has ended for a long time: {last}"
            );
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }

    pub async fn expect_health(&self, server: &impl Served) {
        let url = format!("{}/healthz", server.address());
        let health = self.client.get(url).timeout(Duration::from_secs(30)).send().await;
        assert_eq!(health.expect("the server answers").status(), StatusCode::OK);
    }

    /// The document once it has ended, in whatever way.
    pub async fn ended(&self, server: &impl Served, id: &str) -> Value {
        let (mut last, mut unchanged_since) = (Value::Null, std::time::Instant::now());
        loop {
            let document = self.get(server, &format!("/documents/{id}")).await;
            if !["queued", "processing"].contains(&document["status"].as_str().unwrap()) {
                return document;
            }
            if document != last {
                (last, unchanged_since) = (document, std::time::Instant::now());
            }
            assert!(unchanged_since.elapsed() < PATIENCE, "it does not get on: {last}");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// Every document, page by page.
    pub async fn documents(&self, server: &impl Served, order: &str) -> Vec<Value> {
        let (mut all, mut cursor) = (Vec::new(), String::new());
        loop {
            let path = format!(
                "/knowledge-bases/{}/documents?limit=200&order={order}{cursor}",
                self.knowledge_base
            );
            let page = self.get(server, &path).await;
            all.extend(page["items"].as_array().unwrap().iter().cloned());
            match page["next_cursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => return all,
            }
        }
    }

    pub async fn found(&self, server: &impl Served, query: &str) -> Vec<Value> {
        let results = self
            .post(server, "/search", json!({ "query": query, "limit": 50 }))
            .await;
        results["hits"].as_array().unwrap().clone()
    }

    pub fn request(&self, method: &str, server: &impl Served, path: &str) -> RequestBuilder {
        let url = format!("{}/api/v1{path}", server.address());
        self.client
            .request(method.parse().unwrap(), url)
            .header(header::COOKIE, &self.cookie)
            .header("sec-fetch-site", "same-origin")
    }
}

fn session_of(answer: &Response) -> String {
    let cookie = answer.headers()[header::SET_COOKIE].to_str().unwrap();
    cookie.split(';').next().unwrap().to_owned()
}

async fn json_of(answer: Response) -> Value {
    let status = answer.status();
    let body = answer.text().await.unwrap();
    assert!(status.is_success(), "{status}: {body}");
    serde_json::from_str(&body).unwrap()
}

/// Hears what happens to the documents of a knowledge base until one is ready.
pub async fn wait_until_told_ready<E>(told: &mut (impl Stream<Item = Result<Event, E>> + Unpin), id: &str) {
    let ready = async {
        while let Some(Ok(event)) = told.next().await {
            if event.data.contains(id) && event.data.contains("\"ready\"") {
                return true;
            }
        }
        false
    };
    assert!(tokio::time::timeout(Duration::from_secs(60), ready).await.unwrap());
}
