//! The `hyperion` server: composition root, HTTP, sign-in, documents, jobs and answers.

pub mod accounts;
pub mod assistants;
pub mod backup;
pub mod chat;
pub mod command_line;
pub mod config;
pub mod connections;
pub mod data_folder;
pub mod documents;
pub mod http;
pub mod jobs;
pub mod knowledge_bases;
pub mod outbound;
pub mod replicas;
pub mod search;
pub mod serve;
mod site;
pub mod state;
pub mod telemetry;
mod waiting;
