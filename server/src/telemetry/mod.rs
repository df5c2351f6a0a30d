//! What operators watch.

pub mod metrics;

pub use metrics::Metrics;
