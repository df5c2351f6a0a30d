//! One assistant: its settings, and the versions they went through.

mod draft;
mod page;
mod settings_form;
mod settings_text;
mod versions;

pub use page::AssistantPage;
