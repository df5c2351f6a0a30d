//! How long a search takes among many passages.

use std::{
    error::Error,
    path::Path,
    time::{Duration, Instant},
};

use api::KnowledgeBaseId;
use engine::{
    document::ExtractedText,
    embed::{Embedder, Meaning},
    lexical,
    split::Passage,
};
use store::{EmbeddedIndex, Location, PassageIndex, Sought, Store};

use crate::{collection::Collection, library::Library, retrieval::progress};

pub struct Measured {
    pub passages: usize,
    /// Middle and slowest but one in twenty, embedding the question included.
    pub median: Duration,
    /// The search by words alone, in the middle.
    pub in_words: Duration,
    pub slow: Duration,
    /// The first search, which reads the vectors.
    pub first: Duration,
}

const PASSAGES_A_DOCUMENT: usize = 1000;

/// Fills a database with as many passages as asked for, made of the words of a real collection, and searches it with
/// that collection's questions. None where the collection is not there.
pub async fn measure(
    embedder: &dyn Embedder,
    eval: &Path,
    cache: &Path,
    passages: usize,
) -> Result<Option<Measured>, Box<dyn Error>> {
    let folder = eval.join("retrieval/scifact");
    if !folder.is_dir() {
        eprintln!(
            "search among {passages} passages: skipped, {} is not there",
            folder.display()
        );
        return Ok(None);
    }
    let collection = Collection::read(&folder)?;
    let file = cache.join(format!("{passages}-passages.db"));
    let filled = file.is_file();
    // Filled under another name, so that an interrupted run leaves no half of it.
    let unfinished = cache.join("unfinished.db");
    if !filled {
        let _ = std::fs::remove_file(&unfinished);
        let library = Library::create(&unfinished).await?;
        fill(&library, embedder.dimension(), &collection, passages).await?;
        library.store.close().await;
        std::fs::rename(&unfinished, &file)?;
    }
    let store = Store::open(&Location::File(file)).await?;
    let user = store
        .user_by_email("bench@example.org")
        .await?
        .ok_or("the database has no user")?
        .user;
    let within: Vec<KnowledgeBaseId> = store.readable(user.id, &[]).await?;
    let index = EmbeddedIndex::new(embedder.dimension(), 1 << 30);
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
        index.search(&store, &within, &sought).await?;
        taken.push(begun.elapsed());
        let begun = Instant::now();
        store.lexical_search(&within, &lexical::terms(&query.text), 100).await?;
        in_words.push(begun.elapsed());
        bar.inc(1);
    }
    bar.finish_and_clear();
    store.close().await;
    let first = taken.remove(0);
    taken.sort_unstable();
    in_words.sort_unstable();
    Ok(Some(Measured {
        passages,
        in_words: in_words[in_words.len() / 2],
        median: taken[taken.len() / 2],
        slow: taken[taken.len() * 19 / 20],
        first,
    }))
}

async fn fill(
    library: &Library,
    dimension: usize,
    collection: &Collection,
    passages: usize,
) -> Result<(), Box<dyn Error>> {
    let words: Vec<&str> = collection
        .documents
        .iter()
        .flat_map(|document| document.text.split_whitespace())
        .collect();
    let mut chance = Chance(1);
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
        library
            .add(&format!("{document}.txt"), &ExtractedText::default(), made)
            .await?;
        bar.inc(PASSAGES_A_DOCUMENT as u64);
    }
    bar.finish_and_clear();
    Ok(())
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
pub fn table(measured: &Measured) -> String {
    let milliseconds = |duration: Duration| format!("{:.0} ms", duration.as_secs_f64() * 1000.0);
    format!(
        "| search by words and meaning, embedding the question included | median | words alone | 95th percentile | first, reading the vectors |\n\
         |---|---|---|---|---|\n| {} passages | {} | {} | {} | {} |\n",
        measured.passages,
        milliseconds(measured.median),
        milliseconds(measured.in_words),
        milliseconds(measured.slow),
        milliseconds(measured.first),
    )
}
