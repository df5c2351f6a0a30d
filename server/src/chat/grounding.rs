//! Ties sentences to the passages they come from: exact quotes, their places, and whether they carry what is said.

use std::collections::HashSet;

use api::{Check, Citation, SearchHit};
use engine::{embed::Embedder, lexical::terms};
use unicode_segmentation::UnicodeSegmentation;

/// A sentence of a passage that answers a question.
pub struct Quote {
    /// Of the hit it stands in, counted from 0.
    pub hit: usize,
    /// Bytes in the hit's text.
    start: usize,
    end: usize,
    relevance: f32,
}

/// Passages that are searched for sentences.
const PASSAGES: usize = 5;

/// Sentences an answer is made of at most.
const SENTENCES: usize = 3;

/// Cosine of question and sentence below which a sentence says nothing on the question, unless their words agree.
const RELEVANT: f32 = 0.4;

/// Share of the question's words in a sentence that makes up for a low cosine.
const SHARED_WORDS: f32 = 0.6;

/// A further sentence must come this close to the best one.
const NEAR_THE_BEST: f32 = 0.8;

/// The sentences that answer a question best, best first; none when the passages do not say. Blocks the thread.
pub fn answer(
    embedder: &dyn Embedder,
    question: &str,
    hits: &[SearchHit],
) -> Result<Vec<Quote>, engine::embed::EmbedError> {
    let asked: HashSet<String> = terms(question).into_iter().collect();
    let mut quotes = Vec::new();
    for (at, hit) in hits.iter().take(PASSAGES).enumerate() {
        quotes.extend(sentences(&hit.text).map(|(start, end)| Quote {
            hit: at,
            start,
            end,
            relevance: 0.0,
        }));
    }
    let texts: Vec<&str> = std::iter::once(question)
        .chain(quotes.iter().map(|quote| &hits[quote.hit].text[quote.start..quote.end]))
        .collect();
    let vectors = embedder.embed(&texts)?;
    let Some((asked_vector, vectors)) = vectors.split_first() else {
        return Ok(Vec::new());
    };
    for ((quote, vector), text) in quotes.iter_mut().zip(vectors).zip(&texts[1..]) {
        let cosine: f32 = asked_vector.iter().zip(vector).map(|(a, b)| a * b).sum();
        let shared = share(&asked, &terms(text).into_iter().collect());
        quote.relevance = if cosine >= RELEVANT || shared >= SHARED_WORDS {
            cosine + shared
        } else {
            0.0
        };
    }
    quotes.retain(|quote| quote.relevance > 0.0);
    quotes.sort_by(|a, b| b.relevance.total_cmp(&a.relevance));
    let best = quotes.first().map_or(0.0, |quote| quote.relevance);
    quotes.retain(|quote| quote.relevance >= best * NEAR_THE_BEST);
    quotes.truncate(SENTENCES);
    Ok(quotes)
}

impl Quote {
    pub fn citation(&self, number: u32, hits: &[SearchHit]) -> Citation {
        cite(number, &hits[self.hit], (self.start, self.end), Check::Supported)
    }
}

/// The citations a text makes with `[n]`, where `n` counts the hits from 1: each number once, with the sentence of its
/// passage that comes closest to the sentence that cites it first.
pub fn citations(text: &str, hits: &[SearchHit]) -> Vec<Citation> {
    let mut found: Vec<Citation> = Vec::new();
    let mut from = 0;
    while let Some(open) = text[from..].find('[').map(|at| from + at) {
        from = open + 1;
        let Some(close) = text[from..].find(']').map(|at| from + at) else {
            break;
        };
        let numbers: Option<Vec<u32>> = text[from..close]
            .split(',')
            .map(|number| number.trim().parse().ok())
            .collect();
        let said = said_before(&text[..open]);
        for number in numbers.unwrap_or_default() {
            let hit = (number as usize).checked_sub(1).and_then(|at| hits.get(at));
            if let Some(hit) = hit
                && found.iter().all(|citation| citation.number != number)
            {
                found.push(check(number, said, hit));
            }
        }
    }
    found
}

/// The sentence that ends where a marker stands, without markers between them.
fn said_before(text: &str) -> &str {
    let text = text.trim_end_matches(|c: char| c.is_whitespace() || c.is_ascii_digit() || "[],.".contains(c));
    text.unicode_sentences().last().unwrap_or_default()
}

/// From this share of its words in one sentence of the passage, a sentence counts as supported or weakly supported.
const SUPPORTED: f32 = 0.6;
const WEAK: f32 = 0.3;

fn check(number: u32, said: &str, hit: &SearchHit) -> Citation {
    let said: HashSet<String> = terms(said).into_iter().collect();
    let closeness = |(start, end): (usize, usize)| share(&said, &terms(&hit.text[start..end]).into_iter().collect());
    let best = sentences(&hit.text).max_by(|a, b| closeness(*a).total_cmp(&closeness(*b)).then(b.0.cmp(&a.0)));
    let best = best.unwrap_or((0, hit.text.len()));
    // A sentence may sum up several of the passage's.
    let check = match share(&said, &terms(&hit.text).into_iter().collect()) {
        share if share >= SUPPORTED => Check::Supported,
        share if share >= WEAK => Check::Weak,
        _ => Check::Unsupported,
    };
    cite(number, hit, best, check)
}

/// How many of the terms are among the others, 0 to 1.
fn share(of: &HashSet<String>, among: &HashSet<String>) -> f32 {
    if of.is_empty() {
        return 0.0;
    }
    of.intersection(among).count() as f32 / of.len() as f32
}

fn cite(number: u32, hit: &SearchHit, (start, end): (usize, usize), check: Check) -> Citation {
    let before = hit.text[..start].chars().count() as u64;
    let length = hit.text[start..end].chars().count() as u64;
    Citation {
        number,
        passage_id: hit.passage_id,
        document_id: hit.document_id,
        knowledge_base_id: hit.knowledge_base_id,
        document_name: hit.document_name.clone(),
        page: hit.first_page,
        heading_path: hit.heading_path.clone(),
        quote: hit.text[start..end].to_owned(),
        start: hit.start + before,
        end: hit.start + before + length,
        check,
    }
}

/// Byte ranges of the sentences of a text, without the space around them; a line end ends a sentence too.
fn sentences(text: &str) -> impl Iterator<Item = (usize, usize)> + '_ {
    text.split_sentence_bound_indices().filter_map(|(start, sentence)| {
        let trimmed = sentence.trim();
        let start = start + (sentence.len() - sentence.trim_start().len());
        trimmed
            .chars()
            .any(char::is_alphanumeric)
            .then(|| (start, start + trimmed.len()))
    })
}

#[cfg(test)]
mod tests {
    use api::{DocumentId, KnowledgeBaseId, PassageId};
    use uuid::Uuid;

    use super::*;

    fn hit(text: &str) -> SearchHit {
        SearchHit {
            passage_id: PassageId(Uuid::nil()),
            document_id: DocumentId(Uuid::nil()),
            knowledge_base_id: KnowledgeBaseId(Uuid::nil()),
            document_name: "lease.txt".to_owned(),
            heading_path: Vec::new(),
            first_page: 1,
            last_page: 1,
            start: 100,
            end: 100 + text.chars().count() as u64,
            text: text.to_owned(),
            score: 1.0,
        }
    }

    #[test]
    fn a_citation_quotes_the_sentence_that_carries_what_is_said_with_its_place_in_characters() {
        let hits = [
            hit("Other matters."),
            hit("Grüße vorab. The notice period is three months. Pets are allowed."),
        ];
        let cited = citations("The notice period is three months [2]. See [9] and [2].", &hits);
        assert_eq!(cited.len(), 1);
        assert_eq!(cited[0].quote, "The notice period is three months.");
        assert_eq!((cited[0].start, cited[0].end), (113, 147));
        assert_eq!(cited[0].check, Check::Supported);
    }

    #[test]
    fn what_the_passage_does_not_say_is_unsupported() {
        let hits = [hit("Pets are allowed.")];
        let cited = citations("Parking costs forty euros monthly.[1]", &hits);
        assert_eq!(cited[0].check, Check::Unsupported);
    }
}
