//! Exact search among the vectors of one knowledge base.

/// Vectors as signed bytes with one scale each, scanned in full: exact under every filter, and nothing to rebuild.
#[derive(Default)]
pub struct DenseBlock {
    dimension: usize,
    keys: Vec<i64>,
    scales: Vec<f32>,
    values: Vec<i8>,
}

impl DenseBlock {
    pub fn new(dimension: usize) -> Self {
        Self {
            dimension,
            ..Self::default()
        }
    }

    pub fn len(&self) -> usize {
        self.keys.len()
    }

    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// The largest key so far; keys come in ascending order.
    pub fn last_key(&self) -> Option<i64> {
        self.keys.last().copied()
    }

    /// Adds a vector. One of another dimension, from another model, is left out.
    pub fn push(&mut self, key: i64, vector: &[f32]) {
        if vector.len() != self.dimension {
            return;
        }
        let largest = vector.iter().fold(0.0_f32, |largest, value| largest.max(value.abs()));
        let scale = if largest > 0.0 {
            largest / f32::from(i8::MAX)
        } else {
            1.0
        };
        self.keys.push(key);
        self.scales.push(scale);
        self.values
            .extend(vector.iter().map(|value| (value / scale).round() as i8));
    }

    /// The `k` keys with the largest dot product with the query, best first, ties by key.
    pub fn search(&self, query: &[f32], k: usize) -> Vec<(i64, f32)> {
        if self.dimension == 0 || query.len() != self.dimension {
            return Vec::new();
        }
        let mut scored: Vec<(i64, f32)> = self
            .values
            .chunks_exact(self.dimension)
            .zip(&self.scales)
            .zip(&self.keys)
            .map(|((row, scale), key)| (*key, scale * dot(row, query)))
            .collect();
        let best_first = |a: &(i64, f32), b: &(i64, f32)| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0));
        if scored.len() > k {
            scored.select_nth_unstable_by(k, best_first);
            scored.truncate(k);
        }
        scored.sort_unstable_by(best_first);
        scored
    }
}

/// Sixteen sums side by side, so that the compiler uses vector registers.
fn dot(row: &[i8], query: &[f32]) -> f32 {
    let (rows, rest) = row.as_chunks::<16>();
    let (queries, query_rest) = query.as_chunks::<16>();
    let mut sums = [0.0_f32; 16];
    for (row, query) in rows.iter().zip(queries) {
        for lane in 0..16 {
            sums[lane] += f32::from(row[lane]) * query[lane];
        }
    }
    sums.iter().sum::<f32>() + rest.iter().zip(query_rest).map(|(a, b)| f32::from(*a) * b).sum::<f32>()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_best_is_found_as_exactly_as_bytes_allow(
            vectors in prop::collection::vec(prop::collection::vec(-1.0_f32..1.0, 20), 1..60),
            query in prop::collection::vec(-1.0_f32..1.0, 20),
        ) {
            let mut block = DenseBlock::new(20);
            for (key, vector) in (0..).zip(&vectors) {
                block.push(key, vector);
            }
            let exact = |key: i64| -> f32 { vectors[key as usize].iter().zip(&query).map(|(a, b)| a * b).sum() };
            let best = (0..vectors.len() as i64).map(exact).fold(f32::MIN, f32::max);
            let found = block.search(&query, 5);
            prop_assert_eq!(found.len(), vectors.len().min(5));
            // Each of 20 values is off by at most half a step of 1/127.
            prop_assert!(exact(found[0].0) >= best - 2.0 * 20.0 * 0.5 / 127.0);
            prop_assert!(found.windows(2).all(|pair| pair[0].1 >= pair[1].1));
        }
    }

    #[test]
    fn vectors_of_another_model_are_left_out() {
        let mut block = DenseBlock::new(3);
        block.push(1, &[1.0, 0.0]);
        assert!(block.is_empty());
        assert!(block.search(&[1.0, 0.0], 5).is_empty());
    }
}
