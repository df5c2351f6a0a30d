-- Grows with every change to what can be found in a knowledge base.
ALTER TABLE knowledge_bases ADD COLUMN revision BIGINT NOT NULL DEFAULT 0;
