//! From a question to the numbered passages an answer is made from.

use api::{AssistantSettings, SearchHit, UserId};

use crate::{http::ApiError, search, state::AppState};

pub async fn passages(
    state: &AppState,
    caller: UserId,
    settings: &AssistantSettings,
    question: &str,
) -> Result<Vec<SearchHit>, ApiError> {
    let retrieval = &settings.retrieval;
    let mut hits = search::search(
        state,
        caller,
        question,
        &settings.knowledge_base_ids,
        retrieval.lexical_weight,
    )
    .await?;
    hits.retain(|hit| hit.score >= retrieval.min_score);
    hits.truncate(retrieval.passages as usize);
    Ok(hits)
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
