//! The settings there are. Adding one here gives it a key in the file, a variable, a flag and its documentation.

use std::{net::SocketAddr, path::PathBuf};

use tracing_subscriber::EnvFilter;
use url::Url;

use super::value::{
    BackupUrl, DatabaseUrl, Given, LogFormat, MilvusUrl, OriginalsUrl, RedisUrl, Role, SentryDsn, Value,
};
use crate::backup::Recipient;

/// What is known of a setting.
#[derive(Debug)]
pub struct Setting {
    /// Its key in the configuration file.
    pub name: &'static str,
    pub about: &'static str,
    /// What its values look like, to follow "must be".
    pub accepted: &'static str,
    /// Whether its values may hold a password or a key.
    pub secret: bool,
}

/// One entry a setting: documentation, name, type, default, accepted values in words, and a further check of them.
macro_rules! settings {
    ($(
        #[doc = $about:literal]
        $name:ident: $type:ty = $default:expr, $accepted:literal $(, if $check:expr)?;
    )*) => {
        /// The effective configuration.
        #[derive(Debug, Clone)]
        pub struct Config {
            $(#[doc = $about] pub $name: $type,)*
        }

        impl Default for Config {
            fn default() -> Self {
                Self { $($name: $default,)* }
            }
        }

        /// Flags that override the file and the environment.
        #[derive(Debug, Clone, Default, clap::Args)]
        pub struct ConfigArgs {
            /// Configuration file (TOML) [variable: HYPERION_CONFIG]
            #[arg(long, value_name = "FILE", global = true, help_heading = "Settings")]
            pub config: Option<PathBuf>,
            $(
                #[doc = $about]
                #[arg(long, value_name = "VALUE", global = true, help_heading = "Settings")]
                pub $name: Option<String>,
            )*
        }

        pub const SETTINGS: &[Setting] = &[
            $(Setting {
                name: stringify!($name),
                about: $about.trim_ascii(),
                accepted: $accepted,
                secret: <$type as Value>::SECRET,
            },)*
        ];

        impl ConfigArgs {
            /// The settings that were given as flags, and their text.
            pub(super) fn given(&self) -> impl Iterator<Item = (&'static Setting, &str)> {
                let texts = [$(self.$name.as_deref(),)*];
                SETTINGS.iter().zip(texts).filter_map(|(setting, text)| Some((setting, text?)))
            }
        }

        impl Config {
            /// Takes a value for the setting of this name; false when it is not an accepted one.
            pub(super) fn set(&mut self, name: &str, given: &Given<'_>) -> bool {
                match name {
                    $(
                        stringify!($name) => {
                            let value = given.read::<$type>();
                            $(let value = value.filter($check);)?
                            let accepted = value.is_some();
                            self.$name = value.unwrap_or_else(|| self.$name.clone());
                            accepted
                        }
                    )*
                    _ => false,
                }
            }

            /// The settings' names and their values in TOML, in order; none for one that is not set.
            pub fn values(&self) -> Vec<(&'static str, Option<String>)> {
                vec![$((stringify!($name), self.$name.to_toml()),)*]
            }
        }
    };
}

settings! {
    /// Address and port to serve on
    listen: SocketAddr = SocketAddr::from(([127, 0, 0, 1], 8080)), "an IP address and a port like 127.0.0.1:8080";
    /// Address and port of metrics for Prometheus, at /metrics; none unless given
    metrics_listen: Option<SocketAddr> = None, "an IP address and a port like 127.0.0.1:9464";
    /// Collector of traces, by OTLP over HTTP; no traces are sent unless given
    otlp_endpoint: Option<Url> = None, "an address like http://127.0.0.1:4318";
    /// Folder of the database, the original files and the secret key
    data_dir: PathBuf = PathBuf::from("data"), "a path";
    /// PostgreSQL database to keep everything but the original files in; a SQLite file in data_dir unless given
    database_url: Option<DatabaseUrl> = None, "an address like postgres://user:password@host:5432/hyperion";
    /// Connections to PostgreSQL at most
    database_connections: usize = 20, "a whole number from 2 to 1000", if |connections| (2..=1000).contains(connections);
    /// Redis through which replicas tell each other what happens; needed only where there are several
    redis_url: Option<RedisUrl> = None, "an address like redis://:password@host:6379 (rediss:// with TLS, ?ca_certificate=FILE with its authority)";
    /// Milvus server to find passages by; the database itself finds them unless given
    milvus_url: Option<MilvusUrl> = None,
        "an address like http://user:password@host:19530/database (https:// with TLS, ?ca_certificate=FILE with its authority)";
    /// Bucket of the original files, reached as the variables AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_REGION and AWS_ENDPOINT_URL say; a folder in data_dir unless given
    originals_url: Option<OriginalsUrl> = None, "an address like s3://bucket/folder";
    /// Where snapshots are kept: a bucket, reached by the same AWS_ variables, or a folder
    backup_url: Option<BackupUrl> = None, "an address like s3://bucket/folder, or a path";
    /// Public key of age (age1...) that snapshots are encrypted to; not encrypted unless given
    backup_recipient: Option<Recipient> = None, "an age public key like age1... (age-keygen makes one)";
    /// Snapshots that are kept; older ones are removed once so many newer ones lack nothing
    backup_keep: usize = 14, "a whole number from 1 to 3650", if |keep| (1..=3650).contains(keep);
    /// Whether the server brings the database to its own schema when it starts; otherwise it waits until `hyperion migrate` has done so
    migrate: bool = true, "true or false";
    /// What this process does: serve pages and the API, read documents, or both
    role: Role = Role::All, "all, web or worker";
    /// Seconds that answers in progress may take to end after the server was asked to stop; it is not ready meanwhile
    drain_seconds: u64 = 0, "a whole number from 0 to 3600", if |seconds| (0..=3600).contains(seconds);
    /// Folder that holds site/, models/ and libpdfium.so; the program's own folder unless given
    assets_dir: Option<PathBuf> = None, "a path";
    /// Whether visitors may create accounts; the first account can always be created
    sign_up: bool = true, "true or false";
    /// Whether servers on private and loopback addresses may be reached (connections, upload by URL)
    allow_private_addresses: bool = false, "true or false";
    /// Set when browsers reach the server by https: cookies are then sent over https only
    secure_cookies: bool = false, "true or false";
    /// Set when a reverse proxy stands in front: visitors' addresses are then taken from its X-Forwarded-For
    trust_proxy: bool = false, "true or false";
    /// Largest file taken, in MiB
    max_upload_mib: u64 = 100, "a whole number from 1 to 10240", if |mib| (1..=10_240).contains(mib);
    /// Documents read at the same time; one for each processor unless given
    workers: usize = std::thread::available_parallelism().map_or(1, usize::from), "a whole number from 1 to 256",
        if |workers| (1..=256).contains(workers);
    /// What is logged to standard error
    log: String = "warn,server=info".to_owned(),
        "a level (error, warn, info, debug, trace), or levels by module like warn,server=debug",
        if |filter| EnvFilter::try_new(filter).is_ok();
    /// How it is logged: as text for people, or each event as a line of JSON
    log_format: LogFormat = LogFormat::Text, "text or json";
    /// Project of Sentry that errors, panics and slow requests are reported to, by server and pages; none unless given
    sentry_dsn: Option<SentryDsn> = None, "an address like https://key@sentry.example/1";
}
