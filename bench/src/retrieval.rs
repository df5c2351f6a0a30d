//! How well passages are found: each test collection is put into a knowledge base and searched as the product does.

use std::{error::Error, path::Path};

use api::{CreateKnowledgeBase, DocumentId, KnowledgeBaseId};
use engine::{
    embed::Embedder,
    split::{ChunkSettings, split},
};
use indicatif::{ProgressBar, ProgressStyle};
use store::{NewDocument, NewPassage, NewUser, PassageIndex, Published, Sought, Store};
use uuid::Uuid;

use crate::{collection::Collection, metrics::Quality};

/// What each way of searching reaches on a collection.
pub struct Measured {
    pub name: String,
    pub lexical: Quality,
    pub dense: Quality,
    pub fused: Quality,
}

const SETS: [&str; 8] = [
    "scifact",
    "cranfield",
    "cisi",
    "cacm",
    "xquad-en",
    "xquad-de",
    "xquad-es",
    "xquad-zh",
];

/// Measures every collection that is there; says which are not.
pub async fn measure(embedder: &dyn Embedder, eval: &Path) -> Result<Vec<Measured>, Box<dyn Error>> {
    let mut measured = Vec::new();
    for set in SETS {
        let folder = eval.join("retrieval").join(set);
        if folder.is_dir() {
            measured.push(measure_set(embedder, set, &folder).await?);
        } else {
            eprintln!("{set}: skipped, {} is not there", folder.display());
        }
    }
    Ok(measured)
}

async fn measure_set(embedder: &dyn Embedder, set: &str, folder: &Path) -> Result<Measured, Box<dyn Error>> {
    let collection = Collection::read(folder)?;
    let database = tempfile::tempdir()?;
    let store = Store::open(&database.path().join("bench.db")).await?;
    let user = store
        .create_user(NewUser {
            email: "bench@example.org",
            name: "Bench",
            role: None,
            password_hash: "",
        })
        .await?;
    let new = CreateKnowledgeBase {
        name: set.to_owned(),
        description: String::new(),
    };
    let knowledge_base = store.create_knowledge_base(user.id, &new).await?.id;
    let documents = fill(embedder, &store, user.id, knowledge_base, &collection).await?;

    let index = PassageIndex::new(embedder.dimension(), 1 << 30);
    let mut measured = Measured {
        name: set.to_owned(),
        lexical: Quality::default(),
        dense: Quality::default(),
        fused: Quality::default(),
    };
    let bar = progress(collection.queries.len(), &format!("Searching {set}"))?;
    for query in &collection.queries {
        let vector = embedder.embed(&[&query.text])?.pop().unwrap_or_default();
        let sought = Sought {
            question: &query.text,
            vector: &vector,
            lexical_weight: 0.5,
        };
        let found = index.search(&store, &[knowledge_base], &sought).await?;
        for (quality, ranking) in [
            (&mut measured.lexical, &found.lexical),
            (&mut measured.dense, &found.dense),
            (&mut measured.fused, &found.fused),
        ] {
            let mut ranked: Vec<usize> = Vec::new();
            for (seq, _) in ranking {
                // Passages are counted from 1 in the order in which they were stored.
                let document = documents[usize::try_from(*seq)? - 1];
                if !ranked.contains(&document) {
                    ranked.push(document);
                }
            }
            quality.add(&ranked, &query.relevance);
        }
        if let Ok(d) = std::env::var("BENCH_DUMP") {
            use std::io::Write;
            let mut f = std::fs::OpenOptions::new()
                .create(true)
                .append(true)
                .open(format!("{d}/{set}.jsonl"))?;
            let l = |r: &[(i64, f32)]| {
                r.iter()
                    .map(|(s, x)| (documents[*s as usize - 1], *s, *x))
                    .collect::<Vec<_>>()
            };
            let rel: Vec<(usize, f64)> = query.relevance.iter().map(|(a, b)| (*a, *b)).collect();
            let v = serde_json::json!({"q": query.text, "rel": rel, "lex": l(&found.lexical), "den": l(&found.dense)});
            writeln!(f, "{v}")?;
        }
        bar.inc(1);
    }
    bar.finish_and_clear();
    store.close().await;
    Ok(measured)
}

/// Reads the collection's documents into the knowledge base; returns the document of each passage.
async fn fill(
    embedder: &dyn Embedder,
    store: &Store,
    user: api::UserId,
    knowledge_base: KnowledgeBaseId,
    collection: &Collection,
) -> Result<Vec<usize>, Box<dyn Error>> {
    let mut owners = Vec::new();
    let bar = progress(collection.documents.len(), "Reading")?;
    for (at, document) in collection.documents.iter().enumerate() {
        let id = DocumentId(Uuid::now_v7());
        let new = NewDocument {
            id,
            knowledge_base,
            name: &document.id,
            media_type: "text/plain",
            size: document.text.len() as u64,
            sha256: &document.id,
            source_url: None,
        };
        store.accept_document(user, &new).await?;
        let text = document.extracted();
        let mut passages = Vec::new();
        for passage in split(&text, &ChunkSettings::default(), |piece| embedder.count_tokens(piece)) {
            let input = passage.with_context(&document.title);
            let vector = embedder.embed(&[&input])?.pop().unwrap_or_default();
            passages.push(NewPassage::new(passages.len(), passage, &input, &vector));
            owners.push(at);
        }
        let published = Published {
            document: id,
            media_type: "text/plain",
            text: &text,
            passages: &passages,
        };
        store.publish_document(published).await?;
        bar.inc(1);
    }
    bar.finish_and_clear();
    Ok(owners)
}

pub fn progress(steps: usize, what: &str) -> Result<ProgressBar, Box<dyn Error>> {
    let style = ProgressStyle::with_template("{msg:28} {wide_bar} {pos}/{len} {eta} left")?;
    Ok(ProgressBar::new(steps as u64)
        .with_style(style)
        .with_message(what.to_owned()))
}

/// The figures as a Markdown table.
pub fn table(measured: &[Measured]) -> String {
    let mut table = String::from(
        "| set | words nDCG@10 | meaning nDCG@10 | both nDCG@10 | words recall@10 | meaning recall@10 | both recall@10 |\n\
         |---|---|---|---|---|---|---|\n",
    );
    for set in measured {
        let ways = [&set.lexical, &set.dense, &set.fused];
        let figures = ways.map(Quality::ndcg).into_iter().chain(ways.map(Quality::recall));
        let cells: Vec<String> = figures.map(|figure| format!("{figure:.3}")).collect();
        table.push_str(&format!("| {} | {} |\n", set.name, cells.join(" | ")));
    }
    table
}
