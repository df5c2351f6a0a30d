//! Answers made of the documents' own sentences.

use std::{iter, ops::Range};

use crate::{
    asked_for::AskedFor,
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

/// What the share of the question's words in a sentence counts beside the cosine of the two.
const WORDS: f32 = 0.7;

/// What a word of the question counts that stands in the title and headings above a sentence or in the sentence before.
const NEAR_BY: f32 = 0.5;

/// What a sentence loses that has no figure or name where one is asked for.
const LACKING: f32 = 0.15;

/// Relevance below which a sentence says nothing on the question. Of questions on one half of SQuAD's articles, 10 % found
/// such a sentence in the three nearest passages of other articles, and 95 % in their own passage.
const RELEVANT: f32 = 0.75;

/// A further sentence must come this close to the best one.
const NEAR_THE_BEST: f32 = 0.8;

/// The sentences that answer a question best, best first; none when the sources (best first) do not say. Blocks the
/// thread for some milliseconds a sentence.
pub fn answer(embedder: &dyn Embedder, question: &str, sources: &[Source]) -> Result<Vec<Quote>, EmbedError> {
    let asked = Words::of(question);
    let asked_for = AskedFor::of(question);
    let Some(meaning) = embedder.embed(&[question])?.pop() else {
        return Ok(Vec::new());
    };
    let mut quotes = Vec::new();
    for (source, evidence) in sources.iter().take(SEARCHED).map(Evidence::new).enumerate() {
        let mut evidence = evidence;
        let vectors = evidence.vectors(embedder)?.to_vec();
        let nothing = Words::default();
        let before = iter::once(&nothing).chain(evidence.sentences.iter().map(|sentence| &sentence.words));
        for ((sentence, vector), before) in evidence.sentences.iter().zip(&vectors).zip(before) {
            let said = &sentence.words;
            let is_near = |term: &str| evidence.context.terms.contains(term) || before.terms.contains(term);
            let shared = share(&asked.terms, |term| said.terms.contains(term));
            let near = share(&asked.terms, |term| !said.terms.contains(term) && is_near(term));
            let lacks = asked_for.is_some_and(|kind| !kind.is_in(said, &asked));
            let relevance =
                cosine(&meaning, vector) + WORDS * (shared + NEAR_BY * near) - if lacks { LACKING } else { 0.0 };
            if relevance >= RELEVANT {
                quotes.push(Quote {
                    source,
                    range: sentence.range.clone(),
                    relevance,
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

#[cfg(test)]
mod tests {
    use std::{path::Path, sync::LazyLock};

    use super::*;
    use crate::embed::MiniLm;

    static MODEL: LazyLock<MiniLm> = LazyLock::new(|| {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../models/all-MiniLM-L6-v2");
        MiniLm::load(&folder, 1).unwrap()
    });

    fn sources() -> Vec<Source> {
        let texts = [
            "Notice period\n\nThe notice period is three months to the end of a quarter. Pets are allowed.",
            "The rent is 900 euros a month.\n\nWhat is the rent\n\nIt is due on the third working day.",
        ];
        let source = |text: &str| Source {
            text: text.to_owned(),
            title: "lease.txt".to_owned(),
            headings: vec!["Notice period".to_owned()],
        };
        texts.map(source).to_vec()
    }

    fn answers(question: &str) -> Vec<String> {
        let sources = sources();
        let quotes = answer(&*MODEL, question, &sources).unwrap();
        quotes
            .into_iter()
            .map(|quote| sources[quote.source].text[quote.range].to_owned())
            .collect()
    }

    #[test]
    fn the_sentence_that_answers_comes_first() {
        assert_eq!(
            answers("How long is the notice period?")[0],
            "The notice period is three months to the end of a quarter."
        );
        assert_eq!(answers("How much is the rent?")[0], "The rent is 900 euros a month.");
    }

    #[test]
    fn headings_and_the_kind_of_answer_count() {
        let source = Source {
            text: "Warranty\n\nThe buyer inspects the goods on arrival and reports visible defects in writing. The \
                   supplier warrants the goods for a period of 24 months from the date of delivery. Wear of filters is \
                   excluded."
                .to_owned(),
            title: "supply.txt".to_owned(),
            headings: vec!["Warranty".to_owned()],
        };
        let quotes = answer(
            &*MODEL,
            "How long does the warranty period run, and from when?",
            std::slice::from_ref(&source),
        )
        .unwrap();
        assert!(source.text[quotes[0].range.clone()].contains("24 months"));
    }

    #[test]
    fn a_heading_is_no_answer_however_close_it_is() {
        for question in ["What is the notice period?", "What is the rent?"] {
            let given = answers(question);
            assert!(!given.is_empty());
            assert!(given.iter().all(|quote| quote.ends_with('.')), "{given:?}");
        }
    }

    #[test]
    fn what_the_documents_do_not_say_has_no_answer() {
        for question in [
            "Who won the world cup in 1998?",
            "How do I bake bread?",
            "Which planets have rings?",
        ] {
            assert!(answers(question).is_empty(), "{question}");
        }
    }
}
