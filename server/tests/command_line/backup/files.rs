//! An installation without servers, and snapshots in a folder.

use std::{fs, time::SystemTime};

use sqlx::{Connection, Executor, SqliteConnection};
use store::{Location, Milestone, Store};

use super::*;
use crate::migrate_storage::{SECRET, answers, opened, with_documents};

#[tokio::test(flavor = "multi_thread")]
async fn what_is_lost_comes_back_and_answers_as_before() {
    let installation = with_documents();
    connect_bob(&installation).await;
    let ask = |question: &str| command(&installation, &["ask", question, "--json"]);
    let asked = answers(ask);
    let server = installation.serve();
    let first = run(&installation, &["backup"]);
    assert!(
        first.err.contains("WARNING: the secret key is not in this snapshot"),
        "{}",
        first.err
    );
    let first = first.success();
    assert!(
        first.contains("5 documents") && first.contains("5 originals, 5 of them new"),
        "{first}"
    );
    let second = run(&installation, &["backup"]).success();
    assert!(second.contains("5 originals, 0 of them new"), "{second}");
    server.stop();
    assert_eq!(published(&installation), [name_in(&first), name_in(&second)]);
    assert!(run(&installation, &["verify"]).success().contains(&name_in(&second)));

    let place = fs::metadata(installation.path(PLACE)).unwrap();
    assert_eq!(
        std::os::unix::fs::PermissionsExt::mode(&place.permissions()) & 0o777,
        0o700
    );
    let key = fs::read(installation.path("data/secret.key")).unwrap();
    assert_eq!(
        names_in(&installation.path("data"))
            .iter()
            .filter(|name| name.contains("backup.db"))
            .count(),
        0
    );

    lose(&installation);
    let restored = run(&installation, &["restore", "--replace-everything"]);
    assert!(
        restored.err.contains("the keys of 1 connections do not open"),
        "{}",
        restored.err
    );
    assert!(restored.success().contains("those here are the same"));
    assert_eq!(answers(ask), asked);
    assert_whole(run(&installation, &EXAMINE), 5);
    assert!(!installation.path("data/hyperion.db-restoring").exists());

    // With the key that was kept elsewhere nothing is lost at all.
    fs::write(installation.path("data/secret.key"), key).unwrap();
    let location = Location::File(installation.path("data/hyperion.db"));
    assert_eq!(opened(&location, installation.path("data"), BOB).await, SECRET);
}

#[tokio::test(flavor = "multi_thread")]
async fn that_it_went_well_is_remembered_and_a_drill_leaves_nothing_behind() {
    let installation = with_documents();
    let reached = async |milestone| {
        let store = Store::open(&Location::File(installation.path("data/hyperion.db")))
            .await
            .unwrap();
        let reached = store.reached(milestone).await.unwrap();
        store.close().await;
        reached
    };
    assert_eq!(reached(Milestone::Backup).await, None);
    let begun = chrono::DateTime::<chrono::Utc>::from(SystemTime::now());
    let name = back_up(&installation);
    let made = reached(Milestone::Backup).await.unwrap();
    assert!(made.timestamp_millis() >= begun.timestamp_millis());
    assert_eq!(reached(Milestone::Drill).await, None);

    let drill = |file: &str| run(&installation, &["verify", "--drill", file]);
    assert!(drill("drill.db").success().contains("tables agree"));
    assert!(reached(Milestone::Drill).await.is_some());
    let left: Vec<String> = names_in(&installation.path("."));
    assert!(!left.iter().any(|name| name.starts_with("drill.db")), "{left:?}");

    // Whatever is there stays as it is.
    installation.write("notes.db", "My notes.");
    let said = drill("notes.db").failure();
    assert!(said.contains("is not empty"), "{said}");
    assert_eq!(fs::read(installation.path("notes.db")).unwrap(), b"My notes.");
    let own = installation.path("data/hyperion.db");
    let said = drill(own.to_str().unwrap()).failure();
    assert!(said.contains("is not empty"), "{said}");
    let said = drill("postgres://127.0.0.1/drill").failure();
    assert!(said.contains("is no scratch database for this snapshot"), "{said}");
    assert_eq!(published(&installation), [name]);
}

#[test]
fn a_restore_says_first_what_it_replaces_and_refuses_what_is_in_use() {
    let installation = with_documents();
    let said = run(&installation, &["restore", "--replace-everything"]).failure();
    assert!(said.contains("there is no snapshot in"), "{said}");
    let name = back_up(&installation);
    installation.write("more/late.txt", "The late one.");
    installation
        .run(&["ingest", "more", "--knowledge-base", "Papers"])
        .success();

    let said = run(&installation, &["restore"]).failure();
    assert!(
        said.contains("(1 users, 6 documents)") && said.contains(&name),
        "{said}"
    );
    assert!(said.contains("Run it again with --replace-everything"), "{said}");
    let server = installation.serve();
    let said = run(&installation, &["restore", "--replace-everything"]).failure();
    assert!(said.contains("in use by `hyperion serve`"), "{said}");
    server.stop();
    assert_whole(run(&installation, &EXAMINE), 6);

    run(&installation, &["restore", "--replace-everything"]).success();
    assert_whole(run(&installation, &EXAMINE), 5);
}

#[test]
fn snapshots_are_whole_while_files_are_taken_in() {
    let installation = Installation::with_account();
    for n in 0..60 {
        installation.write(
            &format!("files/{n}.txt"),
            format!("Parcel {n} is on shelf {n} of the depot."),
        );
    }
    let mut ingesting = start(installation.command(&["ingest", "files", "--knowledge-base", "Parcels"]));
    let mut names = Vec::new();
    loop {
        let ended = ingesting.ended();
        let made = run(&installation, &["backup", "--keep", "1000"]).success();
        names.push(name_in(&made));
        if let Some(status) = ended {
            assert!(status.success());
            break;
        }
    }
    for name in &names {
        run(&installation, &["verify", "--snapshot", name]).success();
    }
    // The first, one in the middle, and the last, which has everything.
    let some = [&names[0], &names[names.len() / 2], names.last().unwrap()];
    for (place, name) in some.into_iter().enumerate() {
        let data = format!("restored-{place}");
        let restore = ["restore", "--snapshot", name, "--replace-everything"];
        ran(command_on(&installation, &data, &restore).output().unwrap()).success();
        let documents = manifest(&installation, name)["originals"]["documents"]
            .as_u64()
            .unwrap();
        assert_whole(
            ran(command_on(&installation, &data, &EXAMINE).output().unwrap()),
            usize::try_from(documents).unwrap(),
        );
    }
    let last = manifest(&installation, names.last().unwrap());
    assert_eq!(last["originals"]["documents"], 60, "{last}");
}

/// How many originals are stored whole. What is being written has a number in its name.
fn stored(installation: &Installation) -> usize {
    let all = originals(installation);
    all.iter().filter(|path| !path.to_string_lossy().contains('#')).count()
}

#[test]
fn a_backup_that_is_killed_is_no_snapshot_and_the_next_one_goes_on() {
    let installation = Installation::with_account();
    for n in 0..150 {
        installation.write(
            &format!("files/{n}.txt"),
            format!("Parcel {n} is on shelf {n} of the depot."),
        );
    }
    installation
        .run(&["ingest", "files", "--knowledge-base", "Parcels"])
        .success();
    // Killed while originals are being stored. One that is through by then is no test of it.
    loop {
        let _ = fs::remove_dir_all(installation.path(PLACE));
        let mut backing_up = start(command(&installation, &["backup"]));
        while stored(&installation) == 0 {
            assert!(backing_up.ended().is_none(), "it has ended");
        }
        backing_up.kill();
        if published(&installation).is_empty() {
            break;
        }
    }
    let there = stored(&installation);
    assert!((1..150).contains(&there), "{there}");
    let said = run(&installation, &["verify"]).failure();
    assert!(said.contains("there is no snapshot in"), "{said}");

    let said = run(&installation, &["backup"]).success();
    let new = format!("150 originals, {} of them new", 150 - there);
    assert!(said.contains(&new), "{said}, and {there} were there");
    run(&installation, &["verify"]).success();
}

#[test]
fn nothing_is_made_of_nothing() {
    let installation = Installation::new();
    let said = run(&installation, &["backup"]).failure();
    assert!(said.contains("there is no Hyperion in"), "{said}");
    installation.run(&["migrate"]).success();
    let said = run(&installation, &["backup"]).failure();
    assert!(said.contains("nobody has an account in"), "{said}");
    assert!(published(&installation).is_empty());
    let said = installation.run(&["backup"]).failure();
    assert!(said.contains("it is not said where snapshots are kept"), "{said}");
}

#[test]
fn a_place_is_of_one_installation() {
    let (one, other) = (Installation::with_account(), Installation::with_account());
    back_up(&one);
    let place = one.path(PLACE);
    let said = other.run(&["backup", "--to", place.to_str().unwrap()]).failure();
    assert!(said.contains("holds snapshots of another installation"), "{said}");
    // What was restored is the same installation.
    ran(command_on(&one, "restored", &["restore", "--replace-everything"])
        .output()
        .unwrap())
    .success();
    ran(command_on(&one, "restored", &["backup"]).output().unwrap()).success();
    assert_eq!(published(&one).len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_snapshot_of_a_newer_version_is_refused_and_an_older_one_brought_up_to_date() {
    let installation = with_documents();
    let name = back_up(&installation);
    let mut changed = manifest(&installation, &name);
    let own = changed["schema"].as_i64().unwrap();
    changed["schema"] = (own + 1).into();
    changed["program"] = "9.0.0".into();
    fs::write(manifest_path(&installation, &name), changed.to_string()).unwrap();
    let said = run(&installation, &["restore", "--replace-everything"]).failure();
    assert!(
        said.contains("was made by Hyperion 9.0.0, which is newer than this one"),
        "{said}"
    );
    assert_whole(run(&installation, &EXAMINE), 5);

    // As the version before this schema would have made it.
    let stored = installation
        .path(PLACE)
        .join(changed["objects"]["database"]["path"].as_str().unwrap());
    let database = installation.path("older.db");
    fs::write(&database, zstd::decode_all(fs::File::open(&stored).unwrap()).unwrap()).unwrap();
    let mut connection = SqliteConnection::connect(database.to_str().unwrap()).await.unwrap();
    connection
        .execute("DROP TABLE milestones; DROP TABLE installation; DELETE FROM _sqlx_migrations WHERE version = 7")
        .await
        .unwrap();
    connection.close().await.unwrap();
    let bytes = zstd::encode_all(fs::File::open(&database).unwrap(), 3).unwrap();
    fs::write(&stored, &bytes).unwrap();
    let object = &mut changed["objects"]["database"];
    object["size"] = bytes.len().into();
    object["sha256"] = hex::encode(<sha2::Sha256 as sha2::Digest>::digest(&bytes)).into();
    changed["schema"] = (own - 1).into();
    fs::write(manifest_path(&installation, &name), changed.to_string()).unwrap();

    lose(&installation);
    run(&installation, &["restore", "--replace-everything"]).success();
    assert_whole(run(&installation, &EXAMINE), 5);
    let examined = run(&installation, &EXAMINE).out;
    assert!(examined.contains("its schema is this version's"), "{examined}");
}
