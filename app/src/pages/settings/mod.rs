//! One's own account: name, password, sessions and API keys.

mod api_keys;
mod new_api_key;
mod page;
mod password;
mod profile;
mod sessions;

pub use page::SettingsPage;
