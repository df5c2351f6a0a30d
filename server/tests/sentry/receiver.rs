//! A real receiver of Sentry's envelopes.

use std::{
    io::{BufRead, BufReader},
    net::TcpListener,
    path::Path,
    process::{Child, Command, Stdio},
    time::Duration,
};

use eventsource_stream::Eventsource;
use futures::StreamExt;
use serde_json::Value;

/// How long reports may take to get there.
const PATIENCE: Duration = Duration::from_secs(30);

pub struct Receiver {
    program: Child,
    port: u16,
}

impl Receiver {
    pub fn start() -> Self {
        let free = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = free.local_addr().unwrap().port();
        drop(free);
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../e2e");
        assert!(
            folder.join("node_modules/@spotlightjs").is_dir(),
            "the receiver is missing: run scripts/setup.sh e2e"
        );
        let mut program = Command::new("node")
            .args(["sentry-receiver.mjs", &port.to_string()])
            .current_dir(folder)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut said = BufReader::new(program.stdout.take().unwrap())
            .lines()
            .map_while(Result::ok);
        assert!(
            said.any(|line| line == "ready"),
            "the receiver ended without being ready"
        );
        // Whoever stops listening to it would end it.
        std::thread::spawn(move || said.for_each(drop));
        Self { program, port }
    }

    pub fn dsn(&self) -> String {
        format!("http://5ec3e7@127.0.0.1:{}/1", self.port)
    }

    /// Everything received so far, once there are so many reports.
    pub async fn received(&self, at_least: usize) -> Vec<Value> {
        let mut reports = Vec::new();
        let told = reqwest::get(format!("http://127.0.0.1:{}/stream", self.port))
            .await
            .unwrap();
        let mut told = told.bytes_stream().eventsource();
        while reports.len() < at_least {
            let next = tokio::time::timeout(PATIENCE, told.next()).await;
            let event = next.unwrap_or_else(|_| panic!("only so much was received: {reports:?}"));
            // An envelope's head, and its items, each of them a head and what it is about.
            let envelope: Value = serde_json::from_str(&event.unwrap().unwrap().data).unwrap();
            let items = envelope[1].as_array().unwrap();
            reports.extend(items.iter().map(|item| item[1].clone()));
        }
        reports
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        // It has ended already, or is of no more use.
        let _ = self.program.kill();
        let _ = self.program.wait();
    }
}
