//! A restore that is cut off.

use super::{
    postgres_programs::{stand_in, wait_for},
    servers::OnServers,
    *,
};
use crate::migrate_storage::{QUESTIONS, run as run_command, with_documents};

#[tokio::test(flavor = "multi_thread")]
async fn a_restore_that_is_killed_keeps_servers_away_until_a_second_one_is_through() {
    let servers = OnServers::new().await;
    servers.run(&["backup"]).success();
    let restore = ["restore", "--replace-everything"];
    let mut killed = servers.command(&restore);
    let script = "if [ \"$1\" = --version ]; then real --version; exit 0; fi\n\
                  head -c 20000 > /dev/null; touch restoring; while kill -0 $PPID 2> /dev/null; do sleep 0.1; done";
    stand_in(&servers.installation, &mut killed, "pg_restore", script);
    let mut killed = start(killed);
    wait_for(&servers.installation.path("restoring"), &mut killed);
    killed.kill();

    let said = servers.run(&["serve", "--listen", "127.0.0.1:0"]).failure();
    assert!(
        said.contains("was not restored whole into this database: run `hyperion restore` again"),
        "{said}"
    );
    for command in [&["migrate"][..], &["backup"], &["user", "list"], &["ask", QUESTIONS[0]]] {
        let said = servers.run(command).failure();
        assert!(said.contains("restored"), "{command:?}: {said}");
    }
    let examined = servers.run(&["doctor", "--listen", "127.0.0.1:0"]).out;
    assert!(
        examined.contains("fail  database: a snapshot was not restored whole"),
        "{examined}"
    );

    servers.run(&restore).success();
    assert_whole(servers.run(&EXAMINE), 5);
    let answer = servers.run(&["ask", QUESTIONS[0]]).success();
    assert!(answer.contains("thirty days"), "{answer}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_drill_that_was_killed_is_in_nobodys_way() {
    let servers = OnServers::new().await;
    servers.run(&["backup"]).success();
    let scratch = crate::postgres::empty_database().await;
    let drill = ["verify", "--drill", &scratch];
    let mut killed = servers.command(&drill);
    let script = "if [ \"$1\" = --version ]; then real --version; exit 0; fi\n\
                  real \"$@\"; touch restored; while kill -0 $PPID 2> /dev/null; do sleep 0.1; done";
    stand_in(&servers.installation, &mut killed, "pg_restore", script);
    let mut killed = start(killed);
    wait_for(&servers.installation.path("restored"), &mut killed);
    killed.kill();
    let users = servers::rows(&scratch, "SELECT count(*) FROM users").await;
    assert_eq!(users, 2);
    servers.run(&drill).success();
    let left = servers::rows(
        &scratch,
        "SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace",
    );
    assert_eq!(left.await, 0);
}

#[test]
fn a_restore_of_files_that_is_killed_keeps_servers_away_until_a_second_one_is_through() {
    let installation = with_documents();
    for n in 0..150 {
        installation.write(
            &format!("more/{n}.txt"),
            format!("Parcel {n} is on shelf {n} of the depot."),
        );
    }
    installation
        .run(&["ingest", "more", "--knowledge-base", "Parcels"])
        .success();
    back_up(&installation);
    let restore = ["restore", "--replace-everything"];
    let mark = installation.path("data/hyperion.db-restoring");
    // One that is through before it is killed is no test of it.
    loop {
        lose(&installation);
        let mut killed = start(command(&installation, &restore));
        wait_for(&mark, &mut killed);
        killed.kill();
        if mark.exists() {
            break;
        }
    }
    let said = installation.run(&["serve", "--listen", "127.0.0.1:0"]).failure();
    assert!(said.contains("was not restored whole into this database"), "{said}");
    let said = installation.run(&["user", "list"]).failure();
    assert!(said.contains("was not restored whole"), "{said}");
    run(&installation, &restore).success();
    assert_whole(run(&installation, &EXAMINE), 155);
    run_command(command(&installation, &["ask", QUESTIONS[0]])).success();
}
