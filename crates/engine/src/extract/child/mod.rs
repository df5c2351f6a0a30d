//! Reading files in a child process that can do nothing but read the file it is handed and answer.
//!
//! The child gets a [`protocol::Request`] and then the file on its standard input, confines itself between the two,
//! and writes one JSON document to its standard output. The parent enforces the time limit and says how it ended.

mod confinement;
mod extractor;
mod protocol;
mod reader;

pub use extractor::Extractor;
pub use reader::run_child;
