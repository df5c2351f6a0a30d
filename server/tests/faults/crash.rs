//! `kill -9` at random moments: what was acknowledged stays, and nothing is there by halves.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
    time::Duration,
};

use rand::{RngExt, SeedableRng, rngs::StdRng};
use reqwest::StatusCode;
use sqlx::{Connection, SqliteConnection};

use crate::{
    person::{File, Person},
    program::{Program, is_alive},
};

const FILES_A_REQUEST: usize = 5;

#[tokio::test]
async fn what_was_acknowledged_survives_three_kills_and_nothing_is_searchable_by_halves() {
    kill_while_files_are_read(3, 40).await;
}

#[tokio::test]
#[ignore = "takes many minutes: make faults"]
async fn what_was_acknowledged_survives_twenty_kills_and_nothing_is_searchable_by_halves() {
    kill_while_files_are_read(20, 200).await;
}

/// Every file has words of its own, and every tenth cannot be read.
fn file(n: usize) -> File {
    if n % 10 == 9 {
        let mut random = StdRng::seed_from_u64(n as u64);
        return File::new(
            format!("file{n}.txt"),
            (0..2_000).map(|_| random.random()).collect::<Vec<u8>>(),
        );
    }
    // Every fourth is long enough for some passages.
    let times = if n.is_multiple_of(4) { 40 } else { 1 };
    let text = format!("The parcel item{n}x was weighed, sealed and put on shelf {n} of the depot. ").repeat(times);
    File::new(format!("file{n}.txt"), text)
}

async fn kill_while_files_are_read(kills: usize, count: usize) {
    let seed: u64 = rand::rng().random();
    println!("seed {seed}");
    let mut random = StdRng::seed_from_u64(seed);
    let mut program = Program::new();
    program.start();
    let person = Person::sign_up(&program).await;

    let mut acknowledged: BTreeMap<usize, String> = BTreeMap::new();
    let mut deleted: BTreeSet<usize> = BTreeSet::new();
    // Deleting was asked for, but the answer did not come.
    let mut perhaps_deleted: BTreeSet<usize> = BTreeSet::new();
    let mut next = 0;
    for _ in 0..kills {
        let wait = Duration::from_millis(random.random_range(50..4_000));
        let deadline = tokio::time::Instant::now() + wait;
        let victim = acknowledged
            .keys()
            .copied()
            .filter(|n| !deleted.contains(n) && !perhaps_deleted.contains(n))
            .nth(random.random_range(0..count) / 2);
        // Uploads and deletions go on until the moment of the kill, which cuts them off.
        let using = async {
            if let Some(n) = victim {
                let path = format!("/documents/{}", acknowledged[&n]);
                perhaps_deleted.insert(n);
                if person.status("DELETE", &program, &path).await == Some(StatusCode::NO_CONTENT) {
                    perhaps_deleted.remove(&n);
                    deleted.insert(n);
                }
            }
            while next < count {
                let batch: Vec<usize> = (next..count.min(next + FILES_A_REQUEST)).collect();
                let files: Vec<File> = batch.iter().map(|n| file(*n)).collect();
                let Some(uploads) = person.try_upload(&program, &files).await else {
                    break;
                };
                for (n, upload) in batch.into_iter().zip(uploads) {
                    // Taken before a kill that cut off the answer, it is there already.
                    assert!(
                        ["accepted", "duplicate"].contains(&upload["outcome"].as_str().unwrap()),
                        "{upload}"
                    );
                    acknowledged.insert(n, upload["document"]["id"].as_str().unwrap().to_owned());
                    next = n + 1;
                }
                tokio::time::sleep(Duration::from_millis(30)).await;
            }
        };
        let _ = tokio::time::timeout_at(deadline, using).await;
        tokio::time::sleep_until(deadline).await;
        let children = program.kill();
        check_whole(program.data()).await;
        while children.iter().any(|child| is_alive(*child)) {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        program.start();
    }
    while next < count {
        let uploads = person.upload(&program, &[file(next)]).await;
        acknowledged.insert(next, uploads[0]["document"]["id"].as_str().unwrap().to_owned());
        next += 1;
    }
    person.wait_until_all_ended(&program).await;

    let listed: BTreeMap<String, serde_json::Value> = person
        .documents(&program, "oldest")
        .await
        .into_iter()
        .map(|document| (document["id"].as_str().unwrap().to_owned(), document))
        .collect();
    let names: BTreeSet<&str> = listed
        .values()
        .map(|document| document["name"].as_str().unwrap())
        .collect();
    assert_eq!(names.len(), listed.len(), "a file is there twice");
    for (n, id) in &acknowledged {
        if deleted.contains(n) || (perhaps_deleted.contains(n) && !listed.contains_key(id)) {
            assert!(!listed.contains_key(id), "file {n} was deleted and came back");
            let gone = person.status("GET", &program, &format!("/documents/{id}")).await;
            assert_eq!(gone, Some(StatusCode::NOT_FOUND));
            let found = person.found(&program, &format!("item{n}x")).await;
            assert!(
                found.iter().all(|hit| hit["document_id"] != **id),
                "file {n} was deleted and is found"
            );
            continue;
        }
        let document = listed
            .get(id)
            .unwrap_or_else(|| panic!("file {n} was acknowledged and is lost"));
        assert_eq!(person.original(&program, id).await, file(*n).bytes, "file {n}");
        if n % 10 == 9 {
            assert_eq!(document["error"]["code"], "not_text", "{document}");
            continue;
        }
        assert_eq!(document["status"], "ready", "{document}");
        let found = person.found(&program, &format!("parcel item{n}x")).await;
        let own = found.iter().filter(|hit| hit["document_id"] == **id).count() as u64;
        assert_eq!(Some(own), document["passages"].as_u64(), "file {n}");
    }
    program.kill();
    check_whole(program.data()).await;
    let mut database = open(program.data()).await;
    for table in ["jobs", "staged_passages"] {
        let left: i64 = count_of(&mut database, &format!("SELECT count(*) FROM {table}")).await;
        assert_eq!(left, 0, "{table}");
    }
}

async fn open(data: &Path) -> SqliteConnection {
    let file = data.join("hyperion.db");
    SqliteConnection::connect(&format!("sqlite://{}", file.display()))
        .await
        .unwrap()
}

async fn count_of(database: &mut SqliteConnection, sql: &str) -> i64 {
    sqlx::query_scalar(sqlx::AssertSqlSafe(sql.to_owned()))
        .fetch_one(database)
        .await
        .unwrap()
}

/// What must hold at every moment, so also right after a kill.
async fn check_whole(data: &Path) {
    let mut database = open(data).await;
    let integrity: String = sqlx::query_scalar("PRAGMA integrity_check")
        .fetch_one(&mut database)
        .await
        .unwrap();
    assert_eq!(integrity, "ok");
    for (what, sql) in [
        (
            "a ready document without all its passages",
            "SELECT count(*) FROM documents WHERE status = 'ready'
             AND passages != (SELECT count(*) FROM passages WHERE document_id = documents.id)",
        ),
        (
            "a ready document without its text",
            "SELECT count(*) FROM documents WHERE status = 'ready' AND id NOT IN (SELECT document_id FROM document_texts)",
        ),
        (
            "passages of a document that is not ready",
            "SELECT count(*) FROM passages WHERE document_id NOT IN (SELECT id FROM documents WHERE status = 'ready')",
        ),
        (
            "a passage without a vector",
            "SELECT count(*) FROM passages WHERE seq NOT IN (SELECT seq FROM vectors)",
        ),
        (
            "a vector without a passage",
            "SELECT count(*) FROM vectors WHERE seq NOT IN (SELECT seq FROM passages)",
        ),
        (
            "a passage without terms",
            "SELECT count(*) FROM passages WHERE seq NOT IN (SELECT id FROM passage_terms_docsize)",
        ),
        (
            "terms without a passage",
            "SELECT count(*) FROM passage_terms_docsize WHERE id NOT IN (SELECT seq FROM passages)",
        ),
        (
            "a document under way without a job",
            "SELECT count(*) FROM documents WHERE status IN ('queued', 'processing') AND id NOT IN (SELECT document_id FROM jobs)",
        ),
        (
            "a job of a document that has ended",
            "SELECT count(*) FROM jobs WHERE document_id NOT IN (SELECT id FROM documents WHERE status IN ('queued', 'processing'))",
        ),
    ] {
        assert_eq!(count_of(&mut database, sql).await, 0, "{what}");
    }
    // Every document has its whole original.
    let documents: Vec<(Vec<u8>, i64)> = sqlx::query_as("SELECT id, size FROM documents")
        .fetch_all(&mut database)
        .await
        .unwrap();
    for (id, size) in documents {
        let name = uuid::Uuid::from_slice(&id).unwrap().to_string();
        let original = std::fs::metadata(data.join("originals").join(&name)).unwrap();
        assert_eq!(original.len(), size.unsigned_abs(), "{name}");
    }
}
