//! A real, small language model writes an answer from documents.

use std::{
    process::{Child, Command, Stdio},
    time::Duration,
};

use serde_json::json;

use crate::{
    asking::{Asking, ask, configure, connect, text},
    common::http,
};

/// SmolLM2-135M behind llama-server; `scripts/llm.sh` fetches what is missing.
struct LlamaServer {
    child: Child,
    address: String,
}

impl LlamaServer {
    async fn start() -> Self {
        let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = free.local_addr().unwrap().port();
        drop(free);
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../scripts/llm.sh");
        let child = Command::new(script)
            .args(["serve", &port.to_string()])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut server = Self {
            child,
            address: format!("http://127.0.0.1:{port}"),
        };
        loop {
            if let Some(status) = server.child.try_wait().unwrap() {
                panic!("the language model does not run ({status}): run `scripts/llm.sh fetch` and see what it says");
            }
            let health = http().get(format!("{}/health", server.address)).send().await;
            if health.is_ok_and(|health| health.status().is_success()) {
                return server;
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }
}

impl Drop for LlamaServer {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_real_language_model_writes_an_answer_that_is_cited() {
    let model = LlamaServer::start().await;
    let asking = Asking::with_documents().await;
    let owner = &asking.owner;
    let connection = connect(owner, &format!("{}/v1", model.address)).await;
    let tested = owner
        .post(&format!("/connections/{connection}/test"), json!({}))
        .await
        .json();
    assert_eq!(tested["models"], json!(["smollm2"]), "{tested}");
    let change = |settings: &mut serde_json::Value| {
        settings["model"] = json!({ "kind": "connection", "connection_id": connection, "model": "smollm2" });
        settings["generation"] = json!({ "temperature": 0, "top_p": 1, "max_tokens": 80 });
    };
    configure(owner, change).await;
    let answered = ask(owner, "How long is the notice period of the lease?").await;
    assert_eq!(
        (&answered["status"], &answered["answer_kind"]),
        (&json!("complete"), &json!("generated")),
        "{answered}"
    );
    let citations = answered["citations"].as_array().unwrap();
    assert!(!citations.is_empty(), "{answered}");
    for citation in citations {
        assert!(
            text(&answered["content"]).contains(&format!("[{}]", citation["number"])),
            "{answered}"
        );
        assert!(
            crate::asking::LEASE.contains(text(&citation["quote"]))
                || crate::asking::GARDEN.contains(text(&citation["quote"]))
        );
    }
    assert!(text(&answered["html"]).contains("class=\"citation\""), "{answered}");
    asking.end().await;
}
