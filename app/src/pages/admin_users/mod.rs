//! Administration of users.

mod new_user;
mod page;
mod reset_password;
mod row;

pub use page::AdminUsersPage;
