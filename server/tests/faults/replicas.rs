//! Several programs that are one installation: on one PostgreSQL, one Redis and one bucket.

use std::{
    process::{Command, Stdio},
    sync::atomic::Ordering,
    time::{Duration, Instant},
};

use eventsource_stream::Eventsource;
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::{
    installation::Shared,
    person::{File, Person, wait_until_told_ready},
    program::free_port,
    proxy::{Network, Proxy},
    slow_model::{SlowModel, ask, follow, last, next_delta},
};

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
    wait_until_told_ready(&mut told, &id).await;
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
    // Who sends requests here may not have noticed yet.
    let late = ask(&person, &one).await;
    let mut late = follow(&person, &other, &late, 0).await;
    next_delta(&mut late).await;
    person
        .post(&other, &format!("/messages/{answer}/stop"), json!({}))
        .await;
    assert_eq!(last(events).await["message"]["status"], "stopped");
    next_delta(&mut late).await;
    next_delta(&mut late).await;
    model.hurry.store(true, Ordering::Relaxed);
    assert_eq!(last(late).await["message"]["status"], "complete");
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
        let port = free_port();
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
