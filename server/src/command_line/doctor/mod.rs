//! `hyperion doctor`: is everything there that Hyperion needs, and does it work?

mod assets;
mod connections;
mod deep;
mod finding;
mod milvus;
mod storage;
mod tiny_pdf;

use std::{net::TcpListener, process::ExitCode};

use self::finding::Finding;
use super::{Failure, output};
use crate::{
    config::{Config, ConfigError, Loaded},
    data_folder,
};

#[derive(clap::Args)]
pub struct Doctor {
    /// Also ask the endpoint of every connection for its models
    #[arg(long)]
    connections: bool,
    /// Also look whether everything is there that is stored of every document
    #[arg(long)]
    deep: bool,
    /// Have documents of which something is missing read again; goes with --deep
    #[arg(long, requires = "deep")]
    repair: bool,
    /// Print each finding as a line of JSON
    #[arg(long)]
    json: bool,
}

impl Doctor {
    /// Changes nothing unless it is to repair. Fails when anything is wrong that keeps Hyperion from working.
    pub async fn run(self, loaded: Result<Loaded, ConfigError>) -> Result<ExitCode, Failure> {
        let loaded = match loaded {
            Ok(loaded) => loaded,
            Err(error) => {
                self.print(&Finding::fail("configuration", error));
                return Ok(ExitCode::FAILURE);
            }
        };
        let config = &loaded.config;
        let mut good = true;
        let mut tell = |finding: Finding| {
            self.print(&finding);
            good &= !finding.is_failure();
        };
        tell(Finding::ok("configuration", "valid; `hyperion config` shows it"));
        tell(storage::folder(config));
        tell(storage::space(config));
        tell(storage::database(config).await);
        tell(storage::originals(config).await);
        if let Some(redis) = storage::redis(config).await {
            tell(redis);
        }
        if let Some(milvus) = milvus::check(config).await {
            tell(milvus);
        }
        tell(storage::secret_key(config));
        tell(assets::model(config));
        tell(assets::pdf_library(config).await);
        tell(assets::pages(config));
        tell(address(config));
        if self.connections {
            connections::check(config).await.into_iter().for_each(&mut tell);
        }
        if self.deep {
            deep::check(config, self.repair).await.into_iter().for_each(&mut tell);
        }
        Ok(if good { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }

    fn print(&self, finding: &Finding) {
        if self.json {
            output::print_line(finding.to_json());
        } else {
            output::print_line(finding);
        }
    }
}

/// Whether the server could listen, or does.
fn address(config: &Config) -> Finding {
    const WHAT: &str = "address";
    if let Some(url) = data_folder::holder(&config.data_dir).and_then(|holder| holder.url) {
        return Finding::ok(WHAT, format!("a server runs on this data folder, at {url}"));
    }
    match TcpListener::bind(config.listen) {
        Ok(_) => Finding::ok(WHAT, format!("{} is free", config.listen)),
        Err(error) => Finding::fail(
            WHAT,
            format!(
                "{} cannot be served on: {error}. Choose another with --listen",
                config.listen
            ),
        ),
    }
}
