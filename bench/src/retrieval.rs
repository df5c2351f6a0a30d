//! How well passages are found: each test collection is put into a knowledge base and searched as the product does.

use std::{error::Error, path::Path, sync::Arc};

use engine::{
    embed::{Embedder, Meaning, MiniLm},
    split::{ChunkSettings, split},
};
use indicatif::{ProgressBar, ProgressStyle};
use store::{EmbeddedIndex, Location, Sought};

use crate::{
    agreement::{self, Agreement},
    cached::Cached,
    collection::Collection,
    library::Library,
    metrics::Quality,
    servers::Servers,
};

/// What each way of searching reaches on a collection.
pub struct Measured {
    pub name: String,
    pub lexical: Quality,
    pub dense: Quality,
    pub fused: Quality,
}

/// The documents that a question finds in each way, best first.
#[derive(Default)]
pub struct Found {
    pub lexical: Vec<usize>,
    pub dense: Vec<usize>,
    pub fused: Vec<usize>,
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

/// Those on which all kinds of deployment are compared.
const COMPARED: [&str; 5] = ["scifact", "xquad-en", "xquad-de", "xquad-es", "xquad-zh"];

/// Of the embedded index, as the product has it.
pub const VECTOR_MEMORY: usize = 1 << 30;

/// Measures every collection that is there; says which are not.
pub async fn measure(
    embedder: &Cached<MiniLm>,
    eval: &Path,
    servers: &Servers,
) -> Result<(Vec<Measured>, Vec<Agreement>), Box<dyn Error>> {
    let (mut measured, mut agreements) = (Vec::new(), Vec::new());
    for set in SETS {
        let folder = eval.join("retrieval").join(set);
        if !folder.is_dir() {
            eprintln!("{set}: skipped, {} is not there", folder.display());
            continue;
        }
        let collection = Collection::read(&folder)?;
        let found = in_sqlite(embedder, &collection).await?;
        let of = |way: fn(&Found) -> &Vec<usize>| Quality::of(&collection.queries, found.iter().map(way));
        measured.push(Measured {
            name: set.to_owned(),
            lexical: of(|found| &found.lexical),
            dense: of(|found| &found.dense),
            fused: of(|found| &found.fused),
        });
        if COMPARED.contains(&set) {
            agreements.extend(agreement::measure(embedder, servers, set, &collection, &found).await?);
        }
        embedder.save()?;
    }
    Ok((measured, agreements))
}

async fn in_sqlite(embedder: &dyn Embedder, collection: &Collection) -> Result<Vec<Found>, Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    let location = Location::File(folder.path().join("bench.db"));
    let index = Arc::new(EmbeddedIndex::new(embedder.dimension(), VECTOR_MEMORY));
    let library = Library::create(&location, index).await?;
    let owners = fill(embedder, &library, collection).await?;
    let found = search(embedder, &library, collection, &owners).await?;
    library.store.close().await;
    Ok(found)
}

/// Asks all questions; `owners` has the document of each passage.
pub async fn search(
    embedder: &dyn Embedder,
    library: &Library,
    collection: &Collection,
    owners: &[usize],
) -> Result<Vec<Found>, Box<dyn Error>> {
    let mut all = Vec::new();
    let bar = progress(collection.queries.len(), "Searching")?;
    for query in &collection.queries {
        let meaning = Meaning::of(embedder, &query.text)?;
        let sought = Sought {
            question: &query.text,
            meaning: &meaning,
            lexical_weight: 0.5,
        };
        let within = [library.knowledge_base];
        let found = library.index.search(&library.store, &within, &sought).await?;
        let documents = |ranking: &[(i64, f32)]| {
            let mut documents: Vec<usize> = Vec::new();
            for (seq, _) in ranking {
                // Passages are counted from 1 in the order in which they were stored.
                let document = owners[usize::try_from(*seq)? - 1];
                if !documents.contains(&document) {
                    documents.push(document);
                }
            }
            Ok::<_, Box<dyn Error>>(documents)
        };
        all.push(Found {
            lexical: documents(&found.lexical)?,
            dense: documents(&found.dense)?,
            fused: documents(&found.fused)?,
        });
        bar.inc(1);
    }
    bar.finish_and_clear();
    Ok(all)
}

/// Reads the collection's documents into the knowledge base; returns the document of each passage.
pub async fn fill(
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
