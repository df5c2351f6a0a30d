//! One assistant: its settings, and the versions they went through.

mod changed_meanwhile;
mod differences;
mod draft;
mod editor;
mod model_settings;
mod names;
mod page;
mod prompt_template;
mod settings_form;
mod unsaved;
mod versions;

pub use names::{Names, all_knowledge_bases};
pub use page::AssistantPage;
