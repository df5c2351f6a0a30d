//! Parts that pages are made of.

mod brand;
mod composer;
mod conversation_list;
mod document_state;
mod empty;
mod entrance;
mod icon;
mod loading;
mod moment;
mod problem_note;
mod query_form;

pub use brand::Brand;
pub use composer::{Composer, Drafts};
pub use conversation_list::{Change, ConversationChanges, ConversationList};
pub use document_state::DocumentState;
pub use empty::Empty;
pub use entrance::Entrance;
pub use icon::{Icon, Shape};
pub use loading::Loading;
pub use moment::Moment;
pub use problem_note::ProblemNote;
pub use query_form::QueryForm;
