//! The server as its API shows it, on real storage with the real model.
#![allow(clippy::unwrap_used, reason = "in a test, a surprise is a failure")]

mod accounts;
mod authorization;
mod common;
mod ingest;
mod pages;
mod uploads;
