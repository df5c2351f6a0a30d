//! One ranking from two.

use std::collections::HashMap;

/// What the best match in words counts beside a cosine of one, at equal weights. Cosines of what was found lie close
/// together, shares of the best BM25 score do not.
const WORDS: f32 = 1.0 / 3.0;

/// Weighted sum of how well passages match a question in words (BM25 as a share of the best one's) and in meaning
/// (cosine), best first, ties by key.
///
/// Unlike a fusion of ranks it keeps how far ahead the first ones are. `cosines` holds those of every passage that either
/// way found; what words did not find has no share of them. `lexical_weight` is between 0 (meaning alone) and 1 (words
/// alone); between the two, meaning counts as far as the model knows the question's language, `fluency`, above 0 up to 1.
/// The best in words with the question's own meaning has 1.
pub fn fuse(lexical: &[(i64, f32)], cosines: &HashMap<i64, f32>, lexical_weight: f32, fluency: f32) -> Vec<(i64, f32)> {
    let (words, meaning) = (WORDS * lexical_weight, fluency * (1.0 - lexical_weight));
    let best = lexical.iter().map(|(_, score)| *score).fold(0.0, f32::max);
    let mut scores: HashMap<i64, f32> = HashMap::new();
    if meaning > 0.0 {
        scores.extend(cosines.iter().map(|(key, cosine)| (*key, meaning * cosine)));
    }
    if words > 0.0 {
        for (key, score) in lexical {
            let share = if best > 0.0 { score / best } else { 1.0 };
            *scores.entry(*key).or_default() += words * share;
        }
    }
    let mut fused: Vec<(i64, f32)> = scores
        .into_iter()
        .map(|(key, score)| (key, score / (words + meaning)))
        .collect();
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
    fn the_best_in_words_with_the_same_meaning_has_one() {
        let fused = fuse(
            &[(7, 9.0), (1, 5.0)],
            &HashMap::from([(7, 1.0), (1, 0.3), (3, 0.9)]),
            0.5,
            1.0,
        );
        assert_eq!(keys(&fused), [7, 3, 1]);
        assert!((fused[0].1 - 1.0).abs() < 1e-6);
    }

    #[test]
    fn words_decide_between_passages_of_like_meaning() {
        let cosines = HashMap::from([(1, 0.62), (2, 0.60), (3, 0.61)]);
        assert_eq!(keys(&fuse(&[(2, 8.0), (3, 1.0)], &cosines, 0.5, 1.0)), [2, 3, 1]);
    }

    #[test]
    fn a_weight_at_either_end_leaves_one_ranking_alone() {
        let (lexical, cosines) = ([(1, 2.0), (2, 1.0)], HashMap::from([(1, 0.1), (2, 0.2), (3, 0.5)]));
        assert_eq!(keys(&fuse(&lexical, &cosines, 1.0, 1.0)), [1, 2]);
        assert_eq!(keys(&fuse(&lexical, &cosines, 0.0, 1.0)), [3, 2, 1]);
    }

    #[test]
    fn words_count_for_more_in_a_language_that_the_model_does_not_know() {
        let cosines = HashMap::from([(1, 0.9), (2, 0.5)]);
        let lexical = [(2, 8.0), (1, 2.0)];
        assert_eq!(keys(&fuse(&lexical, &cosines, 0.5, 1.0)), [1, 2]);
        assert_eq!(keys(&fuse(&lexical, &cosines, 0.5, 0.2)), [2, 1]);
    }

    proptest! {
        #[test]
        fn every_key_comes_out_once_in_order_with_a_score_up_to_one(
            lexical in prop::collection::hash_map(0_i64..50, 0.0_f32..20.0, 0..20),
            others in prop::collection::hash_map(0_i64..50, -1.0_f32..1.0, 0..20),
            weight in 0.01_f32..0.99,
            fluency in 0.01_f32..1.0,
        ) {
            let mut cosines = others;
            cosines.extend(lexical.keys().map(|key| (*key, 0.5)));
            let lexical: Vec<(i64, f32)> = lexical.into_iter().collect();
            let fused = fuse(&lexical, &cosines, weight, fluency);
            prop_assert!(fused.iter().all(|(_, score)| *score <= 1.000_001));
            prop_assert!(fused.windows(2).all(|pair| pair[0].1 >= pair[1].1));
            let mut found = keys(&fused);
            found.sort_unstable();
            let mut expected: Vec<i64> = cosines.into_keys().collect();
            expected.sort_unstable();
            prop_assert_eq!(found, expected);
        }
    }
}
