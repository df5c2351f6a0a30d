-- Which trace an upload belongs to, for whoever reads the document later, in the words of the header `traceparent`.
ALTER TABLE jobs ADD COLUMN trace TEXT;
