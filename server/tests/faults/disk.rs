//! A disk that is full, and folders that cannot be written.

use std::{
    io::Write,
    path::Path,
    process::{Command, Stdio},
};

use reqwest::StatusCode;
use serde_json::Value;

use crate::{
    person::{File, Person},
    program::Program,
};

/// A small disk of its own, as far as this machine lets one be made.
struct SmallDisk<'a>(&'a Path);

impl<'a> SmallDisk<'a> {
    fn at(folder: &'a Path, mib: u32) -> Option<Self> {
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &format!("size={mib}m"), "tmpfs"])
            .arg(folder)
            .stderr(Stdio::null())
            .status();
        mounted.is_ok_and(|status| status.success()).then_some(Self(folder))
    }
}

impl Drop for SmallDisk<'_> {
    fn drop(&mut self) {
        // Lazily: the program may not have let go of it yet.
        let _ = Command::new("umount").arg("-l").arg(self.0).status();
    }
}

#[tokio::test]
async fn a_full_disk_is_told_and_loses_nothing_that_was_acknowledged() {
    let disk_folder = tempfile::tempdir().unwrap();
    let Some(disk) = SmallDisk::at(disk_folder.path(), 64) else {
        println!("skipped: no disk can be mounted here; the next test limits file sizes instead");
        return;
    };
    let mut program = Program::with_data_in(tempfile::tempdir().unwrap(), disk.0.join("data"));
    program.start();
    let person = Person::sign_up(&program).await;
    let before = person
        .upload_one(&program, File::new("before.txt", "The otter sleeps on its back."))
        .await;
    person.wait_until_all_ended(&program).await;

    // Only what is left over is taken by something else, to the last byte.
    let mut filler = std::fs::File::create(disk.0.join("filler")).unwrap();
    while filler.write_all(&[0; 4096]).is_ok() {}
    while filler.write_all(&[0; 1]).is_ok() {}

    let large = File::new("large.txt", "All work and no play. ".repeat(200_000));
    let refused = person.send_files(&program, std::slice::from_ref(&large)).await.unwrap();
    assert_eq!(refused.status(), StatusCode::INSUFFICIENT_STORAGE);
    let problem: Value = refused.json().await.unwrap();
    assert_eq!(problem["code"], "storage_failed", "{problem}");
    assert!(problem["detail"].as_str().unwrap().contains("disk"), "{problem}");
    person.expect_health(&program).await;
    assert_eq!(
        person.get(&program, &format!("/documents/{before}")).await["status"],
        "ready"
    );
    assert_eq!(
        person.original(&program, &before).await,
        b"The otter sleeps on its back."
    );

    // A little room: enough for uploads, which are acknowledged, and soon not for reading them.
    drop(filler);
    std::fs::File::options()
        .write(true)
        .open(disk.0.join("filler"))
        .and_then(|filler| filler.set_len(filler.metadata()?.len().saturating_sub(512 * 1024)))
        .unwrap();
    let mut taken = Vec::new();
    for n in 0..60 {
        // Much to store, and little to embed.
        let text = format!("File {n}: the heron waits.{}", "\n".repeat(24_000));
        for upload in person
            .try_upload(&program, &[File::new(format!("{n}.txt"), text)])
            .await
            .unwrap_or_default()
        {
            taken.extend(upload["document"]["id"].as_str().map(str::to_owned));
        }
    }
    assert!(!taken.is_empty());
    // And after a restart on the full disk.
    program.kill();
    std::fs::remove_file(disk.0.join("filler")).unwrap();
    program.start();
    person.wait_until_all_ended(&program).await;
    for id in &taken {
        let document = person.get(&program, &format!("/documents/{id}")).await;
        assert_eq!(document["status"], "ready", "{document}");
    }
    assert_eq!(person.upload(&program, &[large]).await[0]["outcome"], "accepted");
}

#[tokio::test]
async fn a_file_that_cannot_be_written_is_told_and_loses_nothing_that_was_acknowledged() {
    let mut program = Program::new();
    let plain = program.command();
    // No file of the program's may grow beyond 8 MiB, as on a disk that is full.
    let mut limited = Command::new("sh");
    limited
        .args(["-c", "trap '' XFSZ; ulimit -f 16384; exec \"$0\" \"$@\""])
        .arg(plain.get_program())
        .args(plain.get_args())
        .env_clear()
        .stdin(Stdio::null())
        .stdout(Stdio::piped());
    program.start_as(limited);
    let person = Person::sign_up(&program).await;
    let small = person
        .upload_one(&program, File::new("small.txt", "The otter sleeps on its back."))
        .await;
    let large = File::new("large.txt", "All work and no play. ".repeat(600_000));
    let refused = person.send_files(&program, &[large]).await.unwrap();
    assert_eq!(refused.status(), StatusCode::INSUFFICIENT_STORAGE);
    let problem: Value = refused.json().await.unwrap();
    assert_eq!(problem["code"], "storage_failed", "{problem}");
    assert_eq!(person.ended(&program, &small).await["status"], "ready");
    assert_eq!(
        person.original(&program, &small).await,
        b"The otter sleeps on its back."
    );
    assert_eq!(person.documents(&program, "newest").await.len(), 1);
}

#[tokio::test]
async fn a_data_folder_that_cannot_be_written_stops_the_start_with_the_remedy() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("file"), "in the way").unwrap();
    let path = folder.path().join("file/data");
    let program = Program::with_data_in(folder, path.clone());
    let output = program.command().stderr(Stdio::piped()).output().unwrap();
    assert!(!output.status.success());
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(
        told.contains(path.to_str().unwrap()) && told.contains("--data-dir"),
        "{told}"
    );
}

#[tokio::test]
async fn originals_that_cannot_be_written_are_told_until_they_can() {
    let mut program = Program::new();
    program.start();
    let person = Person::sign_up(&program).await;
    let before = person
        .upload_one(&program, File::new("before.txt", "The otter sleeps on its back."))
        .await;
    person.wait_until_all_ended(&program).await;
    let (folder, away) = (program.data().join("originals"), program.data().join("away"));
    std::fs::rename(&folder, &away).unwrap();
    std::fs::write(&folder, "in the way").unwrap();

    let refused = person
        .send_files(&program, &[File::new("during.txt", "Written in between.")])
        .await
        .unwrap();
    assert_eq!(refused.status(), StatusCode::INSUFFICIENT_STORAGE);
    let problem: Value = refused.json().await.unwrap();
    assert_eq!(problem["code"], "storage_failed", "{problem}");
    assert_eq!(person.documents(&program, "newest").await.len(), 1);

    std::fs::remove_file(&folder).unwrap();
    std::fs::rename(&away, &folder).unwrap();
    assert_eq!(
        person.original(&program, &before).await,
        b"The otter sleeps on its back."
    );
    let during = person
        .upload_one(&program, File::new("during.txt", "Written in between."))
        .await;
    assert_eq!(person.ended(&program, &during).await["status"], "ready");
}
