//! What is bound to a statement.

use uuid::Uuid;

/// A null has a type too: PostgreSQL asks for it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Value {
    Integer(Option<i64>),
    Real(Option<f64>),
    Text(Option<String>),
    Bytes(Option<Vec<u8>>),
    Id(Option<Uuid>),
    Flag(Option<bool>),
}

/// `$from` as a `Value::$kind`, and optional ones.
macro_rules! value_of {
    ($($kind:ident: $($from:ty),+;)+) => { $($(
        impl From<$from> for Value {
            fn from(value: $from) -> Self {
                Self::$kind(Some(value.into()))
            }
        }
        impl From<Option<$from>> for Value {
            fn from(value: Option<$from>) -> Self {
                Self::$kind(value.map(Into::into))
            }
        }
    )+)+ };
}

value_of! {
    Integer: i64, u32;
    Real: f32;
    Text: &str, String, &String;
    Bytes: &[u8], Vec<u8>;
    Id: Uuid;
    Flag: bool;
}

impl From<&Option<String>> for Value {
    fn from(value: &Option<String>) -> Self {
        Self::Text(value.clone())
    }
}

impl From<&Option<Vec<u8>>> for Value {
    fn from(value: &Option<Vec<u8>>) -> Self {
        Self::Bytes(value.clone())
    }
}

impl From<&Vec<u8>> for Value {
    fn from(value: &Vec<u8>) -> Self {
        Self::Bytes(Some(value.clone()))
    }
}
