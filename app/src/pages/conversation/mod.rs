//! One conversation: its questions, its answers and where their sentences come from.

mod answer;
mod copy;
mod branches;
mod check;
mod citation_card;
mod feedback;
mod live;
mod outcome;
mod page;
mod question;
mod scroll;
mod sources;
mod thread;

pub use page::ConversationPage;
