//! What all routes share: errors, who is calling, and the checks in front of them.

pub mod caller;
pub mod json;
pub mod problem;
pub mod same_origin;

pub use caller::{Admin, Caller};
pub use json::ApiJson;
pub use problem::ApiError;
