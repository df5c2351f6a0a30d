//! Measures how well Hyperion finds passages and answers from them, through the code that the product runs.

mod agreement;
mod answers;
mod cached;
mod collection;
mod library;
mod metrics;
mod process;
mod retrieval;
mod scale;
mod servers;
mod squad;

use std::{
    error::Error,
    path::{Path, PathBuf},
    sync::Arc,
};

use cached::Cached;
use clap::{Parser, Subcommand};
use collection::Collection;
use engine::embed::{Embedder, MiniLm};
use library::Library;
use servers::Servers;
use store::EmbeddedIndex;

/// Prints the quality of search and of extractive answers, and the cost of many passages, as Markdown tables. Under
/// `scripts/servers.sh` it measures PostgreSQL and Milvus too.
#[derive(Parser)]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
    /// Where the public test sets are; a set that is not there is skipped.
    #[arg(long, default_value = "../shared/eval")]
    eval: PathBuf,
    /// The embedding model.
    #[arg(long, default_value = "models/all-MiniLM-L6-v2")]
    model: PathBuf,
    /// Keeps vectors between runs.
    #[arg(long, default_value = "target/bench")]
    cache: PathBuf,
    /// Passages in SQLite whose search is timed; 0 leaves it out. A million take 3 GB of disk and 1 GB of memory.
    #[arg(long, default_value_t = 1_000_000)]
    passages: usize,
    /// Passages in PostgreSQL and Milvus whose search is timed; 0 leaves it out. A million take hours.
    #[arg(long, default_value_t = 100_000)]
    milvus_passages: usize,
}

#[derive(Subcommand)]
enum Command {
    /// Puts the documents of a collection into an empty database, for measurements of the program that serves them.
    Fill {
        /// An address of PostgreSQL, or a file.
        database: String,
        #[arg(long, default_value = "scifact")]
        set: String,
    },
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments = Arguments::parse();
    let embedder = Cached::open(MiniLm::load(&arguments.model, 1)?, &arguments.cache)?;
    match &arguments.command {
        Some(Command::Fill { database, set }) => {
            fill(&embedder, &arguments.eval.join("retrieval").join(set), database).await?;
            embedder.save()
        }
        None => measure(&embedder, &arguments).await,
    }
}

async fn fill(embedder: &dyn Embedder, set: &Path, database: &str) -> Result<(), Box<dyn Error>> {
    let collection = Collection::read(set)?;
    let location = servers::location(database)?;
    let index = EmbeddedIndex::new(embedder.dimension(), retrieval::VECTOR_MEMORY);
    let library = Library::create(&location, Arc::new(index)).await?;
    retrieval::fill(embedder, &library, &collection).await?;
    servers::analyze(&location).await?;
    library.store.close().await;
    Ok(())
}

async fn measure(embedder: &Cached<MiniLm>, arguments: &Arguments) -> Result<(), Box<dyn Error>> {
    let servers = Servers::of_environment()?;
    let (found, agreements) = retrieval::measure(embedder, &arguments.eval, &servers).await?;
    println!("{}", retrieval::table(&found));
    println!("{}", agreement::table(&agreements));
    let answered = answers::measure(embedder, &arguments.eval)?;
    println!("{}", answers::table(&answered));
    embedder.save()?;
    // Without what is remembered: questions are embedded while they are timed.
    let model = MiniLm::load(&arguments.model, 1)?;
    let sizes = [arguments.passages, arguments.milvus_passages];
    let measured = scale::measure(&model, &arguments.eval, &arguments.cache, &servers, sizes).await?;
    println!("{}", scale::table(&measured));
    Ok(())
}
