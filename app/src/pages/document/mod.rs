//! One document: its text with cited words highlighted, and its original.

mod address;
mod facts;
mod original;
mod page;
mod shown;
mod span;
mod table;
mod text;
mod window;

pub use page::DocumentPage;
