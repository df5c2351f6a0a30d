//! `hyperion migrate`.

use std::process::ExitCode;

use store::{Location, Schema, Store};

use super::{Failure, output};
use crate::{config::Config, data_folder};

/// Brings the database to this program's schema. On PostgreSQL it waits for whoever is just doing so.
pub async fn run(config: &Config) -> Result<ExitCode, Failure> {
    let database = config.database();
    // A server that runs on a file must not find another schema there than its own.
    let _lock = match database {
        Location::File(_) => Some(data_folder::lock(&config.data_dir, "hyperion migrate")?),
        Location::Postgres { .. } => None,
    };
    let before = Store::schema(&database).await?;
    Store::open(&database).await?.close().await;
    let done = match before {
        Schema::Current => "has the schema of this program already",
        _ => "has the schema of this program now",
    };
    output::print_line(format_args!("{database} {done}"));
    Ok(ExitCode::SUCCESS)
}
