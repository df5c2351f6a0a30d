//! The kinds of values that settings have.

use std::{
    fmt,
    net::SocketAddr,
    path::{Path, PathBuf},
};

use sentry::types::Dsn;
use url::Url;

use crate::backup::Recipient;

/// A value as it was given.
pub enum Given<'a> {
    /// By a flag or in the environment.
    Text(&'a str),
    /// In the file.
    Toml(&'a toml::Value),
}

impl Given<'_> {
    pub fn read<T: Value>(&self) -> Option<T> {
        match self {
            Self::Text(text) => T::from_text(text),
            Self::Toml(value) => T::from_toml(value),
        }
    }
}

impl fmt::Display for Given<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => write!(f, "{text:?}"),
            Self::Toml(value) => write!(f, "{value}"),
        }
    }
}

pub trait Value: Sized {
    /// Whether values may hold a password or a key.
    const SECRET: bool = false;

    fn from_text(text: &str) -> Option<Self>;

    /// Values that are strings in TOML; the others have their own way.
    fn from_toml(value: &toml::Value) -> Option<Self> {
        Self::from_text(value.as_str()?)
    }

    /// As it stands in a configuration file; none when it is not set.
    fn to_toml(&self) -> Option<String>;
}

fn quoted(text: &str) -> Option<String> {
    Some(toml::Value::from(text).to_string())
}

impl Value for String {
    fn from_text(text: &str) -> Option<Self> {
        Some(text.to_owned())
    }

    fn to_toml(&self) -> Option<String> {
        quoted(self)
    }
}

impl Value for SocketAddr {
    fn from_text(text: &str) -> Option<Self> {
        text.parse().ok()
    }

    fn to_toml(&self) -> Option<String> {
        quoted(&self.to_string())
    }
}

impl Value for Option<SocketAddr> {
    fn from_text(text: &str) -> Option<Self> {
        SocketAddr::from_text(text).map(Some)
    }

    fn to_toml(&self) -> Option<String> {
        self.as_ref()?.to_toml()
    }
}

impl Value for PathBuf {
    fn from_text(text: &str) -> Option<Self> {
        (!text.is_empty()).then(|| Self::from(text))
    }

    fn to_toml(&self) -> Option<String> {
        quoted(&self.to_string_lossy())
    }
}

impl Value for Option<PathBuf> {
    fn from_text(text: &str) -> Option<Self> {
        PathBuf::from_text(text).map(Some)
    }

    fn to_toml(&self) -> Option<String> {
        quoted(&self.as_deref().map(Path::to_string_lossy)?)
    }
}

impl Value for Option<Url> {
    fn from_text(text: &str) -> Option<Self> {
        let url = Url::parse(text).ok()?;
        (["http", "https"].contains(&url.scheme()) && url.host().is_some()).then_some(Some(url))
    }

    fn to_toml(&self) -> Option<String> {
        quoted(self.as_ref()?.as_str())
    }
}

impl Value for bool {
    fn from_text(text: &str) -> Option<Self> {
        text.parse().ok()
    }

    fn from_toml(value: &toml::Value) -> Option<Self> {
        value.as_bool()
    }

    fn to_toml(&self) -> Option<String> {
        Some(self.to_string())
    }
}

impl Value for u64 {
    fn from_text(text: &str) -> Option<Self> {
        text.parse().ok()
    }

    fn from_toml(value: &toml::Value) -> Option<Self> {
        Self::try_from(value.as_integer()?).ok()
    }

    fn to_toml(&self) -> Option<String> {
        Some(self.to_string())
    }
}

impl Value for usize {
    fn from_text(text: &str) -> Option<Self> {
        text.parse().ok()
    }

    fn from_toml(value: &toml::Value) -> Option<Self> {
        Self::try_from(value.as_integer()?).ok()
    }

    fn to_toml(&self) -> Option<String> {
        Some(self.to_string())
    }
}

/// Addresses with passwords in them: `$name`, and which ones are accepted.
macro_rules! secret_address {
    ($($(#[doc = $about:literal])+ $name:ident: $check:expr;)+) => { $(
        $(#[doc = $about])+
        #[derive(Clone)]
        pub struct $name(String);

        impl $name {
            pub fn new(text: &str) -> Option<Self> {
                $check(text).then(|| Self(text.to_owned()))
            }

            pub fn expose(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&masked(&self.0))
            }
        }

        impl Value for Option<$name> {
            const SECRET: bool = true;

            fn from_text(text: &str) -> Option<Self> {
                $name::new(text).map(Some)
            }

            fn to_toml(&self) -> Option<String> {
                quoted(&masked(&self.as_ref()?.0))
            }
        }
    )+ };
}

secret_address! {
    /// Where PostgreSQL is.
    DatabaseUrl: |text: &str| store::Location::postgres(text, 1).is_some();
    /// Where Redis is.
    RedisUrl: |text: &str| redis::Client::open(text).is_ok();
    /// Where Milvus is.
    MilvusUrl: |text: &str| milvus::Address::parse(text).is_ok();
    /// Where the original files are.
    OriginalsUrl: |text: &str| Url::parse(text).is_ok_and(|url| url.scheme() == "s3" && url.host().is_some());
}

/// Where snapshots are kept: in a bucket or in a folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BackupUrl(String);

impl BackupUrl {
    /// Any path, but no address of a kind that is not known.
    pub fn new(text: &str) -> Option<Self> {
        let is_place = if text.contains("://") {
            OriginalsUrl::new(text).is_some()
        } else {
            !text.is_empty()
        };
        is_place.then(|| Self(text.to_owned()))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Value for Option<BackupUrl> {
    fn from_text(text: &str) -> Option<Self> {
        BackupUrl::new(text).map(Some)
    }

    fn to_toml(&self) -> Option<String> {
        quoted(self.as_ref()?.as_str())
    }
}

impl Value for Option<Recipient> {
    fn from_text(text: &str) -> Option<Self> {
        text.parse().ok().map(Some)
    }

    fn to_toml(&self) -> Option<String> {
        quoted(&self.as_ref()?.to_string())
    }
}

/// The address with stars for its password, in the user part or among the options.
fn masked(url: &str) -> String {
    let Ok(mut url) = Url::parse(url) else {
        return "********".to_owned();
    };
    if url.password().is_some() {
        // Fails only for addresses without a host, which have no password either.
        url.set_password(Some("********")).ok();
    }
    if url.query().is_some_and(|query| query.contains("password")) {
        url.set_query(Some("********"));
    }
    url.to_string()
}

/// The project of Sentry that errors are reported to.
#[derive(Clone)]
pub struct SentryDsn(Dsn);

impl SentryDsn {
    pub fn new(text: &str) -> Option<Self> {
        text.parse().ok().map(Self)
    }

    pub fn expose(&self) -> &Dsn {
        &self.0
    }

    /// With the key that lets pages report, and without the secret one that older addresses have.
    pub fn for_browsers(&self) -> String {
        self.with_key(self.0.public_key())
    }

    fn with_key(&self, key: &str) -> String {
        let dsn = &self.0;
        let (scheme, host, port) = (dsn.scheme(), dsn.host(), dsn.port());
        let port = if port == scheme.default_port() {
            String::new()
        } else {
            format!(":{port}")
        };
        format!("{scheme}://{key}@{host}{port}{}{}", dsn.path(), dsn.project_id())
    }
}

impl fmt::Debug for SentryDsn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.with_key("********"))
    }
}

impl Value for Option<SentryDsn> {
    const SECRET: bool = true;

    fn from_text(text: &str) -> Option<Self> {
        SentryDsn::new(text).map(Some)
    }

    fn to_toml(&self) -> Option<String> {
        quoted(&self.as_ref()?.with_key("********"))
    }
}

/// What a process does of an installation's work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    All,
    Web,
    Worker,
}

impl Role {
    pub fn serves(self) -> bool {
        self != Self::Worker
    }

    pub fn reads_documents(self) -> bool {
        self != Self::Web
    }
}

impl Value for Role {
    fn from_text(text: &str) -> Option<Self> {
        match text {
            "all" => Some(Self::All),
            "web" => Some(Self::Web),
            "worker" => Some(Self::Worker),
            _ => None,
        }
    }

    fn to_toml(&self) -> Option<String> {
        quoted(match self {
            Self::All => "all",
            Self::Web => "web",
            Self::Worker => "worker",
        })
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    Text,
    Json,
}

impl Value for LogFormat {
    fn from_text(text: &str) -> Option<Self> {
        match text {
            "text" => Some(Self::Text),
            "json" => Some(Self::Json),
            _ => None,
        }
    }

    fn to_toml(&self) -> Option<String> {
        quoted(match self {
            Self::Text => "text",
            Self::Json => "json",
        })
    }
}
