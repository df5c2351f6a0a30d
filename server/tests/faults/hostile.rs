//! Files of other projects that broke their readers.

use std::path::{Path, PathBuf};

use crate::{
    person::{File, Person},
    program::Program,
};

/// Uploaded in one request, and waited for together.
const FILES_A_REQUEST: usize = 40;

#[tokio::test]
async fn a_share_of_the_hostile_files_ends_ready_or_failed_with_a_reason_while_the_server_answers() {
    // Every so many, and no long texts, which only take long to embed.
    upload_hostile_files(24, 16 << 10).await;
}

#[tokio::test]
#[ignore = "takes many minutes: make faults"]
async fn every_hostile_file_ends_ready_or_failed_with_a_reason_while_the_server_answers() {
    upload_hostile_files(1, u64::MAX).await;
}

async fn upload_hostile_files(every: usize, longest_text: u64) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/eval/hostile");
    if !folder.is_dir() {
        println!("skipped: {} is not there", folder.display());
        return;
    }
    let is_wanted = |path: &PathBuf| {
        path.extension().is_some_and(|end| end == "pdf") || path.metadata().unwrap().len() <= longest_text
    };
    let paths: Vec<PathBuf> = files_below(&folder)
        .into_iter()
        .filter(is_wanted)
        .step_by(every)
        .collect();
    assert!(paths.len() * every >= 700, "only {} files", paths.len());
    let mut program = Program::new();
    program.start();
    let person = Person::sign_up(&program).await;

    for paths in paths.chunks(FILES_A_REQUEST) {
        let files: Vec<File> = paths
            .iter()
            .map(|path| {
                File::new(
                    path.file_name().unwrap().to_string_lossy(),
                    std::fs::read(path).unwrap(),
                )
            })
            .collect();
        let uploads = person.upload(&program, &files).await;
        person.wait_until_all_ended(&program).await;
        for (upload, file) in uploads.iter().zip(&files) {
            // Some files are in two folders.
            assert_ne!(upload["outcome"], "refused", "{upload}");
            let id = upload["document"]["id"].as_str().unwrap();
            assert_eq!(person.original(&program, id).await, file.bytes, "{}", file.name);
        }
    }
    let mut ends = std::collections::BTreeMap::<String, usize>::new();
    for document in person.documents(&program, "newest").await {
        let end = match document["status"].as_str().unwrap() {
            "ready" => "ready",
            "failed" => {
                let error = &document["error"];
                let told = |field: &str| error[field].as_str().is_some_and(|text| !text.is_empty());
                assert!(told("message") && told("remedy"), "{document}");
                error["code"].as_str().unwrap()
            }
            other => panic!("{other}: {document}"),
        };
        // These are faults of the program and not of a file.
        assert!(
            !["internal", "unavailable", "crashed", "cut_off"].contains(&end),
            "{document}"
        );
        *ends.entry(end.to_owned()).or_default() += 1;
    }
    println!("{ends:?}; at most {} MiB of memory", program.memory() >> 10);
    assert!(ends["ready"] > 0);
}

fn files_below(folder: &Path) -> Vec<PathBuf> {
    let (mut found, mut open) = (Vec::new(), vec![folder.to_owned()]);
    while let Some(folder) = open.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}
