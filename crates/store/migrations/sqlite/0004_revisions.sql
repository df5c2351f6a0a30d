-- Grows with every change to what can be found in a knowledge base.
ALTER TABLE knowledge_bases ADD COLUMN revision INTEGER NOT NULL DEFAULT 0;
