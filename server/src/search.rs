//! Search: what the caller may read, by words and by meaning, in one ranking.

use std::collections::HashMap;

use api::{KnowledgeBaseId, SearchRequest, SearchResults, UserId};
use axum::{Json, extract::State};
use store::{PassageRow, Sought};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    http::{ApiError, ApiJson, Caller},
    state::AppState,
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
    let mut found = search(&state, caller.user.id, query, &request.knowledge_base_ids, 0.5).await?;
    found.truncate(request.limit.unwrap_or(10).clamp(1, 50) as usize);
    let hits = found.into_iter().map(|found| found.hit).collect();
    Ok(Json(SearchResults { hits }))
}

/// The passages that fit the question best, best first, from those of the named knowledge bases (of all, when none is
/// named) that the caller may read.
pub async fn search(
    state: &AppState,
    caller: UserId,
    question: &str,
    within: &[KnowledgeBaseId],
    lexical_weight: f32,
) -> Result<Vec<PassageRow>, ApiError> {
    let readable = state.store.readable(caller, within).await?;
    let embedder = state.embedder.clone();
    let text = question.to_owned();
    let vectors = tokio::task::spawn_blocking(move || embedder.embed(&[&text]))
        .await
        .map_err(ApiError::internal)?;
    let vector = vectors.map_err(ApiError::internal)?.pop().unwrap_or_default();
    let sought = Sought {
        question,
        vector: &vector,
        lexical_weight,
    };
    let fused = state
        .passage_index
        .search(&state.store, &readable, &sought)
        .await?
        .fused;

    let wanted: Vec<i64> = fused.iter().map(|(key, _)| *key).collect();
    let rows = state.store.passages(&readable, &wanted).await?;
    let mut found: HashMap<i64, PassageRow> = rows.into_iter().map(|row| (row.seq, row)).collect();
    let in_order = fused.into_iter().filter_map(|(key, score)| {
        let mut row = found.remove(&key)?;
        row.hit.score = score;
        Some(row)
    });
    Ok(in_order.collect())
}
