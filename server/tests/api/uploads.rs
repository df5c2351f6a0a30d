//! What happens to a file between the browser and its acknowledgement.

use crate::common::{create_knowledge_base, server, server_with};
use axum::http::StatusCode;
use serde_json::{Value, json};
use server::config::Config;

#[tokio::test]
async fn an_acknowledged_upload_is_listed_and_its_original_comes_back_byte_for_byte() {
    let server = server().await;
    let owner = server.sign_up("ada@example.org").await;
    let kb = create_knowledge_base(&owner, "Notes").await;
    let bytes: Vec<u8> = (0..=255).cycle().take(300_000).collect();

    let answer = owner.upload(&kb, "notes.bin", &bytes).await;
    assert_eq!(answer.status, StatusCode::ACCEPTED);
    let file = &answer.json()["files"][0];
    assert_eq!(file["outcome"], "accepted");
    assert_eq!(file["document"]["size"], 300_000);

    let id = file["document"]["id"].as_str().unwrap();
    let listed = owner.get(&format!("/knowledge-bases/{kb}/documents")).await.json();
    assert_eq!(listed["items"][0]["id"], id);
    assert_eq!(owner.get(&format!("/documents/{id}/original")).await.body, bytes);
}

#[tokio::test]
async fn the_same_bytes_again_are_told_to_be_there_already() {
    let server = server().await;
    let owner = server.sign_up("ada@example.org").await;
    let kb = create_knowledge_base(&owner, "Notes").await;
    let first = owner.upload(&kb, "one.txt", b"the same").await.json();
    let again = owner.upload(&kb, "two.txt", b"the same").await.json();
    assert_eq!(again["files"][0]["outcome"], "duplicate");
    assert_eq!(again["files"][0]["document"]["id"], first["files"][0]["document"]["id"]);
}

#[tokio::test]
async fn thousands_of_documents_are_paged_without_gap_or_repeat() {
    let server = server().await;
    let owner = server.sign_up("ada@example.org").await;
    let kb = create_knowledge_base(&owner, "Notes").await;
    for n in 0..25 {
        owner
            .upload(&kb, &format!("note {n}.txt"), format!("note {n}").as_bytes())
            .await;
    }
    for order in ["newest", "oldest", "name", "largest"] {
        let (mut seen, mut cursor) = (Vec::new(), String::new());
        loop {
            let path = format!("/knowledge-bases/{kb}/documents?order={order}&limit=10{cursor}");
            let page = owner.get(&path).await.json();
            seen.extend(
                page["items"]
                    .as_array()
                    .unwrap()
                    .iter()
                    .map(|d| d["id"].as_str().unwrap().to_owned()),
            );
            let Some(next) = page["next_cursor"].as_str() else {
                break;
            };
            cursor = format!("&cursor={next}");
        }
        let mut distinct = seen.clone();
        distinct.sort();
        distinct.dedup();
        assert_eq!((seen.len(), distinct.len()), (25, 25), "{order}");
    }
}

#[tokio::test]
async fn many_files_are_taken_at_once_and_each_is_told_what_became_of_it() {
    let server = server_with(Config {
        max_upload_mib: 1,
        ..Config::default()
    })
    .await;
    let owner = server.sign_up("ada@example.org").await;
    let kb = create_knowledge_base(&owner, "Notes").await;
    let large = vec![b'a'; (1 << 20) + 1];
    let whole = vec![b'b'; 1 << 20];
    let files: [(&str, &[u8]); 5] = [
        ("one.txt", b"one"),
        ("large.txt", &large),
        ("whole.txt", &whole),
        ("again.txt", b"one"),
        ("empty.txt", b""),
    ];
    let answer = owner.upload_files(&kb, &files, None).await;
    assert_eq!(answer.status, StatusCode::ACCEPTED);
    let told: Vec<Value> = answer.json()["files"].as_array().unwrap().clone();
    let outcomes: Vec<&str> = told.iter().map(|file| file["outcome"].as_str().unwrap()).collect();
    assert_eq!(outcomes, ["accepted", "refused", "accepted", "duplicate", "accepted"]);
    assert_eq!(told[1]["problem"]["code"], "too_large");
    assert!(told[1]["problem"]["detail"].as_str().unwrap().contains("large.txt"));
    let listed = owner.get(&format!("/knowledge-bases/{kb}/documents")).await.json();
    assert_eq!(listed["items"].as_array().unwrap().len(), 3);
    // Neither what was refused nor what was there already is kept.
    assert_eq!(
        std::fs::read_dir(server.state.config.originals_dir()).unwrap().count(),
        3
    );
}

#[tokio::test]
async fn a_form_without_a_file_and_one_with_too_many_are_told() {
    let server = server().await;
    let owner = server.sign_up("ada@example.org").await;
    let kb = create_knowledge_base(&owner, "Notes").await;
    assert_eq!(
        owner.upload_files(&kb, &[], None).await.status,
        StatusCode::UNPROCESSABLE_ENTITY
    );
    // What browsers send when no file was chosen.
    let unchosen = owner.upload_files(&kb, &[("", b"")], None).await;
    assert_eq!(unchosen.status, StatusCode::UNPROCESSABLE_ENTITY);
    let contents: Vec<String> = (0..1001).map(|n| n.to_string()).collect();
    let files: Vec<(&str, &[u8])> = contents.iter().map(|text| ("n.txt", text.as_bytes())).collect();
    let told = owner.upload_files(&kb, &files, None).await.json();
    let told = told["files"].as_array().unwrap();
    assert_eq!(told.iter().filter(|file| file["outcome"] == "accepted").count(), 1000);
    assert_eq!(told[1000]["problem"]["code"], "too_many_files");
}

#[tokio::test]
async fn an_upload_repeated_under_its_key_returns_what_the_first_returned_and_takes_nothing() {
    let server = server().await;
    let owner = server.sign_up("ada@example.org").await;
    let other = server.sign_up("bob@example.org").await;
    let kb = create_knowledge_base(&owner, "Notes").await;
    let second = create_knowledge_base(&owner, "More notes").await;
    let share = json!({ "email": "bob@example.org", "access": "editor" });
    owner
        .send("PUT", &format!("/knowledge-bases/{kb}/members"), Some(share))
        .await;
    let file: &[(&str, &[u8])] = &[("a.txt", b"first")];

    let first = owner.upload_files(&kb, file, Some("key 1")).await;
    let again = owner.upload_files(&kb, &[("b.txt", b"another")], Some("key 1")).await;
    assert_eq!((first.status, &first.body), (again.status, &again.body));
    // A key counts for one person and one knowledge base.
    let elsewhere = owner.upload_files(&second, file, Some("key 1")).await.json();
    assert_eq!(elsewhere["files"][0]["outcome"], "accepted");
    let of_other = other.upload_files(&kb, file, Some("key 1")).await.json();
    assert_eq!(of_other["files"][0]["outcome"], "duplicate");
    let listed = owner.get(&format!("/knowledge-bases/{kb}/documents")).await.json();
    assert_eq!(listed["items"].as_array().unwrap().len(), 1);
    // A key that was of no use before may be used again.
    let nothing = owner.upload_files(&kb, &[], Some("key 2")).await;
    assert_eq!(nothing.status, StatusCode::UNPROCESSABLE_ENTITY);
    let taken = owner.upload_files(&kb, &[("c.txt", b"third")], Some("key 2")).await;
    assert_eq!(taken.status, StatusCode::ACCEPTED);
    let long = "k".repeat(256);
    assert_eq!(
        owner.upload_files(&kb, file, Some(&long)).await.status,
        StatusCode::UNPROCESSABLE_ENTITY
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_with_one_key_at_one_time_never_double_a_file() {
    let server = server().await;
    let owner = server.sign_up("ada@example.org").await;
    let kb = create_knowledge_base(&owner, "Notes").await;
    let mut requests = tokio::task::JoinSet::new();
    for n in 0..8 {
        let (owner, kb) = (owner.clone(), kb.clone());
        // Different bytes, so that only the key can tell that they are one upload.
        let bytes = vec![b'0' + n; 400_000];
        requests.spawn(async move { owner.upload_files(&kb, &[("a.txt", &bytes)], Some("one key")).await });
    }
    let answers = requests.join_all().await;
    let taken: Vec<_> = answers
        .iter()
        .filter(|answer| answer.status == StatusCode::ACCEPTED)
        .collect();
    assert!(!taken.is_empty() && taken.iter().all(|answer| answer.body == taken[0].body));
    for answer in answers.iter().filter(|answer| answer.status != StatusCode::ACCEPTED) {
        assert_eq!(answer.json()["code"], "upload_under_way");
    }
    let listed = owner.get(&format!("/knowledge-bases/{kb}/documents")).await.json();
    assert_eq!(listed["items"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn pages_stay_in_step_while_documents_come_and_go() {
    let server = server().await;
    let owner = server.sign_up("ada@example.org").await;
    let kb = create_knowledge_base(&owner, "Notes").await;
    for n in 10..20 {
        owner
            .upload(&kb, &format!("Note {n}.txt"), "n".repeat(n).as_bytes())
            .await;
    }
    for order in ["newest", "oldest", "name", "largest"] {
        let path = format!("/knowledge-bases/{kb}/documents?order={order}&limit=4");
        let first = owner.get(&path).await.json();
        let names = |page: &Value| -> Vec<String> {
            let items = page["items"].as_array().unwrap();
            items
                .iter()
                .map(|item| item["name"].as_str().unwrap().to_owned())
                .collect()
        };
        let before = names(&first);
        // One from the page that was read goes, and ones that sort before everything come.
        let gone = first["items"][1]["id"].as_str().unwrap();
        owner.send("DELETE", &format!("/documents/{gone}"), None).await;
        let cursor = first["next_cursor"].as_str().unwrap();
        let second = names(&owner.get(&format!("{path}&cursor={cursor}")).await.json());
        assert_eq!(second.len(), 4, "{order}");
        assert!(
            before.iter().all(|name| !second.contains(name)),
            "{order}: {before:?} then {second:?}"
        );
        let n: usize = gone_number(&before[1]);
        owner
            .upload(&kb, &format!("Note {n}.txt"), "n".repeat(n).as_bytes())
            .await;
    }
    let unknown = owner
        .get(&format!("/knowledge-bases/{kb}/documents?cursor=nonsense"))
        .await;
    assert_eq!(unknown.json()["code"], "unknown_cursor");
}

fn gone_number(name: &str) -> usize {
    name.trim_start_matches("Note ")
        .trim_end_matches(".txt")
        .parse()
        .unwrap()
}

#[tokio::test]
async fn documents_are_filtered_by_name_and_status() {
    let server = server().await;
    let owner = server.sign_up("ada@example.org").await;
    let kb = create_knowledge_base(&owner, "Notes").await;
    for name in ["Budget 2025.txt", "budget 2026.txt", "100%_sure.txt"] {
        owner.upload(&kb, name, name.as_bytes()).await;
    }
    let count = async |query: &str| {
        let answer = owner.get(&format!("/knowledge-bases/{kb}/documents?{query}")).await;
        answer.json()["items"].as_array().unwrap().len()
    };
    assert_eq!(count("search=BUDGET").await, 2);
    // Nothing in a search is a wildcard.
    assert_eq!(count("search=%25_").await, 1);
    assert_eq!(count("search=_2").await, 0);
    assert_eq!(count("status=queued").await, 3);
    assert_eq!(count("status=ready").await, 0);
    assert_eq!(count("status=queued&search=2026&order=name").await, 1);
}

#[tokio::test]
async fn an_original_that_was_lost_is_told() {
    let server = server().await;
    let owner = server.sign_up("ada@example.org").await;
    let kb = create_knowledge_base(&owner, "Notes").await;
    let uploads = owner.upload(&kb, "a.txt", b"lost").await.json();
    let id = uploads["files"][0]["document"]["id"].as_str().unwrap();
    std::fs::remove_file(server.state.config.originals_dir().join(id)).unwrap();
    let answer = owner.get(&format!("/documents/{id}/original")).await;
    assert_eq!(answer.json()["code"], "original_missing");
}
