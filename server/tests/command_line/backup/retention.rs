//! What is kept, and what is not.

use std::{
    fs::File,
    time::{Duration, SystemTime},
};

use store::{Location, Store};

use super::*;
use crate::{installation::EMAIL, migrate_storage::with_documents};

/// Makes a file look as if nobody had written to it for two days.
fn age(path: &Path) {
    let file = File::options().write(true).open(path).unwrap();
    file.set_modified(SystemTime::now() - Duration::from_secs(2 * 24 * 60 * 60))
        .unwrap();
}

/// Deletes a document as the server does, and gives the checksum of its original.
async fn delete(installation: &Installation, name: &str) -> String {
    let store = Store::open(&Location::File(installation.path("data/hyperion.db")))
        .await
        .unwrap();
    let owner = store.user_by_email(EMAIL).await.unwrap().unwrap().user.id;
    let bases = store.knowledge_bases(owner, &api::PageQuery::default()).await.unwrap();
    let base = bases.items[0].id;
    let all = store
        .documents(owner, base, &api::DocumentQuery::default())
        .await
        .unwrap();
    let document = all.items.into_iter().find(|document| document.name == name).unwrap();
    store.delete_document(owner, document.id).await.unwrap();
    store.close().await;
    fs::remove_file(installation.path(&format!("data/originals/{}", document.id))).unwrap();
    document.sha256
}

#[tokio::test(flavor = "multi_thread")]
async fn the_newest_stay_and_originals_go_with_the_last_that_needs_them() {
    let installation = with_documents();
    let back_up = |keep: &str| run(&installation, &["backup", "--keep", keep]).success();
    let first = name_in(&back_up("2"));
    let sha256 = delete(&installation, "harbour.txt").await;
    let second = name_in(&back_up("2"));
    assert_eq!(published(&installation), [first.clone(), second.clone()]);
    let said = back_up("2");
    assert!(said.contains(&format!("Snapshot {first} was removed")), "{said}");
    assert_eq!(published(&installation), [second, name_in(&said)]);
    assert!(!installation.path(PLACE).join("snapshots").join(&first).exists());

    // Nobody needs the original any more, but it might belong to a backup that still goes on.
    let unneeded = || {
        originals(&installation)
            .into_iter()
            .find(|path| path.to_string_lossy().contains(&sha256))
    };
    for original in originals(&installation) {
        age(&original);
    }
    let path = unneeded().unwrap();
    File::options()
        .write(true)
        .open(&path)
        .unwrap()
        .set_modified(SystemTime::now())
        .unwrap();
    back_up("2");
    age(&unneeded().unwrap());
    let said = back_up("2");
    assert!(said.contains("1 originals that no snapshot needs"), "{said}");
    assert_eq!((unneeded(), originals(&installation).len()), (None, 4));
    run(&installation, &["verify"]).success();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_snapshot_that_lacks_originals_supersedes_none() {
    let installation = with_documents();
    let good = back_up(&installation);
    let lost = names_in(&installation.path("data/originals")).remove(0);
    let path = installation.path(&format!("data/originals/{lost}"));
    let whole = fs::read(&path).unwrap();
    // The place has it from before, and what the installation has of it is no matter then.
    fs::remove_file(&path).unwrap();
    assert!(run(&installation, &["backup"]).success().contains("0 of them new"));
    for original in originals(&installation) {
        fs::remove_file(original).unwrap();
    }

    for _ in 0..2 {
        let made = run(&installation, &["backup", "--keep", "1"]);
        assert_eq!(made.status.code(), Some(1), "{}", made.out);
        assert!(
            made.out
                .contains(&format!("The original of document {lost} is missing")),
            "{}",
            made.out
        );
        assert!(
            made.err
                .contains("lacks 1 originals that the installation itself does not have"),
            "{}",
            made.err
        );
    }
    assert_eq!(published(&installation).len(), 4);
    assert_eq!(published(&installation)[0], good);
    let lacking = published(&installation).pop().unwrap();
    let found = run(&installation, &["verify", "--snapshot", &lacking]);
    assert_eq!(found.status.code(), Some(1), "{}", found.err);
    assert!(found.out.contains("lacks 1 originals"), "{}", found.out);
    let restore = ["restore", "--replace-everything", "--snapshot", &lacking];
    let told = ran(command_on(&installation, "other", &restore).output().unwrap()).success();
    assert!(
        told.contains(&format!("Document {lost} is without its original")),
        "{told}"
    );

    fs::write(path, whole).unwrap();
    let said = run(&installation, &["backup", "--keep", "1"]).success();
    assert_eq!(published(&installation), [name_in(&said)], "{said}");
}

#[test]
fn what_was_never_finished_goes_after_a_day() {
    let installation = with_documents();
    let unfinished = |name: &str| {
        let path = installation
            .path(PLACE)
            .join("snapshots")
            .join(name)
            .join("database.db.zst");
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, "half").unwrap();
        path
    };
    let (old, new) = (
        unfinished("20200101T000000Z-00000000"),
        unfinished("20200102T000000Z-00000000"),
    );
    let part = installation.path(PLACE).join("originals/plain/ab/half.zst#1");
    fs::create_dir_all(part.parent().unwrap()).unwrap();
    fs::write(&part, "half").unwrap();
    age(&old);
    age(&part);
    let said = run(&installation, &["backup"]).success();
    assert!(said.contains("1 snapshots that were never finished"), "{said}");
    assert!(!old.exists() && new.exists() && !part.exists());
}
