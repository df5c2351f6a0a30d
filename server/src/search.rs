//! Search: what the caller may read, by words and by meaning, in one ranking.

use std::collections::{HashMap, HashSet};

use api::{KnowledgeBaseId, SearchHit, SearchRequest, SearchResults, UserId};
use axum::{Json, extract::State};
use engine::{embed::Meaning, lexical};
use store::{PassageRow, Sought};
use tracing::{Instrument, info_span};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    http::{ApiError, ApiJson, Caller},
    replicas::found::{self, Found},
    state::AppState,
    telemetry::METRICS,
};

const LONGEST_QUERY: usize = 4000;

pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(search_route))
}

/// Search passages without asking for an answer.
#[utoipa::path(post, path = "/search", tag = "Search", request_body = SearchRequest, responses((status = 200, body = SearchResults)))]
async fn search_route(
    State(state): State<AppState>,
    caller: Caller,
    ApiJson(request): ApiJson<SearchRequest>,
) -> Result<Json<SearchResults>, ApiError> {
    let query = request.query.trim();
    if query.is_empty() || query.chars().count() > LONGEST_QUERY {
        return Err(ApiError::invalid(
            "query",
            format!("Ask with 1 to {LONGEST_QUERY} characters."),
        ));
    }
    let limit = request.limit.unwrap_or(10).clamp(1, 50) as usize;
    let found = search(&state, caller.user.id, query, &request.knowledge_base_ids, 0.5, limit).await?;
    let hits = found.map(|found| found.hit).collect();
    Ok(Json(SearchResults { hits }))
}

/// The `most` passages that fit the question best, best first, from those of the named knowledge bases (of all, when none is
/// named) that the caller may read. How relevant one is, is found out when it is taken.
pub async fn search(
    state: &AppState,
    caller: UserId,
    question: &str,
    within: &[KnowledgeBaseId],
    lexical_weight: f32,
    most: usize,
) -> Result<impl Iterator<Item = PassageRow> + use<>, ApiError> {
    let readable = state.store.readable(caller, within).await?;
    let mut found = ranked(state, &readable, question, lexical_weight).await?;
    found.fused.truncate(most);

    let wanted: Vec<i64> = found.fused.iter().map(|(key, _)| *key).collect();
    let reading = state.store.passages(&readable, &wanted);
    let rows = reading.instrument(info_span!(target: "search", "read")).await?;
    let mut rows: HashMap<i64, PassageRow> = rows.into_iter().map(|row| (row.seq, row)).collect();
    let asked = lexical::query_terms(question);
    Ok(found.fused.into_iter().filter_map(move |(key, score)| {
        let mut row = rows.remove(&key)?;
        let cosine = found.cosines.get(&key).copied().unwrap_or(0.0);
        row.hit.score = score;
        row.hit.relevance = cosine.max(words_in_common(&asked, &row.hit)).clamp(0.0, 1.0);
        Some(row)
    }))
}

/// All candidates, from what was found before where nothing has changed since.
async fn ranked(
    state: &AppState,
    within: &[KnowledgeBaseId],
    question: &str,
    lexical_weight: f32,
) -> Result<Found, ApiError> {
    // Read before the search: what it finds is at least as new.
    let remembers = state.replicas.redis().is_some();
    let revisions = if remembers {
        state.store.revisions(within).await?
    } else {
        Vec::new()
    };
    let remembered = found::Sought {
        question,
        lexical_weight,
        model: state.embedder.id(),
        within: &revisions,
    };
    let remembering = state.replicas.found(&remembered);
    let found = remembering.instrument(info_span!(target: "search", "remember")).await;
    METRICS.searched(remembers.then_some(found.is_some()));
    if let Some(found) = found {
        return Ok(found);
    }
    let embedder = state.embedder.clone();
    let text = question.to_owned();
    let embedding = tokio::task::spawn_blocking(move || Meaning::of(embedder.as_ref(), &text))
        .instrument(info_span!(target: "embedding", "question"));
    let meaning = embedding
        .instrument(info_span!(target: "search", "embed"))
        .await
        .map_err(ApiError::internal)?
        .map_err(ApiError::internal)?;
    let sought = Sought {
        question,
        meaning: &meaning,
        lexical_weight,
    };
    let finding = state.passage_index.search(&state.store, within, &sought);
    let rankings = finding.instrument(info_span!(target: "search", "find")).await?;
    let found = Found {
        fused: rankings.fused,
        cosines: rankings.cosines,
    };
    state.replicas.remember(&remembered, &found).await;
    Ok(found)
}

/// The share of the question's terms that a passage holds, where it is most of them: a word or two that happen to be
/// the same say nothing.
fn words_in_common(asked: &[String], hit: &SearchHit) -> f32 {
    let said: HashSet<String> = lexical::terms(&hit.text).into_iter().collect();
    let common = asked.iter().filter(|term| said.contains(*term)).count();
    if common * 2 > asked.len() {
        common as f32 / asked.len() as f32
    } else {
        0.0
    }
}
