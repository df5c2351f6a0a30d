//! Milvus away, slow, or cut off.

use std::{
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use reqwest::StatusCode;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::{
    person::{File, Person},
    postgres::empty_database,
    program::{Program, free_port},
    proxy::{Network, Proxy},
};

/// A Milvus of one test, which may be killed and started again on its data.
struct Milvus {
    folder: TempDir,
    port: u16,
    process: Child,
}

impl Milvus {
    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let port = free_port();
        Self {
            process: Self::process(port, folder.path()),
            folder,
            port,
        }
    }

    fn process(port: u16, folder: &Path) -> Child {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../scripts/milvus.sh");
        let mut process = Command::new(script)
            .args(["lite", &port.to_string()])
            .arg(folder)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let output = BufReader::new(process.stdout.take().unwrap());
        let ready = output.lines().map_while(Result::ok).any(|line| line == "ready");
        assert!(ready, "Milvus does not start: scripts/setup.sh test installs it");
        process
    }

    fn kill(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }

    fn start_again(&mut self) {
        self.process = Self::process(self.port, self.folder.path());
    }
}

impl Drop for Milvus {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn program(port: u16) -> Program {
    let settings = [("HYPERION_MILVUS_URL", format!("http://127.0.0.1:{port}"))];
    let mut program = Program::with_settings(settings.map(|(name, value)| (name.to_owned(), value)));
    program.start();
    program
}

async fn search(person: &Person, program: &Program, query: &str) -> (StatusCode, Value) {
    let request = person
        .request("POST", program, "/search")
        .json(&json!({ "query": query }));
    let answer = request.send().await.unwrap();
    (answer.status(), answer.json().await.unwrap())
}

/// Searches until it can be searched again.
async fn wait_for_search(person: &Person, program: &Program) {
    let since = Instant::now();
    while search(person, program, "parcel").await.0 != StatusCode::OK {
        assert!(since.elapsed() < Duration::from_secs(60), "Milvus is back and not used");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

fn deep_findings(program: &Program) -> Vec<Value> {
    let (_, printed) = program.run(&["doctor", "--deep", "--json", "--listen", "127.0.0.1:0"]);
    let findings = printed.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let about = ["Milvus", "documents", "originals of documents", "passages in Milvus"];
    findings
        .filter(|finding| about.contains(&finding["what"].as_str().unwrap()))
        .collect()
}

fn expect_agreement(program: &Program) {
    let findings = deep_findings(program);
    assert_eq!(findings.len(), 4, "{findings:?}");
    assert!(
        findings.iter().all(|finding| finding["verdict"] == "ok"),
        "{findings:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn while_milvus_is_away_searches_are_told_so_and_what_is_uploaded_is_found_when_it_is_back() {
    let mut milvus = Milvus::start();
    let program = program(milvus.port);
    let person = Person::sign_up(&program).await;
    let file = |n: u32| {
        File::new(
            format!("{n}.txt"),
            format!("Parcel item{n}x is on shelf {n} of the depot."),
        )
    };
    let early = person.upload_one(&program, file(0)).await;
    assert_eq!(person.ended(&program, &early).await["status"], "ready");
    assert_eq!(person.found(&program, "item0x").await[0]["document_id"], *early);
    milvus.kill();

    let (status, problem) = search(&person, &program, "item0x").await;
    assert_eq!(
        (status, problem["code"].as_str()),
        (StatusCode::SERVICE_UNAVAILABLE, Some("search_unavailable"))
    );
    assert_eq!(
        person.get(&program, &format!("/documents/{early}")).await["status"],
        "ready"
    );
    assert!(!person.original(&program, &early).await.is_empty());
    let mut late = Vec::new();
    for n in 1..6 {
        late.push(person.upload_one(&program, file(n)).await);
    }
    let deleted = late.pop().unwrap();
    assert_eq!(
        person
            .status("DELETE", &program, &format!("/documents/{deleted}"))
            .await,
        Some(StatusCode::NO_CONTENT)
    );
    assert_eq!(
        person.status("DELETE", &program, &format!("/documents/{early}")).await,
        Some(StatusCode::NO_CONTENT)
    );
    milvus.start_again();

    wait_for_search(&person, &program).await;
    person.wait_until_all_ended(&program).await;
    for (n, id) in (1..).zip(&late) {
        let found = person.found(&program, &format!("item{n}x")).await;
        assert_eq!(found[0]["document_id"], **id);
        assert_eq!(found.iter().filter(|hit| hit["document_id"] == **id).count(), 1);
    }
    // Milvus still has it; nobody sees it.
    let found = person.found(&program, "item0x").await;
    assert!(found.iter().all(|hit| hit["document_id"] != *early), "{found:?}");
    expect_agreement(&program);
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_the_network_to_milvus_does_it_is_used_again_afterwards() {
    let milvus = Milvus::start();
    let proxy = Proxy::to(([127, 0, 0, 1], milvus.port).into()).await;
    let program = program(proxy.address.port());
    let person = Person::sign_up(&program).await;
    let mut uploaded = Vec::new();
    for network in [Network::Slow, Network::Cut, Network::HalfClosed] {
        let text = format!("Parcel item{network:?} was weighed.");
        proxy.becomes(network);
        uploaded.push(
            person
                .upload_one(&program, File::new(format!("{network:?}.txt"), text))
                .await,
        );
        let (status, _) = search(&person, &program, "parcel").await;
        let expected = if network == Network::Slow {
            StatusCode::OK
        } else {
            StatusCode::SERVICE_UNAVAILABLE
        };
        assert_eq!(status, expected, "{network:?}");
        person.expect_health(&program).await;
        proxy.becomes(Network::Whole);
        wait_for_search(&person, &program).await;
    }
    person.wait_until_all_ended(&program).await;
    for (id, network) in uploaded.iter().zip([Network::Slow, Network::Cut, Network::HalfClosed]) {
        let found = person.found(&program, &format!("item{network:?}")).await;
        assert_eq!(found[0]["document_id"], **id, "{network:?}");
    }
    expect_agreement(&program);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_installation_moves_to_milvus_and_back_and_lost_passages_are_noticed() {
    let mut own = Program::with_settings([]);
    own.start();
    let person = Person::sign_up(&own).await;
    let id = person
        .upload_one(&own, File::new("a.txt", "The lighthouse is red."))
        .await;
    assert_eq!(person.ended(&own, &id).await["status"], "ready");
    own.kill();

    let milvus = Milvus::start();
    let url = format!("http://127.0.0.1:{}", milvus.port);
    let with_milvus = ["--milvus-url", &url];
    let (started, _) = own.run(&[&["serve", "--listen", "127.0.0.1:0"], &with_milvus[..]].concat());
    assert!(!started, "it serves though nothing is in Milvus");
    let (done, printed) = own.run(&[&["reindex", "--json"], &with_milvus[..]].concat());
    assert!(done && printed.contains("Milvus"), "{printed}");
    let (started, _) = own.run(&["serve", "--listen", "127.0.0.1:0"]);
    assert!(!started, "it serves though everything is in Milvus");

    own.set("HYPERION_MILVUS_URL", &url);
    own.start();
    assert_eq!(person.found(&own, "red lighthouse").await[0]["document_id"], *id);
    expect_agreement(&own);
    drop(milvus);
    let other = Milvus::start();
    own.kill();
    own.set("HYPERION_MILVUS_URL", &format!("http://127.0.0.1:{}", other.port));
    own.start();
    let (status, _) = search(&person, &own, "red lighthouse").await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
    let lost = deep_findings(&own);
    assert!(
        lost.iter()
            .any(|finding| finding["verdict"] == "fail" && finding["message"].as_str().unwrap().contains("reindex")),
        "{lost:?}"
    );
    // While it runs.
    assert!(own.run(&["reindex"]).0);
    assert_eq!(person.found(&own, "red lighthouse").await[0]["document_id"], *id);
}

#[tokio::test(flavor = "multi_thread")]
async fn replicas_find_the_same_by_one_milvus_while_its_index_is_made_anew() {
    let milvus = Milvus::start();
    let settings = |role: &str, database: &str| {
        [
            ("HYPERION_DATABASE_URL", database),
            ("HYPERION_SECRET_KEY", &"5e".repeat(32)),
            ("HYPERION_MILVUS_URL", &format!("http://127.0.0.1:{}", milvus.port)),
            ("HYPERION_ROLE", role),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
    };
    let database = empty_database().await;
    let originals = tempfile::tempdir().unwrap();
    let started = |role: &str| {
        let mut program = Program::with_settings(settings(role, &database));
        // Where no bucket is, replicas share a folder.
        program.share_originals(originals.path());
        program.start();
        program
    };
    let (web, worker) = (started("web"), started("worker"));
    let person = Person::sign_up(&web).await;
    let files: Vec<File> = (0..12)
        .map(|n| {
            File::new(
                format!("{n}.txt"),
                format!("Parcel item{n}x is on shelf {n} of the depot."),
            )
        })
        .collect();
    person.upload(&web, &files[..6]).await;
    person.wait_until_all_ended(&web).await;
    person.upload(&web, &files[6..]).await;
    let (rebuilt, _) = worker.run(&["reindex"]);
    assert!(rebuilt);
    person.wait_until_all_ended(&web).await;
    for document in person.documents(&web, "oldest").await {
        assert_eq!(document["status"], "ready", "{document}");
        let name = document["name"].as_str().unwrap().trim_end_matches(".txt");
        let found = person.found(&web, &format!("item{name}x")).await;
        assert_eq!(found[0]["document_id"], document["id"]);
    }
    expect_agreement(&web);
}
