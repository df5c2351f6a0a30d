//! From a question to the numbered passages an answer is made from.

use std::collections::HashSet;

use api::{AssistantSettings, SearchHit, UserId};
use axum::http::StatusCode;
use engine::lexical;
use store::{PassageRow, StoreError};

use crate::{http::ApiError, search, state::AppState};

/// Share of words in common from which two passages say the same.
const SAME: f32 = 0.85;

/// The passages an answer is made from, best first. Those that stand side by side are one; what says the same as a better
/// one is left out.
pub async fn passages(
    state: &AppState,
    caller: UserId,
    settings: &AssistantSettings,
    question: &str,
) -> Result<Vec<SearchHit>, ApiError> {
    let (retrieval, named) = (&settings.retrieval, &settings.knowledge_base_ids);
    if !named.is_empty() && state.store.readable(caller, named).await?.is_empty() {
        return Err(ApiError::new(
            StatusCode::CONFLICT,
            "knowledge_bases_gone",
            "The knowledge bases are gone",
            "Every knowledge base this answer was to be made from was deleted or is no longer shared with you. Choose \
             others in the assistant's settings.",
        ));
    }
    let found = search::search(state, caller, question, named, retrieval.lexical_weight, usize::MAX).await?;
    let relevant = found.filter(|row| row.hit.relevance >= retrieval.min_score);
    let mut found = different(relevant, retrieval.passages as usize);
    found.sort_by_key(|row| (row.hit.document_id.0, row.ordinal));
    let mut runs = Vec::new();
    for run in found.chunk_by(|a, b| side_by_side(a, b, retrieval.neighbours)) {
        runs.extend(joined(state, caller, run, retrieval.neighbours).await?);
    }
    let tokens = |hit: &SearchHit| state.embedder.count_tokens(&as_read(0, hit));
    Ok(that_fit(runs, retrieval.context_tokens as usize, tokens))
}

/// Passages that stand side by side.
struct Run {
    whole: SearchHit,
    /// The best of them alone.
    best: SearchHit,
}

/// The best runs for which there is room, best first; the best passage of a run where there is none for the whole. The
/// very best is always taken.
fn that_fit(mut runs: Vec<Run>, mut room: usize, tokens: impl Fn(&SearchHit) -> usize) -> Vec<SearchHit> {
    runs.sort_by(|a, b| b.whole.score.total_cmp(&a.whole.score));
    let mut taken = Vec::new();
    for Run { whole, best } in runs {
        let first = taken.is_empty();
        let fitting = [whole, best.clone()].into_iter().find(|hit| tokens(hit) <= room);
        if let Some(hit) = fitting.or(first.then_some(best)) {
            room = room.saturating_sub(tokens(&hit));
            taken.push(hit);
        }
    }
    taken
}

/// The first `count` that are not near-copies of better ones.
fn different(found: impl Iterator<Item = PassageRow>, count: usize) -> Vec<PassageRow> {
    let mut kept: Vec<(PassageRow, HashSet<String>)> = Vec::new();
    for row in found {
        if kept.len() == count {
            break;
        }
        let words: HashSet<String> = lexical::terms(&row.hit.text).into_iter().collect();
        let same = |other: &HashSet<String>| {
            let shared = words.intersection(other).count();
            shared as f32 >= SAME * (words.len() + other.len() - shared).max(1) as f32
        };
        if !kept.iter().any(|(_, other)| same(other)) {
            kept.push((row, words));
        }
    }
    kept.into_iter().map(|(row, _)| row).collect()
}

/// Whether nothing is left between two passages once each has its neighbours.
fn side_by_side(a: &PassageRow, b: &PassageRow, neighbours: u32) -> bool {
    a.hit.document_id == b.hit.document_id && b.ordinal <= a.ordinal + 2 * neighbours + 1
}

/// Passages of one document and their neighbours as one: the document's text from the first to the last. None when the
/// document was deleted meanwhile.
async fn joined(
    state: &AppState,
    caller: UserId,
    run: &[PassageRow],
    neighbours: u32,
) -> Result<Option<Run>, ApiError> {
    let best = run.iter().max_by(|a, b| a.hit.score.total_cmp(&b.hit.score));
    let (Some(first), Some(last), Some(best)) = (run.first(), run.last(), best) else {
        return Ok(None);
    };
    if neighbours == 0 && run.len() == 1 {
        return Ok(Some(Run {
            whole: best.hit.clone(),
            best: best.hit.clone(),
        }));
    }
    let ordinals = first.ordinal.saturating_sub(neighbours)..=last.ordinal.saturating_add(neighbours);
    let span = match state.store.passage_span(caller, best.hit.document_id, ordinals).await {
        Ok(span) => span,
        Err(StoreError::NotFound(_)) => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    let whole = SearchHit {
        first_page: span.first_page,
        last_page: span.last_page,
        start: span.start,
        end: span.end,
        text: span.text,
        ..best.hit.clone()
    };
    Ok(Some(Run {
        whole,
        best: best.hit.clone(),
    }))
}

/// The passages as the model reads them, numbered from 1 in their order.
pub fn context(hits: &[SearchHit]) -> String {
    let numbered = (1..).zip(hits).map(|(number, hit)| as_read(number, hit));
    numbered.collect::<Vec<_>>().join("\n\n")
}

fn as_read(number: usize, hit: &SearchHit) -> String {
    let mut place = vec![hit.document_name.as_str()];
    place.extend(hit.heading_path.iter().map(String::as_str));
    format!("[{number}] {}\n{}", place.join(" > "), hit.text)
}

/// What to search with when no model can rewrite the question: one that leans on the question before it takes that
/// one's words along.
pub fn with_previous(question: &str, previous: Option<&str>) -> String {
    match previous {
        Some(previous) if is_elliptical(question) => format!("{previous} {question}"),
        _ => question.to_owned(),
    }
}

/// Whether a rewritten question still asks for most of what was asked, and is not much longer: small models wander off.
pub fn says_the_same(asked: &str, rewritten: &str) -> bool {
    const LONGEST: usize = 500;
    let terms = lexical::query_terms(asked);
    let kept: HashSet<String> = lexical::terms(rewritten).into_iter().collect();
    let common = terms.iter().filter(|term| kept.contains(*term)).count();
    !rewritten.is_empty() && rewritten.chars().count() <= LONGEST && common * 2 >= terms.len()
}

/// Whether a question can hardly be understood alone: it names at most one thing, begins as a continuation, or points
/// back with a pronoun.
fn is_elliptical(question: &str) -> bool {
    const CONTINUES: [&str; 14] = [
        "and",
        "but",
        "or",
        "also",
        "then",
        "what about",
        "how about",
        "und",
        "aber",
        "oder",
        "et",
        "mais",
        "y",
        "pero",
    ];
    const POINTS_BACK: [&str; 13] = [
        "it", "its", "they", "them", "their", "he", "him", "his", "she", "her", "this", "these", "those",
    ];
    let folded = question.to_lowercase();
    let words: Vec<&str> = folded
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .collect();
    let spaced = words.join(" ");
    lexical::query_terms(question).len() <= 1
        || CONTINUES.iter().any(|start| {
            spaced
                .strip_prefix(start)
                .is_some_and(|rest| rest.starts_with(' ') || rest.is_empty())
        })
        || words.iter().any(|word| POINTS_BACK.contains(word))
}

#[cfg(test)]
mod tests {
    use api::{DocumentId, KnowledgeBaseId, PassageId};
    use uuid::Uuid;

    use super::*;

    #[test]
    fn a_question_that_leans_on_the_one_before_is_searched_with_it() {
        let previous = Some("What is the rent in Paris?");
        for leaning in [
            "And in Berlin?",
            "Why?",
            "What about the deposit and the heating?",
            "Who pays it each month?",
        ] {
            assert_eq!(
                with_previous(leaning, previous),
                format!("What is the rent in Paris? {leaning}")
            );
        }
        for whole in [
            "What is the notice period of the Berlin contract?",
            "Who signed the lease?",
        ] {
            assert_eq!(with_previous(whole, previous), whole);
        }
        assert_eq!(with_previous("Why?", None), "Why?");
    }

    #[test]
    fn a_rewritten_question_must_keep_what_was_asked() {
        assert!(says_the_same("And in Berlin?", "What is the rent in Berlin?"));
        assert!(says_the_same("Why?", "Why is the rent in Paris so high?"));
        assert!(!says_the_same("And in Berlin?", "I am a language model."));
        assert!(!says_the_same("And in Berlin?", ""));
        assert!(!says_the_same("And in Berlin?", &"Berlin ".repeat(100)));
    }

    fn hit(document: u128, ordinal: u32) -> SearchHit {
        SearchHit {
            passage_id: PassageId(Uuid::from_u128(document * 100 + u128::from(ordinal))),
            document_id: DocumentId(Uuid::from_u128(document)),
            knowledge_base_id: KnowledgeBaseId(Uuid::nil()),
            document_name: "lease.txt".to_owned(),
            heading_path: vec!["Rent".to_owned()],
            first_page: 1,
            last_page: 1,
            start: u64::from(ordinal) * 10,
            end: u64::from(ordinal) * 10 + 9,
            text: format!("{document}.{ordinal}"),
            score: 1.0,
            relevance: 1.0,
        }
    }

    #[test]
    fn the_best_that_fit_are_taken_whole_or_alone() {
        let run = |ordinal: u32, score: f32, length: usize| {
            let best = SearchHit {
                score,
                ..hit(1, ordinal)
            };
            Run {
                whole: SearchHit {
                    text: "x".repeat(length),
                    ..best.clone()
                },
                best,
            }
        };
        // A passage alone has three characters here.
        let taken = |room: usize| {
            let runs = vec![run(3, 0.3, 40), run(1, 0.9, 50), run(2, 0.5, 60)];
            let taken = that_fit(runs, room, |hit| hit.text.len());
            taken
                .into_iter()
                .map(|hit| (hit.score, hit.text.len()))
                .collect::<Vec<_>>()
        };
        assert_eq!(taken(150), [(0.9, 50), (0.5, 60), (0.3, 40)]);
        assert_eq!(taken(100), [(0.9, 50), (0.5, 3), (0.3, 40)]);
        assert_eq!(taken(51), [(0.9, 50)]);
        assert_eq!(taken(2), [(0.9, 3)]);
    }

    #[test]
    fn a_model_reads_where_a_passage_stands_and_its_number() {
        assert_eq!(
            context(&[hit(1, 0), hit(2, 1)]),
            "[1] lease.txt > Rent\n1.0\n\n[2] lease.txt > Rent\n2.1"
        );
    }
}
