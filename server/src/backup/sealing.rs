//! What is written is compressed and, for a recipient, encrypted.

use std::{
    fmt,
    io::{self, Write},
    mem,
    str::FromStr,
    sync::{Arc, Mutex, PoisonError},
};

use age::{Encryptor, stream::StreamWriter};
use bytes::Bytes;
use sha2::{Digest, Sha256};
use zstd::stream::write::Encoder;

const LEVEL: i32 = 3;

/// Digits of the checksum of a public key that tell one from another.
const TAG_DIGITS: usize = 16;

/// Who can read what is encrypted: an age public key.
#[derive(Clone)]
pub struct Recipient {
    key: age::x25519::Recipient,
    tag: String,
}

impl Recipient {
    /// Tells one from another, in names.
    pub fn tag(&self) -> &str {
        &self.tag
    }
}

impl FromStr for Recipient {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, &'static str> {
        let mut tag = hex::encode(Sha256::digest(text));
        tag.truncate(TAG_DIGITS);
        Ok(Self {
            key: text.parse()?,
            tag,
        })
    }
}

impl fmt::Debug for Recipient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for Recipient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.key.fmt(f)
    }
}

/// Compresses and encrypts what is pushed into it.
pub struct Sealer {
    encoder: Encoder<'static, Layer>,
    sealed: Sink,
}

/// What the compressed bytes go through.
enum Layer {
    Plain(Sink),
    Encrypted(StreamWriter<Sink>),
}

/// Where sealed bytes wait until they are taken.
#[derive(Clone, Default)]
struct Sink(Arc<Mutex<Vec<u8>>>);

impl Sink {
    fn take(&self) -> Bytes {
        mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner)).into()
    }
}

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Write for Layer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Plain(sink) => sink.write(bytes),
            Self::Encrypted(writer) => writer.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Plain(sink) => sink.flush(),
            Self::Encrypted(writer) => writer.flush(),
        }
    }
}

impl Sealer {
    pub fn new(recipient: Option<&Recipient>) -> io::Result<Self> {
        let sealed = Sink::default();
        let layer = match recipient {
            None => Layer::Plain(sealed.clone()),
            Some(recipient) => {
                let recipients = std::iter::once(&recipient.key as &dyn age::Recipient);
                let encryptor = Encryptor::with_recipients(recipients).map_err(io::Error::other)?;
                Layer::Encrypted(encryptor.wrap_output(sealed.clone())?)
            }
        };
        Ok(Self {
            encoder: Encoder::new(layer, LEVEL)?,
            sealed,
        })
    }

    /// Takes bytes and gives what is sealed by now, which may be nothing yet.
    pub fn push(&mut self, bytes: &[u8]) -> io::Result<Bytes> {
        self.encoder.write_all(bytes)?;
        Ok(self.sealed.take())
    }

    /// The rest.
    pub fn finish(self) -> io::Result<Bytes> {
        if let Layer::Encrypted(writer) = self.encoder.finish()? {
            writer.finish()?;
        }
        Ok(self.sealed.take())
    }
}
