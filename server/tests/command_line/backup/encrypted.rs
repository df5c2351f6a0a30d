//! Snapshots that only the holder of a private key can read.

use age::x25519::Identity;
use secrecy::ExposeSecret;
use store::Location;

use super::*;
use crate::{
    installation::is_private,
    migrate_storage::{SECRET, answers, opened, with_documents},
};

/// Makes a key pair, keeps the private key in a file of this name, and gives the public one.
fn key_pair(installation: &Installation, name: &str) -> String {
    let identity = Identity::generate();
    installation.write(
        name,
        format!("# by the test\n{}\n", identity.to_string().expose_secret()),
    );
    identity.to_public().to_string()
}

/// All files below a folder.
fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for name in names_in(folder) {
        let path = folder.join(name);
        if path.is_dir() {
            found.extend(files_below(&path));
        } else {
            found.push(path);
        }
    }
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn an_encrypted_snapshot_opens_with_its_private_key_alone_and_has_the_secret_key() {
    let installation = with_documents();
    connect_bob(&installation).await;
    let ask = |question: &str| command(&installation, &["ask", question, "--json"]);
    let asked = answers(ask);
    let key = fs::read_to_string(installation.path("data/secret.key")).unwrap();
    let recipient = key_pair(&installation, "identity.txt");
    key_pair(&installation, "other.txt");

    let made = run(&installation, &["backup", "--recipient", &recipient]);
    assert!(made.err.is_empty(), "{}", made.err);
    let name = name_in(&made.success());
    let files = files_below(&installation.path(PLACE));
    for file in &files {
        let bytes = fs::read(file).unwrap();
        let is_open = ["manifest.json", "originals.jsonl.zst"].contains(&file.file_name().unwrap().to_str().unwrap());
        assert!(
            is_open || bytes.starts_with(b"age-encryption.org/v1"),
            "{}",
            file.display()
        );
        assert!(
            !String::from_utf8_lossy(&bytes).contains(key.trim()),
            "{}",
            file.display()
        );
    }
    assert!(
        files
            .iter()
            .any(|file| file.ends_with(format!("snapshots/{name}/secret.key.zst.age")))
    );
    // Whether it is whole can be told without the private key.
    run(&installation, &["verify"]).success();
    let said = run(&installation, &["verify", "--drill", "drill.db"]).failure();
    assert!(said.contains("--identity FILE"), "{said}");
    run(
        &installation,
        &["verify", "--drill", "drill.db", "--identity", "identity.txt"],
    )
    .success();

    let restore = |more: &[&str]| run(&installation, &[&["restore", "--replace-everything"], more].concat());
    let said = restore(&[]).failure();
    assert!(said.contains("--identity FILE"), "{said}");
    let said = restore(&["--identity", "other.txt"]).failure();
    assert!(said.contains("cannot be decoded"), "{said}");
    assert_eq!(answers(ask), asked);

    lose(&installation);
    let told = restore(&["--identity", "identity.txt"]).success();
    assert!(told.contains("The snapshot's secret key is in"), "{told}");
    assert_eq!(answers(ask), asked);
    assert!(is_private(&installation.path("data/secret.key")));
    let location = Location::File(installation.path("data/hyperion.db"));
    assert_eq!(opened(&location, installation.path("data"), BOB).await, SECRET);
}

#[test]
fn with_another_key_everything_is_stored_anew_for_it() {
    let installation = with_documents();
    let (one, other) = (key_pair(&installation, "one.txt"), key_pair(&installation, "other.txt"));
    let back_up = |recipient: &str| run(&installation, &["backup", "--recipient", recipient]).success();
    assert!(back_up(&one).contains("5 of them new"));
    assert!(back_up(&one).contains("0 of them new"));
    assert!(back_up(&other).contains("5 of them new"));
    assert!(run(&installation, &["backup"]).success().contains("5 of them new"));
    assert!(back_up(&other).contains("0 of them new"));
    lose(&installation);
    let restore = ["restore", "--replace-everything", "--identity", "other.txt"];
    run(&installation, &restore).success();
    assert_whole(run(&installation, &EXAMINE), 5);
}

#[test]
fn what_is_no_public_key_is_refused() {
    let installation = Installation::with_account();
    let mut command = command(&installation, &["backup"]);
    let said = ran(command
        .env("HYPERION_BACKUP_RECIPIENT", "age1nonsense")
        .output()
        .unwrap())
    .failure();
    assert!(
        said.contains("HYPERION_BACKUP_RECIPIENT must be an age public key"),
        "{said}"
    );
}
