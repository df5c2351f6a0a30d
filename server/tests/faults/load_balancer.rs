//! A real nginx, set up as `compose.yaml` sets it up, in front of two replicas.

use std::{
    os::unix::fs::PermissionsExt,
    path::Path,
    process::{Child, Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use eventsource_stream::Eventsource;
use futures::{Stream, StreamExt};
use rand::RngExt;
use reqwest::{RequestBuilder, StatusCode};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::{
    installation::Shared,
    person::{File, Person, Served, wait_until_told_ready},
    program::Program,
    slow_model::{SlowModel, ask, follow, kind, last, next_delta},
};

struct LoadBalancer {
    _folder: TempDir,
    process: Child,
    address: String,
}

impl LoadBalancer {
    fn before(replicas: [&Program; 2]) -> Self {
        let deploy = Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy");
        let folder = tempfile::tempdir().unwrap();
        // Started by root, it works as another user.
        std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
        let address = free_address();
        let settings = std::fs::read_to_string(deploy.join("nginx.conf")).unwrap();
        assert!(settings.contains("listen 8080;"));
        let settings = settings.replace("listen 8080;", &format!("listen {address};"));
        std::fs::write(folder.path().join("nginx.conf"), settings).unwrap();
        // As it is there, but by address.
        let listed = std::fs::read_to_string(deploy.join("replicas.conf")).unwrap();
        let by_name = listed.lines().find(|line| line.starts_with("server ")).unwrap();
        assert!(by_name.contains("web:8080 resolve"));
        let listed = replicas.map(|replica| {
            let address = replica.address().trim_start_matches("http://");
            by_name.replace("web:8080 resolve", address)
        });
        std::fs::write(folder.path().join("replicas.conf"), listed.join("\n")).unwrap();
        let path = std::env::var("PATH").unwrap();
        let process = Command::new("nginx")
            .env("PATH", format!("{path}:/usr/sbin"))
            .arg("-p")
            .arg(folder.path())
            .arg("-c")
            .arg(folder.path().join("nginx.conf"))
            .args(["-g", "daemon off;"])
            .stdin(Stdio::null())
            .spawn()
            .expect("nginx is installed by scripts/setup.sh test");
        let begun = Instant::now();
        while std::net::TcpStream::connect(&address).is_err() {
            assert!(begun.elapsed() < Duration::from_secs(20));
            std::thread::sleep(Duration::from_millis(20));
        }
        Self {
            _folder: folder,
            process,
            address: format!("http://{address}"),
        }
    }
}

impl Served for LoadBalancer {
    fn address(&self) -> &str {
        &self.address
    }
}

impl Drop for LoadBalancer {
    fn drop(&mut self) {
        // Its own processes go with it when it is asked, and not when it is killed.
        let asked = Command::new("kill").arg(self.process.id().to_string()).status();
        if !asked.is_ok_and(|asked| asked.success()) {
            let _ = self.process.kill();
        }
        let _ = self.process.wait();
    }
}

/// One that no connection takes by chance while nobody listens there.
fn free_address() -> String {
    loop {
        let address = format!("127.0.0.1:{}", rand::rng().random_range(20_000..30_000));
        if std::net::TcpListener::bind(&address).is_ok() {
            return address;
        }
    }
}

/// Somebody who follows an answer as a browser does: cut off, they come back and say what they heard last.
struct Follower<'a> {
    person: &'a Person,
    balancer: &'a LoadBalancer,
    answer: String,
    heard: usize,
    events: Box<dyn Stream<Item = (usize, Value)> + Unpin + Send>,
}

impl<'a> Follower<'a> {
    async fn of(person: &'a Person, balancer: &'a LoadBalancer, answer: String) -> Self {
        Self {
            events: Box::new(follow(person, balancer, &answer, 0).await),
            person,
            balancer,
            answer,
            heard: 0,
        }
    }

    async fn next(&mut self) -> Value {
        for _ in 0..100 {
            let next = tokio::time::timeout(Duration::from_secs(60), self.events.next()).await;
            if let Some((at, event)) = next.expect("something is told") {
                assert!(at > self.heard, "{at} after {}", self.heard);
                self.heard = at;
                return event;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
            self.events = Box::new(follow(self.person, self.balancer, &self.answer, self.heard).await);
        }
        panic!("it is cut off again and again");
    }

    async fn next_of(&mut self, wanted: &str) -> Value {
        loop {
            let event = self.next().await;
            if kind(&event) == wanted {
                return event;
            }
            assert_ne!(kind(&event), "done", "{event}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn files_events_and_answers_pass_through_the_load_balancer_as_they_come() {
    let shared = Shared::new().await;
    let (one, other, _worker) = (shared.started("web"), shared.started("web"), shared.started("worker"));
    let balancer = LoadBalancer::before([&one, &other]);
    let person = Person::sign_up(&balancer).await;
    let path = format!("/knowledge-bases/{}/events", person.knowledge_base);
    // Whoever collects before passing on would open the stream with its first sign of life, after 15 seconds.
    let opened = tokio::time::timeout(Duration::from_secs(10), person.request("GET", &balancer, &path).send());
    let told = opened.await.expect("the stream opens").unwrap();
    let mut told = Box::pin(told.bytes_stream().eventsource());
    let id = person
        .upload_one(&balancer, File::new("a.txt", "The lighthouse is red."))
        .await;
    wait_until_told_ready(&mut told, &id).await;
    assert_eq!(person.found(&balancer, "red lighthouse").await[0]["document_id"], *id);

    // Larger than what nginx takes unless it is told otherwise.
    let large = person
        .upload_one(&balancer, File::new("large.bin", vec![0; 5 << 20]))
        .await;
    assert_eq!(person.original(&balancer, &large).await.len(), 5 << 20);

    let model = SlowModel::start().await;
    model.serve(&person, &balancer).await;
    let answer = ask(&person, &balancer).await;
    let mut events = follow(&person, &balancer, &answer, 0).await;
    next_delta(&mut events).await;
    next_delta(&mut events).await;
    model.hurry.store(true, Ordering::Relaxed);
    assert_eq!(last(events).await["message"]["status"], "complete");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_ten_answers_those_of_a_killed_replica_end_with_what_was_written_and_the_others_go_on() {
    let shared = Shared::new().await;
    let (mut doomed, other, _worker) = (shared.started("web"), shared.started("web"), shared.started("worker"));
    let balancer = LoadBalancer::before([&doomed, &other]);
    let person = Person::sign_up(&balancer).await;
    let model = SlowModel::start().await;
    model.serve(&person, &balancer).await;
    let mut answers = Vec::new();
    for replica in [&doomed, &other] {
        for _ in 0..5 {
            // Who writes it is known; who passes it on is not.
            let answer = ask(&person, replica).await;
            let mut follower = Follower::of(&person, &balancer, answer).await;
            follower.next_of("delta").await;
            answers.push(follower);
        }
    }
    // What was written is stored every second.
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    doomed.kill();

    let others = answers.split_off(5);
    for mut follower in answers {
        let done = loop {
            let event = follower.next().await;
            if kind(&event) == "done" {
                break event;
            }
        };
        assert_eq!(done["message"]["status"], "failed");
        assert_eq!(done["message"]["error"]["code"], "interrupted");
        assert!(done["message"]["content"].as_str().unwrap().contains("word0"));
    }
    for mut follower in others {
        follower.next_of("delta").await;
        model.hurry.store(true, Ordering::Relaxed);
        let done = loop {
            let event = follower.next().await;
            if kind(&event) == "done" {
                break event;
            }
        };
        assert_eq!(done["message"]["status"], "complete");
    }
}

/// What a client has to try again while replicas are replaced.
#[derive(Debug, Default)]
struct TriedAgain {
    /// No replica could be reached, or one went away with the request: 502, 503, 504, or no answer at all.
    unanswered: usize,
    /// An upload whose first try still runs, as its `Idempotency-Key` tells.
    underway: usize,
    /// An answer that ended with the replica that wrote it, and says so.
    interrupted: usize,
}

impl TriedAgain {
    /// The answer to a request, which may be made more than once.
    async fn until_answered(&mut self, request: impl Fn() -> RequestBuilder) -> (StatusCode, Value) {
        for _ in 0..200 {
            if let Ok(answer) = request().send().await
                && ![502, 503, 504].contains(&answer.status().as_u16())
            {
                let status = answer.status();
                if let Ok(body) = answer.json().await {
                    return (status, body);
                }
            }
            self.unanswered += 1;
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("nothing is answered any more");
    }

    async fn upload(&mut self, person: &Person, balancer: &LoadBalancer, n: usize) -> String {
        let file = [File::new(
            format!("{n}.txt"),
            format!("Parcel item{n}x is on shelf {n}."),
        )];
        for _ in 0..200 {
            let request = || {
                let request = person.upload_request(balancer, &file);
                request.header("idempotency-key", format!("parcel {n}"))
            };
            let (status, body) = self.until_answered(request).await;
            if body["code"] == "upload_under_way" {
                self.underway += 1;
                tokio::time::sleep(Duration::from_millis(50)).await;
                continue;
            }
            assert_eq!(status, StatusCode::ACCEPTED, "{body}");
            return body["files"][0]["document"]["id"].as_str().unwrap().to_owned();
        }
        panic!("the upload never ends");
    }

    /// Asks, reads some words, and has heard enough.
    async fn ask(&mut self, person: &Person, balancer: &LoadBalancer) {
        for _ in 0..200 {
            let question = json!({ "question": "How long is the notice period of the lease?" });
            let request = || person.request("POST", balancer, "/conversations").json(&question);
            let (status, asked) = self.until_answered(request).await;
            assert_eq!(status, StatusCode::ACCEPTED, "{asked}");
            let answer = asked["answer"]["id"].as_str().unwrap().to_owned();
            let stop = format!("/messages/{answer}/stop");
            let mut follower = Follower::of(person, balancer, answer).await;
            let mut words = 0;
            let message = loop {
                let event = follower.next().await;
                match kind(&event) {
                    "done" => break event["message"].clone(),
                    "delta" => words += 1,
                    _ => continue,
                }
                if words == 3 {
                    let (status, stopped) = self.until_answered(|| person.request("POST", balancer, &stop)).await;
                    assert_eq!(status, StatusCode::OK, "{stopped}");
                }
            };
            if message["status"] == "stopped" {
                return;
            }
            assert_eq!(message["error"]["code"], "interrupted", "{message}");
            self.interrupted += 1;
        }
        panic!("no answer ends well");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn while_replicas_are_replaced_one_by_one_nothing_fails_that_trying_again_does_not_mend() {
    let shared = Shared::new().await;
    let addresses = [free_address(), free_address()];
    let mut replicas = addresses.clone().map(|address| {
        let mut replica = shared.replica("web", &[("HYPERION_DRAIN_SECONDS", "10")]);
        replica.start_as(replica.command_at(&address));
        replica
    });
    let _worker = shared.started("worker");
    let balancer = Arc::new(LoadBalancer::before([&replicas[0], &replicas[1]]));
    let person = Person::sign_up(&*balancer).await;
    let model = SlowModel::start().await;
    model.serve(&person, &*balancer).await;

    let over = Arc::new(AtomicBool::new(false));
    let uploading = tokio::spawn({
        let (person, balancer, over) = (person.clone(), balancer.clone(), over.clone());
        async move {
            let (mut acknowledged, mut tried_again) = (Vec::new(), TriedAgain::default());
            while !over.load(Ordering::Relaxed) && acknowledged.len() < 1_000 {
                let n = acknowledged.len();
                acknowledged.push(tried_again.upload(&person, &balancer, n).await);
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
            (acknowledged, tried_again)
        }
    });
    let asking = tokio::spawn({
        let (person, balancer, over) = (person.clone(), balancer.clone(), over.clone());
        async move {
            let (mut asked, mut tried_again) = (0, TriedAgain::default());
            while !over.load(Ordering::Relaxed) && asked < 1_000 {
                tried_again.ask(&person, &balancer).await;
                asked += 1;
            }
            (asked, tried_again)
        }
    });
    for _ in 0..2 {
        for (replica, address) in replicas.iter_mut().zip(&addresses) {
            replica.ask_to_stop();
            replica.wait();
            replica.start_as(replica.command_at(address));
            // The load balancer passes over it a while longer.
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
    }
    over.store(true, Ordering::Relaxed);
    let (acknowledged, tried_again) = uploading.await.unwrap();
    println!("{} uploads, {tried_again:?}", acknowledged.len());
    let (asked, tried_again) = asking.await.unwrap();
    println!("{asked} questions, {tried_again:?}");
    assert!(acknowledged.len() > 4 && asked > 4);

    person.wait_until_all_ended(&*balancer).await;
    let documents = person.documents(&*balancer, "oldest").await;
    // And the one that is asked about.
    assert_eq!(documents.len(), acknowledged.len() + 1);
    for (n, id) in acknowledged.iter().enumerate() {
        let document = documents.iter().find(|document| document["id"] == **id).unwrap();
        assert_eq!(document["status"], "ready", "{document}");
        assert_eq!(document["name"], format!("{n}.txt"));
    }
}
