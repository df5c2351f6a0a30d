-- How many passages have a term.
CREATE VIRTUAL TABLE passage_vocabulary USING fts5vocab (passage_terms, row);
