//! What all routes share: errors, who is calling, and the checks in front of them.

pub mod caller;
pub mod compression;
pub mod headers;
pub mod json;
pub mod limits;
pub mod openapi;
pub mod problem;
pub mod rejections;
pub mod request_id;
pub mod same_origin;

pub use caller::{Admin, Caller};
pub use json::ApiJson;
pub use problem::ApiError;
