//! From a file's bytes to passages, vectors, ranked hits and checked citations.
//!
//! Nothing here knows HTTP, SQL or who is asking: the server and the store bring those.

pub mod dense;
pub mod document;
pub mod embed;
pub mod extract;
pub mod fusion;
pub mod lexical;
pub mod split;
