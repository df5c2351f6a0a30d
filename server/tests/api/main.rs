//! The server as its API shows it, on real storage with the real model.
#![allow(clippy::unwrap_used, reason = "in a test, a surprise is a failure")]

mod accounts;
mod answers;
mod asking;
mod assistants;
mod authorization;
mod common;
mod connections;
mod conversations;
mod ingest;
mod language_model;
mod pages;
mod uploads;
