//! Sealing of secrets that are stored: XChaCha20-Poly1305, bound to whose and what they are.

use std::{
    fmt,
    io::{self, Write},
    path::{Path, PathBuf},
};

use api::{ConnectionId, UserId};
use chacha20poly1305::{
    KeyInit, XChaCha20Poly1305, XNonce,
    aead::{Aead, Payload},
};
use secrecy::{ExposeSecret, SecretString};

pub const KEY_VARIABLE: &str = "HYPERION_SECRET_KEY";
const KEY_FILE: &str = "secret.key";
const NONCE_BYTES: usize = 24;

#[derive(Debug, thiserror::Error)]
pub enum SecretsError {
    #[error("{0} must hold 64 hexadecimal digits: make one with `openssl rand -hex 32`")]
    InvalidKey(String),
    #[error("the secret key file {} could not be read or made: {source}", path.display())]
    KeyFile { path: PathBuf, source: io::Error },
    #[error(
        "the stored key cannot be opened with this server's secret key: enter it again, or restore the secret key it \
         was stored with"
    )]
    CannotOpen,
}

/// The installation's key as it is kept.
pub struct KeptKey {
    hex: SecretString,
    pub place: KeyPlace,
}

/// Where a key is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeyPlace {
    Environment,
    File(PathBuf),
}

impl fmt::Display for KeyPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Environment => f.write_str(KEY_VARIABLE),
            Self::File(path) => write!(f, "{}", path.display()),
        }
    }
}

impl KeptKey {
    /// The key that a server with this data folder uses; none when it would make one.
    pub fn find(data_dir: &Path) -> Result<Option<Self>, SecretsError> {
        match std::env::var(KEY_VARIABLE) {
            Ok(text) => Self::checked(&text, KeyPlace::Environment).map(Some),
            Err(_) => Self::in_folder(data_dir),
        }
    }

    /// The key in a data folder.
    pub fn in_folder(data_dir: &Path) -> Result<Option<Self>, SecretsError> {
        let path = data_dir.join(KEY_FILE);
        match std::fs::read_to_string(&path) {
            Ok(text) => Self::checked(text.trim(), KeyPlace::File(path)).map(Some),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(source) => Err(SecretsError::KeyFile { path, source }),
        }
    }

    /// A key that was kept elsewhere.
    pub fn checked(text: &str, place: KeyPlace) -> Result<Self, SecretsError> {
        Secrets::from_hex(text, &place.to_string())?;
        Ok(Self {
            hex: SecretString::from(text.to_lowercase()),
            place,
        })
    }

    pub fn is_same(&self, other: &Self) -> bool {
        self.hex.expose_secret() == other.hex.expose_secret()
    }

    /// Where a data folder keeps it.
    pub fn file_in(data_dir: &Path) -> PathBuf {
        data_dir.join(KEY_FILE)
    }

    /// As it is kept.
    pub fn to_bytes(&self) -> Vec<u8> {
        self.hex.expose_secret().as_bytes().to_vec()
    }

    pub fn secrets(&self) -> Result<Secrets, SecretsError> {
        Secrets::from_hex(self.hex.expose_secret(), &self.place.to_string())
    }

    /// Keeps it in another data folder too, unless that has one.
    pub fn keep_in(&self, data_dir: &Path) -> Result<(), SecretsError> {
        let path = data_dir.join(KEY_FILE);
        write_key(&path, self.hex.expose_secret()).map_err(|source| SecretsError::KeyFile { path, source })
    }
}

/// Seals and opens secrets with the installation's key.
#[derive(Clone)]
pub struct Secrets {
    cipher: XChaCha20Poly1305,
}

impl Secrets {
    /// Takes the key from the environment, else from a file in the data folder, which is made when there is none.
    pub fn open(data_dir: &Path) -> Result<Self, SecretsError> {
        match std::env::var(KEY_VARIABLE) {
            Ok(text) => Self::from_hex(&text, KEY_VARIABLE),
            Err(_) => Self::from_file(&data_dir.join(KEY_FILE)),
        }
    }

    fn from_file(path: &Path) -> Result<Self, SecretsError> {
        let failed = |source| SecretsError::KeyFile {
            path: path.to_owned(),
            source,
        };
        if !path.try_exists().map_err(failed)? {
            write_key(path, &hex::encode(rand::random::<[u8; 32]>())).map_err(failed)?;
        }
        let text = std::fs::read_to_string(path).map_err(failed)?;
        Self::from_hex(text.trim(), &path.display().to_string())
    }

    fn from_hex(text: &str, found_in: &str) -> Result<Self, SecretsError> {
        let mut key = [0; 32];
        hex::decode_to_slice(text, &mut key).map_err(|_| SecretsError::InvalidKey(found_in.to_owned()))?;
        Ok(Self {
            cipher: XChaCha20Poly1305::new(&key.into()),
        })
    }

    /// A random nonce and the sealed bytes after it.
    pub fn seal(&self, owner: UserId, id: ConnectionId, secret: &str) -> Vec<u8> {
        let nonce: [u8; NONCE_BYTES] = rand::random();
        let payload = Payload {
            msg: secret.as_bytes(),
            aad: &bound_to(owner, id),
        };
        let sealed = self
            .cipher
            .encrypt(&XNonce::from(nonce), payload)
            .expect("encryption fails only on more than 256 GiB");
        [nonce.as_slice(), &sealed].concat()
    }

    /// # Errors
    /// [`SecretsError::CannotOpen`] under another key, owner or id, or when a bit was changed.
    pub fn unseal(&self, owner: UserId, id: ConnectionId, sealed: &[u8]) -> Result<SecretString, SecretsError> {
        let (nonce, sealed) = sealed
            .split_first_chunk::<NONCE_BYTES>()
            .ok_or(SecretsError::CannotOpen)?;
        let payload = Payload {
            msg: sealed,
            aad: &bound_to(owner, id),
        };
        let opened = self
            .cipher
            .decrypt(&XNonce::from(*nonce), payload)
            .map_err(|_| SecretsError::CannotOpen)?;
        String::from_utf8(opened)
            .map(SecretString::from)
            .map_err(|_| SecretsError::CannotOpen)
    }
}

/// A sealed key that is copied into another row does not open there.
fn bound_to(owner: UserId, id: ConnectionId) -> Vec<u8> {
    [owner.0.as_bytes().as_slice(), id.0.as_bytes()].concat()
}

/// Written beside and then renamed: a crash leaves either no file or a whole one. Temporary files have mode 600.
fn write_key(path: &Path, hex: &str) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    file.write_all(hex.as_bytes())?;
    file.as_file().sync_all()?;
    match file.persist_noclobber(path) {
        // Another process made one first: that one counts.
        Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(error.error),
        Ok(_) => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use uuid::Uuid;

    use super::*;

    fn ids() -> (UserId, ConnectionId) {
        (UserId(Uuid::now_v7()), ConnectionId(Uuid::now_v7()))
    }

    #[test]
    fn a_secret_opens_after_a_restart_with_the_generated_key_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(KEY_FILE);
        let (owner, id) = ids();
        let sealed = Secrets::from_file(&path).unwrap().seal(owner, id, "sk-123");
        assert!(!sealed.windows(6).any(|window| window == b"sk-123"));
        let opened = Secrets::from_file(&path).unwrap().unseal(owner, id, &sealed).unwrap();
        assert_eq!(opened.expose_secret(), "sk-123");
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn a_secret_opens_for_its_own_owner_and_connection_only() {
        let secrets = Secrets::from_hex(&"ab".repeat(32), "test").unwrap();
        let (owner, id) = ids();
        let (other_owner, other_id) = ids();
        let mut sealed = secrets.seal(owner, id, "sk-123");
        assert!(secrets.unseal(other_owner, id, &sealed).is_err());
        assert!(secrets.unseal(owner, other_id, &sealed).is_err());
        assert!(secrets.unseal(owner, id, b"short").is_err());
        *sealed.last_mut().unwrap() ^= 1;
        assert!(secrets.unseal(owner, id, &sealed).is_err());
    }

    #[test]
    fn a_key_that_is_not_one_is_refused_with_how_to_make_one() {
        let message = Secrets::from_hex("hunter2", KEY_VARIABLE).err().unwrap().to_string();
        assert!(message.starts_with("HYPERION_SECRET_KEY"), "{message}");
        assert!(message.contains("openssl rand"), "{message}");
    }
}
