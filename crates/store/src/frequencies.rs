//! In how many passages terms occur, remembered for a while.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use sqlx::SqlitePool;

use crate::{StoreError, database::statement};

/// Passages that a search by words scores, as far as the question's rarer terms are enough: scoring a hundred thousand
/// takes FTS5 a third of a second.
const MOST_SCORED: i64 = 30_000;

/// Counting a frequent term takes milliseconds, and an old count is as good: it only says which terms are rare.
const REMEMBERED: Duration = Duration::from_secs(600);
const MOST_REMEMBERED: usize = 50_000;

#[derive(Clone, Default)]
pub(crate) struct Frequencies(Arc<Mutex<HashMap<String, (i64, Instant)>>>);

impl Frequencies {
    /// The terms without the most frequent ones, which tell least, when all together are in too many passages. One that
    /// repeats still does.
    pub async fn rare_enough(&self, reads: &SqlitePool, terms: &[String]) -> Result<Vec<String>, StoreError> {
        self.in_at_most(MOST_SCORED, reads, terms).await
    }

    async fn in_at_most(&self, most: i64, reads: &SqlitePool, terms: &[String]) -> Result<Vec<String>, StoreError> {
        let counted = self.of(reads, terms).await?;
        let mut by_frequency: Vec<(&String, i64)> = counted.iter().map(|(term, count)| (term, *count)).collect();
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

    async fn of(&self, reads: &SqlitePool, terms: &[String]) -> Result<HashMap<String, i64>, StoreError> {
        let mut counted = HashMap::new();
        {
            let remembered = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            for term in terms {
                if let Some((count, at)) = remembered.get(term)
                    && at.elapsed() < REMEMBERED
                {
                    counted.insert(term.clone(), *count);
                }
            }
        }
        let unknown: Vec<&String> = terms.iter().filter(|term| !counted.contains_key(*term)).collect();
        if unknown.is_empty() {
            return Ok(counted);
        }
        let rows = statement("SELECT term, doc FROM passage_vocabulary WHERE term IN ")
            .push_list(unknown.iter().copied())
            .fetch_all(&crate::database::Pool::Sqlite(reads.clone()))
            .await?;
        let mut found: HashMap<String, i64> = unknown.into_iter().map(|term| (term.clone(), 0)).collect();
        for row in rows {
            found.insert(row.get("term")?, row.get("doc")?);
        }
        let mut remembered = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if remembered.len() > MOST_REMEMBERED {
            remembered.clear();
        }
        // A term that nobody has yet may come with the next document.
        let known = found.iter().filter(|(_, count)| **count > 0);
        remembered.extend(known.map(|(term, count)| (term.clone(), (*count, Instant::now()))));
        counted.extend(found);
        Ok(counted)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Location, Store, database::Pool};

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
        let Pool::Sqlite(reads) = &store.reads else {
            unreachable!()
        };
        let asked: Vec<String> = "common rare unheard often1 common"
            .split(' ')
            .map(str::to_owned)
            .collect();
        let kept = async |most: i64| {
            let kept = store.frequencies.in_at_most(most, reads, &asked).await.unwrap();
            kept.join(" ")
        };
        assert_eq!(kept(100).await, "common rare often1 common");
        assert_eq!(kept(32).await, "rare often1");
        assert_eq!(kept(5).await, "rare");
        // One is always looked for.
        assert_eq!(kept(1).await, "rare");
    }
}
