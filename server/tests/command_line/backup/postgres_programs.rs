//! What `pg_dump` and `pg_restore` may do wrong, and what happens while they run.
//!
//! Here stand-ins come first on the PATH: scripts that do something and then, mostly, run the real program.

use std::{os::unix::fs::PermissionsExt, process::Stdio, thread, time::Duration};

use super::{servers::OnServers, *};
use crate::{installation::Started, migrate_storage::run as run_command};

/// Puts a stand-in for a program first on the path of a command.
pub fn stand_in(installation: &Installation, command: &mut Command, program: &str, script: &str) {
    let bin = format!("{program}-stand-in");
    let real = "real() { PATH=${PATH#*:} PROGRAM \"$@\"; }".replace("PROGRAM", program);
    installation.write(
        &format!("{bin}/{program}"),
        format!("#!/bin/sh\nset -e\n{real}\n{script}\n"),
    );
    let path = installation.path(&bin).join(program);
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    let before = std::env::var("PATH").unwrap();
    command.env("PATH", format!("{}:{before}", installation.path(&bin).display()));
}

/// A stand-in that says the real version and does something else when it is to dump.
fn when_dumping(script: &str) -> String {
    format!("if [ \"$1\" = --version ]; then real --version; exit 0; fi\n{script}")
}

fn back_up_with(servers: &OnServers, script: &str) -> Command {
    let mut command = servers.command(&["backup"]);
    stand_in(&servers.installation, &mut command, "pg_dump", script);
    command
}

/// Waits until a program that runs has made this file.
pub fn wait_for(path: &Path, running: &mut Started) {
    while !path.exists() {
        assert!(running.ended().is_none(), "it has ended");
        thread::sleep(Duration::from_millis(20));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pg_dump_that_is_older_or_not_there_or_gives_nothing_makes_no_snapshot() {
    let servers = OnServers::new().await;
    let good = name_in(&servers.run(&["backup"]).success());

    let old = "echo 'pg_dump (PostgreSQL) 9.6.24'";
    let said = run_command(back_up_with(&servers, old)).failure();
    assert!(
        said.contains("pg_dump on the PATH is of PostgreSQL 9, and the server is of"),
        "{said}"
    );
    let mut nowhere = servers.command(&["backup"]);
    nowhere.env("PATH", servers.installation.path("nothing"));
    let said = run_command(nowhere).failure();
    assert!(
        said.contains("pg_dump cannot be started") && said.contains("on the PATH"),
        "{said}"
    );

    for (gives, what) in [
        ("exit 0", "no bytes"),
        ("echo '-- nothing'", "no dump"),
        // Of a schema that has no tables.
        ("real \"$@\" --exclude-table='*'", "tables are missing"),
    ] {
        let said = run_command(back_up_with(&servers, &when_dumping(gives))).failure();
        assert!(
            said.contains("the dump of the database is empty") && said.contains(what),
            "{gives}: {said}"
        );
    }
    let said = run_command(back_up_with(&servers, &when_dumping("echo 'disk on fire' >&2; exit 3"))).failure();
    assert!(said.contains("pg_dump failed: disk on fire"), "{said}");
    let half = when_dumping("real \"$@\" | head -c 20000; exit 1");
    run_command(back_up_with(&servers, &half)).failure();

    assert_eq!(servers.published().await, [good]);
    servers.run(&["verify"]).success();
}

#[tokio::test(flavor = "multi_thread")]
async fn no_password_is_in_the_arguments() {
    let mut servers = OnServers::new().await;
    servers.large.database = servers.large.database.replace("hyperion@", "hyperion:hunter2@");
    let script = when_dumping(
        "echo \"$@\" > arguments; echo \"$PGPASSWORD ${HYPERION_SECRET_KEY:-none}\" > variables; real \"$@\"",
    );
    run_command(back_up_with(&servers, &script)).success();
    let read = |name: &str| fs::read_to_string(servers.installation.path(name)).unwrap();
    assert!(!read("arguments").contains("hunter2"), "{}", read("arguments"));
    assert_eq!(read("variables"), "hunter2 none\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn while_one_backup_runs_a_second_refuses() {
    let servers = OnServers::new().await;
    let script = when_dumping("touch dumping; while [ ! -e go-on ]; do sleep 0.05; done; real \"$@\"");
    let mut first = start(back_up_with(&servers, &script));
    wait_for(&servers.installation.path("dumping"), &mut first);
    let said = servers.run(&["backup"]).failure();
    assert!(said.contains("another `hyperion backup` of"), "{said}");
    servers.installation.write("go-on", "");
    assert!(first.wait().success());
    assert_eq!(servers.published().await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_killed_while_it_dumps_is_no_snapshot() {
    let servers = OnServers::new().await;
    let script = when_dumping(
        "real \"$@\" | head -c 20000; touch dumping; while kill -0 $PPID 2> /dev/null; do sleep 0.1; done",
    );
    let mut first = start(back_up_with(&servers, &script));
    wait_for(&servers.installation.path("dumping"), &mut first);
    first.kill();
    assert!(servers.published().await.is_empty());
    let said = servers.run(&["verify"]).failure();
    assert!(said.contains("there is no snapshot in"), "{said}");
    servers.run(&["backup"]).success();
    servers.run(&["verify"]).success();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_document_that_is_deleted_meanwhile_is_deleted_again_when_it_is_restored() {
    let servers = OnServers::new().await;
    // After the moment that the snapshot is of, and before the originals are stored.
    let sql = "DELETE FROM documents WHERE name = 'harbour.txt' RETURNING id";
    let script = when_dumping(&format!(
        "psql '{}' --no-psqlrc --quiet --tuples-only --no-align -c \"{sql}\" > deleting; mv deleting deleted; while [ ! -e go-on ]; do sleep 0.05; done; real \"$@\"",
        servers.large.database
    ));
    let mut backing_up = back_up_with(&servers, &script);
    let said = fs::File::create(servers.installation.path("said")).unwrap();
    backing_up.stdout(Stdio::from(said));
    let mut running = start(backing_up);
    // The row goes first and the file after it, as when the server does it.
    wait_for(&servers.installation.path("deleted"), &mut running);
    let id = fs::read_to_string(servers.installation.path("deleted")).unwrap();
    servers::remove(&servers.large.bucket, id.trim()).await;
    servers.installation.write("go-on", "");
    assert!(running.wait().success());
    let told = fs::read_to_string(servers.installation.path("said")).unwrap();
    assert!(told.contains("1 documents were deleted while it was made"), "{told}");
    servers.run(&["verify"]).success();
    servers.run(&["restore", "--replace-everything"]).success();
    assert_whole(servers.run(&EXAMINE), 4);
}
