//! What the browser, the server and every client of Hyperion say to each other.
//!
//! Types only, and a [`Client`] that builds requests and reads responses; moving bytes is left to a [`Transport`].
//! All positions in text are offsets in Unicode scalar values (characters), not bytes.

mod accounts;
mod assistants;
mod client;
mod connections;
mod conversations;
mod documents;
mod ids;
mod knowledge_bases;
mod page;
mod problem;
mod search;

pub use accounts::*;
pub use assistants::*;
pub use client::*;
pub use connections::*;
pub use conversations::*;
pub use documents::*;
pub use ids::*;
pub use knowledge_bases::*;
pub use page::*;
pub use problem::*;
pub use search::*;
