//! Figures for Prometheus. Labels have few values, which the program itself gives them.

use std::{sync::LazyLock, time::Duration};

use axum::{Router, extract::State, http::header, response::IntoResponse, routing::get};
use opentelemetry::{
    KeyValue,
    metrics::{Counter, Gauge, Histogram, Meter, MeterProvider, UpDownCounter},
};
use opentelemetry_sdk::metrics::SdkMeterProvider;
use prometheus::{Registry, TextEncoder, process_collector::ProcessCollector};
use store::Milestone;

use crate::{http::ApiError, state::AppState};

/// Those of this process.
pub static METRICS: LazyLock<Metrics> = LazyLock::new(|| Metrics::new().expect("an empty registry takes all metrics"));

/// Seconds, from what a database answers at once to what people no longer wait for.
const REQUESTS: [f64; 12] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0];
const QUERIES: [f64; 10] = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 0.5, 1.0, 5.0];
/// Up to what a language model or a large file takes.
const LONG_WORK: [f64; 12] = [0.01, 0.05, 0.1, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 600.0];

/// Who was here within this time counts as active.
const ACTIVE_MS: i64 = 15 * 60 * 1000;

pub struct Metrics {
    registry: Registry,
    requests: Histogram<f64>,
    streams: UpDownCounter<i64>,
    errors: Counter<u64>,
    queries: Histogram<f64>,
    connections: Gauge<u64>,
    most_connections: Gauge<u64>,
    search_stages: Histogram<f64>,
    searches: Counter<u64>,
    embeddings: Histogram<f64>,
    embedded_passages: Counter<u64>,
    model_requests: Histogram<f64>,
    first_tokens: Histogram<f64>,
    model_tokens: Counter<u64>,
    answers: Counter<u64>,
    jobs: Gauge<u64>,
    jobs_lag: Gauge<f64>,
    job_attempts: Counter<u64>,
    ingest_stages: Histogram<f64>,
    users: Gauge<u64>,
    active_users: Gauge<u64>,
    dependencies: Gauge<u64>,
    last_backup: Gauge<u64>,
    last_drill: Gauge<u64>,
    disk_size: Gauge<u64>,
    disk_free: Gauge<u64>,
    /// Held because instruments record nothing once it is dropped.
    _provider: SdkMeterProvider,
}

#[derive(Debug, thiserror::Error)]
#[error("metrics could not be told: {0}")]
struct MetricsError(String);

fn failed(error: impl std::fmt::Display) -> MetricsError {
    MetricsError(error.to_string())
}

fn seconds(meter: &Meter, name: &'static str, about: &'static str, bounds: &[f64]) -> Histogram<f64> {
    let histogram = meter.f64_histogram(name).with_unit("s").with_description(about);
    histogram.with_boundaries(bounds.to_vec()).build()
}

fn counter(meter: &Meter, name: &'static str, about: &'static str) -> Counter<u64> {
    meter.u64_counter(name).with_description(about).build()
}

fn gauge(meter: &Meter, name: &'static str, about: &'static str) -> Gauge<u64> {
    meter.u64_gauge(name).with_description(about).build()
}

impl Metrics {
    fn new() -> Result<Self, MetricsError> {
        let registry = Registry::new();
        registry
            .register(Box::new(ProcessCollector::for_self()))
            .map_err(failed)?;
        let exporter = opentelemetry_prometheus::exporter()
            .with_registry(registry.clone())
            .scope_info_enabled(false)
            .without_target_info()
            .build()
            .map_err(failed)?;
        let provider = SdkMeterProvider::builder().with_reader(exporter).build();
        let meter = &provider.meter("hyperion");
        let build = gauge(meter, "hyperion_build_info", "Which program this is; always 1");
        let revision = option_env!("HYPERION_REVISION").unwrap_or("unknown");
        let labels = [
            KeyValue::new("version", env!("CARGO_PKG_VERSION")),
            KeyValue::new("revision", revision),
        ];
        build.record(1, &labels);
        let metrics = Self {
            registry,
            requests: seconds(
                meter,
                "hyperion_http_request_duration",
                "From a request to the beginning of its answer, by the route it matched",
                &REQUESTS,
            ),
            streams: meter
                .i64_up_down_counter("hyperion_streams")
                .with_description(
                    "Streams of events that are open: of answers being written, or of changes to documents",
                )
                .build(),
            errors: counter(
                meter,
                "hyperion_errors",
                "Faults of the server or of what it needs, by their code",
            ),
            queries: seconds(
                meter,
                "hyperion_database_query_duration",
                "Operations on the database, waiting for a connection included",
                &QUERIES,
            ),
            connections: gauge(
                meter,
                "hyperion_database_connections",
                "Connections to the database, idle or used",
            ),
            most_connections: gauge(
                meter,
                "hyperion_database_connections_max",
                "Connections to the database at most",
            ),
            search_stages: seconds(meter, "hyperion_search_stage_duration", "Parts of a search", &REQUESTS),
            searches: counter(
                meter,
                "hyperion_searches",
                "Searches, by whether Redis remembered what they found (hit, miss) or was not asked (off)",
            ),
            embeddings: seconds(
                meter,
                "hyperion_embedding_duration",
                "Embedding a question, or a few passages",
                &REQUESTS,
            ),
            embedded_passages: counter(meter, "hyperion_embedded_passages", "Passages that were embedded"),
            model_requests: seconds(
                meter,
                "hyperion_model_request_duration",
                "From a request to a language model to the end of its answer, or until it was stopped",
                &LONG_WORK,
            ),
            first_tokens: seconds(
                meter,
                "hyperion_model_first_token",
                "From a request to a language model to the first piece of its answer",
                &LONG_WORK,
            ),
            model_tokens: counter(
                meter,
                "hyperion_model_tokens",
                "Tokens sent to language models and received, as they say; where they say nothing, four characters sent and \
                 each piece received count as one",
            ),
            answers: counter(
                meter,
                "hyperion_answers",
                "Answers, by who wrote them and how they ended",
            ),
            jobs: gauge(
                meter,
                "hyperion_jobs",
                "Documents to be read: waiting, running, or postponed after a failure",
            ),
            jobs_lag: meter
                .f64_gauge("hyperion_jobs_lag")
                .with_unit("s")
                .with_description("How long the oldest waiting document has been due")
                .build(),
            job_attempts: counter(
                meter,
                "hyperion_job_attempts",
                "Attempts to read a document, by how they ended",
            ),
            ingest_stages: seconds(
                meter,
                "hyperion_ingest_stage_duration",
                "Parts of reading a document",
                &LONG_WORK,
            ),
            users: gauge(meter, "hyperion_users", "Accounts"),
            active_users: gauge(
                meter,
                "hyperion_active_users",
                "People who were here within the last 15 minutes",
            ),
            dependencies: gauge(meter, "hyperion_dependency_up", "Whether what the server needs answers"),
            last_backup: meter
                .u64_gauge("hyperion_backup_last_success_timestamp")
                .with_unit("s")
                .with_description("When the last snapshot was made that lacks nothing")
                .build(),
            last_drill: meter
                .u64_gauge("hyperion_backup_drill_last_success_timestamp")
                .with_unit("s")
                .with_description("When a snapshot was last restored elsewhere and was the same")
                .build(),
            disk_size: meter
                .u64_gauge("hyperion_data_folder_size")
                .with_unit("By")
                .with_description("Size of the file system that holds the data folder")
                .build(),
            disk_free: meter
                .u64_gauge("hyperion_data_folder_free")
                .with_unit("By")
                .with_description("What is free of the file system that holds the data folder")
                .build(),
            _provider: provider,
        };
        metrics.begin_at_zero();
        Ok(metrics)
    }

    /// So that the first of something is an increase, and not a figure out of nowhere.
    fn begin_at_zero(&self) {
        let begin = |counter: &Counter<u64>, label: &'static str, values: &[&'static str]| {
            for value in values {
                counter.add(0, &[KeyValue::new(label, *value)]);
            }
        };
        begin(&self.errors, "kind", &["internal"]);
        begin(&self.searches, "cache", &["hit", "miss", "off"]);
        begin(
            &self.job_attempts,
            "outcome",
            &["done", "failed", "retried", "cancelled"],
        );
        begin(&self.model_tokens, "kind", &["prompt", "completion"]);
        self.embedded_passages.add(0, &[]);
        for kind in ["answer", "events"] {
            self.streams.add(0, &[KeyValue::new("kind", kind)]);
        }
        for kind in ["generated", "extractive", "not_found", "none"] {
            for outcome in ["done", "stopped", "failed"] {
                let labels = [KeyValue::new("kind", kind), KeyValue::new("outcome", outcome)];
                self.answers.add(0, &labels);
            }
        }
    }

    /// The histogram of spans with this target, and the label that holds their name.
    fn of_target(&self, target: &str) -> Option<(&Histogram<f64>, &'static str)> {
        Some(match target {
            "store" => (&self.queries, "query"),
            "search" => (&self.search_stages, "stage"),
            "ingest" => (&self.ingest_stages, "stage"),
            "embedding" => (&self.embeddings, "of"),
            _ => return None,
        })
    }

    /// Whether spans with this target are measured.
    pub fn measures(&self, target: &str) -> bool {
        self.of_target(target).is_some()
    }

    /// A span of a measured target is over.
    pub fn took(&self, target: &str, name: &'static str, time: Duration) {
        if let Some((histogram, label)) = self.of_target(target) {
            histogram.record(time.as_secs_f64(), &[KeyValue::new(label, name)]);
        }
    }

    /// An answer to a request has begun. All three are bounded: see [`super::measured`].
    pub fn answered(&self, method: &'static str, route: String, status: u16, time: Duration) {
        let labels = [
            KeyValue::new("method", method),
            KeyValue::new("route", route),
            KeyValue::new("status", i64::from(status)),
        ];
        self.requests.record(time.as_secs_f64(), &labels);
    }

    /// Counts a stream for as long as what is returned lives.
    pub fn stream(&self, kind: &'static str) -> OpenStream {
        let stream = OpenStream {
            streams: self.streams.clone(),
            kind: KeyValue::new("kind", kind),
        };
        stream.streams.add(1, std::slice::from_ref(&stream.kind));
        stream
    }

    /// A fault that is not the caller's, by the code of its problem.
    pub fn error(&self, code: &str) {
        self.errors.add(1, &[KeyValue::new("kind", code.to_owned())]);
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

    pub fn embedded(&self, passages: usize) {
        self.embedded_passages.add(passages as u64, &[]);
    }

    /// A request to a language model is over.
    pub fn model_answered(&self, outcome: &'static str, time: Duration) {
        self.model_requests
            .record(time.as_secs_f64(), &[KeyValue::new("outcome", outcome)]);
    }

    pub fn model_began(&self, time: Duration) {
        self.first_tokens.record(time.as_secs_f64(), &[]);
    }

    pub fn model_tokens(&self, prompt: u64, completion: u64) {
        self.model_tokens.add(prompt, &[KeyValue::new("kind", "prompt")]);
        self.model_tokens
            .add(completion, &[KeyValue::new("kind", "completion")]);
    }

    pub fn answer_ended(&self, kind: &'static str, outcome: &'static str) {
        let labels = [KeyValue::new("kind", kind), KeyValue::new("outcome", outcome)];
        self.answers.add(1, &labels);
    }

    pub fn attempt_ended(&self, outcome: &'static str) {
        self.job_attempts.add(1, &[KeyValue::new("outcome", outcome)]);
    }

    /// Asks for what is only known when it is asked for. What cannot be had is left out: a metric that is missing says
    /// that something is wrong, an old value does not.
    async fn ask(&self, state: &AppState) {
        for (dependency, is_up) in state.dependencies.states(state).await {
            let labels = [KeyValue::new("dependency", dependency)];
            self.dependencies.record(u64::from(is_up), &labels);
        }
        if let Ok(queue) = state.store.queue().await {
            for (name, count) in [
                ("waiting", queue.waiting),
                ("running", queue.running),
                ("postponed", queue.postponed),
            ] {
                self.jobs.record(count, &[KeyValue::new("state", name)]);
            }
            self.jobs_lag.record(queue.lag_ms as f64 / 1000.0, &[]);
        }
        if let Ok(people) = state.store.people(ACTIVE_MS).await {
            self.users.record(people.accounts, &[]);
            self.active_users.record(people.active, &[]);
        }
        for (milestone, gauge) in [
            (Milestone::Backup, &self.last_backup),
            (Milestone::Drill, &self.last_drill),
        ] {
            if let Ok(Some(at)) = state.store.reached(milestone).await {
                gauge.record(at.timestamp().unsigned_abs(), &[]);
            }
        }
        let pool = state.store.pool();
        for (name, count) in [("used", pool.used), ("idle", pool.idle)] {
            self.connections.record(count, &[KeyValue::new("state", name)]);
        }
        self.most_connections.record(pool.most, &[]);
        if let Ok(disk) = rustix::fs::statvfs(&state.config.data_dir) {
            self.disk_size.record(disk.f_blocks * disk.f_frsize, &[]);
            self.disk_free.record(disk.f_bavail * disk.f_frsize, &[]);
        }
    }

    fn text(&self) -> Result<String, MetricsError> {
        TextEncoder::new()
            .encode_to_string(&self.registry.gather())
            .map_err(failed)
    }
}

pub struct OpenStream {
    streams: UpDownCounter<i64>,
    kind: KeyValue,
}

impl Drop for OpenStream {
    fn drop(&mut self) {
        self.streams.add(-1, std::slice::from_ref(&self.kind));
    }
}

/// What is answered at the address of metrics.
pub fn router(state: AppState) -> Router {
    Router::new().route("/metrics", get(metrics)).with_state(state)
}

async fn metrics(State(state): State<AppState>) -> Result<impl IntoResponse, ApiError> {
    METRICS.ask(&state).await;
    let text = METRICS.text().map_err(ApiError::internal)?;
    Ok(([(header::CONTENT_TYPE, prometheus::TEXT_FORMAT)], text))
}
