//! Files that are not what they say, names that are not what they seem, and very much text.

use std::time::Duration;

use rand::{RngExt, SeedableRng, rngs::StdRng};

use crate::{
    person::{File, Person},
    program::{Program, is_alive},
};

fn random_bytes(count: usize) -> Vec<u8> {
    let mut random = StdRng::seed_from_u64(7);
    (0..count).map(|_| random.random()).collect()
}

#[tokio::test]
async fn what_is_not_what_it_says_fails_with_its_reason_and_stays_downloadable() {
    let mut program = Program::new();
    program.start();
    let person = Person::sign_up(&program).await;
    let zip = b"PK\x05\x06\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0";
    for (name, bytes, code) in [
        ("random.txt", random_bytes(100_000), "not_text"),
        ("few-random.txt", random_bytes(64), "not_text"),
        ("random.pdf", random_bytes(50_000), "not_text"),
        ("zip.pdf", zip.to_vec(), "unsupported"),
        ("empty.txt", Vec::new(), "empty"),
        ("blank.txt", b" \n\t\n ".to_vec(), "empty"),
        ("cut.pdf", b"%PDF-1.7\n1 0 obj\n<<".to_vec(), "corrupt"),
        (
            "program.exe",
            [b"MZ\x90\0\x03\0\0\0".as_slice(), &random_bytes(4000)].concat(),
            "unsupported",
        ),
        (
            "picture.txt",
            [b"\x89PNG\r\n\x1a\n".as_slice(), &random_bytes(4000)].concat(),
            "unsupported",
        ),
    ] {
        let id = person.upload_one(&program, File::new(name, bytes.clone())).await;
        let document = person.ended(&program, &id).await;
        assert_eq!(document["error"]["code"], code, "{document}");
        assert!(!document["error"]["remedy"].as_str().unwrap().is_empty());
        assert_eq!(person.original(&program, &id).await, bytes);
    }
}

#[tokio::test]
async fn names_lose_what_could_deceive_and_never_name_a_place() {
    let mut program = Program::new();
    program.start();
    let person = Person::sign_up(&program).await;
    for (number, (given, shown)) in [
        ("../../../etc/cron.d/evil.txt", "evil.txt"),
        ("C:\\Windows\\system32\\notes.txt", "notes.txt"),
        ("invoice\u{202e}txt.exe", "invoicetxt.exe"),
        ("line\nbreak.txt", "line%0Abreak.txt"),
        ("tab\tstop.txt", "tabstop.txt"),
        ("...", "unnamed"),
        ("\u{202e}\u{202e}", "unnamed"),
        ("<img src=x onerror=alert(1)>.txt", "<img src=x onerror=alert(1)>.txt"),
        ("Größe — 報告書.txt", "Größe — 報告書.txt"),
    ]
    .into_iter()
    .enumerate()
    {
        let uploads = person
            .upload(&program, &[File::new(given, format!("Text number {number}."))])
            .await;
        assert_eq!(uploads[0]["document"]["name"], shown, "{given:?}");
    }
    // The form's own syntax forbids other control characters, so that the request is refused with what to do.
    let refused = person
        .send_files(&program, &[File::new("a\u{0}b\u{1b}[31m.txt", "Never taken.")])
        .await
        .unwrap();
    assert_eq!(refused.status(), reqwest::StatusCode::BAD_REQUEST);
    assert!(refused.text().await.unwrap().contains("rename"));
    let long = "n".repeat(5000) + ".txt";
    let uploads = person
        .upload(&program, &[File::new(long, "A file with a long name.")])
        .await;
    assert_eq!(uploads[0]["document"]["name"].as_str().unwrap().chars().count(), 255);
    // Nothing was written but by identifier into the folder of originals.
    for entry in std::fs::read_dir(program.data().join("originals")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        assert!(uuid::Uuid::try_parse(&name).is_ok(), "{name}");
    }
}

/// Sentences of words that repeat seldom.
fn prose(bytes: usize) -> String {
    let mut random = StdRng::seed_from_u64(11);
    let words = [
        "harbour", "quiet", "lantern", "seven", "carried", "over", "the", "stone", "winter", "letter", "slowly",
    ];
    let mut text = String::with_capacity(bytes + 200);
    while text.len() < bytes {
        for _ in 0..12 {
            text.push_str(words[random.random_range(0..words.len())]);
            text.push(' ');
        }
        text.push_str(&format!("{}.\n\n", random.random::<u32>()));
    }
    text
}

#[tokio::test]
#[ignore = "takes many minutes: make faults"]
async fn fifty_megabytes_of_text_hold_nothing_up_and_end_at_once_when_deleted() {
    let mut program = Program::new();
    program.start();
    let person = Person::sign_up(&program).await;
    // One for each worker, but they are not read both at once.
    let long = prose(50 << 20);
    let id = person.upload_one(&program, File::new("long.txt", long.as_str())).await;
    let other = person
        .upload_one(&program, File::new("other.txt", &long[..20 << 20]))
        .await;
    let stage = |document: &serde_json::Value| document["stage"].as_str().unwrap_or_default().to_owned();
    let mut document = person.get(&program, &format!("/documents/{id}")).await;
    while stage(&document) != "embed" {
        assert!(
            ["queued", "processing"].contains(&document["status"].as_str().unwrap()),
            "{document}"
        );
        tokio::time::sleep(Duration::from_millis(200)).await;
        person.expect_health(&program).await;
        document = person.get(&program, &format!("/documents/{id}")).await;
    }
    // Another document does not wait for it.
    let small = person
        .upload_one(
            &program,
            File::new("small.txt", "The lighthouse keeper sleeps at noon."),
        )
        .await;
    assert_eq!(person.ended(&program, &small).await["status"], "ready");
    assert!(
        ["queued", "processing"].contains(
            &person.get(&program, &format!("/documents/{id}")).await["status"]
                .as_str()
                .unwrap()
        )
    );
    println!("at most {} MiB of memory", program.memory() >> 10);

    assert_eq!(
        person.get(&program, &format!("/documents/{other}")).await["status"],
        "queued"
    );
    assert_eq!(
        person.status("DELETE", &program, &format!("/documents/{other}")).await,
        Some(reqwest::StatusCode::NO_CONTENT)
    );
    let deleted = person.status("DELETE", &program, &format!("/documents/{id}")).await;
    assert_eq!(deleted, Some(reqwest::StatusCode::NO_CONTENT));
    // Its worker is free again: both take up others.
    for n in 0..4 {
        let next = person
            .upload_one(
                &program,
                File::new("next.txt", format!("Number {n} of the files after it.")),
            )
            .await;
        assert_eq!(person.ended(&program, &next).await["status"], "ready");
    }
    assert_eq!(
        person
            .found(&program, "harbour lantern")
            .await
            .iter()
            .filter(|hit| hit["document_id"] == *id)
            .count(),
        0
    );
}

#[tokio::test]
#[ignore = "takes many minutes: make faults"]
async fn fifty_megabytes_of_text_become_ready() {
    let mut program = Program::new();
    program.start();
    let person = Person::sign_up(&program).await;
    // Words this long are one token each, so that it takes minutes and not hours; all else is as with any text.
    let mut random = StdRng::seed_from_u64(13);
    let mut text = String::new();
    while text.len() < 50 << 20 {
        for _ in 0..10 {
            text.extend((0..120).map(|_| char::from(random.random_range(b'a'..=b'z'))));
            text.push(' ');
        }
        text.push_str("end.\n\n");
    }
    text.push_str("The pelican crossed the frozen estuary.");
    let id = person.upload_one(&program, File::new("long.txt", text)).await;
    let document = person.ended(&program, &id).await;
    assert_eq!(document["status"], "ready", "{document}");
    let found = person.found(&program, "Which bird crossed the estuary?").await;
    assert!(
        found
            .iter()
            .any(|hit| hit["text"].as_str().unwrap().contains("pelican"))
    );
    println!(
        "{} passages; at most {} MiB of memory",
        document["passages"],
        program.memory() >> 10
    );
}

#[tokio::test]
async fn a_killed_server_leaves_no_reader_behind() {
    let mut program = Program::new();
    program.start();
    let person = Person::sign_up(&program).await;
    // Quadratic by the HTML standard: it is read until the limit of processor time.
    let html: String = (0..40_000).map(|n| format!("<b id={n}><p>")).collect();
    person
        .upload_one(&program, File::new("slow.html", format!("<!doctype html>{html}")))
        .await;
    while program.children().is_empty() {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    // Not while it still reads its standard input, whose end would end it in any case.
    tokio::time::sleep(Duration::from_millis(1500)).await;
    let children = program.kill();
    assert!(!children.is_empty());
    let since = std::time::Instant::now();
    while children.iter().any(|child| is_alive(*child)) {
        assert!(
            since.elapsed() < Duration::from_secs(20),
            "{children:?} outlive the server"
        );
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
