//! In how many passages terms occur, remembered for a while.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use crate::{
    StoreError,
    database::{Pool, statement},
};

/// Passages that a search by words scores, as far as the question's rarer terms are enough: scoring a hundred thousand
/// takes FTS5 a third of a second, and PostgreSQL longer.
const MOST_SCORED: i64 = 20_000;

/// Counting a frequent term takes milliseconds, and an old count is as good: it only says which terms are rare.
const REMEMBERED: Duration = Duration::from_secs(600);
const MOST_REMEMBERED: usize = 50_000;

#[derive(Clone, Default)]
pub(crate) struct Frequencies {
    /// On SQLite, of terms that were asked for, and when they were counted.
    counted: Arc<Mutex<HashMap<String, (i64, Instant)>>>,
    /// On PostgreSQL, of the most frequent terms, as it estimates them for its own plans.
    estimated: Arc<Mutex<Option<(Estimates, Instant)>>>,
}

type Estimates = Arc<HashMap<String, i64>>;

/// Of the terms of all passages, those that are in most, with an estimate of how many have them.
const MOST_FREQUENT: &str = "
    SELECT element, (frequency * greatest(reltuples, 0))::bigint AS passages
    FROM pg_stats
    JOIN pg_class ON pg_class.oid = 'passage_terms'::regclass
    CROSS JOIN LATERAL (SELECT most_common_elems::text::text[] AS elements) AS common
    CROSS JOIN LATERAL unnest(elements, most_common_elem_freqs[1:cardinality(elements)]) AS estimated (element, frequency)
    WHERE schemaname = current_schema() AND tablename = 'passage_terms' AND attname = 'terms'";

impl Frequencies {
    /// The terms without the most frequent ones, which tell least, when all together are in too many passages. One that
    /// repeats still does.
    pub async fn rare_enough(&self, reads: &Pool, terms: &[String]) -> Result<Vec<String>, StoreError> {
        self.in_at_most(MOST_SCORED, reads, terms).await
    }

    async fn in_at_most(&self, most: i64, reads: &Pool, terms: &[String]) -> Result<Vec<String>, StoreError> {
        let counts = match reads {
            Pool::Sqlite(_) => self.count(reads, terms).await?,
            Pool::Postgres(_) => self.estimate(reads, terms).await?,
        };
        let mut by_frequency: Vec<(&String, i64)> = counts.iter().map(|(term, count)| (term, *count)).collect();
        by_frequency.sort_unstable_by_key(|(term, count)| (*count, *term));
        let mut scored = 0;
        let mut kept = Vec::new();
        for (term, count) in by_frequency.into_iter().filter(|(_, count)| *count > 0) {
            if !kept.is_empty() && scored + count > most {
                break;
            }
            scored += count;
            kept.push(term);
        }
        Ok(terms.iter().filter(|term| kept.contains(term)).cloned().collect())
    }

    async fn count(&self, reads: &Pool, terms: &[String]) -> Result<HashMap<String, i64>, StoreError> {
        let mut counts = HashMap::new();
        {
            let counted = self.counted.lock().unwrap_or_else(PoisonError::into_inner);
            for term in terms {
                if let Some((count, at)) = counted.get(term)
                    && at.elapsed() < REMEMBERED
                {
                    counts.insert(term.clone(), *count);
                }
            }
        }
        let unknown: Vec<&String> = terms.iter().filter(|term| !counts.contains_key(*term)).collect();
        if unknown.is_empty() {
            return Ok(counts);
        }
        let rows = statement("SELECT term, doc FROM passage_vocabulary WHERE term IN ")
            .push_list(unknown.iter().copied())
            .fetch_all(reads)
            .await?;
        let mut found: HashMap<String, i64> = unknown.into_iter().map(|term| (term.clone(), 0)).collect();
        for row in rows {
            found.insert(row.get("term")?, row.get("doc")?);
        }
        let mut counted = self.counted.lock().unwrap_or_else(PoisonError::into_inner);
        if counted.len() > MOST_REMEMBERED {
            counted.clear();
        }
        // A term that nobody has yet may come with the next document.
        let known = found.iter().filter(|(_, count)| **count > 0);
        counted.extend(known.map(|(term, count)| (term.clone(), (*count, Instant::now()))));
        counts.extend(found);
        Ok(counts)
    }

    /// A term that is not among the most frequent counts as one that is in one passage.
    async fn estimate(&self, reads: &Pool, terms: &[String]) -> Result<HashMap<String, i64>, StoreError> {
        let remembered = self.estimated.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let frequent = match remembered.filter(|(_, at)| at.elapsed() < REMEMBERED) {
            Some((estimates, _)) => estimates,
            None => {
                let rows = statement(MOST_FREQUENT).fetch_all(reads).await?;
                let read: Result<HashMap<String, i64>, sqlx::Error> = rows
                    .iter()
                    .map(|row| Ok((row.get("element")?, row.get("passages")?)))
                    .collect();
                let estimates = Arc::new(read?);
                *self.estimated.lock().unwrap_or_else(PoisonError::into_inner) =
                    Some((estimates.clone(), Instant::now()));
                estimates
            }
        };
        let count = |term: &String| (term.clone(), frequent.get(term).copied().unwrap_or(1).max(1));
        Ok(terms.iter().map(count).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Location, Store};

    #[tokio::test]
    async fn the_most_frequent_terms_are_left_out_when_all_together_are_in_too_many_passages() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&Location::File(folder.path().join("test.db")))
            .await
            .unwrap();
        for n in 0_i64..20 {
            let rare = if n < 3 { "rare" } else { "" };
            statement("INSERT INTO passage_terms (rowid, owner, terms) VALUES ($1, 'kb', $2)")
                .bind(n + 1)
                .bind(format!("common often{} {rare}", n % 2))
                .execute(&store.writes)
                .await
                .unwrap();
        }
        let asked: Vec<String> = "common rare unheard often1 common"
            .split(' ')
            .map(str::to_owned)
            .collect();
        let kept = async |most: i64| {
            let kept = store.frequencies.in_at_most(most, &store.reads, &asked).await.unwrap();
            kept.join(" ")
        };
        assert_eq!(kept(100).await, "common rare often1 common");
        assert_eq!(kept(32).await, "rare often1");
        assert_eq!(kept(5).await, "rare");
        // One is always looked for.
        assert_eq!(kept(1).await, "rare");
    }
}
