//! One ranking from two.

use std::collections::HashMap;

/// Dampens the lead of the first ranks; 60 as in Cormack, Clarke and Büttcher, "Reciprocal Rank Fusion outperforms
/// Condorcet and individual Rank Learning Methods", SIGIR 2009.
const RANK_OFFSET: f32 = 60.0;

/// Reciprocal rank fusion of two rankings (best first), best first, ties by key.
///
/// `lexical_weight` is between 0 (the dense ranking alone) and 1 (the lexical one alone). Scores are scaled so that
/// being first in both gives 1.
pub fn fuse(lexical: &[(i64, f32)], dense: &[(i64, f32)], lexical_weight: f32) -> Vec<(i64, f32)> {
    let mut scores: HashMap<i64, f32> = HashMap::new();
    for (ranking, weight) in [(lexical, lexical_weight), (dense, 1.0 - lexical_weight)] {
        for (rank, (key, _)) in ranking.iter().enumerate() {
            *scores.entry(*key).or_default() += weight * (RANK_OFFSET + 1.0) / (RANK_OFFSET + 1.0 + rank as f32);
        }
    }
    let mut fused: Vec<(i64, f32)> = scores.into_iter().filter(|(_, score)| *score > 0.0).collect();
    fused.sort_unstable_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
    fused
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn keys(fused: &[(i64, f32)]) -> Vec<i64> {
        fused.iter().map(|(key, _)| *key).collect()
    }

    #[test]
    fn first_in_both_wins_with_score_one() {
        let fused = fuse(&[(7, 9.0), (1, 5.0), (2, 4.0)], &[(7, 0.9), (3, 0.2)], 0.5);
        assert_eq!(fused[0].0, 7);
        assert!((fused[0].1 - 1.0).abs() < 1e-6);
    }

    #[test]
    fn a_weight_at_either_end_leaves_one_ranking_alone() {
        let (lexical, dense) = ([(1, 2.0), (2, 1.0)], [(3, 0.5)]);
        assert_eq!(keys(&fuse(&lexical, &dense, 1.0)), [1, 2]);
        assert_eq!(keys(&fuse(&lexical, &dense, 0.0)), [3]);
    }

    /// A ranking with scores from best to worst.
    fn ranking(keys: Vec<i64>) -> Vec<(i64, f32)> {
        let count = keys.len() as f32;
        keys.into_iter().zip((0..).map(|rank| count - rank as f32)).collect()
    }

    proptest! {
        #[test]
        fn fusing_a_ranking_with_itself_changes_nothing(keys_in in prop::collection::hash_set(0_i64..1000, 0..50)) {
            let ranking = ranking(keys_in.into_iter().collect());
            prop_assert_eq!(keys(&fuse(&ranking, &ranking, 0.5)), keys(&ranking));
        }

        #[test]
        fn every_key_comes_out_once_with_a_score_up_to_one(
            a in prop::collection::hash_set(0_i64..50, 0..20),
            b in prop::collection::hash_set(0_i64..50, 0..20),
        ) {
            let fused = fuse(&ranking(a.iter().copied().collect()), &ranking(b.iter().copied().collect()), 0.5);
            prop_assert!(fused.iter().all(|(_, score)| (0.0..=1.000_001).contains(score)));
            let mut found = keys(&fused);
            found.sort_unstable();
            let mut expected: Vec<i64> = a.union(&b).copied().collect();
            expected.sort_unstable();
            prop_assert_eq!(found, expected);
        }
    }
}
