//! The server as its API shows it, on real storage with the real model.
#![allow(clippy::unwrap_used, reason = "in a test, a surprise is a failure")]

mod accounts;
mod answers;
mod asking;
mod assistants;
mod authorization;
mod common;
mod completions;
mod connections;
mod conversations;
mod error_reports;
mod from_url;
mod http;
mod ingest;
mod knowledge_bases;
mod language_model;
mod live;
mod pages;
#[path = "../shared/postgres.rs"]
mod postgres;
mod uploads;
