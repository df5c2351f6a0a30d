//! What is copied, in an order in which everything comes after what it refers to.

use self::Kind::{Bytes, Flag, Id, Integer, Real, Text};
use crate::database::{Row, Value};

/// What a column holds, whatever its database calls that.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Integer,
    Real,
    Text,
    Bytes,
    Id,
    Flag,
}

/// How rows come into a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    Plain,
    /// The database gives the rows their numbers, in the first column; they keep those they have.
    Numbered,
    /// Rows name others of the same table, in the column with this place.
    Tree {
        parent: usize,
    },
    /// What they were made from cannot be read back from either database alike, so it is made again.
    Words,
}

#[derive(Debug)]
pub struct Table {
    pub name: &'static str,
    /// How many of the columns, from the first, are the primary key.
    pub key: usize,
    pub columns: &'static [(&'static str, Kind)],
    pub way: Way,
}

impl Table {
    pub fn key_of<'r>(&self, row: &'r [Value]) -> &'r [Value] {
        &row[..self.key]
    }

    /// What it is read from, in SQLite and in PostgreSQL.
    pub fn sources(&self) -> (&'static str, &'static str) {
        match self.way {
            // Where FTS5 keeps the lengths of its rows.
            Way::Words => ("(SELECT id AS seq FROM passage_terms_docsize)", self.name),
            _ => (self.name, self.name),
        }
    }
}

impl Kind {
    pub fn read(self, row: &Row, column: usize) -> Result<Value, sqlx::Error> {
        Ok(match self {
            Integer => Value::Integer(row.get(column)?),
            Real => Value::Real(row.get(column)?),
            // PostgreSQL has no text with this character in it; nobody misses it.
            Text => Value::Text(
                row.get::<Option<String>>(column)?
                    .map(|text| text.replace('\0', "\u{fffd}")),
            ),
            Bytes => Value::Bytes(row.get(column)?),
            Id => Value::Id(row.get(column)?),
            Flag => Value::Flag(row.get(column)?),
        })
    }
}

const fn table(name: &'static str, key: usize, columns: &'static [(&'static str, Kind)]) -> Table {
    Table {
        name,
        key,
        columns,
        way: Way::Plain,
    }
}

pub const TABLES: &[Table] = &[
    table(
        "users",
        1,
        &[
            ("id", Id),
            ("email", Text),
            ("name", Text),
            ("role", Text),
            ("password_hash", Text),
            ("disabled", Flag),
            ("created_at", Integer),
        ],
    ),
    table(
        "sessions",
        1,
        &[
            ("id", Id),
            ("user_id", Id),
            ("token_hash", Bytes),
            ("user_agent", Text),
            ("created_at", Integer),
            ("last_seen_at", Integer),
        ],
    ),
    table(
        "api_keys",
        1,
        &[
            ("id", Id),
            ("user_id", Id),
            ("name", Text),
            ("prefix", Text),
            ("key_hash", Bytes),
            ("scope", Text),
            ("created_at", Integer),
            ("expires_at", Integer),
            ("last_used_at", Integer),
        ],
    ),
    table(
        "knowledge_bases",
        1,
        &[
            ("id", Id),
            ("owner_id", Id),
            ("name", Text),
            ("description", Text),
            ("created_at", Integer),
            ("updated_at", Integer),
            ("revision", Integer),
        ],
    ),
    table(
        "knowledge_base_members",
        2,
        &[("knowledge_base_id", Id), ("user_id", Id), ("access", Integer)],
    ),
    table(
        "documents",
        1,
        &[
            ("id", Id),
            ("knowledge_base_id", Id),
            ("name", Text),
            ("media_type", Text),
            ("size", Integer),
            ("sha256", Text),
            ("status", Text),
            ("stage", Text),
            ("progress", Real),
            ("error", Text),
            ("pages", Integer),
            ("passages", Integer),
            ("source_url", Text),
            ("created_at", Integer),
            ("updated_at", Integer),
        ],
    ),
    // Without leases: whoever held one is of the source.
    table(
        "jobs",
        1,
        &[
            ("document_id", Id),
            ("starts", Integer),
            ("failures", Integer),
            ("run_after", Integer),
        ],
    ),
    table("document_texts", 1, &[("document_id", Id), ("extracted", Text)]),
    Table {
        name: "passages",
        key: 1,
        columns: &[
            ("seq", Integer),
            ("id", Id),
            ("document_id", Id),
            ("knowledge_base_id", Id),
            ("ordinal", Integer),
            ("first_page", Integer),
            ("last_page", Integer),
            ("start_char", Integer),
            ("end_char", Integer),
            ("heading_path", Text),
            ("text", Text),
            ("table_head", Text),
        ],
        way: Way::Numbered,
    },
    table(
        "vectors",
        2,
        &[("knowledge_base_id", Id), ("seq", Integer), ("vector", Bytes)],
    ),
    Table {
        name: "passage_terms",
        key: 1,
        columns: &[("seq", Integer)],
        way: Way::Words,
    },
    table(
        "staged_passages",
        2,
        &[
            ("document_id", Id),
            ("ordinal", Integer),
            ("fingerprint", Bytes),
            ("id", Id),
            ("first_page", Integer),
            ("last_page", Integer),
            ("start_char", Integer),
            ("end_char", Integer),
            ("heading_path", Text),
            ("text", Text),
            ("vector", Bytes),
            ("terms", Text),
            ("table_head", Text),
        ],
    ),
    table(
        "idempotency_keys",
        3,
        &[
            ("user_id", Id),
            ("knowledge_base_id", Id),
            ("key", Text),
            ("response", Text),
            ("created_at", Integer),
        ],
    ),
    table(
        "connections",
        1,
        &[
            ("id", Id),
            ("owner_id", Id),
            ("name", Text),
            ("preset", Text),
            ("base_url", Text),
            ("sealed_key", Bytes),
            ("model", Text),
            ("shared", Flag),
            ("created_at", Integer),
        ],
    ),
    table(
        "assistants",
        1,
        &[
            ("id", Id),
            ("owner_id", Id),
            ("version", Integer),
            ("deleted", Flag),
            ("created_at", Integer),
            ("updated_at", Integer),
        ],
    ),
    table(
        "assistant_versions",
        2,
        &[
            ("assistant_id", Id),
            ("version", Integer),
            ("settings", Text),
            ("created_at", Integer),
        ],
    ),
    table(
        "conversations",
        1,
        &[
            ("id", Id),
            ("owner_id", Id),
            ("assistant_id", Id),
            ("title", Text),
            ("folded_title", Text),
            ("pinned", Flag),
            ("active_message_id", Id),
            ("created_at", Integer),
            ("updated_at", Integer),
        ],
    ),
    Table {
        name: "messages",
        key: 1,
        columns: &[
            ("id", Id),
            ("conversation_id", Id),
            ("parent_id", Id),
            ("author", Text),
            ("content", Text),
            ("folded", Text),
            ("status", Text),
            ("answer_kind", Text),
            ("assistant_version", Integer),
            ("model", Text),
            ("citations", Text),
            ("error", Text),
            ("feedback", Text),
            ("alive_until", Integer),
            ("created_at", Integer),
        ],
        way: Way::Tree { parent: 2 },
    },
];
