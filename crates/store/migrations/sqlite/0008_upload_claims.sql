-- Uploads under an idempotency key that are being taken now, each by one program until its claim runs out.
CREATE TABLE upload_claims (
    user_id           BLOB NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    knowledge_base_id BLOB NOT NULL REFERENCES knowledge_bases (id) ON DELETE CASCADE,
    key               TEXT NOT NULL,
    claimed_by        BLOB NOT NULL,
    claimed_until     INTEGER NOT NULL,
    PRIMARY KEY (user_id, knowledge_base_id, key)
);
