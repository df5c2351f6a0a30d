//! Which documents of a knowledge base its address asks to list.

use crate::{format, query::Query};

/// As in the address; the server says what it accepts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Listing {
    pub search: String,
    pub status: String,
    pub order: String,
    pub cursor: String,
}

impl Listing {
    pub fn read(query: &Query) -> Self {
        let text = |name| query.get(name).cloned().unwrap_or_default();
        Self {
            search: text("search"),
            status: text("status"),
            order: text("order"),
            cursor: text("cursor"),
        }
    }

    /// Where the API lists them.
    pub fn path(&self, knowledge_base: &str) -> String {
        format!(
            "/knowledge-bases/{knowledge_base}/documents{}",
            self.query(&self.cursor)
        )
    }

    /// The same list from another cursor on, as this page's address has it.
    pub fn query(&self, cursor: &str) -> String {
        format::query(&[
            ("search", &self.search),
            ("status", &self.status),
            ("order", &self.order),
            ("cursor", cursor),
        ])
    }

    /// Whether it leaves documents out.
    pub fn is_filtered(&self) -> bool {
        !self.search.is_empty() || !self.status.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_asked_for_is_left_out() {
        assert_eq!(Listing::default().path("K"), "/knowledge-bases/K/documents");
        let listing = Listing {
            search: "a b".to_owned(),
            status: "failed".to_owned(),
            ..Listing::default()
        };
        assert_eq!(
            listing.path("K"),
            "/knowledge-bases/K/documents?search=a%20b&status=failed"
        );
        assert_eq!(listing.query("50"), "?search=a%20b&status=failed&cursor=50");
    }
}
