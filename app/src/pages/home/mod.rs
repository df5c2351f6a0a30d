//! The home page: a new question, and the first documents.

mod documents;
mod drop_zone;
mod page;

pub use page::HomePage;
