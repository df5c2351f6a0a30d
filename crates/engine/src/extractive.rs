//! Answers made of the documents' own sentences.

use std::ops::Range;

use crate::{
    embed::{EmbedError, Embedder},
    evidence::{Evidence, Source, Words, cosine, share},
};

/// A sentence of a source that answers a question.
#[derive(Debug, Clone, PartialEq)]
pub struct Quote {
    /// The source it stands in, counted from 0.
    pub source: usize,
    /// Bytes in the source's text.
    pub range: Range<usize>,
    /// Comparable within one answer.
    pub relevance: f32,
}

/// Sources that are searched for sentences.
const SEARCHED: usize = 5;

/// Sentences an answer is made of at most.
const SENTENCES: usize = 3;

/// Cosine of question and sentence below which a sentence says nothing on the question, unless their words agree.
const RELEVANT: f32 = 0.4;

/// Share of the question's words in a sentence that makes up for a low cosine.
const SHARED_WORDS: f32 = 0.6;

/// A further sentence must come this close to the best one.
const NEAR_THE_BEST: f32 = 0.8;

/// The sentences that answer a question best, best first; none when the sources (best first) do not say. Blocks the
/// thread for some milliseconds a sentence.
pub fn answer(embedder: &dyn Embedder, question: &str, sources: &[Source]) -> Result<Vec<Quote>, EmbedError> {
    let asked = Words::of(question);
    let Some(meaning) = embedder.embed(&[question])?.pop() else {
        return Ok(Vec::new());
    };
    let mut quotes = Vec::new();
    for (source, evidence) in sources.iter().take(SEARCHED).map(Evidence::new).enumerate() {
        let mut evidence = evidence;
        let vectors = evidence.vectors(embedder)?.to_vec();
        for (sentence, vector) in evidence.sentences.iter().zip(&vectors) {
            let close = cosine(&meaning, vector);
            let shared = share(&asked.terms, |term| sentence.words.terms.contains(term));
            if close >= RELEVANT || shared >= SHARED_WORDS {
                quotes.push(Quote {
                    source,
                    range: sentence.range.clone(),
                    relevance: close + shared,
                });
            }
        }
    }
    quotes.sort_by(|a, b| b.relevance.total_cmp(&a.relevance).then(a.source.cmp(&b.source)));
    let best = quotes.first().map_or(0.0, |quote| quote.relevance);
    quotes.retain(|quote| quote.relevance >= best * NEAR_THE_BEST);
    quotes.truncate(SENTENCES);
    Ok(quotes)
}
