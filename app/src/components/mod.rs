//! Parts that pages are made of.

mod conversation_list;
mod form_problem;
mod icon;
mod problem_note;

pub use conversation_list::ConversationList;
pub use form_problem::FormProblem;
pub use icon::{Icon, Shape};
pub use problem_note::ProblemNote;
