//! What the engine found out about an answer, as the API tells it.

use std::ops::Range;

use api::{Check, Citation, SearchHit};
use engine::{evidence::Source, extractive::Quote, grounding};

/// The passages as the engine reads them.
pub fn sources(hits: &[SearchHit]) -> Vec<Source> {
    let source = |hit: &SearchHit| Source {
        text: hit.text.clone(),
        title: hit.document_name.clone(),
        headings: hit.heading_path.clone(),
    };
    hits.iter().map(source).collect()
}

/// A sentence of the documents, quoted as the answer.
pub fn quoted(number: u32, quote: &Quote, hits: &[SearchHit]) -> Citation {
    cite(number, &hits[quote.source], quote.range.clone(), Check::Supported)
}

/// What a generated answer cites.
pub fn cited(cited: &grounding::Cited, hits: &[SearchHit]) -> Citation {
    let check = match cited.check {
        grounding::Check::Supported => Check::Supported,
        grounding::Check::Weak => Check::Weak,
        grounding::Check::Unsupported => Check::Unsupported,
    };
    cite(cited.number, &hits[cited.source], cited.range.clone(), check)
}

/// The engine counts bytes of the passage, the API characters of the document.
fn cite(number: u32, hit: &SearchHit, range: Range<usize>, check: Check) -> Citation {
    let quote = &hit.text[range.clone()];
    let start = hit.start + hit.text[..range.start].chars().count() as u64;
    Citation {
        number,
        passage_id: hit.passage_id,
        document_id: hit.document_id,
        knowledge_base_id: hit.knowledge_base_id,
        document_name: hit.document_name.clone(),
        page: hit.first_page,
        heading_path: hit.heading_path.clone(),
        quote: quote.to_owned(),
        start,
        end: start + quote.chars().count() as u64,
        check,
        available: true,
    }
}

#[cfg(test)]
mod tests {
    use api::{DocumentId, KnowledgeBaseId, PassageId};
    use uuid::Uuid;

    use super::*;

    #[test]
    fn a_quote_is_placed_by_characters_of_the_document() {
        let text = "Grüße vorab. The notice period is three months. Pets are allowed.";
        let hit = SearchHit {
            passage_id: PassageId(Uuid::nil()),
            document_id: DocumentId(Uuid::nil()),
            knowledge_base_id: KnowledgeBaseId(Uuid::nil()),
            document_name: "lease.txt".to_owned(),
            heading_path: Vec::new(),
            first_page: 1,
            last_page: 1,
            start: 100,
            end: 100 + text.chars().count() as u64,
            text: text.to_owned(),
            score: 1.0,
            relevance: 1.0,
        };
        let start = text.find("The notice").unwrap();
        let quote = Quote {
            source: 0,
            range: start..start + 34,
            relevance: 1.0,
        };
        let citation = quoted(1, &quote, &[hit]);
        assert_eq!(citation.quote, "The notice period is three months.");
        assert_eq!((citation.start, citation.end), (113, 147));
    }
}
