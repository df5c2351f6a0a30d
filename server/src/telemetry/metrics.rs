//! Figures for Prometheus. Labels have few values, which the program itself gives them.

use axum::{Router, extract::State, http::header, response::IntoResponse, routing::get};
use opentelemetry::{
    KeyValue,
    metrics::{Counter, Gauge, MeterProvider},
};
use opentelemetry_sdk::metrics::SdkMeterProvider;
use prometheus::{Registry, TextEncoder};
use store::Queue;

use crate::{http::ApiError, state::AppState};

pub struct Metrics {
    registry: Registry,
    searches: Counter<u64>,
    jobs: Gauge<u64>,
    lag: Gauge<f64>,
    /// Held because instruments record nothing once it is dropped.
    _provider: SdkMeterProvider,
}

#[derive(Debug, thiserror::Error)]
#[error("metrics could not be set up: {0}")]
pub struct MetricsError(String);

impl Metrics {
    pub fn new() -> Result<Self, MetricsError> {
        let registry = Registry::new();
        let exporter = opentelemetry_prometheus::exporter()
            .with_registry(registry.clone())
            .scope_info_enabled(false)
            .without_target_info()
            .build()
            .map_err(|error| MetricsError(error.to_string()))?;
        let provider = SdkMeterProvider::builder().with_reader(exporter).build();
        let meter = provider.meter("hyperion");
        Ok(Self {
            registry,
            searches: meter
                .u64_counter("hyperion_searches")
                .with_description(
                    "Searches, by whether Redis remembered what they found (hit, miss) or was not asked (off)",
                )
                .build(),
            jobs: meter
                .u64_gauge("hyperion_jobs")
                .with_description("Documents to be read: waiting, running, or postponed after a failure")
                .build(),
            lag: meter
                .f64_gauge("hyperion_jobs_lag")
                .with_unit("s")
                .with_description("How long the oldest waiting document has been due")
                .build(),
            _provider: provider,
        })
    }

    /// Counts a search: `remembered` is None when nothing is remembered here at all.
    pub fn searched(&self, remembered: Option<bool>) {
        let cache = match remembered {
            Some(true) => "hit",
            Some(false) => "miss",
            None => "off",
        };
        self.searches.add(1, &[KeyValue::new("cache", cache)]);
    }

    fn text(&self, queue: &Queue) -> Result<String, MetricsError> {
        for (state, count) in [
            ("waiting", queue.waiting),
            ("running", queue.running),
            ("postponed", queue.postponed),
        ] {
            self.jobs.record(count, &[KeyValue::new("state", state)]);
        }
        self.lag.record(queue.lag_ms as f64 / 1000.0, &[]);
        TextEncoder::new()
            .encode_to_string(&self.registry.gather())
            .map_err(|error| MetricsError(error.to_string()))
    }
}

/// What is answered at the address of metrics.
pub fn router(state: AppState) -> Router {
    Router::new().route("/metrics", get(metrics)).with_state(state)
}

async fn metrics(State(state): State<AppState>) -> Result<impl IntoResponse, ApiError> {
    let queue = state.store.queue().await?;
    let text = state.metrics.text(&queue).map_err(ApiError::internal)?;
    Ok(([(header::CONTENT_TYPE, prometheus::TEXT_FORMAT)], text))
}
