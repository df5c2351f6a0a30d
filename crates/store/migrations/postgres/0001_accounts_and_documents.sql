-- The same tables as for SQLite, whose comments say what they hold. Times are milliseconds since 1970-01-01 UTC.

-- Without regard to case, under the name that SQLite has for it.
CREATE COLLATION nocase (provider = icu, locale = 'und-u-ks-level2', deterministic = false);

CREATE FUNCTION instr(text, text) RETURNS integer LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    RETURN strpos($1, $2);

CREATE TABLE users (
    id            UUID PRIMARY KEY,
    email         TEXT NOT NULL COLLATE nocase UNIQUE,
    name          TEXT NOT NULL,
    role          TEXT NOT NULL CHECK (role IN ('admin', 'member')),
    password_hash TEXT NOT NULL,
    disabled      BOOLEAN NOT NULL DEFAULT FALSE,
    created_at    BIGINT NOT NULL
);

CREATE TABLE sessions (
    id           UUID PRIMARY KEY,
    user_id      UUID NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    token_hash   BYTEA NOT NULL UNIQUE,
    user_agent   TEXT NOT NULL,
    created_at   BIGINT NOT NULL,
    last_seen_at BIGINT NOT NULL
);
CREATE INDEX sessions_by_user ON sessions (user_id);

CREATE TABLE api_keys (
    id           UUID PRIMARY KEY,
    user_id      UUID NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    name         TEXT NOT NULL,
    prefix       TEXT NOT NULL,
    key_hash     BYTEA NOT NULL UNIQUE,
    scope        TEXT NOT NULL CHECK (scope IN ('read', 'write')),
    created_at   BIGINT NOT NULL,
    expires_at   BIGINT,
    last_used_at BIGINT
);
CREATE INDEX api_keys_by_user ON api_keys (user_id);

CREATE TABLE knowledge_bases (
    id          UUID PRIMARY KEY,
    owner_id    UUID NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    name        TEXT NOT NULL,
    description TEXT NOT NULL,
    created_at  BIGINT NOT NULL,
    updated_at  BIGINT NOT NULL,
    UNIQUE (owner_id, name)
);

CREATE TABLE knowledge_base_members (
    knowledge_base_id UUID NOT NULL REFERENCES knowledge_bases (id) ON DELETE CASCADE,
    user_id           UUID NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    access            BIGINT NOT NULL CHECK (access IN (1, 2)),
    PRIMARY KEY (knowledge_base_id, user_id)
);
CREATE INDEX members_by_user ON knowledge_base_members (user_id);

CREATE VIEW knowledge_base_access AS
    SELECT id AS knowledge_base_id, owner_id AS user_id, 3::bigint AS access FROM knowledge_bases
    UNION ALL
    SELECT knowledge_base_id, user_id, access FROM knowledge_base_members;

CREATE TABLE documents (
    id                UUID PRIMARY KEY,
    knowledge_base_id UUID NOT NULL REFERENCES knowledge_bases (id) ON DELETE CASCADE,
    name              TEXT NOT NULL,
    media_type        TEXT NOT NULL,
    size              BIGINT NOT NULL,
    sha256            TEXT NOT NULL,
    status            TEXT NOT NULL CHECK (status IN ('queued', 'processing', 'ready', 'failed', 'cancelled')),
    stage             TEXT,
    progress          DOUBLE PRECISION NOT NULL DEFAULT 0,
    error             TEXT,
    pages             BIGINT NOT NULL DEFAULT 0,
    passages          BIGINT NOT NULL DEFAULT 0,
    source_url        TEXT,
    created_at        BIGINT NOT NULL,
    updated_at        BIGINT NOT NULL,
    UNIQUE (knowledge_base_id, sha256)
);
CREATE INDEX documents_by_status ON documents (knowledge_base_id, status);
CREATE INDEX documents_by_age ON documents (knowledge_base_id, id);

CREATE TABLE jobs (
    document_id  UUID PRIMARY KEY REFERENCES documents (id) ON DELETE CASCADE,
    starts       BIGINT NOT NULL DEFAULT 0,
    failures     BIGINT NOT NULL DEFAULT 0,
    run_after    BIGINT NOT NULL,
    leased_by    UUID,
    leased_until BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX jobs_due ON jobs (run_after, document_id);
CREATE INDEX jobs_leased ON jobs (document_id) WHERE leased_by IS NOT NULL;

CREATE TABLE document_texts (
    document_id UUID PRIMARY KEY REFERENCES documents (id) ON DELETE CASCADE,
    extracted   TEXT NOT NULL
);

CREATE TABLE passages (
    seq               BIGINT PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    id                UUID NOT NULL UNIQUE,
    document_id       UUID NOT NULL REFERENCES documents (id) ON DELETE CASCADE,
    knowledge_base_id UUID NOT NULL,
    ordinal           BIGINT NOT NULL,
    first_page        BIGINT NOT NULL,
    last_page         BIGINT NOT NULL,
    start_char        BIGINT NOT NULL,
    end_char          BIGINT NOT NULL,
    heading_path      TEXT NOT NULL,
    text              TEXT NOT NULL,
    UNIQUE (document_id, ordinal)
);

CREATE TABLE staged_passages (
    document_id  UUID NOT NULL REFERENCES documents (id) ON DELETE CASCADE,
    ordinal      BIGINT NOT NULL,
    fingerprint  BYTEA NOT NULL,
    id           UUID NOT NULL,
    first_page   BIGINT NOT NULL,
    last_page    BIGINT NOT NULL,
    start_char   BIGINT NOT NULL,
    end_char     BIGINT NOT NULL,
    heading_path TEXT NOT NULL,
    text         TEXT NOT NULL,
    vector       BYTEA NOT NULL,
    terms        TEXT NOT NULL,
    PRIMARY KEY (document_id, ordinal)
);

CREATE TABLE vectors (
    knowledge_base_id UUID NOT NULL,
    seq               BIGINT NOT NULL REFERENCES passages (seq) ON DELETE CASCADE,
    vector            BYTEA NOT NULL,
    PRIMARY KEY (knowledge_base_id, seq)
);
CREATE INDEX vectors_by_passage ON vectors (seq);

-- The knowledge base is one of the terms, so that the filter is part of the match.
CREATE TABLE passage_terms (
    seq               BIGINT PRIMARY KEY REFERENCES passages (seq) ON DELETE CASCADE,
    knowledge_base_id UUID NOT NULL,
    -- How many terms the passage has, repeated ones counted.
    length            BIGINT NOT NULL,
    terms             TSVECTOR NOT NULL
);
CREATE INDEX passage_terms_by_term ON passage_terms USING gin (terms);

-- Terms separated by spaces, as they are: nothing is folded or dropped once more.
CREATE FUNCTION counted_terms(terms text) RETURNS tsvector LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    RETURN (
        SELECT coalesce(string_agg('''' || replace(replace(term, '\', '\\'), '''', '''''') || ''':' || places, ' '), '')::tsvector
        FROM (SELECT term, string_agg(least(place, 16383)::text, ',') AS places
              FROM string_to_table(terms, ' ') WITH ORDINALITY AS split (term, place)
              WHERE term <> '' GROUP BY term) AS counted
    );

-- How many passages a knowledge base has, and how many terms in all, as BM25 asks.
CREATE TABLE lexical_sizes (
    knowledge_base_id UUID PRIMARY KEY,
    passages          BIGINT NOT NULL,
    terms             BIGINT NOT NULL
);

CREATE FUNCTION add_to_lexical_sizes() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO lexical_sizes AS sizes (knowledge_base_id, passages, terms)
    SELECT knowledge_base_id, count(*), sum(length) FROM added GROUP BY knowledge_base_id
    ON CONFLICT (knowledge_base_id)
    DO UPDATE SET passages = sizes.passages + excluded.passages, terms = sizes.terms + excluded.terms;
    RETURN NULL;
END $$;

CREATE FUNCTION take_from_lexical_sizes() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE lexical_sizes AS sizes SET passages = sizes.passages - gone.passages, terms = sizes.terms - gone.terms
    FROM (SELECT knowledge_base_id, count(*) AS passages, sum(length) AS terms FROM removed GROUP BY knowledge_base_id) AS gone
    WHERE sizes.knowledge_base_id = gone.knowledge_base_id;
    DELETE FROM lexical_sizes WHERE passages = 0;
    RETURN NULL;
END $$;

CREATE TRIGGER passage_terms_added AFTER INSERT ON passage_terms
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION add_to_lexical_sizes();
CREATE TRIGGER passage_terms_removed AFTER DELETE ON passage_terms
    REFERENCING OLD TABLE AS removed FOR EACH STATEMENT EXECUTE FUNCTION take_from_lexical_sizes();

CREATE TABLE idempotency_keys (
    user_id           UUID NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    knowledge_base_id UUID NOT NULL REFERENCES knowledge_bases (id) ON DELETE CASCADE,
    key               TEXT NOT NULL,
    response          TEXT NOT NULL,
    created_at        BIGINT NOT NULL,
    PRIMARY KEY (user_id, knowledge_base_id, key)
);
