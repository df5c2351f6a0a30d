use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::{
    installation::{EMAIL, Installation, PASSWORD, lines},
    session::Session,
};

const LEAVE: &str = "Leave\n\nEvery employee gets **thirty days** of paid holiday a year.\n";

fn with_files() -> Installation {
    let installation = Installation::with_account();
    installation.write("files/leave.txt", LEAVE);
    installation.write(
        "files/rooms/plan.md",
        "# Rooms\n\nThe office has twelve rooms on two floors.\n",
    );
    installation.write(
        "files/noise.txt",
        (0..4000_u32)
            .map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8)
            .collect::<Vec<_>>(),
    );
    installation.write("files/.hidden", "not meant");
    installation
}

/// The outcome of each file, and the total.
fn outcomes(out: &str) -> (BTreeMap<String, Value>, Value) {
    let mut lines = lines(out);
    let total = lines.pop().unwrap();
    let files = lines
        .into_iter()
        .map(|line| (line["file"].as_str().unwrap().to_owned(), line));
    (files.collect(), total)
}

#[test]
fn a_folder_is_read_without_a_server_and_a_second_time_only_what_is_new() {
    let installation = with_files();
    let ingest = ["ingest", "files", "--knowledge-base", "Handbook", "--json"];
    let first = installation.run(&ingest);
    let (files, total) = outcomes(&first.out);
    assert_eq!(files.len(), 3, "{files:?}");
    assert_eq!(files["leave.txt"]["outcome"], "ready");
    assert_eq!(files["rooms/plan.md"]["outcome"], "ready");
    assert_eq!(files["noise.txt"]["outcome"], "failed");
    assert!(files["noise.txt"]["reason"].as_str().unwrap().len() > 20, "{files:?}");
    assert_eq!((&total["ready"], &total["not_ready"]), (&json!(2), &json!(1)));
    first.failure();

    std::fs::remove_file(installation.path("files/noise.txt")).unwrap();
    installation.write("files/new.txt", "The canteen opens at noon.");
    let second = installation.run(&ingest);
    let (files, total) = outcomes(&second.out);
    assert_eq!(files["leave.txt"]["outcome"], "already_there");
    assert_eq!(files["new.txt"]["outcome"], "ready");
    assert_eq!((&total["ready"], &total["already_there"]), (&json!(1), &json!(2)));
    second.success();
}

#[test]
fn a_failure_is_told_with_its_reason_in_plain_words() {
    let installation = with_files();
    let ran = installation.run(&["ingest", "files", "--knowledge-base", "Handbook"]);
    assert!(ran.out.contains("noise.txt: "), "{}", ran.out);
    assert!(
        ran.out.ends_with("Handbook: 2 ready, 0 there already, 1 not ready\n"),
        "{}",
        ran.out
    );
    ran.failure();
}

#[test]
fn an_answer_is_printed_plain_with_its_numbered_sources() {
    let installation = with_files();
    installation
        .run(&["ingest", "files/rooms", "--knowledge-base", "Rooms"])
        .success();
    installation.write("leave/leave.txt", LEAVE);
    installation
        .run(&["ingest", "leave", "--knowledge-base", "Leave"])
        .success();

    let question = "How many days of paid holiday does every employee get?";
    let answer = installation.run(&["ask", question]).success();
    let (text, sources) = answer
        .split_once("\n\nSources\n")
        .unwrap_or_else(|| panic!("no sources: {answer}"));
    assert!(text.contains("thirty days") && text.contains("[1]"), "{answer}");
    let first = sources.lines().next().unwrap();
    assert!(
        first.starts_with("[1] leave.txt, page 1: \"") && first.contains("thirty days"),
        "{answer}"
    );

    let asked = installation
        .run(&["ask", question, "--knowledge-base", "Leave", "--json"])
        .success();
    let message: Value = serde_json::from_str(&asked).unwrap();
    assert_eq!(message["citations"][0]["document_name"], "leave.txt", "{message}");
    assert_eq!(message["status"], "complete");

    let elsewhere = installation
        .run(&["ask", question, "--knowledge-base", "Rooms", "--json"])
        .success();
    assert!(!elsewhere.contains("leave.txt"), "{elsewhere}");

    let said = installation
        .run(&["ask", question, "--knowledge-base", "Absent"])
        .failure();
    assert!(
        said.contains("no knowledge base called Absent; there is") && said.contains("Leave"),
        "{said}"
    );
    let said = installation.run(&["ask", question, "--assistant", "Absent"]).failure();
    assert!(said.contains("no assistant called Absent"), "{said}");
}

#[test]
fn commands_act_for_the_user_they_are_told_and_leave_no_session_behind() {
    let installation = with_files();
    installation
        .run_with_input(&["user", "add", "bob@example.org"], PASSWORD)
        .success();
    installation
        .run(&["ingest", "files/rooms", "--knowledge-base", "Rooms"])
        .success();
    let said = installation.run(&[
        "ask",
        "How many rooms?",
        "--user",
        "bob@example.org",
        "--knowledge-base",
        "Rooms",
    ]);
    assert!(said.failure().contains("no knowledge base called Rooms"));
    let said = installation
        .run(&["ask", "How many rooms?", "--user", "nobody@example.org"])
        .failure();
    assert!(said.contains("hyperion user list"), "{said}");

    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let store = store::Store::open(&store::Location::File(installation.path("data/hyperion.db")))
            .await
            .unwrap();
        let owner = store.user_by_email(EMAIL).await.unwrap().unwrap().user;
        assert!(store.sessions(owner.id, None, 1 << 40).await.unwrap().is_empty());
        store.close().await;
    });
}

#[test]
fn without_an_account_or_a_folder_the_commands_say_what_to_do() {
    let installation = Installation::new();
    installation.write("files/a.txt", "A text.");
    let said = installation
        .run(&["ingest", "files", "--knowledge-base", "A"])
        .failure();
    assert!(said.contains("hyperion user add EMAIL --admin"), "{said}");
    assert!(!installation.path("data").exists());
    let said = installation
        .run(&["ingest", "absent", "--knowledge-base", "A"])
        .failure();
    assert!(said.contains("absent cannot be read"), "{said}");
}

#[tokio::test]
async fn beside_a_running_server_the_commands_go_through_it() {
    let installation = with_files();
    let server = installation.serve();
    let ingest = ["ingest", "files/rooms", "--knowledge-base", "Rooms"];
    let said = installation.run(&ingest).failure();
    assert!(
        said.contains("in use by `hyperion serve`") && said.contains(&format!("--server {}", server.url)),
        "{said}"
    );

    let key = api_key(&server.url).await;
    let through = |args: &[&str], key: &str| {
        let args = [args, &["--server", &server.url]].concat();
        let output = installation
            .command(&args)
            .env("HYPERION_API_KEY", key)
            .output()
            .unwrap();
        crate::installation::ran(output)
    };
    assert!(through(&ingest, &key).success().contains("Rooms: 1 ready"));
    assert!(through(&ingest, &key).success().contains("1 there already"));
    let answer = through(&["ask", "How many rooms does the office have?"], &key).success();
    assert!(
        answer.contains("twelve rooms") && answer.contains("[1] plan.md"),
        "{answer}"
    );
    assert!(
        through(&ingest, "hyp_wrong")
            .failure()
            .contains("You are not signed in")
    );
    drop(server);
}

#[test]
fn a_server_out_of_reach_is_named() {
    let installation = with_files();
    let port = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let url = format!("http://127.0.0.1:{port}/");
    let args = ["ask", "Why?", "--server", &url, "--api-key", "hyp_x"];
    let said = installation.run(&args).failure();
    assert!(said.contains(&url) && said.contains("could not be reached"), "{said}");
}

async fn api_key(url: &str) -> String {
    let session = Session::at(url).await;
    let made = session
        .told("/me/api-keys", json!({ "name": "cli", "scope": "write" }))
        .await;
    made["secret"].as_str().unwrap().to_owned()
}
