//! The page that operators follow, word for word.

use std::{collections::BTreeMap, os::unix::fs::symlink};

use super::{
    servers::{empty, rows},
    *,
};
use crate::{
    migrate_storage::{Large, reaching_s3},
    postgres::empty_database,
};

/// Who is told to run a block: everybody, or those without servers, or those with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum For {
    All,
    Files,
    Servers,
}

/// The steps of the rehearsal: the heading of each, and its commands.
fn steps() -> Vec<(String, Vec<(For, String)>)> {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/operations/backup.md");
    let page = fs::read_to_string(page).unwrap();
    let (_, rehearsal) = page.split_once("\n## Rehearsal\n").unwrap();
    let mut steps: Vec<(String, Vec<(For, String)>)> = Vec::new();
    let mut lines = rehearsal.lines();
    while let Some(line) = lines.next() {
        if let Some(heading) = line.strip_prefix("### ") {
            steps.push((heading.to_owned(), Vec::new()));
        }
        if let Some(kind) = line.strip_prefix("```") {
            let whom = match kind {
                "sh" => For::All,
                "sh files" => For::Files,
                "sh servers" => For::Servers,
                other => panic!("whom are commands of the kind {other:?} for?"),
            };
            let commands: Vec<&str> = lines.by_ref().take_while(|line| *line != "```").collect();
            steps.last_mut().unwrap().1.push((whom, commands.join("\n")));
        }
    }
    steps
}

/// Runs the steps for one of the two, and `lost` after the one in which everything is lost.
async fn rehearse(whom: For, variables: BTreeMap<&str, String>, lost: impl AsyncFn(&Installation)) -> Installation {
    let installation = Installation::new();
    let bin = installation.path("bin");
    fs::create_dir(&bin).unwrap();
    symlink(env!("CARGO_BIN_EXE_hyperion"), bin.join("hyperion")).unwrap();
    let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap());
    let headings: Vec<String> = steps().into_iter().map(|(heading, _)| heading).collect();
    assert_eq!(
        headings,
        [
            "Fill it",
            "Back it up",
            "Lose it",
            "Get it back",
            "Ask the same questions"
        ]
    );
    for (heading, blocks) in steps() {
        for (_, commands) in blocks.iter().filter(|(of, _)| *of == For::All || *of == whom) {
            let mut shell = reaching_s3(Command::new("bash"));
            shell
                .args(["-euo", "pipefail", "-c", commands])
                .current_dir(installation.path("."));
            for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("HYPERION_")) {
                shell.env_remove(name);
            }
            shell
                .env("PATH", &path)
                .env("HYPERION_ASSETS_DIR", installation.path("assets"))
                .env("HYPERION_DATA_DIR", installation.path("data"))
                .envs(&variables);
            let done = ran(shell.output().unwrap());
            assert!(
                done.status.success(),
                "{heading}: {commands}\n{}\n{}",
                done.out,
                done.err
            );
            if heading == "Lose it" {
                lost(&installation).await;
            }
        }
    }
    let (before, after) = ("before.txt", "after.txt");
    let read = |name: &str| fs::read_to_string(installation.path(name)).unwrap();
    assert_eq!(read(before), read(after));
    for cited in [
        "thirty days",
        "[1] leave.md, page",
        "harbour master",
        "[1] harbour.txt, page",
    ] {
        assert!(read(after).contains(cited), "{}", read(after));
    }
    installation
}

#[tokio::test(flavor = "multi_thread")]
async fn the_rehearsal_succeeds_word_for_word_without_servers() {
    let place = tempfile::tempdir().unwrap();
    let place_of = place.path().join("snapshots");
    let variables = BTreeMap::from([("HYPERION_BACKUP_URL", place_of.to_str().unwrap().to_owned())]);
    let lost = async |installation: &Installation| assert!(!installation.path("data").exists());
    rehearse(For::Files, variables, lost).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_rehearsal_succeeds_word_for_word_with_postgresql_and_s3() {
    let large = Large::new().await;
    let variables = BTreeMap::from([
        ("HYPERION_BACKUP_URL", format!("{}-snapshots", large.bucket)),
        ("HYPERION_DATABASE_URL", large.database.clone()),
        ("HYPERION_ORIGINALS_URL", large.bucket.clone()),
        ("HYPERION_SECRET_KEY", "5e".repeat(32)),
        ("DRILL_DATABASE_URL", empty_database().await),
    ]);
    let lost = async |installation: &Installation| {
        // The page leaves this to the provider of the bucket.
        empty(&large.bucket).await;
        let left = rows(
            &large.database,
            "SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace",
        );
        assert_eq!(left.await, 0);
        assert!(!installation.path("data").exists());
    };
    let installation = rehearse(For::Servers, variables, lost).await;
    let mut examine = large.command_in(&installation, "data", &EXAMINE, &"5e".repeat(32));
    assert_whole(ran(examine.output().unwrap()), 2);
}
