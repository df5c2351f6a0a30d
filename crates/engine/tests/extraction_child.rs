//! The confined child, from the outside: what comes back for good, bad and hostile files.

use std::path::{Path, PathBuf};
use std::time::Duration;

use engine::extract::child::Extractor;
use engine::extract::{ExtractError, Extracted, FileKind, Limits};

fn pdfium() -> PathBuf {
    let default = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/pdfium/libpdfium.so");
    let library = std::env::var_os("HYPERION_PDFIUM").map_or(default, PathBuf::from);
    assert!(
        library.is_file(),
        "{} is missing: run scripts/pdfium.sh",
        library.display()
    );
    library
}

fn extractor(limits: Limits) -> Extractor {
    Extractor {
        program: env!("CARGO_BIN_EXE_extract-child").into(),
        pdfium: pdfium(),
        limits,
    }
}

async fn extract(name: &str, bytes: &[u8]) -> Result<Extracted, ExtractError> {
    extractor(Limits::default()).extract(name, bytes).await
}

/// A PDF with one page for each content stream, set in Helvetica.
fn pdf(pages: &[&str]) -> Vec<u8> {
    let mut objects = vec![
        "<</Type/Catalog/Pages 2 0 R>>".to_owned(),
        format!(
            "<</Type/Pages/Count {}/Kids[{}]>>",
            pages.len(),
            (0..pages.len())
                .map(|page| format!("{} 0 R ", 4 + page * 2))
                .collect::<String>()
        ),
        "<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding/WinAnsiEncoding>>".to_owned(),
    ];
    for (page, content) in pages.iter().enumerate() {
        objects.push(format!(
            "<</Type/Page/Parent 2 0 R/MediaBox[0 0 612 792]/Resources<</Font<</F1 3 0 R>>>>/Contents {} 0 R>>",
            5 + page * 2
        ));
        objects.push(format!("<</Length {}>>stream\n{content}\nendstream", content.len()));
    }
    let mut file = "%PDF-1.4\n".to_owned();
    let mut offsets = Vec::new();
    for (number, object) in objects.iter().enumerate() {
        offsets.push(file.len());
        file.push_str(&format!("{} 0 obj\n{object}\nendobj\n", number + 1));
    }
    let start = file.len();
    file.push_str(&format!("xref\n0 {}\n0000000000 65535 f \n", objects.len() + 1));
    for offset in offsets {
        file.push_str(&format!("{offset:010} 00000 n \n"));
    }
    file.push_str(&format!(
        "trailer<</Size {}/Root 1 0 R>>\nstartxref\n{start}\n%%EOF\n",
        objects.len() + 1
    ));
    file.into_bytes()
}

#[tokio::test]
async fn a_pdf_is_read_page_by_page() {
    let first = "BT /F1 20 Tf 50 700 Td (On tea) Tj /F1 10 Tf 0 -40 Td (Tea is a drink made from leaves, and is) Tj \
                 0 -12 Td (drunk hot.) Tj ET";
    let second = "BT /F1 10 Tf 50 700 Td (The second page.) Tj ET";
    let found = extract("x.bin", &pdf(&[first, second])).await.unwrap();
    found.document.validate().unwrap();
    assert_eq!(found.kind, FileKind::Pdf);
    assert_eq!(
        found.document.text,
        "On tea\n\nTea is a drink made from leaves, and is drunk hot.\n\nThe second page."
    );
    assert_eq!(found.document.title.as_deref(), Some("On tea"));
    assert_eq!(found.document.pages.len(), 2);
}

#[tokio::test]
async fn a_pdf_of_pictures_is_scanned_and_one_cut_short_is_corrupt() {
    let picture = pdf(&["q 100 0 0 100 50 50 cm BI /W 1 /H 1 /CS /G /BPC 8 ID \u{1} EI Q"]);
    assert_eq!(extract("a.pdf", &picture).await.unwrap_err().code(), "scanned");
    assert_eq!(extract("a.pdf", &pdf(&[""])).await.unwrap_err().code(), "empty");
    assert_eq!(
        extract("a.pdf", b"%PDF-1.4\n1 0 obj\n").await.unwrap_err().code(),
        "corrupt"
    );
}

#[tokio::test]
async fn names_and_text_from_anywhere_pass_through_unharmed() {
    let found = extract("../\u{202e}gnp.md\n\"\\", "# Ä\n\nπ ≈ 3,14159 \u{1f375}".as_bytes())
        .await
        .unwrap();
    assert_eq!(found.document.text, "# Ä\n\nπ ≈ 3,14159 \u{1f375}");
}

#[tokio::test]
async fn megabytes_of_text_are_read() {
    let text = "All work and no play makes Jack a dull boy.\n\n".repeat(8 * 1024 * 1024 / 45);
    let found = extract("long.txt", text.as_bytes()).await.unwrap();
    assert_eq!(found.document.text.len() + 2, text.len());
}

#[tokio::test]
async fn a_file_that_needs_too_much_memory_fails_alone() {
    let limits = Limits {
        max_memory_bytes: 100 * 1024 * 1024,
        ..Limits::default()
    };
    let text = "word ".repeat(40 * 1024 * 1024 / 5);
    let outcome = extractor(limits).extract("long.txt", text.as_bytes()).await;
    assert_eq!(outcome.unwrap_err(), ExtractError::OutOfMemory);
}

#[tokio::test]
async fn a_file_that_takes_too_long_is_stopped() {
    // The file never ends, so neither does the child by itself.
    let (mut endless, file) = tokio::io::duplex(64);
    tokio::io::AsyncWriteExt::write_all(&mut endless, b"never")
        .await
        .unwrap();
    let limits = Limits {
        max_wall_seconds: 1,
        ..Limits::default()
    };
    let outcome = extractor(limits).extract("a.txt", file).await;
    assert_eq!(outcome.unwrap_err(), ExtractError::TimedOut { seconds: 1 });
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_file_that_computes_too_long_is_stopped() {
    let limits = Limits {
        max_cpu_seconds: 1,
        ..Limits::default()
    };
    // Every unclosed formatting element is opened again in every paragraph: quadratic by the HTML standard.
    let html: String = (0..40_000).map(|n| format!("<b id={n}><p>")).collect();
    let outcome = extractor(limits).extract("a.html", html.as_bytes()).await;
    assert_eq!(outcome.unwrap_err(), ExtractError::TimedOut { seconds: 1 });
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn dropping_the_work_kills_the_child() {
    let (_endless, file) = tokio::io::duplex(64);
    let children = || {
        let path = format!("/proc/{}/task", std::process::id());
        std::fs::read_dir(path)
            .unwrap()
            .filter_map(|thread| std::fs::read_to_string(thread.unwrap().path().join("children")).ok())
            .flat_map(|list| list.split_whitespace().map(str::to_owned).collect::<Vec<_>>())
            .filter(|pid| {
                // Tests of this file run beside each other: only a child reading this one's name counts.
                std::fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| !stat.contains(") Z"))
            })
            .collect::<Vec<_>>()
    };
    let before = children();
    let work = tokio::spawn(async move { extractor(Limits::default()).extract("a.txt", file).await });
    let started = loop {
        match children().into_iter().find(|pid| !before.contains(pid)) {
            Some(pid) => break pid,
            None => tokio::time::sleep(Duration::from_millis(5)).await,
        }
    };
    work.abort();
    while children().contains(&started) {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn without_the_library_only_pdfs_fail() {
    let extractor = Extractor {
        pdfium: "/nowhere/libpdfium.so".into(),
        ..extractor(Limits::default())
    };
    assert!(extractor.extract("a.txt", &b"words"[..]).await.is_ok());
    let outcome = extractor.extract("a.pdf", &pdf(&[""])[..]).await;
    assert_eq!(outcome.unwrap_err().code(), "unavailable");
}

#[tokio::test]
async fn a_program_that_is_missing_or_no_child_is_reported() {
    let missing = Extractor {
        program: "/nowhere/hyperion".into(),
        ..extractor(Limits::default())
    };
    assert_eq!(
        missing.extract("a.txt", &b"words"[..]).await.unwrap_err().code(),
        "unavailable"
    );
    let other = Extractor {
        program: "/bin/false".into(),
        ..extractor(Limits::default())
    };
    assert_eq!(
        other.extract("a.txt", &b"words"[..]).await.unwrap_err().code(),
        "crashed"
    );
}
