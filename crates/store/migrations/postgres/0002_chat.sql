CREATE TABLE connections (
    id         UUID PRIMARY KEY,
    owner_id   UUID NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    name       TEXT NOT NULL,
    preset     TEXT NOT NULL,
    base_url   TEXT NOT NULL,
    sealed_key BYTEA,
    model      TEXT NOT NULL,
    shared     BOOLEAN NOT NULL DEFAULT FALSE,
    created_at BIGINT NOT NULL
);
CREATE INDEX connections_by_owner ON connections (owner_id);

CREATE TABLE assistants (
    id         UUID PRIMARY KEY,
    owner_id   UUID NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    version    BIGINT NOT NULL,
    deleted    BOOLEAN NOT NULL DEFAULT FALSE,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);
CREATE INDEX assistants_by_owner ON assistants (owner_id);

CREATE TABLE assistant_versions (
    assistant_id UUID NOT NULL REFERENCES assistants (id) ON DELETE CASCADE,
    version      BIGINT NOT NULL,
    settings     TEXT NOT NULL,
    created_at   BIGINT NOT NULL,
    PRIMARY KEY (assistant_id, version)
);

CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'a version of an assistant never changes';
END $$;
CREATE TRIGGER assistant_versions_never_change BEFORE UPDATE ON assistant_versions
    FOR EACH ROW EXECUTE FUNCTION refuse_change();

CREATE TABLE conversations (
    id                UUID PRIMARY KEY,
    owner_id          UUID NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    -- Checked at the end, since a user's assistants may be deleted before the conversations with them.
    assistant_id      UUID NOT NULL REFERENCES assistants (id) DEFERRABLE INITIALLY DEFERRED,
    title             TEXT NOT NULL,
    folded_title      TEXT NOT NULL,
    pinned            BOOLEAN NOT NULL DEFAULT FALSE,
    active_message_id UUID,
    created_at        BIGINT NOT NULL,
    updated_at        BIGINT NOT NULL
);
CREATE INDEX conversations_by_owner ON conversations (owner_id, pinned, updated_at, id);

CREATE TABLE messages (
    id                UUID PRIMARY KEY,
    conversation_id   UUID NOT NULL REFERENCES conversations (id) ON DELETE CASCADE,
    parent_id         UUID REFERENCES messages (id),
    author            TEXT NOT NULL CHECK (author IN ('user', 'assistant')),
    content           TEXT NOT NULL,
    folded            TEXT NOT NULL,
    status            TEXT NOT NULL CHECK (status IN ('streaming', 'complete', 'stopped', 'failed')),
    answer_kind       TEXT CHECK (answer_kind IN ('generated', 'extractive', 'not_found')),
    assistant_version BIGINT,
    model             TEXT,
    citations         TEXT NOT NULL DEFAULT '[]',
    error             TEXT,
    feedback          TEXT,
    alive_until       BIGINT NOT NULL DEFAULT 0,
    created_at        BIGINT NOT NULL
);
CREATE INDEX messages_by_conversation ON messages (conversation_id, id);
CREATE INDEX messages_by_parent ON messages (parent_id);
CREATE INDEX messages_being_written ON messages (status) WHERE status = 'streaming';
