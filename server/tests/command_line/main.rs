//! The real program, run as its users run it.

mod configuration;
mod doctor;
mod ingest_and_ask;
mod installation;
mod serving;
mod users;
