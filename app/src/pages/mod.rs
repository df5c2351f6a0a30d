//! One page per file.

mod admin_users;
mod assistant;
mod assistants;
mod connections;
mod conversation;
mod document;
mod home;
mod knowledge_base;
mod knowledge_bases;
mod not_found;
mod settings;
mod sign_in;
mod sign_up;

pub use admin_users::AdminUsersPage;
pub use assistant::AssistantPage;
pub use assistants::AssistantsPage;
pub use connections::ConnectionsPage;
pub use conversation::ConversationPage;
pub use document::DocumentPage;
pub use home::HomePage;
pub use knowledge_base::{KnowledgeBasePage, Uploads};
pub use knowledge_bases::KnowledgeBasesPage;
pub use not_found::NotFound;
pub use settings::SettingsPage;
pub use sign_in::SignIn;
pub use sign_up::SignUp;
