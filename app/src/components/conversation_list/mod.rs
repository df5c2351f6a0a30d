//! The sidebar's conversations.

mod changes;
mod list;
mod row;

pub use changes::{Change, ConversationChanges};
pub use list::ConversationList;
