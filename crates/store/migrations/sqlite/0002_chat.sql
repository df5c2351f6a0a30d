CREATE TABLE connections (
    id         BLOB PRIMARY KEY NOT NULL,
    owner_id   BLOB NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    name       TEXT NOT NULL,
    preset     TEXT NOT NULL,
    base_url   TEXT NOT NULL,
    -- Nonce and ciphertext; opens only with the owner's and the connection's id.
    sealed_key BLOB,
    model      TEXT NOT NULL,
    shared     INTEGER NOT NULL DEFAULT 0,
    created_at INTEGER NOT NULL
);
CREATE INDEX connections_by_owner ON connections (owner_id);

CREATE TABLE assistants (
    id         BLOB PRIMARY KEY NOT NULL,
    owner_id   BLOB NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    version    INTEGER NOT NULL,
    -- Deleted assistants stay, so that it can still be told how an answer came about.
    deleted    INTEGER NOT NULL DEFAULT 0,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
);
CREATE INDEX assistants_by_owner ON assistants (owner_id);

CREATE TABLE assistant_versions (
    assistant_id BLOB NOT NULL REFERENCES assistants (id) ON DELETE CASCADE,
    version      INTEGER NOT NULL,
    settings     TEXT NOT NULL,
    created_at   INTEGER NOT NULL,
    PRIMARY KEY (assistant_id, version)
);

CREATE TRIGGER assistant_versions_never_change BEFORE UPDATE ON assistant_versions BEGIN
    SELECT raise(ABORT, 'a version of an assistant never changes');
END;

CREATE TABLE conversations (
    id                BLOB PRIMARY KEY NOT NULL,
    owner_id          BLOB NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    assistant_id      BLOB NOT NULL REFERENCES assistants (id),
    title             TEXT NOT NULL,
    -- What search looks at: the title in lower case, which SQLite makes of ASCII letters only.
    folded_title      TEXT NOT NULL,
    pinned            INTEGER NOT NULL DEFAULT 0,
    active_message_id BLOB,
    created_at        INTEGER NOT NULL,
    -- When something was last asked.
    updated_at        INTEGER NOT NULL
);
CREATE INDEX conversations_by_owner ON conversations (owner_id, pinned, updated_at, id);

CREATE TABLE messages (
    id                BLOB PRIMARY KEY NOT NULL,
    conversation_id   BLOB NOT NULL REFERENCES conversations (id) ON DELETE CASCADE,
    -- Messages are deleted with their conversation only, all at once: a cascade from parent to child would add nothing
    -- but a limit, since SQLite follows it to a depth of 1,000.
    parent_id         BLOB REFERENCES messages (id),
    author            TEXT NOT NULL CHECK (author IN ('user', 'assistant')),
    content           TEXT NOT NULL,
    folded            TEXT NOT NULL,
    status            TEXT NOT NULL CHECK (status IN ('streaming', 'complete', 'stopped', 'failed')),
    answer_kind       TEXT CHECK (answer_kind IN ('generated', 'extractive', 'not_found')),
    assistant_version INTEGER,
    model             TEXT,
    citations         TEXT NOT NULL DEFAULT '[]',
    error             TEXT,
    feedback          TEXT,
    -- Until when whoever writes this answer is known to be alive; it is renewed while they write.
    alive_until       INTEGER NOT NULL DEFAULT 0,
    created_at        INTEGER NOT NULL
);
CREATE INDEX messages_by_conversation ON messages (conversation_id, id);
CREATE INDEX messages_by_parent ON messages (parent_id);
CREATE INDEX messages_being_written ON messages (status) WHERE status = 'streaming';
