//! Questions and answers.

pub mod llm;
pub mod markdown;
