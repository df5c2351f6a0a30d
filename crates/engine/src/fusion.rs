//! One ranking from two.

use std::collections::HashMap;

/// Weighted sum of two rankings' scores, best first, ties by key.
///
/// Scores of words and of meaning have nothing in common, so each ranking's are first brought to between 0 (its last
/// candidate) and 1 (its first); what a ranking does not name has 0 there. Unlike a fusion of ranks, this keeps how far
/// ahead the first ones are. `lexical_weight` is between 0 (the dense ranking alone) and 1 (the lexical one alone). Being
/// first in both gives 1.
pub fn fuse(lexical: &[(i64, f32)], dense: &[(i64, f32)], lexical_weight: f32) -> Vec<(i64, f32)> {
    let mut scores: HashMap<i64, f32> = HashMap::new();
    for (ranking, weight) in [(lexical, lexical_weight), (dense, 1.0 - lexical_weight)] {
        if weight <= 0.0 {
            continue;
        }
        let best = ranking
            .iter()
            .map(|(_, score)| *score)
            .fold(f32::NEG_INFINITY, f32::max);
        let worst = ranking.iter().map(|(_, score)| *score).fold(f32::INFINITY, f32::min);
        for (key, score) in ranking {
            // Where all are alike, all are best.
            let scaled = if best > worst {
                (score - worst) / (best - worst)
            } else {
                1.0
            };
            *scores.entry(*key).or_default() += weight * scaled;
        }
    }
    let mut fused: Vec<(i64, f32)> = scores.into_iter().collect();
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
