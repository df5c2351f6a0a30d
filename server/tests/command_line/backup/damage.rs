//! What the storage did not keep.

use super::*;
use crate::migrate_storage::with_documents;

#[test]
fn what_is_damaged_or_missing_is_found_and_not_restored() {
    let installation = with_documents();
    let name = back_up(&installation);
    let original = originals(&installation).pop().unwrap();
    let whole = fs::read(&original).unwrap();
    let shown = original.file_name().unwrap().to_str().unwrap();
    let restore = ["restore", "--replace-everything"];

    damage(&original);
    let found = run(&installation, &["verify"]);
    assert_eq!(found.status.code(), Some(1), "{}", found.err);
    assert!(
        found.out.contains(shown) && found.out.contains("is damaged: its SHA-256 is"),
        "{}",
        found.out
    );
    assert!(
        found.out.contains("1 of 8 objects are not what they should be"),
        "{}",
        found.out
    );
    // Nothing is replaced by what is not whole.
    fs::remove_dir_all(installation.path("data/originals")).unwrap();
    let said = run(&installation, &restore).failure();
    assert!(said.contains("is damaged: its SHA-256 is"), "{said}");
    installation.serve().stop();

    fs::write(&original, &whole[..whole.len() - 1]).unwrap();
    let found = run(&installation, &["verify"]).out;
    assert!(found.contains("bytes and should have"), "{found}");
    fs::remove_file(&original).unwrap();
    let found = run(&installation, &["verify"]).out;
    assert!(found.contains(&format!("{shown} is missing")), "{found}");
    fs::write(&original, whole).unwrap();

    let objects = &manifest(&installation, &name)["objects"];
    for object in ["database", "settings", "originals"] {
        let path = installation.path(PLACE).join(objects[object]["path"].as_str().unwrap());
        let whole = fs::read(&path).unwrap();
        damage(&path);
        let found = run(&installation, &["verify"]);
        assert_eq!(found.status.code(), Some(1), "{object}: {}", found.err);
        assert!(
            found.out.contains(objects[object]["path"].as_str().unwrap()),
            "{}",
            found.out
        );
        let said = run(&installation, &restore).failure();
        assert!(said.contains("is damaged"), "{object}: {said}");
        installation.serve().stop();
        fs::write(&path, whole).unwrap();
    }
    run(&installation, &["verify"]).success();
    run(&installation, &restore).success();
    assert_whole(run(&installation, &EXAMINE), 5);
}

#[test]
fn an_original_that_is_not_what_it_was_is_stored_anew() {
    let installation = with_documents();
    back_up(&installation);
    let original = originals(&installation).pop().unwrap();
    let whole = fs::read(&original).unwrap();
    fs::write(&original, &whole[..whole.len() - 1]).unwrap();
    let said = run(&installation, &["backup"]).success();
    assert!(said.contains("5 originals, 1 of them new"), "{said}");
    run(&installation, &["verify"]).success();
}

#[test]
fn a_manifest_that_cannot_be_read_is_told_and_nothing_is_removed_because_of_it() {
    let installation = with_documents();
    let name = back_up(&installation);
    fs::write(manifest_path(&installation, &name), "{").unwrap();
    let said = run(&installation, &["verify"]).failure();
    assert!(
        said.contains(&format!("the manifest of snapshot {name} cannot be read")),
        "{said}"
    );
    run(&installation, &["backup", "--keep", "1"]).success();
    run(&installation, &["backup", "--keep", "1"]).success();
    assert!(manifest_path(&installation, &name).exists());
    assert_eq!(originals(&installation).len(), 5);
}
