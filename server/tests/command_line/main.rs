//! The real program, run as its users run it.
#![allow(clippy::unwrap_used, reason = "in a test, a surprise is a failure")]
// A server that a test starts is waited for when the test lets go of it.
#![allow(clippy::zombie_processes)]

mod backup;
mod compose;
mod configuration;
mod doctor;
mod doctor_of_servers;
mod ingest_and_ask;
mod installation;
mod migrate;
mod migrate_storage;
#[path = "../shared/postgres.rs"]
mod postgres;
mod serving;
mod session;
mod users;
