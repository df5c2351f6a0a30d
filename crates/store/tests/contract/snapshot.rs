//! A moment that is held, and what is put in its place.

use store::{
    Alone, Held, Location, Milestone, Original, Purpose, Replacing, Schema, Snapshot, SnapshotError, Store, StoreError,
};

use crate::database::{Database, empty_postgres};

on_each_database!(
    what_is_held_is_one_moment,
    one_backup_at_a_time_is_made_of_a_database_with_users,
    milestones_are_remembered_by_name,
    a_database_that_is_being_replaced_does_not_open,
);

async fn originals(snapshot: &Snapshot) -> Vec<Original> {
    let mut all = Vec::new();
    let each = |original| {
        all.push(original);
        Ok::<_, SnapshotError>(())
    };
    snapshot.originals(each).await.unwrap();
    all
}

async fn what_is_held_is_one_moment(database: Database) {
    let folder = tempfile::tempdir().unwrap();
    let user = database.user("ada@example.org").await;
    let base = database.knowledge_base(user, "A").await;
    for name in ["b", "a", "c", "Z"] {
        database.document(user, base, name, 1).await;
    }
    let snapshot = Snapshot::take(&database.location, &folder.path().join("copy.db"))
        .await
        .unwrap();
    database.document(user, base, "late", 1).await;
    database
        .store
        .delete_user(database.user("bob@example.org").await)
        .await
        .unwrap();

    // In the order of bytes, on either database.
    let sums: Vec<String> = originals(&snapshot)
        .await
        .into_iter()
        .map(|original| original.sha256)
        .collect();
    assert_eq!(sums, ["Z", "a", "b", "c"]);
    let rows = snapshot.rows().await.unwrap();
    let sums = snapshot.sums(|_| {}).await.unwrap();
    assert_eq!(sums.len(), Snapshot::TABLES);
    assert_eq!(sums.iter().map(|(_, sum)| sum.rows).sum::<u64>(), rows);
    let of = |table: &str| sums.iter().find(|(name, _)| *name == table).unwrap().1.rows;
    assert_eq!((of("users"), of("documents")), (1, 4));
    let again = snapshot.sums(|_| {}).await.unwrap();
    assert_eq!(again, sums);
    assert_eq!(
        snapshot.held == Held::File(folder.path().join("copy.db")),
        !database.is_postgres()
    );
    snapshot.close().await;
    assert!(!folder.path().join("copy.db-wal").exists());
}

async fn one_backup_at_a_time_is_made_of_a_database_with_users(database: Database) {
    let refused = Alone::open(&database.location).await.err().unwrap();
    assert!(matches!(refused, SnapshotError::NoUsers(_)), "{refused}");
    database.user("ada@example.org").await;
    let alone = Alone::open(&database.location).await.unwrap();
    if database.is_postgres() {
        let refused = Alone::open(&database.location).await.err().unwrap();
        assert!(matches!(refused, SnapshotError::BackedUp(_)), "{refused}");
    }
    alone.close().await;
    Alone::open(&database.location).await.unwrap().close().await;
}

async fn milestones_are_remembered_by_name(database: Database) {
    let store = &database.store;
    assert_eq!(store.reached(Milestone::Backup).await.unwrap(), None);
    store.reach(Milestone::Backup).await.unwrap();
    let first = store.reached(Milestone::Backup).await.unwrap().unwrap();
    assert_eq!(store.reached(Milestone::Drill).await.unwrap(), None);
    store.reach(Milestone::Backup).await.unwrap();
    assert!(store.reached(Milestone::Backup).await.unwrap().unwrap() >= first);
    assert_eq!(
        store.installation_id().await.unwrap(),
        store.installation_id().await.unwrap()
    );
}

/// An empty database of the same kind.
async fn empty_like(database: &Database, folder: &tempfile::TempDir) -> Location {
    if database.is_postgres() {
        empty_postgres().await
    } else {
        Location::File(folder.path().join("empty.db"))
    }
}

async fn a_database_that_is_being_replaced_does_not_open(database: Database) {
    let folder = tempfile::tempdir().unwrap();
    let location = empty_like(&database, &folder).await;
    let replacing = Replacing::open(&location, Purpose::Restore).await.unwrap();
    replacing.begin("some").await.unwrap();
    let refused = Store::open(&location).await.err().unwrap();
    assert!(
        matches!(&refused, StoreError::HalfRestored { snapshot } if snapshot == "some"),
        "{refused}"
    );
    assert_eq!(Store::schema(&location).await.unwrap(), Schema::HalfRestored);
    replacing.give_up().await.unwrap();
    replacing.close().await;
    assert_eq!(Store::schema(&location).await.unwrap(), Schema::Missing);

    // One that was begun before stays begun.
    let replacing = Replacing::open(&location, Purpose::Restore).await.unwrap();
    replacing.begin("some").await.unwrap();
    replacing.close().await;
    let replacing = Replacing::open(&location, Purpose::Restore).await.unwrap();
    replacing.begin("other").await.unwrap();
    replacing.give_up().await.unwrap();
    assert_eq!(Store::schema(&location).await.unwrap(), Schema::HalfRestored);
    replacing.finish().await.unwrap();

    // What holds an installation is for no drill, and for a restore it is emptied of all that is in it.
    let full = Store::open(&location).await.unwrap();
    full.close().await;
    let refused = Replacing::open(&location, Purpose::Drill)
        .await
        .err()
        .unwrap()
        .to_string();
    assert!(refused.contains("is not empty"), "{refused}");
    let replacing = Replacing::open(&location, Purpose::Restore).await.unwrap();
    assert_eq!(replacing.contents().await, Some((0, 0)));
    replacing.begin("some").await.unwrap();
    replacing.leave_empty().await.unwrap();
    assert_eq!(Store::schema(&location).await.unwrap(), Schema::Missing);
    Replacing::open(&location, Purpose::Drill).await.unwrap().close().await;
}
