//! How well passages are found: each test collection is put into a knowledge base and searched as the product does.

use std::{error::Error, path::Path};

use engine::{
    embed::{Embedder, Meaning, MiniLm},
    split::{ChunkSettings, split},
};
use indicatif::{ProgressBar, ProgressStyle};
use store::{EmbeddedIndex, PassageIndex, Sought};

use crate::{cached::Cached, collection::Collection, library::Library, metrics::Quality};

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
pub async fn measure(embedder: &Cached<MiniLm>, eval: &Path) -> Result<Vec<Measured>, Box<dyn Error>> {
    let mut measured = Vec::new();
    for set in SETS {
        let folder = eval.join("retrieval").join(set);
        if folder.is_dir() {
            measured.push(measure_set(embedder, set, &folder).await?);
            embedder.save()?;
        } else {
            eprintln!("{set}: skipped, {} is not there", folder.display());
        }
    }
    Ok(measured)
}

async fn measure_set(embedder: &dyn Embedder, set: &str, folder: &Path) -> Result<Measured, Box<dyn Error>> {
    let collection = Collection::read(folder)?;
    let database = tempfile::tempdir()?;
    let library = Library::create(&database.path().join("bench.db")).await?;
    let documents = fill(embedder, &library, &collection).await?;
    let within = [library.knowledge_base];

    let index = EmbeddedIndex::new(embedder.dimension(), 1 << 30);
    let mut measured = Measured {
        name: set.to_owned(),
        lexical: Quality::default(),
        dense: Quality::default(),
        fused: Quality::default(),
    };
    let bar = progress(collection.queries.len(), &format!("Searching {set}"))?;
    for query in &collection.queries {
        let meaning = Meaning::of(embedder, &query.text)?;
        let sought = Sought {
            question: &query.text,
            meaning: &meaning,
            lexical_weight: 0.5,
        };
        let found = index.search(&library.store, &within, &sought).await?;
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
        bar.inc(1);
    }
    bar.finish_and_clear();
    library.store.close().await;
    Ok(measured)
}

/// Reads the collection's documents into the knowledge base; returns the document of each passage.
async fn fill(
    embedder: &dyn Embedder,
    library: &Library,
    collection: &Collection,
) -> Result<Vec<usize>, Box<dyn Error>> {
    let mut owners = Vec::new();
    let bar = progress(collection.documents.len(), "Reading")?;
    for (at, document) in collection.documents.iter().enumerate() {
        let text = document.extracted();
        let mut passages = Vec::new();
        for passage in split(&text, &ChunkSettings::default(), |piece| embedder.count_tokens(piece)) {
            let input = passage.with_context(&document.title);
            let vector = embedder.embed(&[&input])?.pop().unwrap_or_default();
            passages.push((passage, input, vector));
            owners.push(at);
        }
        library.add(&document.id, &text, passages).await?;
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
