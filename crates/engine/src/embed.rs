//! Text to vectors.

use std::{
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use rten::{Model, ModelOptions, NodeId, RunOptions, ThreadPool};
use rten_tensor::{AsView, Layout, NdTensor};
use tokenizers::Tokenizer;

#[derive(Debug, thiserror::Error)]
pub enum EmbedError {
    #[error("the embedding model in {} could not be loaded: {message}. Put the models folder beside the program, or name its place with assets_dir", folder.display())]
    NotLoaded { folder: PathBuf, message: String },
    #[error("a text could not be embedded: {0}")]
    Failed(String),
}

/// Turns texts into unit vectors whose dot product is their similarity.
pub trait Embedder: Send + Sync {
    /// Names the model; vectors of different models cannot be compared.
    fn id(&self) -> &str;

    /// Numbers in a vector.
    fn dimension(&self) -> usize;

    /// Tokens of a text, as far as its length is concerned.
    fn count_tokens(&self, text: &str) -> usize;

    /// One unit vector for each text. Blocks the thread for some milliseconds a text.
    fn embed(&self, texts: &[&str]) -> Result<Vec<Vec<f32>>, EmbedError>;
}

/// all-MiniLM-L6-v2: 384 dimensions, mean over tokens, texts cut after 256 tokens.
pub struct MiniLm {
    model: Model,
    /// Cuts nothing.
    tokenizer: Tokenizer,
    inputs: Vec<(NodeId, Input)>,
    output: NodeId,
    /// One thread each: two texts side by side are faster than one text on two threads.
    pools: Vec<Arc<ThreadPool>>,
    next_pool: AtomicUsize,
}

#[derive(Clone, Copy)]
enum Input {
    TokenIds,
    AttentionMask,
    TokenTypes,
}

const DIMENSION: usize = 384;
const MAX_TOKENS: usize = 256;

impl MiniLm {
    /// Loads `model.onnx` and `tokenizer.json` from a folder; `threads` texts can then be embedded at once.
    pub fn load(folder: &Path, threads: usize) -> Result<Self, EmbedError> {
        let fail = |message: String| EmbedError::NotLoaded {
            folder: folder.to_owned(),
            message,
        };
        let mut tokenizer =
            Tokenizer::from_file(folder.join("tokenizer.json")).map_err(|error| fail(error.to_string()))?;
        tokenizer.with_padding(None);
        tokenizer
            .with_truncation(None)
            .map_err(|error| fail(error.to_string()))?;
        let model = ModelOptions::with_all_ops()
            .load_file(folder.join("model.onnx"))
            .map_err(|error| fail(error.to_string()))?;
        let node = |name: &str| model.node_id(name).map_err(|error| fail(error.to_string()));
        let inputs = vec![
            (node("input_ids")?, Input::TokenIds),
            (node("attention_mask")?, Input::AttentionMask),
            (node("token_type_ids")?, Input::TokenTypes),
        ];
        let output = *model
            .output_ids()
            .first()
            .ok_or_else(|| fail("the model has no output".to_owned()))?;
        let pools = (0..threads.max(1))
            .map(|_| Arc::new(ThreadPool::with_num_threads(1)))
            .collect();
        Ok(Self {
            model,
            tokenizer,
            inputs,
            output,
            pools,
            next_pool: AtomicUsize::new(0),
        })
    }

    fn embed_one(&self, text: &str, options: &RunOptions) -> Result<Vec<f32>, EmbedError> {
        let failed = |error: &dyn std::fmt::Display| EmbedError::Failed(error.to_string());
        let encoding = self.tokenizer.encode_fast(text, true).map_err(|error| failed(&error))?;
        let tokens = within_limit(encoding.get_ids());
        let length = tokens.len();
        let inputs = self
            .inputs
            .iter()
            .map(|(node, input)| {
                let values = match input {
                    Input::TokenIds => tokens.clone(),
                    Input::AttentionMask => vec![1; length],
                    Input::TokenTypes => vec![0; length],
                };
                (*node, NdTensor::from_data([1, length], values).into())
            })
            .collect();
        let [output] = self
            .model
            .run_n(inputs, [self.output], Some(options.clone()))
            .map_err(|error| failed(&error))?;
        let states: NdTensor<f32, 3> = output.try_into().map_err(|error| failed(&error))?;
        if states.size(1) != length || states.size(2) != DIMENSION {
            return Err(EmbedError::Failed(
                "the model's output has an unexpected shape".to_owned(),
            ));
        }
        let mut mean = vec![0.0; DIMENSION];
        for token in 0..length {
            for (sum, value) in mean.iter_mut().zip(states.slice((0, token)).iter()) {
                *sum += *value;
            }
        }
        normalise(&mut mean);
        Ok(mean)
    }
}

impl Embedder for MiniLm {
    fn id(&self) -> &str {
        "all-MiniLM-L6-v2"
    }

    fn dimension(&self) -> usize {
        DIMENSION
    }

    fn count_tokens(&self, text: &str) -> usize {
        // Texts that cannot be tokenised count as one token a byte: too long rather than too short.
        self.tokenizer
            .encode_fast(text, false)
            .map_or(text.len(), |encoding| encoding.len())
    }

    fn embed(&self, texts: &[&str]) -> Result<Vec<Vec<f32>>, EmbedError> {
        let pool = &self.pools[self.next_pool.fetch_add(1, Ordering::Relaxed) % self.pools.len()];
        let options = RunOptions::default().with_thread_pool(Some(pool.clone()));
        texts.iter().map(|text| self.embed_one(text, &options)).collect()
    }
}

/// The tokens as far as the model reads them, the last of which ends every text.
fn within_limit(ids: &[u32]) -> Vec<i32> {
    let kept = match ids {
        [first @ .., end] if first.len() >= MAX_TOKENS => [&first[..MAX_TOKENS - 1], &[*end]].concat(),
        all => all.to_vec(),
    };
    kept.into_iter().map(|id| i32::try_from(id).unwrap_or(0)).collect()
}

/// What a model makes of a question.
pub struct Meaning {
    /// Comparable with vectors of the same model.
    pub vector: Vec<f32>,
    /// How far the model knows the question's language, above 0 and up to 1.
    pub fluency: f32,
}

impl Meaning {
    /// Blocks the thread for some milliseconds.
    pub fn of(embedder: &dyn Embedder, question: &str) -> Result<Self, EmbedError> {
        Ok(Self {
            vector: embedder.embed(&[question])?.pop().unwrap_or_default(),
            fluency: fluency(embedder, question),
        })
    }
}

/// Tokens a letter or digit in a language that a model has learnt: English words have about four letters a token.
const TOKENS_A_LETTER: f32 = 0.25;

/// How far a model knows the language of a text, above 0 and up to 1.
///
/// A tokenizer leaves the words of the language it was made for nearly whole and cuts those of others, and codes, into
/// many pieces; the more pieces, the less a vector tells (fertility in Rust et al., How Good is Your Tokenizer?, 2021).
/// The power was measured on questions in English, German, Spanish and Chinese; 1 to 3 find nearly the same.
fn fluency(embedder: &dyn Embedder, text: &str) -> f32 {
    let letters = text.chars().filter(|c| c.is_alphanumeric()).count();
    let tokens = embedder.count_tokens(text).max(1);
    (TOKENS_A_LETTER * letters.max(1) as f32 / tokens as f32)
        .min(1.0)
        .powf(1.5)
}

/// Scales to length 1; a vector of zeros stays.
fn normalise(vector: &mut [f32]) {
    let length = vector.iter().map(|value| value * value).sum::<f32>().sqrt();
    if length > 0.0 {
        for value in vector {
            *value /= length;
        }
    }
}

/// A vector as it is stored: 16-bit floats, little endian.
pub fn to_f16_bytes(vector: &[f32]) -> Vec<u8> {
    vector
        .iter()
        .flat_map(|&value| half::f16::from_f32(value).to_le_bytes())
        .collect()
}

/// Reads what [`to_f16_bytes`] wrote.
pub fn from_f16_bytes(bytes: &[u8]) -> Vec<f32> {
    bytes
        .as_chunks::<2>()
        .0
        .iter()
        .map(|&pair| half::f16::from_le_bytes(pair).to_f32())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn model() -> MiniLm {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../models/all-MiniLM-L6-v2");
        MiniLm::load(&folder, 1).unwrap()
    }

    fn dot(a: &[f32], b: &[f32]) -> f32 {
        a.iter().zip(b).map(|(a, b)| a * b).sum()
    }

    #[test]
    fn sentences_of_like_meaning_are_nearer_than_others() {
        let texts = [
            "How do I reset my password?",
            "Steps for changing a forgotten login secret",
            "Bake at 200 °C",
        ];
        let vectors = model().embed(&texts).unwrap();
        assert!((dot(&vectors[0], &vectors[0]) - 1.0).abs() < 1e-4);
        assert!(dot(&vectors[0], &vectors[1]) > dot(&vectors[0], &vectors[2]) + 0.2);
    }

    #[test]
    fn a_text_has_the_same_vector_whatever_is_embedded_beside_it() {
        let model = model();
        let alone = model.embed(&["the quick brown fox"]).unwrap();
        let beside = model
            .embed(&["a much longer text that comes first", "the quick brown fox"])
            .unwrap();
        assert_eq!(alone[0], beside[1]);
    }

    #[test]
    fn tokens_beyond_the_models_limit_are_counted_too() {
        let model = model();
        assert_eq!(model.count_tokens("one two three"), 3);
        assert!(model.count_tokens(&"word ".repeat(1000)) >= 1000);
    }

    #[test]
    fn a_text_longer_than_the_model_reads_keeps_its_beginning_and_its_end_mark() {
        let ids: Vec<u32> = (0..300).collect();
        let kept = within_limit(&ids);
        assert_eq!((kept.len(), kept[254], kept[255]), (256, 254, 299));
        assert_eq!(within_limit(&ids[..256]).len(), 256);
        assert_eq!(within_limit(&ids[..256])[255], 255);
        assert_eq!(model().embed(&[&"word ".repeat(1000)]).unwrap()[0].len(), 384);
    }

    #[test]
    fn a_model_knows_the_language_it_was_made_for() {
        let model = model();
        let of = |text: &str| fluency(&model, text);
        assert!(of("How long does the warranty of the machine last?") > 0.7);
        let german = of("Wie lange gilt die Gewährleistung für die Maschine?");
        assert!((0.2..0.7).contains(&german), "{german}");
        assert!(of("机器的保修期有多长？") < 0.2);
        assert!(of("Where is order KX-20419-77B?") < 0.7);
        assert!(of("") > 0.0 && of("?!") > 0.0);
    }

    #[test]
    fn stored_vectors_lose_less_than_a_thousandth() {
        let vector = [0.25, -0.123_456, 0.0];
        for (a, b) in vector.iter().zip(from_f16_bytes(&to_f16_bytes(&vector))) {
            assert!((a - b).abs() < 1e-3);
        }
    }
}
