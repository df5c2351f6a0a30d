//! Where a page of a list ends, as text that clients hand back as it is.

use std::fmt;

use uuid::Uuid;

use crate::StoreError;

/// The last item of a page: its identifier, and what the list is ordered by where that is something else.
pub(crate) struct Cursor {
    pub id: Uuid,
    pub value: String,
}

/// Hexadecimal digits of an identifier.
const ID_DIGITS: usize = 32;

impl Cursor {
    /// After an item of a list that is ordered by identifier.
    pub fn at(id: Uuid) -> String {
        let value = String::new();
        Self { id, value }.to_string()
    }

    /// What a client handed back, if it did.
    pub fn parse_optional(text: Option<&str>) -> Result<Option<Self>, StoreError> {
        text.map(|text| Self::parse(text).ok_or(StoreError::UnknownCursor))
            .transpose()
    }

    pub fn parse(text: &str) -> Option<Self> {
        let id = Uuid::try_parse(text.get(..ID_DIGITS)?).ok()?;
        let bytes = text.as_bytes()[ID_DIGITS..]
            .chunks(2)
            .map(|digits| match digits {
                [_, _] => u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok(),
                _ => None,
            })
            .collect::<Option<Vec<u8>>>()?;
        Some(Self {
            id,
            value: String::from_utf8(bytes).ok()?,
        })
    }
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.id.simple())?;
        self.value.bytes().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_comes_back_as_it_went_out_and_nonsense_is_refused() {
        let id = Uuid::now_v7();
        let sent = Cursor {
            id,
            value: "Größe & co.txt".to_owned(),
        };
        let text = sent.to_string();
        assert!(text.bytes().all(|byte| byte.is_ascii_hexdigit()));
        let back = Cursor::parse(&text).unwrap();
        assert_eq!((back.id, back.value), (id, sent.value));
        for nonsense in [
            "",
            "50",
            "zz",
            &format!("{}f", id.simple()),
            &format!("{}ff", id.simple()),
        ] {
            assert!(Cursor::parse(nonsense).is_none(), "{nonsense}");
        }
    }
}
