//! The `hyperion` command line.

use clap::{Parser, Subcommand};
use server::config::{Config, ConfigArgs};

/// Ask questions of your own documents.
#[derive(Parser)]
#[command(name = "hyperion", version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
    #[command(flatten)]
    config: ConfigArgs,
}

#[derive(Subcommand)]
enum Command {
    /// Serve the app and the API.
    Serve,
    /// Print the effective configuration.
    Config,
    /// Read one file from standard input; used by the server for itself.
    #[command(hide = true)]
    ExtractChild,
}

fn main() -> std::process::ExitCode {
    let cli = Cli::parse();
    // Before any thread is started: the child confines its one thread.
    if let Command::ExtractChild = cli.command {
        return engine::extract::child::run_child();
    }
    tracing_subscriber::fmt()
        .with_env_filter(
            tracing_subscriber::EnvFilter::try_from_env("HYPERION_LOG").unwrap_or_else(|_| "warn,server=info".into()),
        )
        .with_writer(std::io::stderr)
        .init();
    let runtime = match tokio::runtime::Runtime::new() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("hyperion: the runtime could not be started: {error}");
            return std::process::ExitCode::FAILURE;
        }
    };
    match runtime.block_on(run(cli)) {
        Ok(()) => std::process::ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("hyperion: {error}");
            std::process::ExitCode::FAILURE
        }
    }
}

async fn run(cli: Cli) -> Result<(), Box<dyn std::error::Error>> {
    let config = Config::load(&cli.config)?;
    match cli.command {
        Command::Serve => server::serve::serve(config).await?,
        Command::Config => print!("{}", toml::to_string_pretty(&config)?),
        Command::ExtractChild => unreachable!("handled before the runtime starts"),
    }
    Ok(())
}
