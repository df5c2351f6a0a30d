//! One knowledge base: its documents, adding more, and who may use it.

mod documents;
mod header;
mod listing;
mod live;
mod page;
mod row;
mod sharing;
mod uploads;

pub use page::KnowledgeBasePage;
pub use uploads::Uploads;
