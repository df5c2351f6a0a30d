//! Very many small files.

use std::collections::HashSet;

use crate::{
    person::{File, Person},
    program::Program,
};

#[tokio::test]
async fn five_hundred_small_files_become_ready_and_are_listed_without_gap_or_repeat() {
    take_in_many(500).await;
}

#[tokio::test]
#[ignore = "takes many minutes: make faults"]
async fn twenty_thousand_small_files_become_ready_and_are_listed_without_gap_or_repeat() {
    take_in_many(20_000).await;
}

async fn take_in_many(count: usize) {
    let mut program = Program::new();
    program.start();
    let person = Person::sign_up(&program).await;
    let files: Vec<File> = (0..count)
        .map(|n| File::new(format!("note {n}.txt"), format!("Note {n} of box{n}x.")))
        .collect();
    for files in files.chunks(1_000) {
        let uploads = person.upload(&program, files).await;
        assert!(uploads.iter().all(|upload| upload["outcome"] == "accepted"));
    }
    person.wait_until_all_ended(&program).await;
    for order in ["newest", "oldest", "name", "largest"] {
        let documents = person.documents(&program, order).await;
        assert!(documents.iter().all(|document| document["status"] == "ready"));
        let distinct: HashSet<&str> = documents
            .iter()
            .map(|document| document["id"].as_str().unwrap())
            .collect();
        assert_eq!((documents.len(), distinct.len()), (count, count), "{order}");
    }
    for n in [0, count / 2, count - 1] {
        let found = person.found(&program, &format!("box{n}x")).await;
        assert_eq!(found[0]["document_name"], format!("note {n}.txt"));
    }
    println!("at most {} MiB of memory", program.memory() >> 10);
}
