//! The originals of a snapshot: what the place does not have yet is stored there.

use std::{
    collections::HashMap,
    fs::File,
    io::{self, BufRead, BufReader, BufWriter, Seek, Write},
    iter::Peekable,
    pin::Pin,
    sync::Arc,
};

use api::DocumentId;
use futures::{Stream, StreamExt, TryStreamExt, stream};
use object_store::{Error, ObjectStore, ObjectStoreExt};
use sha2::{Digest, Sha256};
use store::{Original, Store};
use uuid::Uuid;

use super::{
    BackupError, Originals, Place, Recipient,
    list::{Entry, Kept, ListWriting},
    object::{self, SMALL_PART, Stored, Writing, measured, pieces},
    place::{original_at, originals_for, shard_of},
};
use crate::documents::original_path;

/// Originals that are stored at the same time.
const AT_ONCE: usize = 4;

/// Documents whose original is missing that are named; of more it is said how many there are.
const MOST_NAMED: usize = 20;

/// The originals that a database names, in the order of their checksums, in a file that nobody else sees.
pub struct Named {
    file: BufWriter<File>,
    pub documents: u64,
}

impl Named {
    pub fn new() -> Result<Self, BackupError> {
        let file = tempfile::tempfile().map_err(BackupError::Temporary)?;
        Ok(Self {
            file: BufWriter::new(file),
            documents: 0,
        })
    }

    pub fn add(&mut self, original: &Original) -> Result<(), BackupError> {
        self.documents += 1;
        let line = writeln!(
            self.file,
            "{} {} {}",
            original.sha256, original.size, original.document.0
        );
        line.map_err(BackupError::Temporary)
    }

    fn groups(self) -> Result<Groups<impl Iterator<Item = io::Result<Line>>>, BackupError> {
        let mut file = self
            .file
            .into_inner()
            .map_err(|error| BackupError::Temporary(error.into_error()))?;
        file.rewind().map_err(BackupError::Temporary)?;
        let lines = BufReader::new(file).lines().map(|line| Line::parse(&line?));
        Ok(Groups(lines.peekable()))
    }
}

struct Line {
    sha256: String,
    size: u64,
    document: DocumentId,
}

impl Line {
    fn parse(text: &str) -> io::Result<Self> {
        Self::read(text)
            .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "it holds what was not written to it"))
    }

    fn read(text: &str) -> Option<Self> {
        let mut parts = text.split(' ');
        Some(Self {
            sha256: parts.next()?.to_owned(),
            size: parts.next()?.parse().ok()?,
            document: DocumentId(Uuid::try_parse(parts.next()?).ok()?),
        })
    }
}

/// Documents with the same original.
struct Group {
    sha256: String,
    size: u64,
    documents: Vec<DocumentId>,
}

struct Groups<I: Iterator<Item = io::Result<Line>>>(Peekable<I>);

impl<I: Iterator<Item = io::Result<Line>>> Iterator for Groups<I> {
    type Item = io::Result<Group>;

    fn next(&mut self) -> Option<io::Result<Group>> {
        let first = match self.0.next()? {
            Ok(first) => first,
            Err(error) => return Some(Err(error)),
        };
        let mut group = Group {
            sha256: first.sha256,
            size: first.size,
            documents: vec![first.document],
        };
        let same = |next: &io::Result<Line>| next.as_ref().is_ok_and(|line| line.sha256 == group.sha256);
        while let Some(Ok(line)) = self.0.next_if(same) {
            group.documents.push(line.document);
        }
        Some(Ok(group))
    }
}

/// What is needed to store originals.
pub struct Storing<'s> {
    pub place: &'s Place,
    pub recipient: Option<&'s Recipient>,
    /// Where the installation has them.
    pub from: Arc<dyn ObjectStore>,
    /// The database as it goes on.
    pub live: &'s Store,
}

/// What was stored.
pub struct Outcome {
    pub list: Stored,
    pub originals: Originals,
    /// The other ones were there.
    pub files_stored: u64,
    /// Documents whose original the installation does not have, the first few.
    pub missing: Vec<DocumentId>,
}

/// An original and what is known of it in the place.
struct Wanted {
    group: Group,
    /// As an earlier snapshot has it.
    before: Option<Stored>,
    /// Bytes of what is in the place.
    there: Option<u64>,
}

type Entries<'e> = Pin<Box<dyn Stream<Item = Result<Stored, BackupError>> + Send + 'e>>;

impl Storing<'_> {
    /// Stores every original that is named and not there, and writes the list of all. `before` is what an earlier snapshot
    /// has, in the same order. `done` is told of documents.
    pub async fn store(
        &self,
        named: Named,
        before: Entries<'_>,
        mut list: ListWriting,
        done: impl Fn(u64),
    ) -> Result<Outcome, BackupError> {
        let mut outcome = Outcome {
            list: Stored {
                path: String::new(),
                size: 0,
                sha256: String::new(),
            },
            originals: Originals {
                documents: named.documents,
                ..Originals::default()
            },
            files_stored: 0,
            missing: Vec::new(),
        };
        let mut stored = self
            .wanted(named.groups()?, before)
            .map_ok(|wanted| self.store_one(wanted))
            .try_buffered(AT_ONCE)
            .boxed_local();
        while let Some((group, kept, is_new)) = stored.try_next().await? {
            let originals = &mut outcome.originals;
            let documents = group.documents.len() as u64;
            match &kept {
                Kept::Stored(stored) => {
                    originals.files += 1;
                    originals.bytes += stored.size;
                    outcome.files_stored += u64::from(is_new);
                }
                Kept::DeletedMeanwhile | Kept::Missing => {}
            }
            let exist = match kept {
                Kept::Missing => self.live.documents_that_exist(&group.documents).await?,
                _ => Vec::new(),
            };
            for document in group.documents {
                let original = match &kept {
                    Kept::Missing if !exist.contains(&document) => {
                        originals.deleted_meanwhile += 1;
                        Kept::DeletedMeanwhile
                    }
                    Kept::Missing => {
                        originals.missing += 1;
                        if outcome.missing.len() < MOST_NAMED {
                            outcome.missing.push(document);
                        }
                        Kept::Missing
                    }
                    kept => kept.clone(),
                };
                let (sha256, size) = (group.sha256.clone(), group.size);
                list.add(&Entry {
                    document,
                    sha256,
                    size,
                    original,
                })
                .await?;
            }
            done(documents);
        }
        drop(stored);
        outcome.list = list.finish().await?;
        Ok(outcome)
    }

    /// Goes through what is named, what was stored before and what is in the place together, all in the same order, so that
    /// none of it is ever whole in memory.
    fn wanted<'w>(
        &'w self,
        groups: Groups<impl Iterator<Item = io::Result<Line>> + 'w>,
        before: Entries<'w>,
    ) -> impl Stream<Item = Result<Wanted, BackupError>> + 'w {
        struct State<'w, G> {
            groups: G,
            before: stream::Peekable<Entries<'w>>,
            shard: String,
            there: HashMap<String, u64>,
        }
        let state = State {
            groups,
            before: before.peekable(),
            shard: String::new(),
            there: HashMap::new(),
        };
        stream::try_unfold(state, move |mut state| async move {
            let Some(group) = state.groups.next() else {
                return Ok(None);
            };
            let group = group.map_err(BackupError::Temporary)?;
            let path = original_at(self.recipient, &group.sha256);
            let mut known = None;
            // Of another recipient are those that cannot be read by this one: they are passed over.
            let mut before = Pin::new(&mut state.before);
            while let Some(stored) = before.as_mut().next_if(|stored| not_after(stored, &group.sha256)).await {
                let stored = stored?;
                if stored.path == path {
                    known = Some(stored);
                }
            }
            if shard_of(&group.sha256) != state.shard {
                shard_of(&group.sha256).clone_into(&mut state.shard);
                let folder = format!("{}/{}", originals_for(self.recipient), state.shard);
                let (_, found) = self.place.look_into(&folder).await?;
                let sized = found.into_iter().map(|found| (found.location.to_string(), found.size));
                state.there = sized.collect();
            }
            let wanted = Wanted {
                there: state.there.get(&path).copied(),
                before: known,
                group,
            };
            Ok(Some((wanted, state)))
        })
    }

    /// What is kept of it, and whether it is new.
    async fn store_one(&self, wanted: Wanted) -> Result<(Group, Kept, bool), BackupError> {
        let Wanted { group, before, there } = wanted;
        let path = original_at(self.recipient, &group.sha256);
        if let Some(size) = there {
            let stored = match before {
                Some(before) => Some(before).filter(|before| before.size == size),
                None => self.left_behind(&path, size, &group.sha256).await?,
            };
            if let Some(stored) = stored {
                return Ok((group, Kept::Stored(stored), false));
            }
        }
        for document in &group.documents {
            if let Some(stored) = self.send(*document, &group, path.clone()).await? {
                return Ok((group, Kept::Stored(stored), true));
            }
        }
        Ok((group, Kept::Missing, false))
    }

    /// What a backup stored that was cut off, or one before the last: an object is there whole or not at all. Where it can
    /// be opened it is, to see whether it holds what it should.
    async fn left_behind(&self, path: &str, size: u64, sha256: &str) -> Result<Option<Stored>, BackupError> {
        let stored = measured(self.place, path, size).await?;
        if self.recipient.is_some() {
            return Ok(Some(stored));
        }
        let mut hash = Sha256::new();
        let mut contents = object::read(self.place, &stored, None).await?;
        loop {
            match contents.try_next().await {
                Ok(Some(piece)) => hash.update(&piece),
                Ok(None) => break,
                Err(BackupError::Undecodable { .. }) => return Ok(None),
                Err(error) => return Err(error),
            }
        }
        Ok((hex::encode(hash.finalize()) == sha256).then_some(stored))
    }

    /// Stores the original of a document. None when it is not there, or not what was uploaded.
    async fn send(&self, document: DocumentId, group: &Group, path: String) -> Result<Option<Stored>, BackupError> {
        let from = original_path(document);
        match self.from.head(&from).await {
            Ok(there) if there.size == group.size => {}
            Ok(_) | Err(Error::NotFound { .. }) => return Ok(None),
            Err(error) => return Err(BackupError::Originals(error)),
        }
        let mut writing = Writing::begin(self.place, path, self.recipient, SMALL_PART)?;
        let mut hash = Sha256::new();
        let mut read = pieces(Arc::clone(&self.from), from, group.size);
        loop {
            match read.try_next().await {
                Ok(Some(piece)) => {
                    hash.update(&piece);
                    writing.put(&piece).await?;
                }
                Ok(None) => break,
                Err(error) => {
                    writing.abort().await?;
                    return match error {
                        Error::NotFound { .. } => Ok(None),
                        error => Err(BackupError::Originals(error)),
                    };
                }
            }
        }
        if hex::encode(hash.finalize()) != group.sha256 {
            writing.abort().await?;
            return Ok(None);
        }
        writing.finish().await.map(Some)
    }
}

/// Whether a stored original comes before one with this checksum, or is it.
fn not_after(stored: &Result<Stored, BackupError>, sha256: &str) -> bool {
    match stored {
        Ok(stored) => {
            let name = stored.path.rsplit('/').next().unwrap_or_default();
            name.split('.').next().unwrap_or_default() <= sha256
        }
        Err(_) => true,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn documents_with_one_original_come_together_and_none_is_lost(sums in prop::collection::vec(0_u8..5, 0..30)) {
            let mut sums = sums;
            sums.sort_unstable();
            let mut named = Named::new().unwrap();
            let originals: Vec<Original> = sums.iter().map(|sum| Original {
                document: DocumentId(Uuid::now_v7()),
                name: "any name\nat all".to_owned(),
                size: u64::from(*sum),
                sha256: format!("{sum:064x}"),
            }).collect();
            for original in &originals {
                named.add(original).unwrap();
            }
            let groups: Vec<Group> = named.groups().unwrap().collect::<io::Result<_>>().unwrap();
            let mut distinct = sums.clone();
            distinct.dedup();
            prop_assert_eq!(groups.len(), distinct.len());
            let documents: Vec<DocumentId> = groups.iter().flat_map(|group| group.documents.clone()).collect();
            prop_assert_eq!(documents, originals.iter().map(|original| original.document).collect::<Vec<_>>());
        }
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn an_original_that_is_not_there_is_told_from_one_whose_document_is_gone() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        let live = Store::open(&store::Location::File(path("live.db"))).await.unwrap();
        let new = store::NewUser {
            email: "ada@example.org",
            name: "Ada",
            role: None,
            password_hash: "",
        };
        let user = live.create_user(new).await.unwrap().id;
        let base = api::CreateKnowledgeBase {
            name: "A".to_owned(),
            description: String::new(),
        };
        let base = live.create_knowledge_base(user, &base).await.unwrap().id;
        let place = Place::make(path("place").to_str().unwrap()).unwrap();
        std::fs::create_dir(path("from")).unwrap();
        let from = object_store::local::LocalFileSystem::new_with_prefix(path("from")).unwrap();

        let mut named = Named::new().unwrap();
        let mut originals = Vec::new();
        // (what is in the database by now, what is in the file)
        for (exists, contents) in [
            (true, "whole"),
            (true, "other"),
            (true, ""),
            (false, ""),
            (false, "kept"),
        ] {
            let original = Original {
                document: DocumentId(Uuid::now_v7()),
                name: String::new(),
                size: 5,
                sha256: hex::encode(Sha256::digest(format!("whole{}", originals.len()))),
            };
            let text = match contents {
                "whole" | "kept" => format!("whole{}", originals.len()),
                other => other.to_owned(),
            };
            if !text.is_empty() {
                std::fs::write(path("from").join(original.document.to_string()), text).unwrap();
            }
            if exists {
                let accepted = store::NewDocument {
                    id: original.document,
                    knowledge_base: base,
                    name: "a.txt",
                    media_type: "text/plain",
                    size: 6,
                    sha256: &original.sha256,
                    source_url: None,
                    trace: None,
                };
                live.accept_document(user, &accepted).await.unwrap();
            }
            originals.push(Original { size: 6, ..original });
        }
        let (whole, other, missing, gone, kept) = (0, 1, 2, 3, 4);
        let mut sorted: Vec<&Original> = originals.iter().collect();
        sorted.sort_by(|a, b| a.sha256.cmp(&b.sha256));
        for original in sorted {
            named.add(original).unwrap();
        }
        let storing = Storing {
            place: &place,
            recipient: None,
            from: Arc::new(from),
            live: &live,
        };
        let id = crate::backup::SnapshotId::new(chrono::Utc::now(), None);
        let list = ListWriting::begin(&place, &id).unwrap();
        let outcome = storing
            .store(named, stream::empty().boxed(), list, |_| {})
            .await
            .unwrap();
        let Originals {
            documents,
            files,
            deleted_meanwhile,
            missing: lacking,
            ..
        } = outcome.originals;
        assert_eq!((documents, files, deleted_meanwhile, lacking), (5, 2, 1, 2));

        let mut manifest = crate::backup::manifest::tests::manifest(&id);
        manifest.objects.originals = outcome.list;
        let entries: Vec<Entry> = crate::backup::list::entries(&place, &manifest)
            .await
            .unwrap()
            .try_collect()
            .await
            .unwrap();
        let kept_of = |at: usize| {
            let entry = entries.iter().find(|entry| entry.document == originals[at].document);
            entry.unwrap().original.clone()
        };
        assert!(matches!(kept_of(whole), Kept::Stored(_)) && matches!(kept_of(kept), Kept::Stored(_)));
        assert_eq!((kept_of(other), kept_of(missing)), (Kept::Missing, Kept::Missing));
        assert_eq!(kept_of(gone), Kept::DeletedMeanwhile);
        assert!(entries.is_sorted_by(|a, b| a.sha256 <= b.sha256));
        live.close().await;
    }
}
