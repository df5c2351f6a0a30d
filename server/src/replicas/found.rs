//! What searches found, remembered in Redis for all replicas.
//!
//! A key holds the knowledge bases that were searched, each at its revision: whoever may not read one of them, or comes
//! after a change to one, has another key. So nothing that is remembered can be stale, or somebody else's.

use std::collections::HashMap;

use api::KnowledgeBaseId;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{Replicas, redis::PREFIX};

const KEPT_SECONDS: u64 = 600;

/// Passages by their `seq`, as the index ranked them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Found {
    pub fused: Vec<(i64, f32)>,
    pub cosines: HashMap<i64, f32>,
}

/// All that decides what a search finds.
pub struct Sought<'s> {
    pub question: &'s str,
    pub lexical_weight: f32,
    /// The model that made the vectors.
    pub model: &'s str,
    /// In any order.
    pub within: &'s [(KnowledgeBaseId, i64)],
}

impl Sought<'_> {
    fn key(&self) -> String {
        let mut within = self.within.to_vec();
        within.sort_unstable();
        let mut hash = Sha256::new();
        let (weight, program) = (self.lexical_weight.to_string(), env!("CARGO_PKG_VERSION"));
        for part in [program, self.model, weight.as_str(), self.question] {
            hash.update(part.len().to_le_bytes());
            hash.update(part);
        }
        for (id, revision) in within {
            hash.update(id.0.as_bytes());
            hash.update(revision.to_le_bytes());
        }
        format!("{PREFIX}found:{}", hex::encode(hash.finalize()))
    }
}

impl Replicas {
    pub async fn found(&self, sought: &Sought<'_>) -> Option<Found> {
        let key = sought.key();
        let json = self.redis()?.ask(async move |mut connection| {
            redis::cmd("GET")
                .arg(key)
                .query_async::<Option<String>>(&mut connection)
                .await
        });
        serde_json::from_str(&json.await??).ok()
    }

    pub async fn remember(&self, sought: &Sought<'_>, found: &Found) {
        let (Some(redis), Ok(json)) = (self.redis(), serde_json::to_string(found)) else {
            return;
        };
        let key = sought.key();
        redis
            .ask(async move |mut connection| {
                redis::cmd("SET")
                    .arg(key)
                    .arg(json)
                    .arg("EX")
                    .arg(KEPT_SECONDS)
                    .query_async::<()>(&mut connection)
                    .await
            })
            .await;
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn a_change_of_anything_that_decides_is_another_key() {
        let [one, two] = [1, 2].map(|n| KnowledgeBaseId(Uuid::from_u128(n)));
        let key = |question: &str, lexical_weight: f32, within: &[(KnowledgeBaseId, i64)]| {
            let model = "small";
            Sought {
                question,
                lexical_weight,
                model,
                within,
            }
            .key()
        };
        let first = key("how long", 0.5, &[(one, 3), (two, 1)]);
        assert_eq!(first, key("how long", 0.5, &[(two, 1), (one, 3)]));
        for other in [
            key("how short", 0.5, &[(one, 3), (two, 1)]),
            key("how long", 0.4, &[(one, 3), (two, 1)]),
            key("how long", 0.5, &[(one, 4), (two, 1)]),
            key("how long", 0.5, &[(one, 3)]),
        ] {
            assert_ne!(first, other);
        }
    }
}
