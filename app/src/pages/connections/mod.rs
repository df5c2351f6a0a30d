//! Language model endpoints: adding, changing and trying them.

mod form;
mod page;
mod row;

pub use page::ConnectionsPage;
