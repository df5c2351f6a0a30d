//! A test collection in BEIR's form: documents, questions, and which documents answer which question.

use std::{collections::HashMap, error::Error, fs, path::Path};

use engine::document::{Block, BlockKind, ExtractedText, PageSpan};
use serde::Deserialize;

pub struct Collection {
    pub documents: Vec<Document>,
    pub queries: Vec<Query>,
}

#[derive(Deserialize)]
pub struct Document {
    #[serde(rename = "_id")]
    pub id: String,
    pub title: String,
    pub text: String,
}

pub struct Query {
    pub text: String,
    /// How relevant a document is, by its place in [`Collection::documents`]; those not named are not relevant.
    pub relevance: HashMap<usize, f64>,
}

#[derive(Deserialize)]
struct Question {
    #[serde(rename = "_id")]
    id: String,
    text: String,
}

impl Collection {
    pub fn read(folder: &Path) -> Result<Self, Box<dyn Error>> {
        let documents: Vec<Document> = json_lines(&folder.join("corpus.jsonl"))?;
        let questions: Vec<Question> = json_lines(&folder.join("queries.jsonl"))?;
        let places: HashMap<&str, usize> = documents
            .iter()
            .enumerate()
            .map(|(at, document)| (document.id.as_str(), at))
            .collect();
        let mut relevance: HashMap<String, HashMap<usize, f64>> = HashMap::new();
        for line in fs::read_to_string(folder.join("qrels.tsv"))?.lines().skip(1) {
            let [query, document, grade] = line.split('\t').collect::<Vec<_>>()[..] else {
                return Err(format!("{}: not three columns: {line}", folder.display()).into());
            };
            if let (Some(place), grade @ 1.0..) = (places.get(document), grade.trim().parse()?) {
                relevance.entry(query.to_owned()).or_default().insert(*place, grade);
            }
        }
        let queries = questions
            .into_iter()
            .filter_map(|question| {
                Some(Query {
                    relevance: relevance.remove(&question.id)?,
                    text: question.text,
                })
            })
            .collect();
        Ok(Self { documents, queries })
    }
}

impl Document {
    /// The document as if it had been read from a file.
    pub fn extracted(&self) -> ExtractedText {
        let mut extracted = ExtractedText {
            title: Some(self.title.clone()),
            ..ExtractedText::default()
        };
        for (kind, part) in [(BlockKind::Heading(1), &self.title), (BlockKind::Paragraph, &self.text)] {
            let part = part.trim();
            if part.is_empty() {
                continue;
            }
            if !extracted.text.is_empty() {
                extracted.text.push_str("\n\n");
            }
            let start = extracted.text.len();
            extracted.text.push_str(part);
            let range = start..extracted.text.len();
            extracted.blocks.push(Block { kind, range });
        }
        extracted.pages.push(PageSpan {
            label: "1".to_owned(),
            range: 0..extracted.text.len(),
        });
        extracted
    }
}

fn json_lines<T: for<'a> Deserialize<'a>>(path: &Path) -> Result<Vec<T>, Box<dyn Error>> {
    let text = fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
    text.lines()
        .map(|line| serde_json::from_str(line).map_err(|error| format!("{}: {error}", path.display()).into()))
        .collect()
}
