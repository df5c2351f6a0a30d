//! An embedder that remembers: a run after the first embeds only what is new.

use std::{
    collections::HashMap,
    error::Error,
    fs::{File, OpenOptions},
    io::{BufWriter, Read, Write},
    path::Path,
    sync::Mutex,
};

use engine::embed::{EmbedError, Embedder, from_f16_bytes, to_f16_bytes};
use sha2::{Digest, Sha256};

type Key = [u8; 16];

/// The vectors in memory, and the file they are appended to.
type Known = (HashMap<Key, Vec<u8>>, BufWriter<File>);

/// Keeps vectors in a file, as precise as the product stores them.
pub struct Cached<E> {
    inner: E,
    known: Mutex<Known>,
}

impl<E: Embedder> Cached<E> {
    pub fn open(inner: E, folder: &Path) -> Result<Self, Box<dyn Error>> {
        std::fs::create_dir_all(folder)?;
        let path = folder.join(format!("{}.vectors", inner.id()));
        let mut file = OpenOptions::new().create(true).read(true).append(true).open(&path)?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        let row = size_of::<Key>() + 2 * inner.dimension();
        // An interrupted run may have left half a row.
        file.set_len((bytes.len() / row * row) as u64)?;
        let known = bytes
            .chunks_exact(row)
            .filter_map(|row| row.split_first_chunk().map(|(key, vector)| (*key, vector.to_owned())))
            .collect();
        Ok(Self {
            inner,
            known: Mutex::new((known, BufWriter::new(file))),
        })
    }

    /// Writes what is new to the file.
    pub fn save(&self) -> Result<(), Box<dyn Error>> {
        self.known.lock().expect("no holder panics").1.flush()?;
        Ok(())
    }
}

impl<E: Embedder> Embedder for Cached<E> {
    fn id(&self) -> &str {
        self.inner.id()
    }

    fn dimension(&self) -> usize {
        self.inner.dimension()
    }

    fn count_tokens(&self, text: &str) -> usize {
        self.inner.count_tokens(text)
    }

    fn embed(&self, texts: &[&str]) -> Result<Vec<Vec<f32>>, EmbedError> {
        let mut vectors = Vec::with_capacity(texts.len());
        for text in texts {
            let digest = Sha256::digest(text);
            let mut key = Key::default();
            key.copy_from_slice(&digest[..16]);
            let remembered = self
                .known
                .lock()
                .expect("no holder panics")
                .0
                .get(&key)
                .map(|bytes| from_f16_bytes(bytes));
            if let Some(vector) = remembered {
                vectors.push(vector);
                continue;
            }
            for vector in self.inner.embed(&[text])? {
                let bytes = to_f16_bytes(&vector);
                let mut known = self.known.lock().expect("no holder panics");
                let written = known.1.write_all(&key).and_then(|()| known.1.write_all(&bytes));
                written.map_err(|error| EmbedError::Failed(error.to_string()))?;
                vectors.push(from_f16_bytes(&bytes));
                known.0.insert(key, bytes);
            }
        }
        Ok(vectors)
    }
}
