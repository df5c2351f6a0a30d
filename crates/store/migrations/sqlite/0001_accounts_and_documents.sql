-- Times are milliseconds since 1970-01-01 UTC; identifiers are 16-byte UUIDs (version 7, so they sort by age).

CREATE TABLE users (
    id            BLOB PRIMARY KEY NOT NULL,
    email         TEXT NOT NULL COLLATE NOCASE UNIQUE,
    name          TEXT NOT NULL,
    role          TEXT NOT NULL CHECK (role IN ('admin', 'member')),
    password_hash TEXT NOT NULL,
    disabled      INTEGER NOT NULL DEFAULT 0,
    created_at    INTEGER NOT NULL
);

CREATE TABLE sessions (
    id           BLOB PRIMARY KEY NOT NULL,
    user_id      BLOB NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    token_hash   BLOB NOT NULL UNIQUE,
    user_agent   TEXT NOT NULL,
    created_at   INTEGER NOT NULL,
    last_seen_at INTEGER NOT NULL
);
CREATE INDEX sessions_by_user ON sessions (user_id);

CREATE TABLE api_keys (
    id           BLOB PRIMARY KEY NOT NULL,
    user_id      BLOB NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    name         TEXT NOT NULL,
    prefix       TEXT NOT NULL,
    key_hash     BLOB NOT NULL UNIQUE,
    scope        TEXT NOT NULL CHECK (scope IN ('read', 'write')),
    created_at   INTEGER NOT NULL,
    expires_at   INTEGER,
    last_used_at INTEGER
);
CREATE INDEX api_keys_by_user ON api_keys (user_id);

CREATE TABLE knowledge_bases (
    id          BLOB PRIMARY KEY NOT NULL,
    owner_id    BLOB NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    name        TEXT NOT NULL,
    description TEXT NOT NULL,
    created_at  INTEGER NOT NULL,
    updated_at  INTEGER NOT NULL,
    UNIQUE (owner_id, name)
);

CREATE TABLE knowledge_base_members (
    knowledge_base_id BLOB NOT NULL REFERENCES knowledge_bases (id) ON DELETE CASCADE,
    user_id           BLOB NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    access            INTEGER NOT NULL CHECK (access IN (1, 2)),
    PRIMARY KEY (knowledge_base_id, user_id)
);
CREATE INDEX members_by_user ON knowledge_base_members (user_id);

-- The one place that says who may use which knowledge base: 1 viewer, 2 editor, 3 owner.
CREATE VIEW knowledge_base_access AS
    SELECT id AS knowledge_base_id, owner_id AS user_id, 3 AS access FROM knowledge_bases
    UNION ALL
    SELECT knowledge_base_id, user_id, access FROM knowledge_base_members;

CREATE TABLE documents (
    id                BLOB PRIMARY KEY NOT NULL,
    knowledge_base_id BLOB NOT NULL REFERENCES knowledge_bases (id) ON DELETE CASCADE,
    name              TEXT NOT NULL,
    media_type        TEXT NOT NULL,
    size              INTEGER NOT NULL,
    sha256            TEXT NOT NULL,
    status            TEXT NOT NULL CHECK (status IN ('queued', 'processing', 'ready', 'failed', 'cancelled')),
    stage             TEXT,
    progress          REAL NOT NULL DEFAULT 0,
    error             TEXT,
    pages             INTEGER NOT NULL DEFAULT 0,
    passages          INTEGER NOT NULL DEFAULT 0,
    source_url        TEXT,
    created_at        INTEGER NOT NULL,
    updated_at        INTEGER NOT NULL,
    UNIQUE (knowledge_base_id, sha256)
);
CREATE INDEX documents_by_status ON documents (knowledge_base_id, status);
CREATE INDEX documents_by_age ON documents (knowledge_base_id, id);

-- One row for each document that still has work to be done.
CREATE TABLE jobs (
    document_id  BLOB PRIMARY KEY NOT NULL REFERENCES documents (id) ON DELETE CASCADE,
    -- How often work on it began, and how often that ended in an error that may pass.
    starts       INTEGER NOT NULL DEFAULT 0,
    failures     INTEGER NOT NULL DEFAULT 0,
    run_after    INTEGER NOT NULL,
    leased_by    BLOB,
    leased_until INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX jobs_due ON jobs (run_after, document_id);
CREATE INDEX jobs_leased ON jobs (document_id) WHERE leased_by IS NOT NULL;

CREATE TABLE document_texts (
    document_id BLOB PRIMARY KEY NOT NULL REFERENCES documents (id) ON DELETE CASCADE,
    extracted   TEXT NOT NULL
);

CREATE TABLE passages (
    seq               INTEGER PRIMARY KEY AUTOINCREMENT,
    id                BLOB NOT NULL UNIQUE,
    document_id       BLOB NOT NULL REFERENCES documents (id) ON DELETE CASCADE,
    knowledge_base_id BLOB NOT NULL,
    ordinal           INTEGER NOT NULL,
    first_page        INTEGER NOT NULL,
    last_page         INTEGER NOT NULL,
    start_char        INTEGER NOT NULL,
    end_char          INTEGER NOT NULL,
    heading_path      TEXT NOT NULL,
    text              TEXT NOT NULL,
    UNIQUE (document_id, ordinal)
);

-- Passages of documents that are still being read, as they are embedded: nobody finds them yet, and work that was
-- interrupted goes on after them. `fingerprint` is of all that the vector and the terms were made from.
CREATE TABLE staged_passages (
    document_id  BLOB NOT NULL REFERENCES documents (id) ON DELETE CASCADE,
    ordinal      INTEGER NOT NULL,
    fingerprint  BLOB NOT NULL,
    id           BLOB NOT NULL,
    first_page   INTEGER NOT NULL,
    last_page    INTEGER NOT NULL,
    start_char   INTEGER NOT NULL,
    end_char     INTEGER NOT NULL,
    heading_path TEXT NOT NULL,
    text         TEXT NOT NULL,
    vector       BLOB NOT NULL,
    terms        TEXT NOT NULL,
    PRIMARY KEY (document_id, ordinal)
) WITHOUT ROWID;

-- 16-bit floats, little endian, in the order they are scanned.
CREATE TABLE vectors (
    knowledge_base_id BLOB NOT NULL,
    seq               INTEGER NOT NULL REFERENCES passages (seq) ON DELETE CASCADE,
    vector            BLOB NOT NULL,
    PRIMARY KEY (knowledge_base_id, seq)
) WITHOUT ROWID;
CREATE INDEX vectors_by_passage ON vectors (seq);

-- `owner` is the knowledge base as one token, so that the filter is part of the match.
CREATE VIRTUAL TABLE passage_terms USING fts5 (
    owner, terms, content='', contentless_delete=1, detail=full,
    tokenize="unicode61 remove_diacritics 0 categories 'L* N* Co M*'"
);
CREATE TRIGGER passage_terms_follow_passages AFTER DELETE ON passages BEGIN
    DELETE FROM passage_terms WHERE rowid = old.seq;
END;

-- An upload repeated under the same key returns what the first one returned.
CREATE TABLE idempotency_keys (
    user_id           BLOB NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    knowledge_base_id BLOB NOT NULL REFERENCES knowledge_bases (id) ON DELETE CASCADE,
    key               TEXT NOT NULL,
    response          TEXT NOT NULL,
    created_at        INTEGER NOT NULL,
    PRIMARY KEY (user_id, knowledge_base_id, key)
);
