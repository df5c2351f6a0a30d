//! From a question to the numbered passages an answer is made from.

use std::collections::HashSet;

use api::{AssistantSettings, SearchHit, UserId};
use engine::lexical;
use store::{PassageRow, StoreError};

use crate::{http::ApiError, search, state::AppState};

/// Tokens of all passages together at most: a small model reads 4,096, its instructions and its answer included.
const TOKENS: usize = 2_800;

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
    let retrieval = &settings.retrieval;
    let mut found = search::search(
        state,
        caller,
        question,
        &settings.knowledge_base_ids,
        retrieval.lexical_weight,
    )
    .await?;
    found.retain(|row| row.hit.score >= retrieval.min_score);
    let mut found = different(found, retrieval.passages as usize);
    found.sort_by_key(|row| (row.hit.document_id.0, row.ordinal));
    let mut hits = Vec::new();
    for run in found.chunk_by(|a, b| side_by_side(a, b, retrieval.neighbours)) {
        hits.extend(joined(state, caller, run, retrieval.neighbours).await?);
    }
    hits.sort_by(|a, b| b.score.total_cmp(&a.score));
    let mut tokens = 0;
    hits.retain(|hit| {
        let more = state.embedder.count_tokens(&hit.text);
        let fits = tokens == 0 || tokens + more <= TOKENS;
        tokens += if fits { more } else { 0 };
        fits
    });
    Ok(hits)
}

/// The first `count` that are not near-copies of better ones.
fn different(found: Vec<PassageRow>, count: usize) -> Vec<PassageRow> {
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
) -> Result<Option<SearchHit>, ApiError> {
    let best = run.iter().max_by(|a, b| a.hit.score.total_cmp(&b.hit.score));
    let (Some(first), Some(last), Some(best)) = (run.first(), run.last(), best) else {
        return Ok(None);
    };
    if neighbours == 0 && run.len() == 1 {
        return Ok(Some(best.hit.clone()));
    }
    let ordinals = first.ordinal.saturating_sub(neighbours)..=last.ordinal.saturating_add(neighbours);
    let span = match state.store.passage_span(caller, best.hit.document_id, ordinals).await {
        Ok(span) => span,
        Err(StoreError::NotFound(_)) => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    Ok(Some(SearchHit {
        first_page: span.first_page,
        last_page: span.last_page,
        start: span.start,
        end: span.end,
        text: span.text,
        ..best.hit.clone()
    }))
}

/// The passages as the model reads them, numbered from 1 in their order.
pub fn context(hits: &[SearchHit]) -> String {
    let passage = |(number, hit): (usize, &SearchHit)| {
        let mut place = vec![hit.document_name.clone()];
        place.extend(hit.heading_path.iter().cloned());
        format!("[{number}] {}\n{}", place.join(" > "), hit.text)
    };
    (1..).zip(hits).map(passage).collect::<Vec<_>>().join("\n\n")
}

/// What to search with when no model can rewrite the question: a very short one leans on the one before it.
pub fn with_previous(question: &str, previous: Option<&str>) -> String {
    const LEANS_ON_THE_PREVIOUS: usize = 4;
    match previous {
        Some(previous) if question.split_whitespace().count() <= LEANS_ON_THE_PREVIOUS => {
            format!("{previous} {question}")
        }
        _ => question.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::with_previous;

    #[test]
    fn a_very_short_question_is_searched_with_the_one_before_it() {
        assert_eq!(
            with_previous("And in Berlin?", Some("What is the rent in Paris?")),
            "What is the rent in Paris? And in Berlin?"
        );
        let whole = "What is the notice period of the Berlin contract?";
        assert_eq!(with_previous(whole, Some("Who signed?")), whole);
        assert_eq!(with_previous("Why?", None), "Why?");
    }
}
