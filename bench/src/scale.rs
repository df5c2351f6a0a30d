//! How long a search takes among many passages, how long it takes to put them there, and what memory they need.

use std::{
    error::Error,
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use engine::{
    document::ExtractedText,
    embed::{Embedder, Meaning},
    lexical,
    split::Passage,
};
use milvus::{Address, MilvusIndex};
use store::{EmbeddedIndex, Location, Sought};

use crate::{
    collection::Collection,
    library::Library,
    process::Process,
    retrieval::{VECTOR_MEMORY, progress},
    servers::{Servers, analyze, empty_database},
};

/// What one kind of deployment takes.
pub struct Measured {
    deployment: &'static str,
    passages: usize,
    /// None when an earlier run has put the passages there.
    loading: Option<Loading>,
    searching: Searching,
    /// Bytes that the vectors need.
    memory: u64,
}

struct Loading {
    whole: Duration,
    /// What the index took of that.
    index: Duration,
    /// From then on until the index had done what it does afterwards.
    afterwards: Duration,
}

struct Searching {
    /// The first search, which may read the vectors.
    first: Duration,
    /// Middle and slowest but one in twenty, embedding the question included.
    median: Duration,
    slow: Duration,
    /// The search by words alone, in the middle.
    in_words: Duration,
}

const PASSAGES_A_DOCUMENT: usize = 1000;

/// Fills a database with as many passages as asked for, made of the words of a real collection, and searches it with
/// that collection's questions: in SQLite with the embedded index, and in PostgreSQL with Milvus. Says what is missing.
pub async fn measure(
    embedder: &dyn Embedder,
    eval: &Path,
    cache: &Path,
    servers: &Servers,
    [embedded, in_milvus]: [usize; 2],
) -> Result<Vec<Measured>, Box<dyn Error>> {
    let folder = eval.join("retrieval/scifact");
    if !folder.is_dir() {
        eprintln!("search among many passages: skipped, {} is not there", folder.display());
        return Ok(Vec::new());
    }
    let collection = Collection::read(&folder)?;
    let mut measured = Vec::new();
    if embedded > 0 {
        measured.push(measure_embedded(embedder, cache, &collection, embedded).await?);
    }
    if let (1.., Some(postgres), Some((address, port))) = (in_milvus, &servers.postgres, &servers.milvus) {
        let process = Process::started_with(&format!("port-{port}"))
            .ok_or("the Milvus at TEST_MILVUS_URL does not run on this machine: its memory cannot be seen")?;
        let location = empty_database(postgres).await?;
        measured.push(measure_milvus(embedder, &location, address, &process, &collection, in_milvus).await?);
    }
    Ok(measured)
}

async fn measure_embedded(
    embedder: &dyn Embedder,
    cache: &Path,
    collection: &Collection,
    passages: usize,
) -> Result<Measured, Box<dyn Error>> {
    let index = || Arc::new(EmbeddedIndex::new(embedder.dimension(), VECTOR_MEMORY));
    let file = cache.join(format!("{passages}-passages.db"));
    let mut loading = None;
    if !file.is_file() {
        // Filled under another name, so that an interrupted run leaves no half of it.
        let unfinished = cache.join("unfinished.db");
        let _ = std::fs::remove_file(&unfinished);
        let library = Library::create(&Location::File(unfinished.clone()), index()).await?;
        loading = Some(fill(&library, embedder.dimension(), collection, passages).await?);
        library.store.close().await;
        std::fs::rename(&unfinished, &file)?;
    }
    let library = Library::open(&Location::File(file), index()).await?;
    let process = Process::own();
    let before = process.resident()?;
    let searching = search(embedder, &library, collection).await?;
    let memory = process.resident()?.saturating_sub(before);
    library.store.close().await;
    Ok(Measured {
        deployment: "SQLite, embedded index",
        passages,
        loading,
        searching,
        memory,
    })
}

async fn measure_milvus(
    embedder: &dyn Embedder,
    location: &Location,
    address: &Address,
    process: &Process,
    collection: &Collection,
    passages: usize,
) -> Result<Measured, Box<dyn Error>> {
    let index = Arc::new(MilvusIndex::new(address.clone()));
    let library = Library::create(location, index.clone()).await?;
    index.prepare(&library.store, embedder.dimension()).await?;
    process.quiet().await?;
    let before = process.resident()?;
    let mut loading = fill(&library, embedder.dimension(), collection, passages).await?;
    let loaded = Instant::now();
    analyze(location).await?;
    process.quiet().await?;
    loading.afterwards = loaded.elapsed();
    let searching = search(embedder, &library, collection).await?;
    let memory = process.resident()?.saturating_sub(before);
    library.store.close().await;
    Ok(Measured {
        deployment: "PostgreSQL, Milvus 2.3",
        passages,
        loading: Some(loading),
        searching,
        memory,
    })
}

async fn search(
    embedder: &dyn Embedder,
    library: &Library,
    collection: &Collection,
) -> Result<Searching, Box<dyn Error>> {
    let within = [library.knowledge_base];
    let (mut taken, mut in_words) = (Vec::new(), Vec::new());
    let bar = progress(60, "Searching many passages")?;
    for query in collection.queries.iter().take(60) {
        let begun = Instant::now();
        let meaning = Meaning::of(embedder, &query.text)?;
        let sought = Sought {
            question: &query.text,
            meaning: &meaning,
            lexical_weight: 0.5,
        };
        library.index.search(&library.store, &within, &sought).await?;
        taken.push(begun.elapsed());
        let begun = Instant::now();
        let terms = lexical::terms(&query.text);
        library.store.lexical_search(&within, &terms, 100).await?;
        in_words.push(begun.elapsed());
        bar.inc(1);
    }
    bar.finish_and_clear();
    let first = taken.remove(0);
    taken.sort_unstable();
    in_words.sort_unstable();
    Ok(Searching {
        first,
        median: taken[taken.len() / 2],
        slow: taken[taken.len() * 19 / 20],
        in_words: in_words[in_words.len() / 2],
    })
}

async fn fill(
    library: &Library,
    dimension: usize,
    collection: &Collection,
    passages: usize,
) -> Result<Loading, Box<dyn Error>> {
    let words: Vec<&str> = collection
        .documents
        .iter()
        .flat_map(|document| document.text.split_whitespace())
        .collect();
    let mut chance = Chance(1);
    let (begun, mut index) = (Instant::now(), Duration::ZERO);
    let bar = progress(passages, "Filling a database")?;
    for document in 0..passages.div_ceil(PASSAGES_A_DOCUMENT) {
        let made = (0..PASSAGES_A_DOCUMENT)
            .map(|_| {
                let from = chance.below(words.len() - 100);
                let text = words[from..from + 60 + chance.below(40)].join(" ");
                let vector: Vec<f32> = (0..dimension)
                    .map(|_| chance.below(2001) as f32 / 1000.0 - 1.0)
                    .collect();
                let length = vector.iter().map(|value| value * value).sum::<f32>().sqrt();
                let vector: Vec<f32> = vector.iter().map(|value| value / length).collect();
                let passage = Passage {
                    range: 0..text.len(),
                    characters: 0..text.len() as u64,
                    first_page: 1,
                    last_page: 1,
                    heading_path: Vec::new(),
                    table_head: None,
                    text: text.clone(),
                };
                (passage, text, vector)
            })
            .collect();
        index += library
            .add(&format!("{document}.txt"), &ExtractedText::default(), made)
            .await?;
        bar.inc(PASSAGES_A_DOCUMENT as u64);
    }
    bar.finish_and_clear();
    Ok(Loading {
        whole: begun.elapsed(),
        index,
        afterwards: Duration::ZERO,
    })
}

/// The same numbers in every run (xorshift).
struct Chance(u64);

impl Chance {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % bound as u64) as usize
    }
}

/// The figures as a Markdown table.
pub fn table(measured: &[Measured]) -> String {
    let milliseconds = |duration: Duration| format!("{:.0} ms", duration.as_secs_f64() * 1000.0);
    let mut table = String::from(
        "| words and meaning, embedding the question included | passages | put there | of that the index, and afterwards | first search | median | 95th percentile | words alone, median | memory of the vectors |\n\
         |---|---|---|---|---|---|---|---|---|\n",
    );
    for made in measured {
        let [whole, index] = made.loading.as_ref().map_or([const { String::new() }; 2], |loading| {
            let a_second = made.passages as f64 / loading.whole.as_secs_f64();
            let seconds = [loading.whole, loading.index, loading.afterwards].map(|part| part.as_secs_f64());
            [
                format!("{:.0} s, {a_second:.0} passages a second", seconds[0]),
                format!("{:.0} s, {:.0} s", seconds[1], seconds[2]),
            ]
        });
        let searching = &made.searching;
        table.push_str(&format!(
            "| {} | {} | {whole} | {index} | {} | {} | {} | {} | {:.0} MB |\n",
            made.deployment,
            made.passages,
            milliseconds(searching.first),
            milliseconds(searching.median),
            milliseconds(searching.slow),
            milliseconds(searching.in_words),
            made.memory as f64 / 1e6,
        ));
    }
    table
}
