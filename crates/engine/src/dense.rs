//! Exact search among vectors in memory.

use std::{collections::HashSet, ops::Range, thread};

use uuid::Uuid;

/// Vectors of passages as signed bytes with one scale each, scanned in full: exact under every filter, and nothing to
/// rebuild.
#[derive(Default)]
pub struct DenseBlock {
    dimension: usize,
    keys: Vec<i64>,
    /// The document of each row, by its place in `documents`.
    owners: Vec<u32>,
    documents: Vec<Uuid>,
    scales: Vec<f32>,
    values: Vec<i8>,
}

/// A passage whose vector is near, as far as bytes can tell.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Candidate {
    pub key: i64,
    pub document: Uuid,
    pub score: f32,
}

/// Rows that are worth a thread of their own.
const ROWS_A_THREAD: usize = 50_000;

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

    /// Memory that is held, in bytes.
    pub fn bytes(&self) -> usize {
        self.values.capacity()
            + self.scales.capacity() * size_of::<f32>()
            + self.keys.capacity() * size_of::<i64>()
            + self.owners.capacity() * size_of::<u32>()
            + self.documents.capacity() * size_of::<Uuid>()
    }

    /// Adds a passage's vector. One of another dimension, from another model, is left out.
    pub fn push(&mut self, key: i64, document: Uuid, vector: &[f32]) {
        if vector.len() != self.dimension {
            return;
        }
        if self.documents.last() != Some(&document) {
            self.documents.push(document);
        }
        self.owners
            .push(u32::try_from(self.documents.len() - 1).expect("no memory holds so many documents"));
        self.keys.push(key);
        let (scale, values) = quantized(vector, f32::from(i8::MAX));
        self.scales.push(scale);
        self.values.extend(values.map(|value| value as i8));
    }

    /// Drops the vectors of these documents.
    pub fn remove(&mut self, documents: &HashSet<Uuid>) {
        let gone: Vec<bool> = self
            .documents
            .iter()
            .map(|document| documents.contains(document))
            .collect();
        if !gone.contains(&true) {
            return;
        }
        let mut kept = 0;
        for row in 0..self.keys.len() {
            if gone[self.owners[row] as usize] {
                continue;
            }
            self.keys[kept] = self.keys[row];
            self.owners[kept] = self.owners[row];
            self.scales[kept] = self.scales[row];
            let from = row * self.dimension;
            self.values
                .copy_within(from..from + self.dimension, kept * self.dimension);
            kept += 1;
        }
        self.keys.truncate(kept);
        self.owners.truncate(kept);
        self.scales.truncate(kept);
        self.values.truncate(kept * self.dimension);
    }

    /// The `k` passages with the largest dot product with the query, best first, ties by key. Uses several threads when
    /// there is much to scan.
    pub fn search(&self, query: &[f32], k: usize) -> Vec<Candidate> {
        if self.is_empty() || query.len() != self.dimension || k == 0 {
            return Vec::new();
        }
        // A query of 16 bits loses nothing that matters, and sums of so few products fit 32 bits.
        let (query_scale, query) = quantized(query, 32_767.0_f32.min(16_000_000.0 / self.dimension as f32));
        let query: Vec<i16> = query.map(|value| value as i16).collect();
        let threads = thread::available_parallelism().map_or(1, usize::from);
        let rows = self.len().div_ceil(threads).max(ROWS_A_THREAD);
        let parts: Vec<Range<usize>> = (0..self.len())
            .step_by(rows)
            .map(|from| from..(from + rows).min(self.len()))
            .collect();
        let query = &query;
        let mut best: Vec<(usize, f32)> = match &parts[..] {
            [all] => self.scan(query, all.clone(), k),
            parts => thread::scope(|scope| {
                let scan = |part: &Range<usize>| {
                    let part = part.clone();
                    scope.spawn(move || self.scan(query, part, k))
                };
                let scans: Vec<_> = parts.iter().map(scan).collect();
                let found = scans
                    .into_iter()
                    .flat_map(|scan| scan.join().expect("a scan cannot panic"));
                found.collect()
            }),
        };
        self.keep_best(&mut best, k);
        best.into_iter()
            .map(|(row, score)| Candidate {
                key: self.keys[row],
                document: self.documents[self.owners[row] as usize],
                score: score * query_scale,
            })
            .collect()
    }

    fn scan(&self, query: &[i16], rows: Range<usize>, k: usize) -> Vec<(usize, f32)> {
        let mut best: Vec<(usize, f32)> = Vec::with_capacity(4 * k);
        let mut least = f32::NEG_INFINITY;
        let values = &self.values[rows.start * self.dimension..rows.end * self.dimension];
        for (row, values) in rows.zip(values.chunks_exact(self.dimension)) {
            let score = dot(values, query) as f32 * self.scales[row];
            if score >= least {
                best.push((row, score));
                if best.len() == 4 * k {
                    self.keep_best(&mut best, k);
                    least = best[k - 1].1;
                }
            }
        }
        self.keep_best(&mut best, k);
        best
    }

    fn keep_best(&self, rows: &mut Vec<(usize, f32)>, k: usize) {
        let best_first =
            |a: &(usize, f32), b: &(usize, f32)| b.1.total_cmp(&a.1).then(self.keys[a.0].cmp(&self.keys[b.0]));
        if rows.len() > k {
            rows.select_nth_unstable_by(k, best_first);
            rows.truncate(k);
        }
        rows.sort_unstable_by(best_first);
    }
}

/// Whole numbers from `-largest` to `largest`, and what they must be multiplied with.
fn quantized(vector: &[f32], largest: f32) -> (f32, impl Iterator<Item = f32>) {
    let reach = vector.iter().fold(0.0_f32, |reach, value| reach.max(value.abs()));
    let scale = if reach > 0.0 { reach / largest } else { 1.0 };
    (scale, vector.iter().map(move |value| (value / scale).round()))
}

fn dot(row: &[i8], query: &[i16]) -> i32 {
    row.iter().zip(query).map(|(a, b)| i32::from(*a) * i32::from(*b)).sum()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn exact(a: &[f32], b: &[f32]) -> f32 {
        a.iter().zip(b).map(|(a, b)| a * b).sum()
    }

    /// A document of some passages that is added, or the removal of one that was added before.
    #[derive(Debug, Clone)]
    enum Change {
        Add(Vec<Vec<f32>>),
        Remove(prop::sample::Index),
    }

    fn changes() -> impl Strategy<Value = Vec<Change>> {
        let vector = prop::collection::vec(-1.0_f32..1.0, 20);
        let change = prop_oneof![
            3 => prop::collection::vec(vector, 1..8).prop_map(Change::Add),
            1 => any::<prop::sample::Index>().prop_map(Change::Remove),
        ];
        prop::collection::vec(change, 1..20)
    }

    proptest! {
        #[test]
        fn a_naive_scan_finds_the_same(changes in changes(), query in prop::collection::vec(-1.0_f32..1.0, 20), k in 1_usize..12) {
            let mut block = DenseBlock::new(20);
            let mut naive: Vec<(i64, Uuid, Vec<f32>)> = Vec::new();
            let mut next = 1;
            for change in changes {
                match change {
                    Change::Add(vectors) => {
                        let document = Uuid::now_v7();
                        for vector in vectors {
                            block.push(next, document, &vector);
                            naive.push((next, document, vector));
                            next += 1;
                        }
                    }
                    Change::Remove(which) if !naive.is_empty() => {
                        let document = naive[which.index(naive.len())].1;
                        block.remove(&HashSet::from([document]));
                        naive.retain(|row| row.1 != document);
                    }
                    Change::Remove(_) => {}
                }
            }
            prop_assert_eq!(block.len(), naive.len());
            let found = block.search(&query, k);
            prop_assert_eq!(found.len(), naive.len().min(k));
            prop_assert!(found.windows(2).all(|pair| pair[0].score >= pair[1].score));
            let mut expected: Vec<f32> = naive.iter().map(|row| exact(&row.2, &query)).collect();
            expected.sort_by(|a, b| b.total_cmp(a));
            // Each of 20 values is off by at most half a step of 1/127.
            let tolerance = 20.0 * 0.5 / 127.0 + 1e-3;
            for (candidate, expected) in found.iter().zip(expected) {
                let row = naive.iter().find(|row| row.0 == candidate.key).unwrap();
                prop_assert_eq!(row.1, candidate.document);
                prop_assert!((exact(&row.2, &query) - candidate.score).abs() <= tolerance);
                prop_assert!((candidate.score - expected).abs() <= tolerance);
            }
        }
    }

    #[test]
    fn many_rows_are_scanned_in_parts_with_the_same_result() {
        let mut block = DenseBlock::new(2);
        for key in 0..3 * ROWS_A_THREAD as i64 {
            let angle = key as f32 / 1000.0;
            block.push(key, Uuid::nil(), &[angle.cos(), angle.sin()]);
        }
        let mut all = block.scan(&[32_767, 0], 0..block.len(), 30);
        block.keep_best(&mut all, 30);
        let keys: Vec<i64> = all.iter().map(|(row, _)| block.keys[*row]).collect();
        let found: Vec<i64> = block
            .search(&[1.0, 0.0], 30)
            .iter()
            .map(|candidate| candidate.key)
            .collect();
        assert_eq!(found, keys);
    }

    #[test]
    fn vectors_of_another_model_are_left_out() {
        let mut block = DenseBlock::new(3);
        block.push(1, Uuid::nil(), &[1.0, 0.0]);
        assert!(block.is_empty());
        assert!(block.search(&[1.0, 0.0], 5).is_empty());
    }
}
