//! Whether what the server needs answers.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use object_store::{ObjectStoreExt, path::Path};
use tokio::sync::Mutex;

use crate::state::AppState;

/// Each is asked at most this often, however often somebody wants to know.
const REMEMBERED: Duration = Duration::from_secs(1);

/// What does not answer within this time counts as away.
const PATIENCE: Duration = Duration::from_secs(2);

type States = Vec<(&'static str, bool)>;

#[derive(Clone, Default)]
pub struct Dependencies(Arc<Mutex<Option<(Instant, States)>>>);

impl Dependencies {
    /// The name of each, and whether it answers; those that are not configured are left out.
    pub async fn states(&self, state: &AppState) -> States {
        // Held while they are asked, so that of many who want to know one asks.
        let mut known = self.0.lock().await;
        if let Some((at, states)) = &*known
            && at.elapsed() < REMEMBERED
        {
            return states.clone();
        }
        let states = ask(state).await;
        *known = Some((Instant::now(), states.clone()));
        states
    }
}

async fn ask(state: &AppState) -> States {
    let database = async {
        state
            .store
            .any_user_exists()
            .await
            .map(drop)
            .map_err(|error| error.to_string())
    };
    let originals = async {
        match state.originals.head(&Path::from("no such file")).await {
            Ok(_) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(error.to_string()),
        }
    };
    let redis = async {
        match state.replicas.redis() {
            Some(redis) => redis.check().await.map(drop).map_err(|error| error.to_string()),
            None => Ok(()),
        }
    };
    let milvus = async { state.passage_index.reachable().await.map_err(|error| error.to_string()) };
    let (database, originals, redis, milvus) = tokio::join!(
        answers("database", database),
        answers("originals", originals),
        answers("redis", redis),
        answers("milvus", milvus),
    );
    let mut states = vec![database, originals];
    states.extend(state.replicas.redis().map(|_| redis));
    states.extend(state.config.milvus_url.as_ref().map(|_| milvus));
    states
}

async fn answers(name: &'static str, asked: impl Future<Output = Result<(), String>>) -> (&'static str, bool) {
    let outcome = tokio::time::timeout(PATIENCE, asked).await;
    let outcome = outcome.unwrap_or_else(|_| Err(format!("no answer within {} s", PATIENCE.as_secs())));
    if let Err(reason) = &outcome {
        tracing::warn!(dependency = name, %reason, "something that is needed does not answer");
    }
    (name, outcome.is_ok())
}
