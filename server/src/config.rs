//! Configuration: defaults, then the file, then `HYPERION_*`, then flags; later ones win.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
};

use clap::Args;
use serde::{Deserialize, Serialize};

/// The effective configuration.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Address and port to serve on.
    pub listen: SocketAddr,
    /// Folder of the database, the original files and the secret key.
    pub data_dir: PathBuf,
    /// Folder that holds `site/`, `models/` and `libpdfium.so`; the program's own folder unless given.
    pub assets_dir: Option<PathBuf>,
    /// Whether visitors may create accounts. The first account can always be created.
    pub sign_up: bool,
    /// Whether servers on private and loopback addresses may be reached (connections, upload by URL).
    pub allow_private_addresses: bool,
    /// Set when browsers reach the server by https: cookies are then sent over https only.
    pub secure_cookies: bool,
    /// Largest file taken, in MiB.
    pub max_upload_mib: u64,
    /// Documents read at the same time.
    pub workers: usize,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 8080)),
            data_dir: PathBuf::from("data"),
            assets_dir: None,
            sign_up: true,
            allow_private_addresses: false,
            secure_cookies: false,
            max_upload_mib: 100,
            workers: std::thread::available_parallelism().map_or(1, usize::from),
        }
    }
}

/// Flags that override the file and the environment.
#[derive(Debug, Clone, Default, Args)]
pub struct ConfigArgs {
    /// Configuration file (TOML).
    #[arg(long, env = "HYPERION_CONFIG", global = true)]
    pub config: Option<PathBuf>,
    /// Address and port to serve on.
    #[arg(long, env = "HYPERION_LISTEN", global = true)]
    pub listen: Option<SocketAddr>,
    /// Folder of the database, the original files and the secret key.
    #[arg(long, env = "HYPERION_DATA_DIR", global = true)]
    pub data_dir: Option<PathBuf>,
    /// Folder that holds site/, models/ and libpdfium.so.
    #[arg(long, env = "HYPERION_ASSETS_DIR", global = true)]
    pub assets_dir: Option<PathBuf>,
    /// Whether visitors may create accounts.
    #[arg(long, env = "HYPERION_SIGN_UP", global = true)]
    pub sign_up: Option<bool>,
    /// Whether servers on private addresses may be reached.
    #[arg(long, env = "HYPERION_ALLOW_PRIVATE_ADDRESSES", global = true)]
    pub allow_private_addresses: Option<bool>,
    /// Send cookies over https only.
    #[arg(long, env = "HYPERION_SECURE_COOKIES", global = true)]
    pub secure_cookies: Option<bool>,
    /// Largest file taken, in MiB.
    #[arg(long, env = "HYPERION_MAX_UPLOAD_MIB", global = true)]
    pub max_upload_mib: Option<u64>,
    /// Documents read at the same time.
    #[arg(long, env = "HYPERION_WORKERS", global = true)]
    pub workers: Option<usize>,
}

#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    #[error("the configuration file {} could not be read: {source}", path.display())]
    Unreadable { path: PathBuf, source: std::io::Error },
    /// `toml` names the line, what is wrong with it and what would be accepted.
    #[error("the configuration file {} is not valid:\n{source}", path.display())]
    Invalid {
        path: PathBuf,
        source: Box<toml::de::Error>,
    },
    #[error("{0} is not a setting of Hyperion: see `hyperion serve --help` for those there are")]
    UnknownVariable(String),
    #[error("{setting} must be {accepted}, but is {value}")]
    OutOfRange {
        setting: &'static str,
        accepted: &'static str,
        value: String,
    },
}

/// Variables that are not settings but belong to the program all the same.
const OTHER_VARIABLES: [&str; 3] = ["HYPERION_SECRET_KEY", "HYPERION_LOG", "HYPERION_PDFIUM"];

const SETTINGS: [&str; 9] = [
    "CONFIG",
    "LISTEN",
    "DATA_DIR",
    "ASSETS_DIR",
    "SIGN_UP",
    "ALLOW_PRIVATE_ADDRESSES",
    "SECURE_COOKIES",
    "MAX_UPLOAD_MIB",
    "WORKERS",
];

impl Config {
    /// Folder of the original files, named by document.
    pub fn originals_dir(&self) -> PathBuf {
        self.data_dir.join("originals")
    }

    pub fn load(args: &ConfigArgs) -> Result<Self, ConfigError> {
        refuse_unknown_variables(std::env::vars_os().filter_map(|(name, _)| name.into_string().ok()))?;
        let mut config = match &args.config {
            Some(path) => Self::from_file(path)?,
            None => Self::default(),
        };
        macro_rules! override_with {
            ($($setting:ident),*) => {$(
                if let Some(value) = args.$setting.clone() { config.$setting = value; }
            )*};
        }
        override_with!(
            listen,
            data_dir,
            sign_up,
            allow_private_addresses,
            secure_cookies,
            max_upload_mib,
            workers
        );
        if args.assets_dir.is_some() {
            config.assets_dir.clone_from(&args.assets_dir);
        }
        config.check()?;
        Ok(config)
    }

    fn from_file(path: &Path) -> Result<Self, ConfigError> {
        let text = std::fs::read_to_string(path).map_err(|source| ConfigError::Unreadable {
            path: path.to_owned(),
            source,
        })?;
        toml::from_str(&text).map_err(|source| ConfigError::Invalid {
            path: path.to_owned(),
            source: Box::new(source),
        })
    }

    fn check(&self) -> Result<(), ConfigError> {
        if !(1..=256).contains(&self.workers) {
            let value = self.workers.to_string();
            return Err(ConfigError::OutOfRange {
                setting: "workers",
                accepted: "1 to 256",
                value,
            });
        }
        if !(1..=10_240).contains(&self.max_upload_mib) {
            let value = self.max_upload_mib.to_string();
            return Err(ConfigError::OutOfRange {
                setting: "max_upload_mib",
                accepted: "1 to 10240",
                value,
            });
        }
        Ok(())
    }

    /// The folder of the browser bundle, the model and the PDF library.
    pub fn assets(&self) -> PathBuf {
        self.assets_dir.clone().unwrap_or_else(|| {
            std::env::current_exe()
                .ok()
                .and_then(|program| program.parent().map(Path::to_owned))
                .unwrap_or_else(|| PathBuf::from("."))
        })
    }
}

/// A misspelt variable would otherwise be ignored in silence.
fn refuse_unknown_variables(names: impl Iterator<Item = String>) -> Result<(), ConfigError> {
    for name in names {
        let Some(setting) = name.strip_prefix("HYPERION_") else {
            continue;
        };
        if !SETTINGS.contains(&setting) && !OTHER_VARIABLES.contains(&name.as_str()) {
            return Err(ConfigError::UnknownVariable(name));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(text: &str) -> Result<Config, ConfigError> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("hyperion.toml");
        std::fs::write(&path, text).unwrap();
        Config::load(&ConfigArgs {
            config: Some(path),
            ..ConfigArgs::default()
        })
    }

    #[test]
    fn an_unknown_key_is_refused_with_its_line_and_the_accepted_keys() {
        let message = file("sign_up = true\nsing_up = false\n").unwrap_err().to_string();
        assert!(message.contains("line 2"), "{message}");
        assert!(message.contains("max_upload_mib"), "{message}");
    }

    #[test]
    fn a_value_out_of_range_is_refused_with_what_is_accepted() {
        let message = file("workers = 0").unwrap_err().to_string();
        assert_eq!(message, "workers must be 1 to 256, but is 0");
    }

    #[test]
    fn flags_win_over_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("hyperion.toml");
        std::fs::write(&path, "workers = 3\nmax_upload_mib = 7").unwrap();
        let args = ConfigArgs {
            config: Some(path),
            workers: Some(5),
            ..ConfigArgs::default()
        };
        let config = Config::load(&args).unwrap();
        assert_eq!((config.workers, config.max_upload_mib), (5, 7));
    }

    #[test]
    fn a_misspelt_variable_is_refused() {
        let names = ["PATH", "HYPERION_LISTEN", "HYPERION_LISTN"].map(str::to_owned);
        let message = refuse_unknown_variables(names.into_iter()).unwrap_err().to_string();
        assert!(message.contains("HYPERION_LISTN"), "{message}");
    }
}
