//! From a file's bytes to passages, vectors, ranked hits and checked citations.
//!
//! Nothing here knows HTTP, SQL or who is asking: the server and the store bring those.

mod asked_for;
pub mod dense;
pub mod document;
pub mod embed;
pub mod evidence;
pub mod extract;
pub mod extractive;
pub mod fusion;
pub mod grounding;
pub mod lexical;
pub mod sentences;
pub mod split;
