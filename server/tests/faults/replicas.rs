//! Several programs that are one installation: on one PostgreSQL, one Redis and one bucket.

use std::{
    convert::Infallible,
    process::{Child, Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use axum::{
    Json, Router,
    response::sse::{Event, Sse},
    routing::{get, post},
};
use eventsource_stream::Eventsource;
use futures::{Stream, StreamExt, stream};
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::{
    person::{File, Person},
    postgres::empty_database,
    program::Program,
    proxy::{Network, Proxy},
};

/// What replicas share.
struct Shared {
    database: String,
    redis: Redis,
    redis_address: String,
    bucket: String,
    s3: String,
}

/// A Redis of one test.
struct Redis {
    port: u16,
    process: Child,
}

impl Redis {
    fn start() -> Self {
        let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = free.local_addr().unwrap().port();
        drop(free);
        Self {
            port,
            process: Self::process(port),
        }
    }

    fn process(port: u16) -> Child {
        let process = Command::new("redis-server")
            .args([
                "--port",
                &port.to_string(),
                "--bind",
                "127.0.0.1",
                "--save",
                "",
                "--appendonly",
                "no",
            ])
            .stdout(Stdio::null())
            .spawn()
            .expect("redis-server is installed by scripts/setup.sh test");
        let begun = Instant::now();
        while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(begun.elapsed() < Duration::from_secs(20));
            std::thread::sleep(Duration::from_millis(20));
        }
        process
    }

    fn kill(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }

    fn start_again(&mut self) {
        self.process = Self::process(self.port);
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Shared {
    async fn new() -> Self {
        let database = empty_database().await;
        let (_, name) = database.rsplit_once('/').unwrap();
        let redis = Redis::start();
        Self {
            redis_address: format!("127.0.0.1:{}", redis.port),
            redis,
            bucket: format!("s3://tests/{name}"),
            database,
            s3: std::env::var("TEST_S3_URL").expect("TEST_S3_URL is set by scripts/servers.sh"),
        }
    }

    fn replica(&self, role: &str, more: &[(&str, &str)]) -> Program {
        let redis = format!("redis://{}", self.redis_address);
        let settings = [
            ("HYPERION_DATABASE_URL", &*self.database),
            ("HYPERION_REDIS_URL", &redis),
            ("HYPERION_ORIGINALS_URL", &self.bucket),
            ("HYPERION_SECRET_KEY", &"5e".repeat(32)),
            ("HYPERION_ALLOW_PRIVATE_ADDRESSES", "true"),
            ("HYPERION_ROLE", role),
            ("AWS_ENDPOINT_URL", &self.s3),
            ("AWS_ACCESS_KEY_ID", "test"),
            ("AWS_SECRET_ACCESS_KEY", "test"),
            ("AWS_REGION", "us-east-1"),
        ];
        let settings = settings.iter().chain(more);
        Program::with_settings(settings.map(|(name, value)| ((*name).to_owned(), (*value).to_owned())))
    }

    fn started(&self, role: &str) -> Program {
        let mut program = self.replica(role, &[]);
        program.start();
        program
    }
}

/// A language model that writes a word every so often until it is told to come to an end.
struct SlowModel {
    url: String,
    hurry: Arc<AtomicBool>,
}

impl SlowModel {
    async fn start() -> Self {
        let hurry = Arc::new(AtomicBool::new(false));
        let told = hurry.clone();
        let write = move || {
            let hurry = told.clone();
            async move {
                let words = stream::unfold(0, move |at| {
                    let hurry = hurry.clone();
                    async move {
                        tokio::time::sleep(Duration::from_millis(50)).await;
                        let delta = |text: &str| json!({ "choices": [{ "delta": { "content": text } }] }).to_string();
                        match at {
                            n if n > 2_000 => None,
                            n if n > 0 && hurry.load(Ordering::Relaxed) => Some(("[DONE]".to_owned(), 5_000)),
                            n => Some((delta(&format!("word{n} ")), n + 1)),
                        }
                    }
                });
                Sse::new(words.map(|text| Ok::<_, Infallible>(Event::default().data(text))))
            }
        };
        let models = || async { Json(json!({ "data": [{ "id": "slow" }] })) };
        let router = Router::new()
            .route("/v1/chat/completions", post(write))
            .route("/v1/models", get(models));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/v1", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { url, hurry }
    }

    /// Makes it the person's model, and gives them something to ask about.
    async fn serve(&self, person: &Person, program: &Program) {
        let connection = json!({ "name": "Slow", "preset": "custom", "base_url": self.url, "model": "slow" });
        person.post(program, "/connections", connection).await;
        let file = File::new("lease.txt", "The notice period of the lease is three months.");
        let id = person.upload_one(program, file).await;
        assert_eq!(person.ended(program, &id).await["status"], "ready");
    }
}

/// Begins an answer and returns its identifier.
async fn ask(person: &Person, program: &Program) -> String {
    let question = json!({ "question": "How long is the notice period of the lease?" });
    let asked = person.post(program, "/conversations", question).await;
    asked["answer"]["id"].as_str().unwrap().to_owned()
}

async fn follow(
    person: &Person,
    program: &Program,
    answer: &str,
    after: usize,
) -> impl Stream<Item = (usize, Value)> + Unpin + use<> {
    let path = format!("/messages/{answer}/events");
    let request = person
        .request("GET", program, &path)
        .header("last-event-id", after.to_string());
    let answer = request.send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::OK);
    Box::pin(answer.bytes_stream().eventsource().filter_map(|event| async {
        let event = event.ok()?;
        Some((event.id.parse().ok()?, serde_json::from_str(&event.data).ok()?))
    }))
}

fn kind(event: &Value) -> &str {
    event["type"].as_str().unwrap_or_default()
}

async fn next_delta(events: &mut (impl Stream<Item = (usize, Value)> + Unpin)) -> usize {
    let delta = async {
        loop {
            let (at, event) = events.next().await.expect("the stream goes on");
            if kind(&event) == "delta" {
                return at;
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(60), delta)
        .await
        .expect("words come")
}

async fn last(events: impl Stream<Item = (usize, Value)> + Unpin) -> Value {
    let events: Vec<(usize, Value)> = tokio::time::timeout(Duration::from_secs(90), events.collect())
        .await
        .unwrap();
    let ids: Vec<usize> = events.iter().map(|(at, _)| *at).collect();
    assert!(ids.is_sorted_by(|a, b| a < b), "{ids:?}");
    let (_, last) = events.into_iter().next_back().unwrap();
    assert_eq!(kind(&last), "done", "{last}");
    last
}

#[tokio::test(flavor = "multi_thread")]
async fn what_one_replica_takes_another_reads_and_a_third_tells() {
    let shared = Shared::new().await;
    let (web, other, _worker) = (shared.started("web"), shared.started("web"), shared.started("worker"));
    let person = Person::sign_up(&web).await;
    let path = format!("/knowledge-bases/{}/events", person.knowledge_base);
    let told = person.request("GET", &other, &path).send().await.unwrap();
    let mut told = Box::pin(told.bytes_stream().eventsource());
    let id = person
        .upload_one(&web, File::new("a.txt", "The lighthouse is red."))
        .await;
    let ready = async {
        while let Some(Ok(event)) = told.next().await {
            if event.data.contains(&id) && event.data.contains("\"ready\"") {
                return true;
            }
        }
        false
    };
    assert!(tokio::time::timeout(Duration::from_secs(60), ready).await.unwrap());
    for program in [&other, &web, &other] {
        assert_eq!(person.found(program, "red lighthouse").await[0]["document_id"], *id);
    }
    // What was found before is not what is found after a change.
    let second = person
        .upload_one(&web, File::new("b.txt", "The red lighthouse is tall."))
        .await;
    person.ended(&web, &second).await;
    assert_eq!(person.found(&other, "red lighthouse").await.len(), 2);
    let deleted = person.status("DELETE", &web, &format!("/documents/{second}")).await;
    assert_eq!(deleted, Some(StatusCode::NO_CONTENT));
    assert_eq!(person.found(&other, "red lighthouse").await.len(), 1);
    assert_eq!(person.original(&other, &id).await, b"The lighthouse is red.");
    let gone = person.status("DELETE", &other, &format!("/documents/{id}")).await;
    assert_eq!(gone, Some(StatusCode::NO_CONTENT));
    assert!(person.found(&web, "red lighthouse").await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_is_followed_and_stopped_through_any_replica() {
    let shared = Shared::new().await;
    let (one, other) = (shared.started("all"), shared.started("web"));
    let person = Person::sign_up(&one).await;
    let model = SlowModel::start().await;
    model.serve(&person, &one).await;

    let answer = ask(&person, &one).await;
    let mut elsewhere = follow(&person, &other, &answer, 0).await;
    next_delta(&mut elsewhere).await;
    let at = next_delta(&mut elsewhere).await;
    drop(elsewhere);
    // Where it was, and not from the beginning.
    let mut again = follow(&person, &other, &answer, at).await;
    assert!(next_delta(&mut again).await > at);
    let stopped = person
        .post(&other, &format!("/messages/{answer}/stop"), json!({}))
        .await;
    assert_eq!(stopped["status"], "stopped", "{stopped}");
    assert_eq!(last(again).await["message"]["status"], "stopped");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_whose_replica_dies_ends_with_what_was_written() {
    let shared = Shared::new().await;
    let (mut one, other) = (shared.started("all"), shared.started("web"));
    let person = Person::sign_up(&one).await;
    let model = SlowModel::start().await;
    model.serve(&person, &one).await;
    let mut answers = Vec::new();
    for _ in 0..3 {
        let answer = ask(&person, &one).await;
        let mut events = follow(&person, &other, &answer, 0).await;
        next_delta(&mut events).await;
        answers.push(events);
    }
    // What was written is stored every second.
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    one.kill();
    for events in answers {
        let done = last(events).await;
        assert_eq!(done["message"]["status"], "failed");
        assert_eq!(done["message"]["error"]["code"], "interrupted");
        assert!(done["message"]["content"].as_str().unwrap().contains("word0"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replica_that_is_asked_to_stop_finishes_its_answers_and_is_not_ready_meanwhile() {
    let shared = Shared::new().await;
    let mut one = shared.replica("all", &[("HYPERION_DRAIN_SECONDS", "60")]);
    one.start();
    let other = shared.started("web");
    let person = Person::sign_up(&one).await;
    let model = SlowModel::start().await;
    model.serve(&person, &one).await;
    let answer = ask(&person, &one).await;
    let mut events = follow(&person, &other, &answer, 0).await;
    next_delta(&mut events).await;
    let ready = format!("{}/readyz", one.address());
    assert_eq!(reqwest::get(&ready).await.unwrap().status(), StatusCode::OK);
    one.ask_to_stop();
    let begun = Instant::now();
    while reqwest::get(&ready).await.unwrap().status() != StatusCode::SERVICE_UNAVAILABLE {
        assert!(begun.elapsed() < Duration::from_secs(20));
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    next_delta(&mut events).await;
    model.hurry.store(true, Ordering::Relaxed);
    assert_eq!(last(events).await["message"]["status"], "complete");
    one.wait();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_killed_replica_was_reading_another_reads_once() {
    let shared = Shared::new().await;
    let (web, mut doomed, _worker) = (
        shared.started("web"),
        shared.started("worker"),
        shared.started("worker"),
    );
    let person = Person::sign_up(&web).await;
    let files: Vec<File> = (0..40)
        .map(|n| {
            File::new(
                format!("{n}.txt"),
                format!("Parcel item{n}x is on shelf {n} of the depot."),
            )
        })
        .collect();
    for files in files.chunks(10) {
        person.upload(&web, files).await;
    }
    doomed.kill();
    person.wait_until_all_ended(&web).await;
    for document in person.documents(&web, "oldest").await {
        assert_eq!(document["status"], "ready", "{document}");
    }
    for n in [0, 17, 39] {
        let found = person.found(&web, &format!("item{n}x")).await;
        let own = found.iter().filter(|hit| hit["document_name"] == format!("{n}.txt"));
        assert_eq!(own.count(), 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_redis_everything_goes_on_and_it_is_used_again_when_it_is_back() {
    let mut shared = Shared::new().await;
    let (one, other) = (shared.started("all"), shared.started("all"));
    let person = Person::sign_up(&one).await;
    let model = SlowModel::start().await;
    model.serve(&person, &one).await;
    shared.redis.kill();

    let id = person
        .upload_one(&other, File::new("b.txt", "The lighthouse is blue."))
        .await;
    assert_eq!(person.ended(&one, &id).await["status"], "ready");
    assert_eq!(person.found(&other, "blue lighthouse").await[0]["document_id"], *id);
    let answer = ask(&person, &one).await;
    let elsewhere = follow(&person, &other, &answer, 0).await;
    model.hurry.store(true, Ordering::Relaxed);
    assert_eq!(last(elsewhere).await["message"]["status"], "complete");

    model.hurry.store(false, Ordering::Relaxed);
    shared.redis.start_again();
    let begun = Instant::now();
    loop {
        // Words come through again once both have noticed.
        let answer = ask(&person, &one).await;
        let mut elsewhere = follow(&person, &other, &answer, 0).await;
        let heard = tokio::time::timeout(Duration::from_secs(4), next_delta(&mut elsewhere)).await;
        person.post(&one, &format!("/messages/{answer}/stop"), json!({})).await;
        if heard.is_ok() {
            break;
        }
        assert!(begun.elapsed() < Duration::from_secs(60), "Redis is back and not used");
    }
}

/// A PostgreSQL of one test, which may be stopped and started again.
struct Postgres {
    folder: tempfile::TempDir,
    port: u16,
}

impl Postgres {
    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = free.local_addr().unwrap().port();
        drop(free);
        let postgres = Self { folder, port };
        // PostgreSQL refuses to run as root.
        postgres.run("chmod 755 \"$data\"; mkdir \"$data/db\"; [ \"$(id -u)\" != 0 ] || chown postgres \"$data/db\"");
        postgres.run("as_postgres \"$bin/initdb\" --auth=trust --username=hyperion --encoding=UTF8 --locale=C.UTF-8 -D \"$data/db\"");
        postgres.run_server();
        postgres
    }

    fn run_server(&self) {
        self.run("as_postgres \"$bin/pg_ctl\" start -w -D \"$data/db\" -l \"$data/db/log\" -o \"-p $port -h 127.0.0.1 -c unix_socket_directories=\"");
    }

    fn stop(&self) {
        self.run("as_postgres \"$bin/pg_ctl\" stop -w --mode=immediate -D \"$data/db\"");
    }

    fn run(&self, script: &str) {
        let prelude = "set -e; bin=$TEST_POSTGRES_BIN; \
                       as_postgres() { if [ \"$(id -u)\" = 0 ]; then runuser -u postgres -- \"$@\"; else \"$@\"; fi; }; ";
        let ran = Command::new("bash")
            .args(["-c", &format!("{prelude}{script}")])
            .env("data", self.folder.path())
            .env("port", self.port.to_string())
            .stdout(Stdio::null())
            .status();
        assert!(ran.unwrap().success(), "{script}");
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            self.stop();
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn while_postgres_is_away_requests_are_told_so_and_nothing_acknowledged_is_lost() {
    let postgres = Postgres::start();
    let shared = Shared {
        database: format!("postgres://hyperion@127.0.0.1:{}/postgres", postgres.port),
        ..Shared::new().await
    };
    let (one, other) = (shared.started("all"), shared.started("all"));
    let person = Person::sign_up(&one).await;
    let files: Vec<File> = (0..20)
        .map(|n| File::new(format!("{n}.txt"), format!("Parcel item{n}x is on shelf {n}.")))
        .collect();
    person.upload(&one, &files).await;
    postgres.stop();
    let told = person.request("GET", &other, "/me").send().await.unwrap();
    assert_eq!(told.status(), StatusCode::SERVICE_UNAVAILABLE);
    let problem: Value = told.json().await.unwrap();
    assert_eq!(problem["code"], "database_unavailable", "{problem}");
    let ready = reqwest::get(format!("{}/readyz", one.address())).await.unwrap();
    assert_eq!(ready.status(), StatusCode::SERVICE_UNAVAILABLE);
    person.expect_health(&one).await;
    postgres.run_server();

    person.wait_until_all_ended(&other).await;
    let documents = person.documents(&one, "oldest").await;
    assert_eq!(documents.len(), 20);
    for document in documents {
        assert_eq!(document["status"], "ready", "{document}");
        let name = document["name"].as_str().unwrap();
        let found = person
            .found(&other, &format!("item{}x", name.trim_end_matches(".txt")))
            .await;
        assert_eq!(found[0]["document_id"], document["id"]);
    }
}

/// One replica that reaches each of its servers through a network of its own.
async fn behind_networks(shared: &mut Shared) -> [Proxy; 3] {
    let address = |url: &str| -> std::net::SocketAddr {
        let host = url.rsplit_once("//").map_or(url, |(_, host)| host);
        let host = host.split('/').next().unwrap();
        host.rsplit('@').next().unwrap().parse().unwrap()
    };
    let (database, s3) = (address(&shared.database), address(&shared.s3));
    let redis = address(&shared.redis_address);
    let proxies = [Proxy::to(database).await, Proxy::to(redis).await, Proxy::to(s3).await];
    shared.database = shared
        .database
        .replace(&database.to_string(), &proxies[0].address.to_string());
    shared.redis_address = proxies[1].address.to_string();
    shared.s3 = format!("http://{}", proxies[2].address);
    proxies
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_the_network_does_nothing_acknowledged_is_lost() {
    let mut shared = Shared::new().await;
    let proxies = behind_networks(&mut shared).await;
    let program = shared.started("all");
    let person = Person::sign_up(&program).await;
    let mut acknowledged = Vec::new();
    for (at, proxy) in proxies.iter().enumerate() {
        for network in [Network::Slow, Network::Cut, Network::HalfClosed] {
            let file = |part: &str| {
                let text = format!("Parcel item{at}x{network:?}{part} was weighed.");
                File::new(format!("{at}-{network:?}-{part}.txt"), text)
            };
            let before = person.upload(&program, &[file("before")]).await;
            proxy.becomes(network);
            let during = person.try_upload(&program, &[file("during")]).await;
            proxy.becomes(Network::Whole);
            let uploads = before.into_iter().chain(during.into_iter().flatten());
            for upload in uploads.filter(|upload| upload["outcome"] == "accepted") {
                acknowledged.push(upload["document"]["id"].as_str().unwrap().to_owned());
            }
            // Slow is no fault, and without Redis everything goes on.
            if network == Network::Slow || at == 1 {
                assert!(acknowledged.len() % 2 == 0, "{at} {network:?}: {acknowledged:?}");
            }
            let since = Instant::now();
            while person.status("GET", &program, "/me").await != Some(StatusCode::OK) {
                assert!(
                    since.elapsed() < Duration::from_secs(60),
                    "{at} {network:?}: it does not come back"
                );
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
            if acknowledged.len() % 2 == 1 {
                let again = person.upload(&program, &[file("again")]).await;
                acknowledged.push(again[0]["document"]["id"].as_str().unwrap().to_owned());
            }
        }
    }
    person.wait_until_all_ended(&program).await;
    for id in acknowledged {
        let document = person.get(&program, &format!("/documents/{id}")).await;
        assert_eq!(document["status"], "ready", "{document}");
        let name = document["name"].as_str().unwrap();
        assert!(!person.original(&program, &id).await.is_empty(), "{name}");
        let word = name.replacen('-', "x", 1).replace('-', "").replace(".txt", "");
        let found = person.found(&program, &format!("item{word}")).await;
        assert_eq!(
            found.iter().filter(|hit| hit["document_id"] == *id).count(),
            1,
            "{name}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_shut_out_of_one_replica_is_shut_out_of_all() {
    let shared = Shared::new().await;
    let (one, other) = (shared.started("all"), shared.started("all"));
    let person = Person::sign_up(&one).await;
    assert_eq!(person.status("GET", &other, "/me").await, Some(StatusCode::OK));
    person.request("POST", &one, "/auth/sign-out").send().await.unwrap();
    assert_eq!(
        person.status("GET", &other, "/me").await,
        Some(StatusCode::UNAUTHORIZED)
    );

    // Ten guesses at one account, wherever they are made.
    let mut answers = Vec::new();
    for n in 0..12 {
        let guess = json!({ "email": "bob@example.org", "password": "wrong" });
        let program = if n % 2 == 0 { &one } else { &other };
        let answer = person
            .request("POST", program, "/auth/sign-in")
            .json(&guess)
            .send()
            .await;
        answers.push(answer.unwrap().status());
    }
    let refused = answers
        .iter()
        .filter(|status| **status == StatusCode::TOO_MANY_REQUESTS)
        .count();
    assert!((1..=2).contains(&refused), "{answers:?}");
}
