//! One conversation: its questions, its answers and where their sentences come from.

mod answer;
mod branches;
mod check;
mod citation_card;
mod copy;
mod feedback;
mod live;
mod outcome;
mod page;
mod question;
mod scroll;
mod sources;
mod thread;

pub use page::ConversationPage;
