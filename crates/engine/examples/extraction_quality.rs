//! Measures extraction over real documents: `cargo run --release --example extraction_quality -- EVALUATION_FOLDER`.
//!
//! Where an expected text lies beside a document, the words of both are compared (F1 of the two bags of words; Markdown
//! marks and link targets are no words). For hostile files it counts how they end. Everything goes through the
//! confined child, so the processor time is what an upload costs.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use engine::extract::child::{Extractor, run_child};
use engine::extract::{ExtractError, Extracted, Limits};

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let first = std::env::args().nth(1);
    if first.as_deref() == Some("extract-child") {
        return run_child();
    }
    let Some(root) = first.map(PathBuf::from) else {
        eprintln!("usage: extraction_quality EVALUATION_FOLDER [WORD_IN_PATH]");
        return ExitCode::FAILURE;
    };
    let only = std::env::args().nth(2).unwrap_or_default();
    let library = std::env::var_os("HYPERION_PDFIUM").unwrap_or_else(|| "target/pdfium/libpdfium.so".into());
    let extractor = Extractor {
        program: std::env::current_exe().expect("the running program has a path"),
        pdfium: std::path::absolute(library).expect("the working folder exists"),
        limits: Limits::default(),
    };

    println!("| folder | files | read | word F1 | CPU s | slowest s | not read |");
    println!("| --- | --- | --- | --- | --- | --- | --- |");
    for (folder, files) in by_folder(&root, &only) {
        let mut row = Row::default();
        for file in files {
            row.measure(&extractor, &file).await;
        }
        row.print(&folder);
    }
    ExitCode::SUCCESS
}

#[derive(Default)]
struct Row {
    files: usize,
    read: usize,
    scores: Vec<(f64, PathBuf)>,
    cpu: f64,
    slowest: f64,
    failures: BTreeMap<&'static str, usize>,
}

impl Row {
    async fn measure(&mut self, extractor: &Extractor, file: &Path) {
        let bytes = std::fs::read(file).expect("the evaluation folder is readable");
        let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let cpu_before = children_cpu_seconds();
        let start = Instant::now();
        let outcome = extractor.extract(&name, bytes.as_slice()).await;
        self.slowest = self.slowest.max(start.elapsed().as_secs_f64());
        self.cpu += children_cpu_seconds() - cpu_before;
        self.files += 1;
        let expected = expected_text(file);
        let text = match &outcome {
            Ok(Extracted { document, .. }) => {
                if let Err(broken) = document.validate() {
                    println!("BROKEN INVARIANT in {}: {broken}", file.display());
                }
                self.read += 1;
                document.text.as_str()
            }
            Err(error) => {
                *self.failures.entry(error.code()).or_default() += 1;
                if matches!(error, ExtractError::Crashed { .. } | ExtractError::Unavailable { .. }) {
                    eprintln!("{}: {error:?}", file.display());
                }
                ""
            }
        };
        if let Some(expected) = expected {
            let score = word_f1(&words(&expected), &words(text));
            if std::env::var_os("SHOW_SCORES").is_some() {
                eprintln!("{score:.3} {} {:?}", file.display(), outcome.as_ref().err());
            }
            self.scores.push((score, file.to_owned()));
        }
    }

    fn print(&self, folder: &str) {
        let mean = match self.scores.len() {
            0 => "-".to_owned(),
            count => format!(
                "{:.3}",
                self.scores.iter().map(|(score, _)| score).sum::<f64>() / count as f64
            ),
        };
        let failures: Vec<String> = self
            .failures
            .iter()
            .map(|(code, count)| format!("{count} {code}"))
            .collect();
        println!(
            "| {folder} | {} | {} | {mean} | {:.2} | {:.2} | {} |",
            self.files,
            self.read,
            self.cpu,
            self.slowest,
            failures.join(", ")
        );
    }
}

/// The documents below the folder, without expected texts, grouped by the first three folders of their path.
fn by_folder(root: &Path, only: &str) -> BTreeMap<String, Vec<PathBuf>> {
    let mut groups: BTreeMap<String, Vec<PathBuf>> = BTreeMap::new();
    let mut open: Vec<PathBuf> = ["docs", "hostile"].iter().map(|part| root.join(part)).collect();
    while let Some(folder) = open.pop() {
        for entry in std::fs::read_dir(&folder)
            .expect("the evaluation folder is readable")
            .flatten()
        {
            let path = entry.path();
            let relative = path.strip_prefix(root).unwrap_or(&path).to_string_lossy().into_owned();
            let is_expected_text = relative.contains("groundtruth")
                || (relative.starts_with("docs/pdfbox") || relative.starts_with("docs/geotopo"))
                    && relative.ends_with(".txt");
            if path.is_dir() {
                open.push(path);
            } else if !is_expected_text && relative.contains(only) {
                let parts: Vec<&str> = relative.split('/').collect();
                let depth = if relative.starts_with("docs/docling") { 3 } else { 2 };
                groups
                    .entry(parts[..depth.min(parts.len() - 1)].join("/"))
                    .or_default()
                    .push(path);
            }
        }
    }
    groups.values_mut().for_each(|files| files.sort());
    groups
}

/// The text or Markdown that is expected of a document, where there is one.
fn expected_text(file: &Path) -> Option<String> {
    let name = file.file_name()?.to_str()?;
    let folder = file.parent()?;
    let beside = folder.join(format!("{name}.txt"));
    let book = folder.join("GeoTopo-book.txt");
    let markdown = folder.parent()?.join("groundtruth").join(format!("{name}.md"));
    let path = [beside, book, markdown].into_iter().find(|path| path.is_file())?;
    Some(String::from_utf8_lossy(&std::fs::read(path).ok()?).into_owned())
}

fn words(text: &str) -> HashMap<String, usize> {
    let mut counts = HashMap::new();
    let without_targets = strip_link_targets(text);
    for word in without_targets
        .to_lowercase()
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
    {
        *counts.entry(word.to_owned()).or_default() += 1;
    }
    counts
}

/// `[label](target)` is compared by its label, comments are not compared, and entities are what they stand for.
fn strip_link_targets(text: &str) -> String {
    let text = text
        .replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&amp;", "&")
        .replace("<!-- image -->", "");
    let mut out = String::with_capacity(text.len());
    let mut rest = text.as_str();
    while let Some((before, after)) = rest.split_once("](") {
        out.push_str(before);
        rest = after.split_once(')').map_or("", |(_, rest)| rest);
        out.push(' ');
    }
    out + rest
}

fn word_f1(expected: &HashMap<String, usize>, found: &HashMap<String, usize>) -> f64 {
    let total = |words: &HashMap<String, usize>| words.values().sum::<usize>() as f64;
    if total(expected) + total(found) == 0.0 {
        return 1.0;
    }
    let common: usize = expected
        .iter()
        .map(|(word, &count)| count.min(found.get(word).copied().unwrap_or(0)))
        .sum();
    2.0 * common as f64 / (total(expected) + total(found))
}

/// Processor time of all children that have ended, in seconds: fields 16 and 17 of `/proc/self/stat`, in ticks of
/// a hundredth of a second.
fn children_cpu_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let after_name = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
    let field = |at: usize| {
        after_name
            .split_whitespace()
            .nth(at)
            .and_then(|ticks| ticks.parse::<f64>().ok())
            .unwrap_or(0.0)
    };
    (field(13) + field(14)) / 100.0
}
