//! Making the index anew from what is stored, while the old one is searched.

use std::time::Duration;

use store::{IndexError, OWN_INDEX, Store};

use crate::{
    collection::{Collection, Part},
    index::{MilvusIndex, PASSAGES_A_CALL, new_generation},
    server::SERVER,
};

/// Searches that began in the old index have ended after so long.
const LAST_SEARCHES: Duration = Duration::from_secs(5);

impl MilvusIndex {
    /// Puts every passage, with a vector of so many numbers, into a new collection, then has it used in place of the old
    /// one, which is dropped. Tells how many passages are done; returns how many there were. What is published meanwhile
    /// is in it too.
    ///
    /// # Errors
    /// [`IndexError::Superseded`] when somebody else has done so meanwhile; theirs is used.
    pub async fn rebuild(
        &self,
        store: &Store,
        dimension: usize,
        mut done: impl FnMut(u64) + Send,
    ) -> Result<u64, IndexError> {
        let server = self.server.connected().await?;
        let (old, new) = (store.index_generation().await?, new_generation());
        let collection = Collection::new(server.clone(), new);
        let built = async {
            collection.create(dimension).await?;
            let (mut through, mut count) = (0, 0);
            loop {
                if store.index_generation().await? != old {
                    return Err(IndexError::Superseded);
                }
                let settled = store.last_settled_passage().await?;
                while through < settled {
                    let mut passages = store.indexed_passages_after(through, PASSAGES_A_CALL).await?;
                    passages.retain(|passage| passage.seq <= settled);
                    through = passages.last().map_or(settled, |last| last.seq);
                    if !passages.is_empty() {
                        collection.insert(&passages).await?;
                    }
                    count += passages.len() as u64;
                    done(count);
                }
                // Asked in a way that waits until they can be found.
                let there = collection.count(Part::All).await?;
                if there != count {
                    return Err(IndexError::Failed {
                        server: SERVER,
                        reason: format!("it has {there} of {count} passages"),
                    });
                }
                if store.use_index(old, new, through).await? {
                    return Ok(count);
                }
            }
        };
        match built.await {
            Ok(count) => {
                if old != OWN_INDEX {
                    tokio::time::sleep(LAST_SEARCHES).await;
                    Collection::new(server, old).drop().await?;
                }
                Ok(count)
            }
            Err(error) => {
                // Nobody uses it; what went wrong says more than that it stays behind.
                collection.drop().await.ok();
                Err(error)
            }
        }
    }
}
