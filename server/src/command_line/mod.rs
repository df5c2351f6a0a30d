//! The `hyperion` command line.

mod ask;
mod backup;
mod bars;
mod config;
mod doctor;
mod door;
mod ingest;
mod migrate;
mod migrate_storage;
mod names;
mod output;
mod password;
mod plain;
mod reindex;
mod restore;
mod upload_form;
mod user;
mod verify;

use std::process::ExitCode;

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};
use tracing_subscriber::EnvFilter;

use crate::{
    config::{ConfigArgs, ConfigError, Loaded, SETTINGS, Source},
    serve,
    telemetry::{
        Telemetry,
        sentry::{self, LoggedErrors},
    },
};

/// Ask questions of your own documents
#[derive(Parser)]
#[command(name = "hyperion", version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
    #[command(flatten)]
    settings: ConfigArgs,
}

#[derive(Subcommand)]
enum Command {
    /// Serve the app and the API
    Serve,
    /// Put all files of a folder into a knowledge base
    Ingest(ingest::Ingest),
    /// Ask a question and print the answer with its sources
    Ask(ask::AskQuestion),
    /// Create users, list them, give them new passwords
    #[command(subcommand)]
    User(user::UserCommand),
    /// Make the index of passages anew from what is stored, in Milvus or without it; servers may go on meanwhile
    Reindex(reindex::Reindex),
    /// Copy the whole installation into another database and another place for the original files
    MigrateStorage(migrate_storage::MigrateStorage),
    /// Bring the database to the schema of this program; running it again changes nothing
    Migrate,
    /// Make a snapshot of the whole installation; servers may go on meanwhile
    Backup(backup::Backup),
    /// Read a snapshot from beginning to end, to see whether it is whole
    Verify(verify::Verify),
    /// Replace the whole installation by a snapshot
    Restore(restore::Restore),
    /// Check everything Hyperion needs and say what to do about what is wrong
    Doctor(doctor::Doctor),
    /// Print the effective configuration and where each value came from
    Config(config::PrintConfig),
    /// Read one file from standard input; used by the server for itself
    #[command(hide = true)]
    ExtractChild,
}

/// What a command ends with when it could not do what it was asked to.
type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Runs the command that the arguments name. Exits with 0 on success, 1 on failure and 2 when the arguments are wrong.
pub fn run() -> ExitCode {
    let cli = parse();
    // Before any thread is started: the child confines its one thread.
    if let Command::ExtractChild = cli.command {
        return engine::extract::child::run_child();
    }
    let outcome = Loaded::read(&cli.settings, std::env::vars_os());
    // Of wrong configuration the doctor tells in its own way.
    let outcome = run_with(cli.command, outcome);
    outcome.unwrap_or_else(|error| {
        eprintln!("hyperion: {error}");
        ExitCode::FAILURE
    })
}

fn run_with(command: Command, loaded: Result<Loaded, ConfigError>) -> Result<ExitCode, Failure> {
    match (command, loaded) {
        (Command::Doctor(doctor), loaded) => on_runtime(doctor.run(loaded)),
        (Command::Config(print), _) if print.example => Ok(config::print_example()),
        (_, Err(error)) => Err(error.into()),
        (Command::Serve, Ok(loaded)) => serve(loaded),
        (command, Ok(loaded)) => {
            let _telemetry = watch(&loaded, false, None)?;
            on_runtime(run_command(command, loaded))
        }
    }
}

/// Every setting's help also names its variable and what it accepts.
fn parse() -> Cli {
    let command = SETTINGS.iter().fold(Cli::command(), |command, setting| {
        command.mut_arg(setting.name, |arg| {
            arg.help(format!(
                "{}: {} [variable: {}]",
                setting.about,
                setting.accepted,
                setting.variable()
            ))
        })
    });
    Cli::from_arg_matches(&command.get_matches()).unwrap_or_else(|error| error.exit())
}

/// Reports errors, where it is told where to, from before its first thread starts to after its last.
fn serve(loaded: Loaded) -> Result<ExitCode, Failure> {
    let reporting = loaded.config.sentry_dsn.as_ref().map(sentry::start).transpose()?;
    let _telemetry = watch(&loaded, true, reporting.as_ref().map(|_| LoggedErrors))?;
    on_runtime(async {
        serve::serve(loaded.config).await?;
        Ok(ExitCode::SUCCESS)
    })
}

fn on_runtime(work: impl Future<Output = Result<ExitCode, Failure>>) -> Result<ExitCode, Failure> {
    let runtime = tokio::runtime::Runtime::new().map_err(|error| format!("no threads could be started: {error}"))?;
    runtime.block_on(work)
}

async fn run_command(command: Command, loaded: Loaded) -> Result<ExitCode, Failure> {
    match command {
        Command::Ingest(ingest) => ingest.run(loaded.config).await,
        Command::Ask(ask) => ask.run(loaded.config).await,
        Command::User(user) => user.run(loaded.config).await,
        Command::Reindex(reindex) => reindex.run(loaded.config).await,
        Command::MigrateStorage(migrate) => migrate.run(loaded.config).await,
        Command::Migrate => migrate::run(&loaded.config).await,
        Command::Backup(backup) => backup.run(loaded).await,
        Command::Verify(verify) => verify.run(loaded.config).await,
        Command::Restore(restore) => restore.run(loaded).await,
        Command::Config(_) => Ok(config::print(&loaded)),
        Command::Serve | Command::Doctor(_) | Command::ExtractChild => unreachable!("run in ways of their own"),
    }
}

/// Commands that end by themselves say what matters, so they log only what is not expected, unless they were told what to
/// log. `reported` takes errors however little is logged.
fn watch(loaded: &Loaded, serving: bool, reported: Option<LoggedErrors>) -> Result<Telemetry, Failure> {
    let filter = match loaded.source("log") {
        Source::Default if !serving => EnvFilter::new("error"),
        _ => EnvFilter::new(&loaded.config.log),
    };
    Ok(Telemetry::begin(&loaded.config, filter, reported)?)
}
