//! Replicas that die, disagree, or are of different versions.

use std::{
    collections::HashSet,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use eventsource_stream::Eventsource;
use futures::{StreamExt, future};
use reqwest::StatusCode;
use serde_json::{Value, json};
use sqlx::{Connection, Executor, PgConnection};

use crate::{
    installation::Shared,
    person::{File, Person},
    program::Program,
};

/// What `hyperion doctor --deep` finds about the documents.
fn expect_that_documents_are_whole(program: &Program) {
    let (_, printed) = program.run(&["doctor", "--deep", "--json", "--listen", "127.0.0.1:0"]);
    let findings = printed.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let about = ["database", "documents", "originals of documents"];
    let findings: Vec<Value> = findings
        .filter(|finding| about.contains(&finding["what"].as_str().unwrap()))
        .collect();
    assert_eq!(findings.len(), about.len(), "{printed}");
    assert!(findings.iter().all(|finding| finding["verdict"] == "ok"), "{printed}");
}

#[tokio::test(flavor = "multi_thread")]
async fn two_hundred_documents_are_read_once_each_though_a_worker_is_killed_and_comes_back() {
    const COUNT: usize = 200;
    let shared = Shared::new().await;
    let web = shared.started("web");
    let (mut doomed, _other) = (shared.started("worker"), shared.started("worker"));
    let person = Person::sign_up(&web).await;
    let files: Vec<File> = (0..COUNT)
        .map(|n| {
            let text = format!("Parcel item{n}x is on shelf {n} of the depot.");
            File::new(format!("{n}.txt"), text)
        })
        .collect();
    for files in files.chunks(50) {
        let uploads = person.upload(&web, files).await;
        assert!(uploads.iter().all(|upload| upload["outcome"] == "accepted"));
    }
    let path = format!("/knowledge-bases/{}", person.knowledge_base);
    let begun = Instant::now();
    let counts = loop {
        let counts = person.get(&web, &path).await["documents"].clone();
        if counts["ready"].as_u64().unwrap() >= 20 {
            break counts;
        }
        assert!(begun.elapsed() < Duration::from_secs(120), "{counts}");
    };
    assert_ne!(counts["underway"], 0, "it is killed in the middle");
    doomed.kill();
    doomed.start();

    person.wait_until_all_ended(&web).await;
    let counts = person.get(&web, &path).await["documents"].clone();
    assert_eq!(
        counts,
        json!({ "total": COUNT, "ready": COUNT, "underway": 0, "failed": 0 })
    );
    let documents = person.documents(&web, "oldest").await;
    assert!(
        documents.iter().all(|document| document["passages"] == 1),
        "{documents:?}"
    );
    let names: HashSet<&str> = documents
        .iter()
        .map(|document| document["name"].as_str().unwrap())
        .collect();
    assert_eq!(names.len(), COUNT);
    for n in [0, COUNT / 2, COUNT - 1] {
        let found = person.found(&web, &format!("item{n}x")).await;
        let own = found.iter().filter(|hit| hit["document_name"] == format!("{n}.txt"));
        assert_eq!(own.count(), 1);
    }
    expect_that_documents_are_whole(&web);
    let mut database = PgConnection::connect(&shared.database).await.unwrap();
    for (table, expected) in [("jobs", 0), ("staged_passages", 0), ("passages", 200)] {
        let count = sqlx::AssertSqlSafe(format!("SELECT count(*) FROM {table}"));
        let count: i64 = sqlx::query_scalar(count).fetch_one(&mut database).await.unwrap();
        assert_eq!(count, expected, "{table}");
    }
}

/// What was taken back elsewhere is refused here within the second that is promised.
async fn expect_refusal(person: &Person, program: &Program, path: &str, expected: StatusCode) {
    let since = Instant::now();
    loop {
        let status = person.status("GET", program, path).await;
        if status == Some(expected) {
            return;
        }
        assert!(since.elapsed() < Duration::from_secs(1), "{path}: {status:?}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_taken_back_at_one_replica_is_refused_by_another_within_a_second() {
    let shared = Shared::new().await;
    let (one, other) = (shared.started("web"), shared.started("web"));
    let ada = Person::sign_up(&one).await;
    let bob = Person::sign_up_as(&one, "bob@example.org").await;

    let elsewhere = bob.in_another_browser(&one).await;
    assert_eq!(elsewhere.status("GET", &other, "/me").await, Some(StatusCode::OK));
    let revoked = bob.status("DELETE", &one, "/me/sessions").await;
    assert_eq!(revoked, Some(StatusCode::NO_CONTENT));
    expect_refusal(&elsewhere, &other, "/me", StatusCode::UNAUTHORIZED).await;
    assert_eq!(bob.status("GET", &other, "/me").await, Some(StatusCode::OK));

    let of_ada = format!("/knowledge-bases/{}", ada.knowledge_base);
    let share = json!({ "email": "bob@example.org", "access": "viewer" });
    let shared_with = ada.request("PUT", &one, &format!("{of_ada}/members")).json(&share);
    assert!(shared_with.send().await.unwrap().status().is_success());
    assert_eq!(bob.status("GET", &other, &of_ada).await, Some(StatusCode::OK));
    let stream = bob.request("GET", &other, &format!("{of_ada}/events")).send().await;
    let mut stream = Box::pin(stream.unwrap().bytes_stream().eventsource());
    let bob_id = bob.get(&one, "/me").await["id"].as_str().unwrap().to_owned();
    let unshared = ada.status("DELETE", &one, &format!("{of_ada}/members/{bob_id}")).await;
    assert_eq!(unshared, Some(StatusCode::NO_CONTENT));
    expect_refusal(&bob, &other, &of_ada, StatusCode::NOT_FOUND).await;
    // Nor is anything told where he listens already.
    ada.upload_one(&one, File::new("secret.txt", "Not for Bob.")).await;
    let told = tokio::time::timeout(Duration::from_secs(60), stream.next()).await;
    assert!(told.expect("the stream ends").is_none());

    let disabled = ada.request("PATCH", &one, &format!("/users/{bob_id}"));
    let disabled = disabled.json(&json!({ "disabled": true })).send().await.unwrap();
    assert_eq!(disabled.status(), StatusCode::OK);
    expect_refusal(&bob, &other, "/me", StatusCode::UNAUTHORIZED).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_upload_sent_to_two_replicas_at_once_under_one_key_is_one_document() {
    let shared = Shared::new().await;
    let (one, other) = (shared.started("web"), shared.started("web"));
    let person = Person::sign_up(&one).await;
    for n in 0..20 {
        let file = [File::new(
            format!("{n}.txt"),
            format!("Parcel {n} was weighed. ").repeat(n + 1),
        )];
        // Other bytes, so that only the key can tell that they are one upload.
        let others = [File::new(
            format!("{n}.txt"),
            format!("Parcel {n} was opened. ").repeat(n + 1),
        )];
        let send = |replica, file| {
            let request = person.upload_request(replica, file);
            request.header("idempotency-key", format!("parcel {n}")).send()
        };
        let answers = future::join(send(&one, &file), send(&other, &others)).await;
        let mut taken = Vec::new();
        for answer in [answers.0.unwrap(), answers.1.unwrap()] {
            let status = answer.status();
            let body: Value = answer.json().await.unwrap();
            match status {
                StatusCode::ACCEPTED => taken.push(body),
                _ => assert_eq!(body["code"], "upload_under_way", "{body}"),
            }
        }
        assert!(!taken.is_empty());
        for replica in [&one, &other] {
            taken.push(send(replica, &others).await.unwrap().json().await.unwrap());
        }
        assert!(taken.iter().all(|body| *body == taken[0]), "{taken:?}");
        assert_eq!(taken[0]["files"][0]["outcome"], "accepted");
    }
    assert_eq!(person.documents(&one, "oldest").await.len(), 20);
    expect_that_documents_are_whole(&one);
}

/// All that is in the database, as SQL.
fn dump(database: &str) -> String {
    let programs = std::env::var("TEST_POSTGRES_BIN").expect("TEST_POSTGRES_BIN is set by scripts/servers.sh");
    let dumped = Command::new(format!("{programs}/pg_dump"))
        .arg(database)
        .output()
        .unwrap();
    assert!(dumped.status.success(), "{}", String::from_utf8_lossy(&dumped.stderr));
    let text = String::from_utf8(dumped.stdout).unwrap();
    // Two lines hold a word that is another one each time.
    let lines = text.lines().filter(|line| !line.contains("restrict "));
    lines.collect::<Vec<_>>().join("\n")
}

#[tokio::test(flavor = "multi_thread")]
async fn beside_a_newer_schema_an_old_replica_goes_on_and_none_can_be_started() {
    let shared = Shared::new().await;
    let running = shared.started("all");
    let person = Person::sign_up(&running).await;
    let early = person
        .upload_one(&running, File::new("a.txt", "The lighthouse is red."))
        .await;
    assert_eq!(person.ended(&running, &early).await["status"], "ready");
    let mut database = PgConnection::connect(&shared.database).await.unwrap();
    let later = "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
        VALUES (99990101000000, 'of a later version', TRUE, '', 0)";
    database.execute(later).await.unwrap();

    let before = dump(&shared.database);
    let mut refused = shared.replica("all", &[]).command();
    let refused = refused.stderr(Stdio::piped()).output().unwrap();
    let said = String::from_utf8_lossy(&refused.stderr);
    assert!(!refused.status.success() && said.contains("newer"), "{said}");
    assert!(
        before == dump(&shared.database),
        "the one that refused changed the database"
    );

    let late = person
        .upload_one(&running, File::new("b.txt", "The lighthouse is tall."))
        .await;
    assert_eq!(person.ended(&running, &late).await["status"], "ready");
    assert_eq!(person.found(&running, "lighthouse").await.len(), 2);
    let question = json!({ "question": "What colour is the lighthouse?" });
    let asked = person.post(&running, "/conversations", question).await;
    let begun = Instant::now();
    let path = format!("/conversations/{}", asked["conversation"]["id"].as_str().unwrap());
    while person.get(&running, &path).await["messages"][1]["status"] != "complete" {
        assert!(begun.elapsed() < Duration::from_secs(60));
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let gone = person.status("DELETE", &running, &format!("/documents/{early}")).await;
    assert_eq!(gone, Some(StatusCode::NO_CONTENT));
    assert_eq!(person.found(&running, "lighthouse").await.len(), 1);
}
