//! `hyperion ingest`.

mod files;
mod progress;
mod report;

use std::{
    cell::RefCell,
    collections::HashMap,
    fs,
    io::{self, Read},
    path::{Path, PathBuf},
    process::ExitCode,
    time::Duration,
};

use api::{
    CreateKnowledgeBase, Document, DocumentId, DocumentStatus, KnowledgeBase, KnowledgeBaseId, Page, Upload, Uploads,
};
use axum::http::{Method, header};
use futures::{StreamExt, TryStreamExt, stream};
use sha2::{Digest, Sha256};

use self::{
    progress::Progress,
    report::{Outcome, Report},
};
use super::{
    Failure,
    door::{self, Answer, Door, DoorError, Whereabouts},
    names, upload_form,
};
use crate::config::Config;

/// Files sent at the same time.
const AT_ONCE: usize = 4;

/// How often documents are asked after that are being read, and how many at a time. They are read in the order they came.
const ASK_AGAIN: Duration = Duration::from_millis(500);
const ASKED_AFTER: usize = 32;

#[derive(clap::Args)]
pub struct Ingest {
    /// Folder whose files are put in, those of its subfolders too; names that begin with a dot are left out
    dir: PathBuf,
    /// Knowledge base (name or id) that takes them; made if there is none of this name
    #[arg(long, value_name = "NAME")]
    knowledge_base: String,
    /// Print a line of JSON for each file, and one at the end
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    to: Whereabouts,
}

impl Ingest {
    pub async fn run(self, config: Config) -> Result<ExitCode, Failure> {
        let files = files::below(&self.dir)?;
        let door = Door::open(config, &self.to, "hyperion ingest", true).await?;
        let ingested = self.ingest(&door, &files).await;
        door.close().await?;
        ingested
    }

    async fn ingest(&self, door: &Door, files: &[PathBuf]) -> Result<ExitCode, Failure> {
        let knowledge_base = self.knowledge_base(door).await?;
        let ingesting = Ingesting {
            door,
            knowledge_base: knowledge_base.id,
            already_there: already_there(door, knowledge_base.id).await?,
            following: RefCell::default(),
            report: RefCell::new(Report::new(&self.dir, self.json)),
            progress: Progress::new(files.len()),
        };
        let done = tokio::try_join!(ingesting.send_all(files), ingesting.follow_all(files.len()));
        ingesting.progress.end();
        done?;
        Ok(ingesting.report.into_inner().finish(&knowledge_base))
    }

    async fn knowledge_base(&self, door: &Door) -> Result<KnowledgeBase, DoorError> {
        let all = names::all_knowledge_bases(door).await?;
        if let Some(found) = names::find(&all, &self.knowledge_base) {
            return Ok(found.clone());
        }
        let new = CreateKnowledgeBase {
            name: self.knowledge_base.clone(),
            description: String::new(),
        };
        door.post("/knowledge-bases", &new).await
    }
}

/// The documents of a knowledge base by the sum of their bytes.
async fn already_there(door: &Door, id: KnowledgeBaseId) -> Result<HashMap<String, Document>, DoorError> {
    let mut there = HashMap::new();
    let mut cursor = String::new();
    loop {
        let path = format!("/knowledge-bases/{id}/documents?order=oldest&limit=200{cursor}");
        let page: Page<Document> = door.get(&path).await?;
        there.extend(
            page.items
                .into_iter()
                .map(|document| (document.sha256.clone(), document)),
        );
        match page.next_cursor {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return Ok(there),
        }
    }
}

/// A file whose document is being read.
struct Followed {
    file: PathBuf,
    document: DocumentId,
}

struct Ingesting<'a> {
    door: &'a Door,
    knowledge_base: KnowledgeBaseId,
    already_there: HashMap<String, Document>,
    /// In the order they were taken.
    following: RefCell<Vec<Followed>>,
    report: RefCell<Report>,
    progress: Progress,
}

impl Ingesting<'_> {
    async fn send_all(&self, files: &[PathBuf]) -> Result<(), DoorError> {
        stream::iter(files)
            .map(|file| async move {
                self.send(file).await?;
                self.progress.sent();
                Ok(())
            })
            .buffer_unordered(AT_ONCE)
            .try_collect()
            .await
    }

    /// Uploads a file unless its bytes are there. Only a server that is out of reach ends the whole.
    async fn send(&self, file: &Path) -> Result<(), DoorError> {
        let path = file.to_owned();
        let read = tokio::task::spawn_blocking(move || sum_of(&path)).await;
        let sum = match read.map_err(io::Error::other).flatten() {
            Ok(sum) => sum,
            Err(error) => {
                self.end(file, Outcome::unreadable(&error));
                return Ok(());
            }
        };
        if let Some(document) = self.already_there.get(&sum) {
            return self.take_up(file, document).await;
        }
        let refused = match self.upload(file).await {
            Ok(Upload::Accepted { document }) => {
                self.follow(file, document.id);
                return Ok(());
            }
            Ok(Upload::Duplicate { document, .. }) => return self.take_up(file, &document).await,
            Ok(Upload::Refused { problem, .. }) => Outcome::refused(problem.message()),
            Err(error @ DoorError::Unreachable { .. }) => return Err(error),
            Err(error) => Outcome::refused(&error.to_string()),
        };
        self.end(file, refused);
        Ok(())
    }

    async fn upload(&self, file: &Path) -> Result<Upload, DoorError> {
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        let path = format!("/knowledge-bases/{}/documents", self.knowledge_base);
        loop {
            let form = upload_form::with_file(file, &name).await;
            let (content_type, body) = form.map_err(|error| DoorError::Unreadable(error.to_string()))?;
            let headers = [(header::CONTENT_TYPE, content_type)];
            match self.door.request(Method::POST, &path, headers, body).await? {
                Answer::Given(response) => {
                    let uploads: Uploads = door::read(response).await?;
                    let upload = uploads.files.into_iter().next();
                    return upload.ok_or_else(|| DoorError::Unreadable("it names no file".to_owned()));
                }
                Answer::Later(pause) => tokio::time::sleep(pause).await,
            }
        }
    }

    /// A document that was there: one that is ready stays as it is, one that failed is read once more.
    async fn take_up(&self, file: &Path, document: &Document) -> Result<(), DoorError> {
        match document.status {
            DocumentStatus::Ready => self.end(
                file,
                Outcome::AlreadyThere {
                    document_id: document.id,
                },
            ),
            DocumentStatus::Queued | DocumentStatus::Processing => self.follow(file, document.id),
            DocumentStatus::Failed | DocumentStatus::Cancelled => {
                let path = format!("/documents/{}/retry", document.id);
                let retried: Document = self.door.post(&path, &()).await?;
                self.follow(file, retried.id);
            }
        }
        Ok(())
    }

    fn follow(&self, file: &Path, document: DocumentId) {
        self.following.borrow_mut().push(Followed {
            file: file.to_owned(),
            document,
        });
    }

    fn end(&self, file: &Path, outcome: Outcome) {
        self.progress.ended(outcome.is_good());
        self.progress.beside(|| self.report.borrow_mut().add(file, &outcome));
    }

    /// Asks after the documents that are being read until all files have ended.
    async fn follow_all(&self, files: usize) -> Result<(), DoorError> {
        while !self.progress.is_over(files) {
            tokio::time::sleep(ASK_AGAIN).await;
            let ids: Vec<DocumentId> = self
                .following
                .borrow()
                .iter()
                .take(ASKED_AFTER)
                .map(|it| it.document)
                .collect();
            let documents: Vec<(DocumentId, Option<Document>)> = stream::iter(ids)
                .map(|id| async move { Ok::<_, DoorError>((id, self.document(id).await?)) })
                .buffered(AT_ONCE)
                .try_collect()
                .await?;
            for (id, document) in &documents {
                let outcome = match document {
                    Some(document) if document.status.is_underway() => continue,
                    Some(document) => Outcome::of(document),
                    None => Outcome::Deleted,
                };
                let ended: Vec<Followed> = self
                    .following
                    .borrow_mut()
                    .extract_if(.., |followed| followed.document == *id)
                    .collect();
                for followed in ended {
                    self.end(&followed.file, outcome.clone());
                }
            }
            self.progress
                .stages(documents.iter().filter_map(|(_, document)| document.as_ref()?.stage));
        }
        Ok(())
    }

    /// None when it was deleted meanwhile.
    async fn document(&self, id: DocumentId) -> Result<Option<Document>, DoorError> {
        match self.door.get(&format!("/documents/{id}")).await {
            Ok(document) => Ok(Some(document)),
            Err(DoorError::Refused(problem)) if problem.status == 404 => Ok(None),
            Err(error) => Err(error),
        }
    }
}

fn sum_of(path: &Path) -> io::Result<String> {
    let mut hash = Sha256::new();
    let mut file = fs::File::open(path)?;
    let mut chunk = vec![0; 64 * 1024];
    loop {
        match file.read(&mut chunk)? {
            0 => break,
            length => hash.update(&chunk[..length]),
        }
    }
    Ok(hex::encode(hash.finalize()))
}
