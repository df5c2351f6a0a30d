//! Search: what the caller may read, by words and by meaning, in one ranking.

use std::collections::HashMap;

use api::{KnowledgeBaseId, SearchHit, SearchRequest, SearchResults, UserId};
use axum::{Json, extract::State};
use engine::{dense::DenseBlock, embed::from_f16_bytes, fusion::fuse, lexical};
use store::{Store, StoreError};
use tokio::sync::Mutex;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    http::{ApiError, ApiJson, Caller},
    state::AppState,
};

/// Candidates taken from each of the two rankings.
const CANDIDATES: u32 = 50;
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
    let mut hits = search(&state, caller.user.id, query, &request.knowledge_base_ids, 0.5).await?;
    hits.truncate(request.limit.unwrap_or(10).clamp(1, 50) as usize);
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
) -> Result<Vec<SearchHit>, ApiError> {
    let readable = state.store.readable(caller, within).await?;
    let terms = lexical::query_terms(question);
    let lexical = state.store.lexical_search(&readable, &terms, CANDIDATES).await?;
    let embedder = state.embedder.clone();
    let text = question.to_owned();
    let vectors = tokio::task::spawn_blocking(move || embedder.embed(&[&text]))
        .await
        .map_err(ApiError::internal)?;
    let vector = vectors.map_err(ApiError::internal)?.pop().unwrap_or_default();
    let dense = state
        .dense
        .search(&state.store, &readable, &vector, CANDIDATES as usize)
        .await?;

    let keys = |ranking: &[(i64, f32)]| ranking.iter().map(|(key, _)| *key).collect::<Vec<_>>();
    let fused = fuse(&keys(&lexical), &keys(&dense), lexical_weight);
    let wanted = keys(&fused);
    let mut found: HashMap<i64, SearchHit> = state
        .store
        .passages(&readable, &wanted)
        .await?
        .into_iter()
        .map(|row| (row.seq, row.hit))
        .collect();
    let hits = fused.into_iter().filter_map(|(key, score)| {
        Some(SearchHit {
            score,
            ..found.remove(&key)?
        })
    });
    Ok(hits.collect())
}

/// The vectors of the knowledge bases that were searched, in memory. The database holds the truth.
pub struct DenseIndex {
    dimension: usize,
    blocks: Mutex<HashMap<KnowledgeBaseId, DenseBlock>>,
}

impl DenseIndex {
    pub fn new(dimension: usize) -> Self {
        Self {
            dimension,
            blocks: Mutex::default(),
        }
    }

    /// The nearest passages of these knowledge bases, best first. Reads first what was stored since the last search.
    async fn search(
        &self,
        store: &Store,
        within: &[KnowledgeBaseId],
        vector: &[f32],
        k: usize,
    ) -> Result<Vec<(i64, f32)>, StoreError> {
        let mut blocks = self.blocks.lock().await;
        let mut found = Vec::new();
        for id in within {
            let block = blocks.entry(*id).or_insert_with(|| DenseBlock::new(self.dimension));
            for stored in store.vectors_after(*id, block.last_key().unwrap_or(0)).await? {
                block.push(stored.seq, &from_f16_bytes(&stored.vector));
            }
            found.extend(block.search(vector, k));
        }
        found.sort_unstable_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        found.truncate(k);
        Ok(found)
    }

    /// Drops what is held of a knowledge base that lost a document; the next search reads it anew.
    pub async fn forget(&self, id: KnowledgeBaseId) {
        self.blocks.lock().await.remove(&id);
    }
}
