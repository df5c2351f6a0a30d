//! One ranking from two.

use std::collections::HashMap;

/// Dampens the lead of the first ranks; 60 as in Cormack, Clarke and Büttcher, "Reciprocal Rank Fusion outperforms
/// Condorcet and individual Rank Learning Methods", SIGIR 2009.
const RANK_OFFSET: f32 = 60.0;

/// Reciprocal rank fusion of two rankings (best first), best first, ties by key.
///
/// `lexical_weight` is between 0 (the dense ranking alone) and 1 (the lexical one alone). Scores are scaled so that
/// being first in both gives 1.
pub fn fuse(lexical: &[i64], dense: &[i64], lexical_weight: f32) -> Vec<(i64, f32)> {
    let mut scores: HashMap<i64, f32> = HashMap::new();
    for (ranking, weight) in [(lexical, lexical_weight), (dense, 1.0 - lexical_weight)] {
        for (rank, key) in ranking.iter().enumerate() {
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

    #[test]
    fn first_in_both_wins_with_score_one() {
        let fused = fuse(&[7, 1, 2], &[7, 3], 0.5);
        assert_eq!(fused[0].0, 7);
        assert!((fused[0].1 - 1.0).abs() < 1e-6);
    }

    #[test]
    fn a_weight_at_either_end_leaves_one_ranking_alone() {
        assert_eq!(
            fuse(&[1, 2], &[3], 1.0).iter().map(|hit| hit.0).collect::<Vec<_>>(),
            [1, 2]
        );
        assert_eq!(
            fuse(&[1, 2], &[3], 0.0).iter().map(|hit| hit.0).collect::<Vec<_>>(),
            [3]
        );
    }

    proptest! {
        #[test]
        fn fusing_a_ranking_with_itself_changes_nothing(keys in prop::collection::hash_set(0_i64..1000, 0..50)) {
            let ranking: Vec<i64> = keys.into_iter().collect();
            let fused: Vec<i64> = fuse(&ranking, &ranking, 0.5).into_iter().map(|hit| hit.0).collect();
            prop_assert_eq!(fused, ranking);
        }

        #[test]
        fn every_key_comes_out_once(a in prop::collection::vec(0_i64..50, 0..20), b in prop::collection::vec(0_i64..50, 0..20)) {
            let mut keys: Vec<i64> = fuse(&a, &b, 0.5).into_iter().map(|hit| hit.0).collect();
            let mut expected = [a, b].concat();
            keys.sort_unstable();
            expected.sort_unstable();
            expected.dedup();
            prop_assert_eq!(keys, expected);
        }
    }
}
