//! What operators watch: the log, metrics, traces, and whether everything that is needed answers.

pub mod dependencies;
mod durations;
mod log;
pub mod measured;
pub mod metrics;
pub mod sentry;
pub mod traces;
pub mod tunnel;

pub use dependencies::Dependencies;
pub use log::{Telemetry, TelemetryError};
pub use metrics::METRICS;
