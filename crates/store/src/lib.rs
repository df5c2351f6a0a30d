//! Where everything but the original files is kept: a SQLite or PostgreSQL database.
//!
//! Every query that reads or changes somebody's data takes the caller and filters in SQL, through the view
//! `knowledge_base_access` or an owner column. What a caller may not see is reported as [`StoreError::NotFound`].

mod accounts;
mod alone;
mod assistants;
mod checks;
mod connections;
mod conversations;
mod copy;
mod cursor;
mod database;
mod documents;
mod embedded_index;
mod enums;
mod error;
mod frequencies;
mod indexed;
mod jobs;
mod knowledge_bases;
mod milestones;
mod open;
mod passage_index;
mod passages;
mod restoring;
mod snapshot;
mod time;
mod upload_claims;

pub use accounts::{NewSession, NewUser, People, StoredUser};
pub use checks::Damaged;
pub use connections::{NewConnection, StoredConnection};
pub use conversations::{AnswerState, Question};
pub use copy::{Compared, CopyError, Copying, Original, SealedKey, Sum};
pub use documents::{NewDocument, Published};
pub use embedded_index::EmbeddedIndex;
pub use error::StoreError;
pub use indexed::{IndexedPassage, PlacedPassage};
pub use jobs::{Job, Queue};
pub use milestones::Milestone;
pub use open::{Connections, Location, PostgresAddress, Schema, Store};
pub use passage_index::{CANDIDATES, IndexError, OWN_INDEX, PassageIndex, Rankings, Sought, cosine};
pub use passages::{NewPassage, PassageRow, PassageSpan};
pub use restoring::{Purpose, Replacing, RestoreError};
pub use snapshot::{Alone, Held, Snapshot, SnapshotError};
pub use upload_claims::UploadClaim;
