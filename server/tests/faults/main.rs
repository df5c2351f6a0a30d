//! The real program as its own process, with real files, through what goes wrong: hostile files, bombs, `kill -9`, full
//! disks, and several of it that serve one installation.
//!
//! Tests that are ignored take many minutes; `make faults` runs them, and a smaller share of the same runs always.
#![allow(clippy::unwrap_used, reason = "in a test, a surprise is a failure")]

mod bombs;
mod crash;
mod crash_of_replicas;
mod disk;
mod hostile;
mod installation;
mod load_balancer;
mod many;
mod metrics;
mod milvus;
mod odd;
mod person;
#[path = "../shared/postgres.rs"]
mod postgres;
mod program;
mod proxy;
mod replicas;
mod slow_model;
mod traces;
