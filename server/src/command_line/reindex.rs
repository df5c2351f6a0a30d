//! `hyperion reindex`: makes the index of passages anew.

use std::process::ExitCode;

use engine::embed::Embedder;
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::json;
use store::{IndexError, OWN_INDEX, Schema, Store};

use super::{Failure, output};
use crate::{
    config::Config,
    state::{self, milvus_index},
};

#[derive(clap::Args)]
pub struct Reindex {
    /// Print the outcome as a line of JSON
    #[arg(long)]
    json: bool,
}

impl Reindex {
    pub async fn run(self, config: Config) -> Result<ExitCode, Failure> {
        let database = config.database();
        if Store::schema(&database).await? != Schema::Current {
            return Err("there is no database of this version: start the server once".into());
        }
        let store = Store::open(&database).await?;
        let done = reindex(&config, &store).await;
        store.close().await;
        let (passages, index) = done?;
        if self.json {
            output::print_line(json!({ "passages": passages, "index": index }));
        } else {
            output::print_line(format_args!(
                "{passages} passages are found by {index} from now on. Programs that are set otherwise read no documents any more"
            ));
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// How many passages there are, and what finds them now.
pub async fn reindex(config: &Config, store: &Store) -> Result<(u64, &'static str), Failure> {
    let count = store.count_passages().await?;
    let Some(milvus) = milvus_index(config) else {
        // It grows with the passages themselves, in the same transactions.
        let old = store.index_generation().await?;
        if !store.use_index(old, OWN_INDEX, i64::MAX).await? {
            return Err(IndexError::Superseded.into());
        }
        return Ok((count, "the database"));
    };
    let dimension = state::model(config, 1)?.dimension();
    let style = ProgressStyle::with_template("Passages {wide_bar} {pos}/{len} {eta} left")?;
    let bar = ProgressBar::new(count).with_style(style);
    let done = milvus.rebuild(store, dimension, |done| bar.set_position(done)).await?;
    bar.finish_and_clear();
    Ok((done, "Milvus"))
}
