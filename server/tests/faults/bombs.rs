//! Small files that are immense once opened.

use std::io::{Cursor, Write};

use zip::{ZipWriter, write::SimpleFileOptions};

use crate::{
    person::{File, Person},
    program::Program,
};

/// A zip file of these parts, each a piece of text and how often it is repeated.
fn archive(parts: &[(&str, &str, usize)]) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, text, times) in parts {
        zip.start_file(*name, SimpleFileOptions::default().large_file(true))
            .unwrap();
        let many = text.repeat(1.max(1_000_000 / text.len()));
        let mut left = text.len() * times;
        while left > 0 {
            let length = left.min(many.len());
            zip.write_all(&many.as_bytes()[..length]).unwrap();
            left -= length;
        }
    }
    zip.finish().unwrap().into_inner()
}

fn word_document(text: &str, times: usize) -> Vec<u8> {
    archive(&[
        (
            "[Content_Types].xml",
            "<Types xmlns='http://schemas.openxmlformats.org/package/2006/content-types'/>",
            1,
        ),
        ("word/document.xml", text, times),
    ])
}

/// Entities that stand for ten of the one before, ten deep.
fn entity_bomb(root: &str) -> String {
    let mut text = "<?xml version=\"1.0\"?>\n<!DOCTYPE bomb [<!ENTITY e0 \"boom\">\n".to_owned();
    for level in 1..=10 {
        let before = format!("&e{};", level - 1).repeat(10);
        text.push_str(&format!("<!ENTITY e{level} \"{before}\">\n"));
    }
    text + &format!("]>\n<{root}><p>&e10;</p></{root}>")
}

#[tokio::test]
async fn bombs_stop_at_a_limit_and_the_server_goes_on() {
    let mut program = Program::new();
    program.start();
    let person = Person::sign_up(&program).await;
    // A little more than may be unpacked.
    let immense = 520 << 20;
    let bombs = [
        // Fails at the limit of what is unpacked, or of memory.
        (
            File::new("zeros.docx", word_document("0", immense)),
            Some("too_large or out_of_memory"),
        ),
        (
            File::new(
                "zeros.xlsx",
                archive(&[
                    ("[Content_Types].xml", "<Types/>", 1),
                    ("xl/workbook.xml", "<workbook/>", 1),
                    ("xl/worksheets/sheet1.xml", " ", immense),
                ]),
            ),
            Some("too_large or out_of_memory"),
        ),
        (
            File::new(
                "zeros.epub",
                archive(&[
                    ("mimetype", "application/epub+zip", 1),
                    ("META-INF/container.xml", " ", immense),
                ]),
            ),
            Some("too_large or out_of_memory"),
        ),
        // A zip in a zip is not opened, however small.
        (
            File::new("nested.zip", archive(&[("inner.zip", "PK", immense / 8)])),
            Some("unsupported"),
        ),
        // Entities are never expanded, so the text stays as small as the file.
        (File::new("entities.xml", entity_bomb("root")), Some("ready")),
        (
            File::new("entities.docx", word_document(&entity_bomb("document"), 1)),
            Some("corrupt"),
        ),
        // Nesting deeper than any reader's stack.
        (File::new("deep.json", "[".repeat(10_000)), None),
        (
            File::new("deep.xml", format!("<?xml version='1.0'?>{}", "<a>".repeat(1_000_000))),
            Some("too_large"),
        ),
        (
            File::new("deep.html", format!("<!doctype html>{}deep", "<div>".repeat(50_000))),
            None,
        ),
        (
            File::new("deep.rtf", format!("{{\\rtf1 {}deep", "{".repeat(2_000_000))),
            None,
        ),
        (File::new("deep.md", format!("{} deep", ">".repeat(500_000))), None),
        // Tables that are mostly nothing.
        (
            File::new(
                "wide.html",
                format!(
                    "<!doctype html><table>{}</table>",
                    "<tr><td colspan=1000>x".repeat(20_000)
                ),
            ),
            None,
        ),
        (File::new("wide.csv", ",".repeat(500_000)), None),
        (
            File::new("wide-rows.csv", format!("{}\n", ",x".repeat(5_000)).repeat(400)),
            Some("too_large"),
        ),
    ];
    let files: Vec<File> = bombs.iter().map(|(file, _)| file.clone()).collect();
    let uploads = person.upload(&program, &files).await;
    for (upload, (file, expected)) in uploads.iter().zip(&bombs) {
        let document = person.ended(&program, upload["document"]["id"].as_str().unwrap()).await;
        person.expect_health(&program).await;
        let end = match document["status"].as_str().unwrap() {
            "failed" => document["error"]["code"].as_str().unwrap().to_owned(),
            other => other.to_owned(),
        };
        println!("{}: {end}", file.name);
        match expected {
            Some(expected) => assert!(expected.split(" or ").any(|code| code == end), "{document}"),
            // Either way, as long as it ends by a limit and not by a crash.
            None => assert!(
                !["internal", "crashed", "unavailable", "cut_off"].contains(&end.as_str()),
                "{document}"
            ),
        }
    }
    // The server itself never held what was unpacked.
    assert!(program.memory() < 1 << 20, "{} MiB", program.memory() >> 10);
}
