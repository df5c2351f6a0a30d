//! What operators watch.

pub mod metrics;
pub mod sentry;
pub mod tunnel;

pub use metrics::Metrics;
