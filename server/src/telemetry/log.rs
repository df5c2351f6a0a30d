//! Where events and spans go: to standard error, into metrics, to who collects traces, and to who is told of errors.

use std::io::{self, IsTerminal};

use opentelemetry_sdk::trace::SdkTracerProvider;
use tracing_subscriber::{
    EnvFilter, Layer, Registry, filter::LevelFilter, layer::SubscriberExt, util::SubscriberInitExt,
};

use super::{durations::Durations, sentry::LoggedErrors, traces};
use crate::config::{Config, LogFormat};

#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    #[error("traces cannot be sent to {endpoint}: {reason}. Check otlp_endpoint")]
    Traces { endpoint: String, reason: String },
}

/// Sends what is left when it is dropped.
pub struct Telemetry {
    traces: Option<SdkTracerProvider>,
}

impl Telemetry {
    /// Begins to listen to the whole program, which may be done once. `filter` says what is logged; `reported`
    /// takes errors however little that is.
    ///
    /// Must not be called on a runtime: traces are sent by a thread of their own.
    pub fn begin(config: &Config, filter: EnvFilter, reported: Option<LoggedErrors>) -> Result<Self, TelemetryError> {
        let lines = tracing_subscriber::fmt::layer()
            .with_ansi(io::stderr().is_terminal())
            .with_writer(io::stderr);
        let lines: Box<dyn Layer<Registry> + Send + Sync> = match config.log_format {
            LogFormat::Text => lines.with_filter(filter).boxed(),
            LogFormat::Json => lines.json().with_filter(filter).boxed(),
        };
        let durations = config.metrics_listen.map(|_| Durations.with_filter(traces::ours()));
        let traces = config.otlp_endpoint.as_ref().map(traces::provider).transpose()?;
        tracing_subscriber::registry()
            .with(lines)
            .with(durations)
            .with(traces.as_ref().map(traces::layer))
            .with(reported.map(|errors| errors.with_filter(LevelFilter::ERROR)))
            .init();
        Ok(Self { traces })
    }
}

impl Drop for Telemetry {
    fn drop(&mut self) {
        if let Some(Err(error)) = self.traces.as_ref().map(SdkTracerProvider::shutdown) {
            tracing::warn!(%error, "the last traces could not be sent");
        }
    }
}
