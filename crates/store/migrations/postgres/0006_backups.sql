-- When something was last done that operators count on: its name, and when it ended.
CREATE TABLE milestones (
    name       TEXT PRIMARY KEY,
    reached_at BIGINT NOT NULL
);

-- What makes this installation known to the place that its snapshots are kept in. It goes where the installation goes.
CREATE TABLE installation (
    only_row BIGINT PRIMARY KEY CHECK (only_row = 1),
    id       TEXT NOT NULL
);
INSERT INTO installation (only_row, id) VALUES (1, gen_random_uuid()::text);
