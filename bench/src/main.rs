//! Measures how well Hyperion finds passages and answers from them, through the code that the product runs.

mod answers;
mod cached;
mod collection;
mod library;
mod metrics;
mod retrieval;
mod scale;
mod squad;

use std::{error::Error, path::PathBuf};

use cached::Cached;
use clap::Parser;
use engine::embed::MiniLm;

/// Prints the quality of search and of extractive answers as Markdown tables.
#[derive(Parser)]
struct Arguments {
    /// Where the public test sets are; a set that is not there is skipped.
    #[arg(long, default_value = "../shared/eval")]
    eval: PathBuf,
    /// The embedding model.
    #[arg(long, default_value = "models/all-MiniLM-L6-v2")]
    model: PathBuf,
    /// Keeps vectors between runs.
    #[arg(long, default_value = "target/bench")]
    cache: PathBuf,
    /// Passages of the database whose search is timed; 0 leaves it out. A million take 3 GB of disk and 1 GB of memory.
    #[arg(long, default_value_t = 1_000_000)]
    passages: usize,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments = Arguments::parse();
    let embedder = Cached::open(MiniLm::load(&arguments.model, 1)?, &arguments.cache)?;
    let found = retrieval::measure(&embedder, &arguments.eval).await?;
    println!("{}", retrieval::table(&found));
    let answered = answers::measure(&embedder, &arguments.eval)?;
    println!("{}", answers::table(&answered));
    embedder.save()?;
    if arguments.passages > 0 {
        let model = MiniLm::load(&arguments.model, 1)?;
        let measured = scale::measure(&model, &arguments.eval, &arguments.cache, arguments.passages).await?;
        if let Some(measured) = measured {
            println!("{}", scale::table(&measured));
        }
    }
    Ok(())
}
