//! Language model endpoints and their keys.

pub mod secrets;
