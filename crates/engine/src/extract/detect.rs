//! Which format a file is in: by its content; the name only decides between formats that are all text.

use super::{ExtractError, FileKind, archive, encoding};

/// How far into a file the PDF signature may stand, in bytes (what readers accept by custom).
const PDF_SIGNATURE_WINDOW: usize = 1024;

/// Decides the format of a whole file.
///
/// A zip named `.pdf` is looked at as a zip, and bytes that are no text are refused whatever their name says.
pub fn detect(name: &str, bytes: &[u8]) -> Result<FileKind, ExtractError> {
    if bytes.is_empty() {
        return Err(ExtractError::Empty);
    }
    let head = &bytes[..bytes.len().min(PDF_SIGNATURE_WINDOW)];
    if contains(head, b"%PDF-") {
        return Ok(FileKind::Pdf);
    }
    if bytes.starts_with(b"PK\x03\x04") || bytes.starts_with(b"PK\x05\x06") {
        return archive::detect(bytes);
    }
    if bytes.starts_with(&[0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1]) {
        return detect_compound_file(bytes);
    }
    if bytes.starts_with(b"{\\rtf") {
        return Ok(FileKind::Rtf);
    }
    match encoding::decode(bytes) {
        Ok(text) => Ok(detect_text(name, &text)),
        Err(_) => Err(
            infer::get(bytes).map_or(ExtractError::NotText, |found| ExtractError::Unsupported {
                what: format!("of the type {}", found.mime_type()),
            }),
        ),
    }
}

/// What a file seems to be by its first bytes, for as long as it has not been read.
pub fn media_type_by_start(start: &[u8]) -> &'static str {
    infer::get(start).map_or("application/octet-stream", |found| found.mime_type())
}

/// Office formats before 2007, and encrypted ones since, share a container; the streams in it tell them apart.
fn detect_compound_file(bytes: &[u8]) -> Result<FileKind, ExtractError> {
    let has_stream = |name: &str| {
        let name: Vec<u8> = name.encode_utf16().flat_map(u16::to_le_bytes).collect();
        contains(bytes, &name)
    };
    let unsupported = |what: &str| Err(ExtractError::Unsupported { what: what.to_owned() });
    if has_stream("EncryptedPackage") {
        Err(ExtractError::Encrypted)
    } else if has_stream("Workbook") || has_stream("Book\0") {
        Ok(FileKind::Xls)
    } else if has_stream("WordDocument") {
        unsupported("a Word document of the old binary format (.doc)")
    } else if has_stream("PowerPoint Document") {
        unsupported("a PowerPoint presentation of the old binary format (.ppt)")
    } else if has_stream("__properties_version1.0") {
        unsupported("an Outlook message (.msg)")
    } else {
        unsupported("of an old binary office format")
    }
}

fn detect_text(name: &str, text: &str) -> FileKind {
    let start: String = text
        .trim_start()
        .chars()
        .take(512)
        .collect::<String>()
        .to_ascii_lowercase();
    if start.starts_with("<!doctype html") || start.starts_with("<html") {
        return FileKind::Html;
    }
    if start.starts_with("<?xml") {
        return if start.contains("<html") {
            FileKind::Html
        } else {
            FileKind::Xml
        };
    }
    if is_email(text) {
        return FileKind::Email;
    }
    let file_name = name.rsplit(['/', '\\']).next().unwrap_or(name).to_ascii_lowercase();
    let extension = file_name.rsplit_once('.').map_or("", |(_, extension)| extension);
    match extension {
        "html" | "htm" | "xhtml" | "mht" if text.contains('<') => FileKind::Html,
        "md" | "markdown" | "mdown" | "mkd" | "mdx" | "qmd" | "rmd" => FileKind::Markdown,
        "rst" | "rest" => FileKind::ReStructuredText,
        "adoc" | "asciidoc" | "asc" => FileKind::AsciiDoc,
        "csv" => FileKind::Csv,
        "tsv" | "tab" => FileKind::Tsv,
        "json" | "geojson" | "ipynb" | "webmanifest" if is_json(text) => FileKind::Json,
        "jsonl" | "ndjson" | "json" if is_json_lines(text) => FileKind::JsonLines,
        "xml" | "xsd" | "xsl" | "xslt" | "svg" | "rss" | "atom" | "rdf" | "wsdl" if start.starts_with('<') => {
            FileKind::Xml
        }
        _ if is_source_name(&file_name, extension) || start.starts_with("#!") => FileKind::SourceCode,
        "" if is_json(text) => FileKind::Json,
        "" if start.starts_with('<') && ["<body", "<div", "<head", "<p>"].iter().any(|tag| start.contains(tag)) => {
            FileKind::Html
        }
        _ => FileKind::PlainText,
    }
}

/// An email begins with header lines, at least two of them of the well-known kind.
fn is_email(text: &str) -> bool {
    const KNOWN: [&str; 10] = [
        "from",
        "to",
        "subject",
        "date",
        "received",
        "message-id",
        "mime-version",
        "return-path",
        "delivered-to",
        "content-type",
    ];
    let mut known = 0;
    for line in text.lines().take(100) {
        if line.is_empty() {
            break;
        }
        if line.starts_with([' ', '\t']) || line.starts_with("From ") {
            continue;
        }
        let Some((field, _)) = line.split_once(':') else {
            return false;
        };
        if field.is_empty() || field.bytes().any(|b| !b.is_ascii_graphic()) {
            return false;
        }
        known += usize::from(KNOWN.contains(&field.to_ascii_lowercase().as_str()));
    }
    // A note that starts "Subject: ..", "Date: .." is text; mail programs always add one of these.
    let lower = text
        .get(..text.floor_char_boundary(16 * 1024))
        .unwrap_or(text)
        .to_ascii_lowercase();
    let by_a_program = [
        "\nmessage-id:",
        "\nmime-version:",
        "received:",
        "return-path:",
        "\ncontent-type:",
    ]
    .iter()
    .any(|field| lower.contains(field));
    known >= 2 && by_a_program
}

fn is_json(text: &str) -> bool {
    text.trim_start().starts_with(['{', '[']) && serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok()
}

fn is_json_lines(text: &str) -> bool {
    let mut lines = text.lines().filter(|line| !line.trim().is_empty()).peekable();
    lines.peek().is_some() && lines.all(|line| serde_json::from_str::<serde::de::IgnoredAny>(line).is_ok())
}

fn is_source_name(file_name: &str, extension: &str) -> bool {
    const EXTENSIONS: &str = "rs py pyi js mjs cjs jsx ts tsx java kt kts scala go c h cc cpp cxx hpp hh cs fs fsx vb \
        swift m mm rb php pl pm lua r jl hs elm ml mli ex exs erl clj cljs lisp el scm dart groovy gradle sh bash zsh \
        fish ps1 bat cmd sql graphql gql proto thrift css scss sass less vue svelte tex bib cls sty toml yaml yml ini \
        cfg conf properties env nix tf hcl cmake mk dockerfile diff patch asm s v sv vhd vhdl zig nim d pas f f90 f95 \
        cob ada json jsonl ndjson lock";
    const NAMES: [&str; 6] = [
        "makefile",
        "dockerfile",
        "cmakelists.txt",
        "justfile",
        "rakefile",
        "gemfile",
    ];
    NAMES.contains(&file_name) || (!extension.is_empty() && EXTENSIONS.split_whitespace().any(|e| e == extension))
}

fn contains(haystack: &[u8], needle: &[u8]) -> bool {
    // Finding the first byte before comparing keeps this fast over megabytes.
    let Some((&first, _)) = needle.split_first() else {
        return true;
    };
    let mut rest = haystack;
    while let Some(at) = rest.iter().position(|&byte| byte == first) {
        rest = &rest[at..];
        if rest.starts_with(needle) {
            return true;
        }
        rest = &rest[1..];
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_wins_over_the_name() {
        assert_eq!(detect("notes.txt", b"%PDF-1.7\n"), Ok(FileKind::Pdf));
        assert_eq!(detect("page.txt", b"<!DOCTYPE html><p>Hi"), Ok(FileKind::Html));
        assert_eq!(detect("letter.txt", b"{\\rtf1 Hi}"), Ok(FileKind::Rtf));
        assert_eq!(detect("data.pdf", b"just words"), Ok(FileKind::PlainText));
    }

    #[test]
    fn the_name_decides_between_text_formats() {
        for (name, kind) in [
            ("a.md", FileKind::Markdown),
            ("a.RST", FileKind::ReStructuredText),
            ("a.adoc", FileKind::AsciiDoc),
            ("a.csv", FileKind::Csv),
            ("dir/Makefile", FileKind::SourceCode),
            ("a.rs", FileKind::SourceCode),
            ("a", FileKind::PlainText),
        ] {
            assert_eq!(detect(name, b"some words, others"), Ok(kind), "{name}");
        }
        assert_eq!(detect("a.json", b"{\"a\": 1}"), Ok(FileKind::Json));
        assert_eq!(detect("a.json", b"{\"a\": 1}\n{\"a\": 2}\n"), Ok(FileKind::JsonLines));
        assert_eq!(detect("a.json", b"not json"), Ok(FileKind::SourceCode));
    }

    #[test]
    fn mail_is_known_by_its_headers() {
        let mail = b"Return-Path: <a@b.example>\nFrom: A <a@b.example>\nSubject: Hi\n\nBody";
        assert_eq!(detect("message", mail), Ok(FileKind::Email));
        assert_eq!(
            detect("message", b"Subject: tea\nDate: today\n\nBuy milk."),
            Ok(FileKind::PlainText)
        );
    }

    #[test]
    fn what_is_no_text_is_named_where_it_is_known() {
        assert_eq!(detect("a.txt", b""), Err(ExtractError::Empty));
        let png = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x06\0\0\0";
        assert_eq!(
            detect("a.txt", png),
            Err(ExtractError::Unsupported {
                what: "of the type image/png".to_owned()
            })
        );
        assert_eq!(
            detect("a.txt", &[0, 1, 2, 3, 0x80, 0x81, 0, 7]),
            Err(ExtractError::NotText)
        );
    }
}
