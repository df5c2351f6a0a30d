//! The query of a page's address.

use std::collections::BTreeMap;

use leptos::prelude::*;
use leptos_router::hooks::use_location;

/// Names and values, of a repeated name the last.
pub type Query = BTreeMap<String, String>;

/// What this page's address asks for, as it changes. (The router's own map decodes each value twice.)
pub fn use_query() -> Memo<Query> {
    let search = use_location().search;
    Memo::new(move |_| read(&search.read()))
}

/// One value of it, empty when it is not there.
pub fn use_query_value(name: &'static str) -> Memo<String> {
    let query = use_query();
    Memo::new(move |_| query.read().get(name).cloned().unwrap_or_default())
}

fn read(search: &str) -> Query {
    form_urlencoded::parse(search.trim_start_matches('?').as_bytes())
        .into_owned()
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_decoded_once() {
        let query = read("?next=%2Fa%3Fsearch%3D50%2525&empty=&page=2&page=3");
        let read: Vec<_> = query
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        assert_eq!(read, [("empty", ""), ("next", "/a?search=50%25"), ("page", "3")]);
    }
}
