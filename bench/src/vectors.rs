//! Vectors of many texts, computed once and kept in a folder for the next run.

use std::{
    error::Error,
    fs,
    path::Path,
    time::{Duration, Instant},
};

use engine::embed::{Embedder, from_f16_bytes, to_f16_bytes};
use indicatif::{ProgressBar, ProgressStyle};
use sha2::{Digest, Sha256};

/// One vector for each text, as precise as the product stores them.
pub fn embed_all(
    embedder: &dyn Embedder,
    cache: &Path,
    what: &str,
    texts: &[String],
) -> Result<Vec<Vec<f32>>, Box<dyn Error>> {
    let mut hash = Sha256::new();
    for text in [embedder.id()].into_iter().chain(texts.iter().map(String::as_str)) {
        hash.update(text);
        hash.update([0]);
    }
    fs::create_dir_all(cache)?;
    let file = cache.join(format!("{what}-{}.f16", &hex::encode(hash.finalize())[..16]));
    if let Ok(bytes) = fs::read(&file) {
        let row = 2 * embedder.dimension();
        return Ok(bytes.chunks_exact(row).map(from_f16_bytes).collect());
    }

    let bar = ProgressBar::new(texts.len() as u64).with_style(ProgressStyle::with_template(
        "{msg:28} {wide_bar} {pos}/{len} {eta} left",
    )?);
    bar.set_message(format!("Embedding {what}"));
    let mut bytes = Vec::new();
    let mut tokens = 0;
    let mut taken = Duration::ZERO;
    for text in texts {
        tokens += embedder.count_tokens(text).min(256);
        let start = Instant::now();
        for vector in embedder.embed(&[text])? {
            bytes.extend(to_f16_bytes(&vector));
        }
        taken += start.elapsed();
        bar.inc(1);
    }
    bar.finish_and_clear();
    eprintln!(
        "{what}: {} texts, {tokens} tokens, {:.0} tokens a second",
        texts.len(),
        tokens as f64 / taken.as_secs_f64()
    );
    // Written aside and moved, so that an interrupted run leaves no half of a file.
    let unfinished = file.with_extension("unfinished");
    fs::write(&unfinished, &bytes)?;
    fs::rename(unfinished, &file)?;
    Ok(bytes
        .chunks_exact(2 * embedder.dimension())
        .map(from_f16_bytes)
        .collect())
}
