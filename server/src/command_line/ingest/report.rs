//! What became of each file.

use std::{
    io,
    path::{Path, PathBuf},
    process::ExitCode,
};

use api::{Document, DocumentId, KnowledgeBase};
use serde::Serialize;

use crate::command_line::{output, plain};

#[derive(Debug, Clone, Serialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum Outcome {
    Ready {
        document_id: DocumentId,
    },
    /// These bytes were there before.
    AlreadyThere {
        document_id: DocumentId,
    },
    /// The document is there and cannot be read, or its reading was cancelled.
    Failed {
        document_id: DocumentId,
        reason: String,
    },
    /// The file was not taken.
    Refused {
        reason: String,
    },
    /// Somebody deleted the document meanwhile.
    Deleted,
}

impl Outcome {
    /// Of a document that is not underway.
    pub fn of(document: &Document) -> Self {
        let document_id = document.id;
        match &document.error {
            Some(error) => Self::Failed {
                document_id,
                reason: format!("{} {}", error.message, error.remedy),
            },
            None if document.status == api::DocumentStatus::Ready => Self::Ready { document_id },
            None => Self::Failed {
                document_id,
                reason: "Its reading was cancelled.".to_owned(),
            },
        }
    }

    pub fn refused(reason: &str) -> Self {
        Self::Refused {
            reason: reason.to_owned(),
        }
    }

    pub fn unreadable(error: &io::Error) -> Self {
        Self::refused(&format!("The file cannot be read: {error}."))
    }

    pub fn is_good(&self) -> bool {
        matches!(self, Self::Ready { .. } | Self::AlreadyThere { .. })
    }
}

pub struct Report {
    /// What paths are told relative to.
    folder: PathBuf,
    json: bool,
    ready: u64,
    already_there: u64,
    not_ready: u64,
}

#[derive(Serialize)]
struct Line<'a> {
    file: &'a str,
    #[serde(flatten)]
    outcome: &'a Outcome,
}

#[derive(Serialize)]
struct Total<'a> {
    knowledge_base: &'a str,
    knowledge_base_id: api::KnowledgeBaseId,
    ready: u64,
    already_there: u64,
    not_ready: u64,
}

impl Report {
    pub fn new(folder: &Path, json: bool) -> Self {
        Self {
            folder: folder.to_owned(),
            json,
            ready: 0,
            already_there: 0,
            not_ready: 0,
        }
    }

    /// Counts a file, and prints what became of it: of all files as JSON, else of those that are not ready.
    pub fn add(&mut self, file: &Path, outcome: &Outcome) {
        let file = file.strip_prefix(&self.folder).unwrap_or(file);
        match outcome {
            Outcome::Ready { .. } => self.ready += 1,
            Outcome::AlreadyThere { .. } => self.already_there += 1,
            _ => self.not_ready += 1,
        }
        let text = |reason: &str| {
            output::print_line(plain::without_control_characters(&format!(
                "{}: {reason}",
                file.display()
            )))
        };
        match outcome {
            _ if self.json => print_json(&Line {
                file: &file.to_string_lossy(),
                outcome,
            }),
            Outcome::Failed { reason, .. } | Outcome::Refused { reason } => text(reason),
            Outcome::Deleted => text("It was deleted while it was being read."),
            Outcome::Ready { .. } | Outcome::AlreadyThere { .. } => {}
        }
    }

    /// Prints the total; success when every file is ready.
    pub fn finish(self, knowledge_base: &KnowledgeBase) -> ExitCode {
        if self.json {
            print_json(&Total {
                knowledge_base: &knowledge_base.name,
                knowledge_base_id: knowledge_base.id,
                ready: self.ready,
                already_there: self.already_there,
                not_ready: self.not_ready,
            });
        } else {
            output::print_line(format_args!(
                "{}: {} ready, {} there already, {} not ready",
                knowledge_base.name, self.ready, self.already_there, self.not_ready
            ));
        }
        if self.not_ready == 0 {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        }
    }
}

fn print_json(line: &impl Serialize) {
    output::print_line(serde_json::to_string(line).expect("lines hold only text and numbers"));
}
