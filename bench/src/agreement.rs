//! Whether every kind of deployment finds the same: the same documents in each, asked the same questions.

use std::{error::Error, sync::Arc};

use engine::embed::Embedder;
use milvus::{Address, MilvusIndex};
use store::{EmbeddedIndex, OWN_INDEX};

use crate::{
    collection::Collection,
    library::Library,
    metrics::Quality,
    retrieval::{Found, VECTOR_MEMORY, fill, progress, search},
    servers::{Servers, analyze, empty_database},
};

/// What one kind of deployment finds on a collection.
pub struct Agreement {
    pub set: String,
    pub deployment: &'static str,
    pub lexical: Quality,
    pub fused: Quality,
    /// The share of the first ten documents that are also the first ten of SQLite.
    pub overlap: f64,
}

/// Compares with what SQLite finds, on the servers that there are.
pub async fn measure(
    embedder: &dyn Embedder,
    servers: &Servers,
    set: &str,
    collection: &Collection,
    in_sqlite: &[Found],
) -> Result<Vec<Agreement>, Box<dyn Error>> {
    let compared = |deployment, found: &[Found]| Agreement {
        set: set.to_owned(),
        deployment,
        lexical: Quality::of(&collection.queries, found.iter().map(|found| &found.lexical)),
        fused: Quality::of(&collection.queries, found.iter().map(|found| &found.fused)),
        overlap: overlap(in_sqlite, found),
    };
    let mut agreements = vec![compared("SQLite", in_sqlite)];
    let Some(postgres) = &servers.postgres else {
        return Ok(agreements);
    };
    let location = empty_database(postgres).await?;
    let own = Arc::new(EmbeddedIndex::new(embedder.dimension(), VECTOR_MEMORY));
    let mut library = Library::create(&location, own).await?;
    let owners = fill(embedder, &library, collection).await?;
    analyze(&location).await?;
    let found = search(embedder, &library, collection, &owners).await?;
    agreements.push(compared("PostgreSQL", &found));

    let milvus = servers.milvus.as_ref().map(|(address, _)| address);
    for (deployment, address) in [
        (
            "PostgreSQL, Milvus Lite for vectors and words",
            servers.milvus_lite.as_ref(),
        ),
        ("PostgreSQL, Milvus 2.3 for vectors", milvus),
    ] {
        let Some(address) = address else { continue };
        move_to(address, &mut library, embedder.dimension(), owners.len()).await?;
        let found = search(embedder, &library, collection, &owners).await?;
        agreements.push(compared(deployment, &found));
        let milvus = library.store.index_generation().await?;
        library.store.use_index(milvus, OWN_INDEX, i64::MAX).await?;
    }
    library.store.close().await;
    Ok(agreements)
}

/// Has Milvus find the passages that are there: it would take a fifth of a second for each document that is added.
async fn move_to(
    address: &Address,
    library: &mut Library,
    dimension: usize,
    passages: usize,
) -> Result<(), Box<dyn Error>> {
    let index = MilvusIndex::new(address.clone());
    let bar = progress(passages, "Moving to Milvus")?;
    index
        .rebuild(&library.store, dimension, |done| bar.set_position(done))
        .await?;
    bar.finish_and_clear();
    library.index = Arc::new(index);
    Ok(())
}

/// The mean over all questions.
fn overlap(one: &[Found], other: &[Found]) -> f64 {
    let shares = one.iter().zip(other).map(|(one, other)| {
        let [one, other] = [one, other].map(|found| &found.fused[..found.fused.len().min(10)]);
        let shared = one.iter().filter(|document| other.contains(document)).count();
        match one.len().max(other.len()) {
            0 => 1.0,
            most => shared as f64 / most as f64,
        }
    });
    shares.sum::<f64>() / one.len() as f64
}

/// The figures as a Markdown table.
pub fn table(agreements: &[Agreement]) -> String {
    let mut table = String::from(
        "| set | deployment | words nDCG@10 | both nDCG@10 | of the first ten, the same as in SQLite |\n|---|---|---|---|---|\n",
    );
    for found in agreements {
        table.push_str(&format!(
            "| {} | {} | {:.3} | {:.3} | {:.1} % |\n",
            found.set,
            found.deployment,
            found.lexical.ndcg(),
            found.fused.ndcg(),
            100.0 * found.overlap,
        ));
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_found_in_another_order_is_the_same() {
        let found = |fused: &[usize]| Found {
            fused: fused.to_vec(),
            ..Found::default()
        };
        let [one, other] = [[1, 2], [2, 1]].map(|fused| found(&fused));
        assert!((overlap(&[one, found(&[])], &[other, found(&[])]) - 1.0).abs() < 1e-9);
        assert!((overlap(&[found(&[1, 2])], &[found(&[1, 3])]) - 0.5).abs() < 1e-9);
    }
}
