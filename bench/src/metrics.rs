//! How good a ranking is.

use std::collections::HashMap;

use crate::collection::Query;

/// What is counted of a ranking.
const DEPTH: usize = 10;

#[derive(Default, Clone, Copy)]
pub struct Quality {
    ndcg: f64,
    recall: f64,
    queries: usize,
}

impl Quality {
    /// Of a ranking for each of these questions.
    pub fn of<'r>(queries: &[Query], rankings: impl IntoIterator<Item = &'r Vec<usize>>) -> Self {
        let mut quality = Self::default();
        for (query, ranking) in queries.iter().zip(rankings) {
            quality.add(ranking, &query.relevance);
        }
        quality
    }

    /// Adds the ranking of one query, best first. Relevance by document; what is not named is not relevant.
    fn add(&mut self, ranking: &[usize], relevance: &HashMap<usize, f64>) {
        let gain = |grade: f64, rank: usize| grade / ((rank + 2) as f64).log2();
        let top = &ranking[..ranking.len().min(DEPTH)];
        let found = top
            .iter()
            .enumerate()
            .map(|(rank, document)| (rank, relevance.get(document).copied().unwrap_or(0.0)));
        let reached: f64 = found.clone().map(|(rank, grade)| gain(grade, rank)).sum();
        let mut best: Vec<f64> = relevance.values().copied().collect();
        best.sort_by(|a, b| b.total_cmp(a));
        let possible: f64 = best
            .iter()
            .take(DEPTH)
            .enumerate()
            .map(|(rank, grade)| gain(*grade, rank))
            .sum();
        self.ndcg += reached / possible;
        self.recall += found.filter(|(_, grade)| *grade > 0.0).count() as f64 / relevance.len() as f64;
        self.queries += 1;
    }

    pub fn ndcg(&self) -> f64 {
        self.ndcg / self.queries as f64
    }

    pub fn recall(&self) -> f64 {
        self.recall / self.queries as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_perfect_ranking_has_one_and_an_empty_one_nothing() {
        let relevance = HashMap::from([(3, 1.0), (5, 1.0)]);
        let mut quality = Quality::default();
        quality.add(&[5, 3, 1], &relevance);
        assert!((quality.ndcg() - 1.0).abs() < 1e-9 && (quality.recall() - 1.0).abs() < 1e-9);
        quality.add(&[], &relevance);
        assert!((quality.ndcg() - 0.5).abs() < 1e-9 && (quality.recall() - 0.5).abs() < 1e-9);
    }

    #[test]
    fn a_later_rank_counts_less() {
        let relevance = HashMap::from([(3, 1.0)]);
        let mut quality = Quality::default();
        quality.add(&[1, 2, 3], &relevance);
        assert!((quality.ndcg() - 0.5).abs() < 1e-9);
    }
}
