-- What stands above the rows of a passage that was cut from a table, by which it is found too.
ALTER TABLE passages ADD COLUMN table_head TEXT;
ALTER TABLE staged_passages ADD COLUMN table_head TEXT;

-- Which index of the passages is in use: 0 is the database's own, any other number is a collection on another server.
-- A document is published only to who has put its passages into that one.
CREATE TABLE passage_index (
    only_row   INTEGER PRIMARY KEY CHECK (only_row = 1),
    generation INTEGER NOT NULL
);
INSERT INTO passage_index (only_row, generation) VALUES (1, 0);
