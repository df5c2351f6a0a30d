-- When something was last done that operators count on: its name, and when it ended.
CREATE TABLE milestones (
    name       TEXT PRIMARY KEY NOT NULL,
    reached_at INTEGER NOT NULL
);

-- What makes this installation known to the place that its snapshots are kept in. It goes where the installation goes.
CREATE TABLE installation (
    only_row INTEGER PRIMARY KEY CHECK (only_row = 1),
    id       TEXT NOT NULL
);
INSERT INTO installation (only_row, id) VALUES (1, lower(hex(randomblob(16))));
