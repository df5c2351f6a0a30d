//! Sending files to knowledge bases.

mod from_url;
mod panel;
mod progress;
mod queue;
mod send;
mod sender;

pub use panel::UploadPanel;
pub use sender::Uploads;
