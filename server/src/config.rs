//! Configuration: defaults, then the file, then `HYPERION_*`, then flags; later ones win.

mod settings;
mod value;

use std::{
    collections::BTreeMap,
    ffi::OsString,
    fmt::{self, Write},
    path::{Path, PathBuf},
};

use toml::Spanned;

use self::value::Given;
pub use self::{
    settings::{Config, ConfigArgs, SETTINGS, Setting},
    value::{BackupUrl, DatabaseUrl, LogFormat, Role, SentryDsn},
};

/// Prefix of the variables of all settings.
const PREFIX: &str = "HYPERION_";

/// Variables that are no settings of the server but belong to the program all the same.
const OTHER_VARIABLES: [&str; 5] = [
    "HYPERION_CONFIG",
    "HYPERION_SECRET_KEY",
    "HYPERION_PDFIUM",
    "HYPERION_SERVER",
    "HYPERION_API_KEY",
];

#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    #[error("the configuration file {} could not be read: {source}", path.display())]
    Unreadable { path: PathBuf, source: std::io::Error },
    /// `toml` names the line and what is wrong with it.
    #[error("the configuration file {} is not valid TOML:\n{source}", path.display())]
    Syntax {
        path: PathBuf,
        source: Box<toml::de::Error>,
    },
    #[error("{}, line {line}: {key} is not a setting of Hyperion. Settings are {}", path.display(), names())]
    UnknownKey { path: PathBuf, line: usize, key: String },
    #[error(
        "{name} is not a setting of Hyperion. Variables are HYPERION_CONFIG and, for settings, {}",
        variables()
    )]
    UnknownVariable { name: String },
    #[error("{place} must be {accepted}, but is {value}")]
    Value {
        place: String,
        accepted: &'static str,
        value: String,
    },
}

/// Where a value came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    Default,
    File { path: PathBuf, line: usize },
    Variable(String),
    Flag(String),
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File { path, line } => write!(f, "{}, line {line}", path.display()),
            Self::Variable(name) => write!(f, "variable {name}"),
            Self::Flag(flag) => write!(f, "flag {flag}"),
        }
    }
}

/// The effective configuration and where each of its values came from.
#[derive(Debug, Clone)]
pub struct Loaded {
    pub config: Config,
    /// By the name of the setting; one that is absent has its default.
    sources: BTreeMap<&'static str, Source>,
    /// Whether the secret key is in the environment.
    secret_key_given: bool,
}

impl Loaded {
    /// Reads the file that flag or environment name, the environment and the flags.
    pub fn read(
        args: &ConfigArgs,
        environment: impl IntoIterator<Item = (OsString, OsString)>,
    ) -> Result<Self, ConfigError> {
        let variables: BTreeMap<String, String> = environment
            .into_iter()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.to_string_lossy().into_owned())))
            .filter(|(name, _)| name.starts_with(PREFIX))
            .collect();
        let mut loaded = Self {
            config: Config::default(),
            sources: BTreeMap::new(),
            secret_key_given: variables.contains_key("HYPERION_SECRET_KEY"),
        };
        let file = args.config.clone();
        if let Some(path) = file.or_else(|| variables.get("HYPERION_CONFIG").map(PathBuf::from)) {
            loaded.take_file(&path)?;
        }
        loaded.take_variables(&variables)?;
        for (setting, text) in args.given() {
            let flag = format!("--{}", setting.name.replace('_', "-"));
            loaded.take(setting, Given::Text(text), &flag, Source::Flag(flag.clone()))?;
        }
        Ok(loaded)
    }

    /// What a file says, without regard to environment and flags.
    pub fn of_file(path: &Path) -> Result<Config, ConfigError> {
        let mut loaded = Self {
            config: Config::default(),
            sources: BTreeMap::new(),
            secret_key_given: false,
        };
        loaded.take_file(path)?;
        Ok(loaded.config)
    }

    fn take_file(&mut self, path: &Path) -> Result<(), ConfigError> {
        let text = std::fs::read_to_string(path).map_err(|source| ConfigError::Unreadable {
            path: path.to_owned(),
            source,
        })?;
        let values: BTreeMap<Spanned<String>, toml::Value> =
            toml::from_str(&text).map_err(|source| ConfigError::Syntax {
                path: path.to_owned(),
                source: Box::new(source),
            })?;
        for (key, value) in values {
            let before = text.get(..key.span().start).unwrap_or_default();
            let line = 1 + before.matches('\n').count();
            let name = key.get_ref();
            let setting =
                SETTINGS
                    .iter()
                    .find(|setting| setting.name == name)
                    .ok_or_else(|| ConfigError::UnknownKey {
                        path: path.to_owned(),
                        line,
                        key: name.clone(),
                    })?;
            let place = format!("{}, line {line}: {name}", path.display());
            let path = path.to_owned();
            self.take(setting, Given::Toml(&value), &place, Source::File { path, line })?;
        }
        Ok(())
    }

    /// A misspelt variable would otherwise be ignored in silence.
    fn take_variables(&mut self, variables: &BTreeMap<String, String>) -> Result<(), ConfigError> {
        for (name, text) in variables {
            match SETTINGS.iter().find(|setting| &setting.variable() == name) {
                Some(setting) => self.take(setting, Given::Text(text), name, Source::Variable(name.clone()))?,
                None if OTHER_VARIABLES.contains(&name.as_str()) => {}
                None => return Err(ConfigError::UnknownVariable { name: name.clone() }),
            }
        }
        Ok(())
    }

    fn take(
        &mut self,
        setting: &'static Setting,
        given: Given<'_>,
        place: &str,
        source: Source,
    ) -> Result<(), ConfigError> {
        if !self.config.set(setting.name, &given) {
            return Err(ConfigError::Value {
                place: place.to_owned(),
                accepted: setting.accepted,
                value: if setting.secret {
                    "something else, which is not shown because it may hold a secret".to_owned()
                } else {
                    given.to_string()
                },
            });
        }
        self.sources.insert(setting.name, source);
        Ok(())
    }

    pub fn source(&self, name: &str) -> &Source {
        self.sources.get(name).unwrap_or(&Source::Default)
    }

    /// A configuration file that has the same effect, saying where each value came from. It holds no secret.
    pub fn to_toml(&self) -> String {
        let mut text = String::new();
        for (name, value) in self.config.values() {
            let line = match value {
                Some(value) => format!("{name} = {value}"),
                None => format!("# {name} is not set"),
            };
            let _ = writeln!(text, "{line:40}  # {}", self.source(name));
        }
        let key = if self.secret_key_given {
            "********, from variable HYPERION_SECRET_KEY".to_owned()
        } else {
            format!("in {}", self.config.data_dir.join("secret.key").display())
        };
        let _ = writeln!(text, "# The secret key that seals the keys of connections: {key}");
        text
    }
}

/// A configuration file that changes nothing: every setting as a comment, with what it means and accepts.
pub fn example() -> String {
    let mut text = "# Configuration of Hyperion: hyperion serve --config FILE\n\
                    # Stronger than this file are variables (HYPERION_LISTEN, ...), and flags (--listen, ...).\n"
        .to_owned();
    let config = Config::default();
    for (setting, (name, value)) in SETTINGS.iter().zip(config.values()) {
        let value = value.unwrap_or_else(|| "\"\"".to_owned());
        let _ = write!(
            text,
            "\n# {}\n# Accepted: {}.\n# {name} = {value}\n",
            setting.about, setting.accepted
        );
    }
    text
}

impl Setting {
    pub fn variable(&self) -> String {
        format!("{PREFIX}{}", self.name.to_uppercase())
    }
}

impl Config {
    /// Folder of the original files, named by document.
    pub fn originals_dir(&self) -> PathBuf {
        self.data_dir.join("originals")
    }

    /// Where the database is.
    pub fn database(&self) -> store::Location {
        let connections = u32::try_from(self.database_connections).unwrap_or(u32::MAX);
        self.database_url
            .as_ref()
            .and_then(|url| store::Location::postgres(url.expose(), connections))
            .unwrap_or_else(|| store::Location::File(self.data_dir.join("hyperion.db")))
    }

    /// The folder of the browser bundle, the model and the PDF library, as an absolute path: child processes that use
    /// it run elsewhere.
    pub fn assets(&self) -> PathBuf {
        let folder = self.assets_dir.clone().unwrap_or_else(|| {
            std::env::current_exe()
                .ok()
                .and_then(|program| program.parent().map(Path::to_owned))
                .unwrap_or_else(|| PathBuf::from("."))
        });
        std::path::absolute(&folder).unwrap_or(folder)
    }
}

fn names() -> String {
    SETTINGS
        .iter()
        .map(|setting| setting.name)
        .collect::<Vec<_>>()
        .join(", ")
}

fn variables() -> String {
    SETTINGS.iter().map(Setting::variable).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Reads a configuration of a file with this text, these variables and these flags.
    fn read(file: &str, variables: &[(&str, &str)], args: ConfigArgs) -> Result<Loaded, ConfigError> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("hyperion.toml");
        std::fs::write(&path, file).unwrap();
        let args = ConfigArgs {
            config: Some(path),
            ..args
        };
        Loaded::read(&args, variables.iter().map(|(name, value)| (name.into(), value.into())))
    }

    fn refused(file: &str, variables: &[(&str, &str)]) -> String {
        read(file, variables, ConfigArgs::default()).unwrap_err().to_string()
    }

    #[test]
    fn flags_win_over_variables_and_variables_over_the_file() {
        let args = ConfigArgs {
            workers: Some("5".to_owned()),
            ..ConfigArgs::default()
        };
        let file = "workers = 3\nmax_upload_mib = 7\nsign_up = false";
        let variables = [("HYPERION_WORKERS", "4"), ("HYPERION_MAX_UPLOAD_MIB", "8")];
        let loaded = read(file, &variables, args).unwrap();
        let config = &loaded.config;
        assert_eq!((config.workers, config.max_upload_mib, config.sign_up), (5, 8, false));
        assert_eq!(loaded.source("workers").to_string(), "flag --workers");
        assert_eq!(
            loaded.source("max_upload_mib").to_string(),
            "variable HYPERION_MAX_UPLOAD_MIB"
        );
        assert!(loaded.source("sign_up").to_string().ends_with("hyperion.toml, line 3"));
        assert_eq!(*loaded.source("listen"), Source::Default);
    }

    #[test]
    fn an_unknown_key_is_refused_with_its_line_and_the_accepted_keys() {
        let message = refused("sign_up = true\nsing_up = false\n", &[]);
        assert!(
            message.contains("line 2: sing_up is not a setting") && message.contains("max_upload_mib"),
            "{message}"
        );
    }

    #[test]
    fn a_bad_value_is_refused_with_its_place_and_what_is_accepted() {
        let message = refused("\nworkers = 0", &[]);
        assert!(
            message.ends_with("line 2: workers must be a whole number from 1 to 256, but is 0"),
            "{message}"
        );
        let message = refused("sign_up = \"yes\"", &[]);
        assert!(
            message.ends_with("line 1: sign_up must be true or false, but is \"yes\""),
            "{message}"
        );
        let message = refused("", &[("HYPERION_LISTEN", "localhost")]);
        assert_eq!(
            message,
            "HYPERION_LISTEN must be an IP address and a port like 127.0.0.1:8080, but is \"localhost\""
        );
        assert!(refused("workers = \n", &[]).contains("not valid TOML"));
    }

    #[test]
    fn an_address_that_may_hold_a_secret_is_refused_without_showing_it() {
        for (name, value) in [
            ("HYPERION_SENTRY_DSN", "https://5ec3e7@sentry.example"),
            ("HYPERION_DATABASE_URL", "postgre://ada:5ec3e7@db/hyperion"),
        ] {
            let message = refused("", &[(name, value)]);
            assert!(
                message.starts_with(name) && message.contains("must be an address like"),
                "{message}"
            );
            assert!(!message.contains("5ec3e7"), "{message}");
        }
        let message = refused("redis_url = \"radis://:5ec3e7@cache\"", &[]);
        assert!(!message.contains("5ec3e7"), "{message}");
    }

    #[test]
    fn where_errors_are_reported_is_printed_without_its_key() {
        let variables = [(
            "HYPERION_SENTRY_DSN",
            "https://5ec3e7:5ec3e8@sentry.example:9000/errors/42",
        )];
        let loaded = read("", &variables, ConfigArgs::default()).unwrap();
        let printed = format!("{}{:?}", loaded.to_toml(), loaded.config);
        assert!(
            printed.contains("https://********@sentry.example:9000/errors/42"),
            "{printed}"
        );
        assert!(!printed.contains("5ec3e"), "{printed}");
    }

    #[test]
    fn a_misspelt_variable_is_refused() {
        let message = refused("", &[("PATH", "/bin"), ("HYPERION_LISTN", "127.0.0.1:1")]);
        assert!(
            message.starts_with("HYPERION_LISTN is not a setting") && message.contains("HYPERION_LISTEN"),
            "{message}"
        );
    }

    #[test]
    fn what_is_printed_reads_back_as_the_same_configuration_and_tells_no_secret() {
        let file = "listen = \"[::1]:9000\"\ndata_dir = \"/srv/\\\"odd\\\" name\"\nlog_format = \"json\"";
        let loaded = read(file, &[("HYPERION_SECRET_KEY", "5ec3e7")], ConfigArgs::default()).unwrap();
        let printed = loaded.to_toml();
        assert!(
            !printed.contains("5ec3e7") && printed.contains("********, from variable HYPERION_SECRET_KEY"),
            "{printed}"
        );
        let again = read(&printed, &[], ConfigArgs::default()).unwrap();
        assert_eq!(again.config.values(), loaded.config.values());
    }

    #[test]
    fn the_example_names_every_setting_and_changes_none() {
        let text = example();
        for setting in SETTINGS {
            assert!(text.contains(&format!("\n# {} = ", setting.name)), "{text}");
        }
        let loaded = read(&text, &[], ConfigArgs::default()).unwrap();
        assert_eq!(loaded.config.values(), Config::default().values());
    }
}
