-- The copy that filled this database from another one. Until it is finished this is no whole installation.
CREATE TABLE copies (
    source      TEXT PRIMARY KEY,
    begun_at    BIGINT NOT NULL,
    finished_at BIGINT
);
