//! What a document's address asks to see.

use std::ops::Range;

use api::TextQuery;

use crate::query::Query;

/// About a screen and a half of print; long enough to read on, short enough to be there at once.
const CHARACTERS: u32 = 30_000;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    /// Characters from the start of the document's text; empty when nothing is cited.
    pub span: Range<u64>,
    pub part: TextQuery,
}

impl Address {
    /// Reads `?start=&end=`, or `?page=`, `?after=`, `?before=`, in this order; what cannot be read is left out.
    pub fn read(query: &Query) -> Self {
        let number = |name| query.get(name).and_then(|value| value.parse::<u64>().ok());
        let mut part = TextQuery {
            characters: Some(CHARACTERS),
            ..TextQuery::default()
        };
        let mut span = 0..0;
        if let Some(start) = number("start") {
            span = start..number("end").unwrap_or(start);
            part.around = Some(start);
        } else if let Some(after) = number("after") {
            part.after = Some(after);
        } else if let Some(before) = number("before") {
            part.before = Some(before);
        } else {
            part.first_page = Some(number("page").map_or(1, |page| u32::try_from(page).unwrap_or(u32::MAX)));
            part.pages = Some(50);
        }
        Self { span, part }
    }
}

/// The part that follows `end`.
pub fn after(end: u64) -> TextQuery {
    TextQuery {
        after: Some(end),
        characters: Some(CHARACTERS),
        ..TextQuery::default()
    }
}

/// The part that precedes `start`.
pub fn before(start: u64) -> TextQuery {
    TextQuery {
        before: Some(start),
        characters: Some(CHARACTERS),
        ..TextQuery::default()
    }
}

/// The path of a part of a document's text.
pub fn path(document: &str, part: &TextQuery) -> String {
    let numbers = [
        ("first_page", part.first_page.map(u64::from)),
        ("pages", part.pages.map(u64::from)),
        ("around", part.around),
        ("after", part.after),
        ("before", part.before),
        ("characters", part.characters.map(u64::from)),
    ]
    .map(|(name, number)| (name, number.map(|number| number.to_string()).unwrap_or_default()));
    let parameters = numbers.each_ref().map(|(name, number)| (*name, number.as_str()));
    format!("/documents/{document}/text{}", crate::format::query(&parameters))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(pairs: &[(&str, &str)]) -> Address {
        let mut query = Query::new();
        for (name, value) in pairs {
            query.insert((*name).to_owned(), (*value).to_owned());
        }
        Address::read(&query)
    }

    #[test]
    fn a_citation_opens_the_text_around_its_words() {
        let address = address(&[("passage", "x"), ("start", "120"), ("end", "140"), ("page", "3")]);
        assert_eq!(address.span, 120..140);
        assert_eq!(
            path("D", &address.part),
            "/documents/D/text?around=120&characters=30000"
        );
    }

    #[test]
    fn without_a_citation_the_text_begins_at_the_page_asked_for_or_the_first() {
        assert_eq!(address(&[("page", "7")]).part.first_page, Some(7));
        assert_eq!(address(&[]).part.first_page, Some(1));
        assert_eq!(address(&[("page", "seven"), ("start", "-1")]).part.first_page, Some(1));
        assert_eq!(
            path("D", &address(&[("after", "99")]).part),
            "/documents/D/text?after=99&characters=30000"
        );
    }
}
