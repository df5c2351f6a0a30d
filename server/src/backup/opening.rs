//! What was sealed is decrypted and decompressed again.

use std::{
    io::{self, BufReader, Read},
    path::Path,
    sync::Arc,
};

use age::{Decryptor, x25519::Identity};
use bytes::{Buf, Bytes};
use futures::{Stream, StreamExt};
use tokio::{runtime::Handle, sync::mpsc};
use tokio_stream::wrappers::ReceiverStream;
use zstd::stream::read::Decoder;

use super::BackupError;

/// Bytes given at a time.
const PIECE: usize = 128 * 1024;

/// Pieces that wait to be taken.
const WAITING: usize = 4;

/// The private keys in a file, as `age-keygen` writes it.
#[derive(Clone)]
pub struct Identities(Arc<Vec<Identity>>);

impl Identities {
    pub fn read(path: &Path) -> Result<Self, BackupError> {
        let refused = |reason: String| BackupError::Identity {
            path: path.to_owned(),
            reason,
        };
        let text = std::fs::read_to_string(path).map_err(|error| refused(error.to_string()))?;
        let lines = text.lines().map(str::trim);
        let keys = lines.filter(|line| !line.is_empty() && !line.starts_with('#'));
        let identities: Result<Vec<Identity>, &str> = keys.map(str::parse).collect();
        match identities {
            Ok(identities) if identities.is_empty() => Err(refused("it is empty".to_owned())),
            Ok(identities) => Ok(Self(Arc::new(identities))),
            Err(reason) => Err(refused(reason.to_owned())),
        }
    }
}

/// What the sealed bytes hold. `identities` are needed when they are encrypted, and must not be given when they are not.
pub fn opened<S>(sealed: S, identities: Option<Identities>) -> impl Stream<Item = io::Result<Bytes>> + Send + Unpin
where
    S: Stream<Item = io::Result<Bytes>> + Send + Unpin + 'static,
{
    let (give, take) = mpsc::channel(WAITING);
    let handle = Handle::current();
    tokio::task::spawn_blocking(move || {
        let sealed = Waiting {
            sealed,
            handle,
            piece: Bytes::new(),
        };
        if let Err(error) = open(sealed, identities, &give) {
            // Nobody takes it when nobody wants to know any more.
            let _ = give.blocking_send(Err(error));
        }
    });
    ReceiverStream::new(take)
}

fn open(sealed: impl Read, identities: Option<Identities>, give: &mpsc::Sender<io::Result<Bytes>>) -> io::Result<()> {
    match identities {
        None => decompress(sealed, give),
        Some(Identities(identities)) => {
            let decryptor = Decryptor::new_buffered(BufReader::new(sealed)).map_err(io::Error::other)?;
            let known = identities.iter().map(|identity| identity as &dyn age::Identity);
            decompress(decryptor.decrypt(known).map_err(io::Error::other)?, give)
        }
    }
}

fn decompress(compressed: impl Read, give: &mpsc::Sender<io::Result<Bytes>>) -> io::Result<()> {
    let mut decoder = Decoder::new(compressed)?;
    let mut piece = vec![0; PIECE];
    loop {
        let read = decoder.read(&mut piece)?;
        if read == 0 || give.blocking_send(Ok(Bytes::copy_from_slice(&piece[..read]))).is_err() {
            return Ok(());
        }
    }
}

/// Waits for a stream on a thread that may wait.
struct Waiting<S> {
    sealed: S,
    handle: Handle,
    piece: Bytes,
}

impl<S: Stream<Item = io::Result<Bytes>> + Unpin> Read for Waiting<S> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        while self.piece.is_empty() {
            match self.handle.block_on(self.sealed.next()) {
                Some(piece) => self.piece = piece?,
                None => return Ok(0),
            }
        }
        let read = into.len().min(self.piece.len());
        self.piece.copy_to_slice(&mut into[..read]);
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use futures::TryStreamExt;
    use secrecy::ExposeSecret;

    use super::*;
    use crate::backup::sealing::{Recipient, Sealer};

    fn sealed(contents: &[u8], recipient: Option<&Recipient>) -> Vec<u8> {
        let mut sealer = Sealer::new(recipient).unwrap();
        let mut sealed = Vec::new();
        for piece in contents.chunks(1000) {
            sealed.extend(sealer.push(piece).unwrap());
        }
        sealed.extend(sealer.finish().unwrap());
        sealed
    }

    async fn read(sealed: Vec<u8>, identities: Option<&Identities>) -> io::Result<Vec<u8>> {
        let pieces: Vec<io::Result<Bytes>> = sealed
            .chunks(777)
            .map(|piece| Ok(Bytes::copy_from_slice(piece)))
            .collect();
        let opened = opened(futures::stream::iter(pieces), identities.cloned());
        let pieces: Vec<Bytes> = opened.try_collect().await?;
        Ok(pieces.concat())
    }

    fn contents() -> Vec<u8> {
        (0..400_000_u32).flat_map(|n| (n / 3).to_le_bytes()).collect()
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn what_is_sealed_opens_for_its_recipient_alone() {
        let folder = tempfile::tempdir().unwrap();
        let identity = |name: &str| {
            let identity = Identity::generate();
            let path = folder.path().join(name);
            std::fs::write(
                &path,
                format!("# created: today\n{}\n", identity.to_string().expose_secret()),
            )
            .unwrap();
            (
                identity.to_public().to_string().parse::<Recipient>().unwrap(),
                Identities::read(&path).unwrap(),
            )
        };
        let ((recipient, own), (_, other)) = (identity("own"), identity("other"));
        let encrypted = sealed(&contents(), Some(&recipient));
        assert!(encrypted.len() < contents().len());
        assert_eq!(read(encrypted.clone(), Some(&own)).await.unwrap(), contents());
        assert!(read(encrypted.clone(), Some(&other)).await.is_err());
        assert!(read(encrypted, None).await.is_err());
        assert_eq!(read(sealed(&contents(), None), None).await.unwrap(), contents());
        assert_eq!(read(sealed(b"", Some(&recipient)), Some(&own)).await.unwrap(), b"");
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn what_was_cut_off_is_not_read_as_if_it_were_whole() {
        let identity = Identity::generate();
        let recipient: Recipient = identity.to_public().to_string().parse().unwrap();
        let identities = Identities(Arc::new(vec![identity]));
        for recipient in [None, Some(&recipient)] {
            let mut cut = sealed(&contents(), recipient);
            cut.truncate(cut.len() - 3);
            assert!(read(cut, recipient.map(|_| &identities)).await.is_err());
        }
    }

    #[test]
    fn a_file_without_a_private_key_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        for text in ["", "# only a comment", "age1notaprivatekey"] {
            std::fs::write(&path, text).unwrap();
            let message = Identities::read(&path).err().unwrap().to_string();
            assert!(message.contains("holds no age identity"), "{message}");
        }
    }
}
