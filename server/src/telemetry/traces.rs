//! Traces in OpenTelemetry's protocol: one for a request, from the browser to the database, and on through the queue.

use axum::http::HeaderMap;
use opentelemetry::{
    Context,
    propagation::{Extractor, Injector, TextMapPropagator},
    trace::{TraceContextExt, TracerProvider},
};
use opentelemetry_otlp::{Protocol, SpanExporter, WithExportConfig};
use opentelemetry_sdk::{Resource, propagation::TraceContextPropagator, trace::SdkTracerProvider};
use tracing::{Span, Subscriber, level_filters::LevelFilter};
use tracing_opentelemetry::OpenTelemetrySpanExt;
use tracing_subscriber::{Layer, filter::Targets, registry::LookupSpan};
use url::Url;

use super::TelemetryError;

/// W3C Trace Context, level 1.
const TRACEPARENT: &str = "traceparent";

/// Everything of this program, and nothing of its libraries.
pub fn ours() -> Targets {
    ["server", "store", "milvus", "search", "ingest", "embedding", "model"]
        .into_iter()
        .fold(Targets::new(), |targets, target| {
            targets.with_target(target, LevelFilter::INFO)
        })
}

/// Sends spans to the collector at this address by OTLP over HTTP.
pub fn provider(endpoint: &Url) -> Result<SdkTracerProvider, TelemetryError> {
    crate::outbound::provide_cryptography();
    let traces = format!("{}/v1/traces", endpoint.as_str().trim_end_matches('/'));
    let exporter = SpanExporter::builder()
        .with_http()
        .with_protocol(Protocol::HttpBinary)
        .with_endpoint(&traces)
        .build()
        .map_err(|error| TelemetryError::Traces {
            endpoint: endpoint.to_string(),
            reason: error.to_string(),
        })?;
    let resource = Resource::builder()
        .with_service_name("hyperion")
        .with_attribute(opentelemetry::KeyValue::new(
            "service.version",
            env!("CARGO_PKG_VERSION"),
        ))
        .build();
    Ok(SdkTracerProvider::builder()
        .with_batch_exporter(exporter)
        .with_resource(resource)
        .build())
}

pub fn layer<S: Subscriber + for<'s> LookupSpan<'s>>(provider: &SdkTracerProvider) -> impl Layer<S> + use<S> {
    tracing_opentelemetry::layer()
        .with_tracer(provider.tracer("hyperion"))
        .with_location(false)
        .with_threads(false)
        .with_filter(ours())
}

/// Makes a span, which has not begun yet, part of the trace that a request belongs to.
pub fn continue_request(span: &Span, headers: &HeaderMap) {
    struct Headers<'h>(&'h HeaderMap);
    impl Extractor for Headers<'_> {
        fn get(&self, key: &str) -> Option<&str> {
            self.0.get(key)?.to_str().ok()
        }
        fn keys(&self) -> Vec<&str> {
            self.0.keys().map(|name| name.as_str()).collect()
        }
    }
    continue_in(span, &Headers(headers));
}

/// Makes a span, which has not begun yet, part of the trace that [`current`] told of.
pub fn continue_from(span: &Span, traceparent: Option<&str>) {
    struct Line<'t>(&'t str);
    impl Extractor for Line<'_> {
        fn get(&self, key: &str) -> Option<&str> {
            (key == TRACEPARENT).then_some(self.0)
        }
        fn keys(&self) -> Vec<&str> {
            vec![TRACEPARENT]
        }
    }
    if let Some(traceparent) = traceparent {
        continue_in(span, &Line(traceparent));
    }
}

fn continue_in(span: &Span, from: &impl Extractor) {
    let context = TraceContextPropagator::new().extract_with_context(&Context::new(), from);
    if context.span().span_context().is_valid() {
        // Fails where no traces are collected.
        span.set_parent(context).ok();
    }
}

/// Notes in the span's field `trace` which trace it is part of, for the log.
pub fn name_trace(span: &Span) {
    let context = span.context();
    let context = context.span().span_context().clone();
    if context.is_valid() {
        span.record("trace", tracing::field::display(context.trace_id()));
    }
}

/// The trace that is being written, as `traceparent` has it; none where no traces are collected.
pub fn current() -> Option<String> {
    #[derive(Default)]
    struct Line(Option<String>);
    impl Injector for Line {
        fn set(&mut self, key: &str, value: String) {
            if key == TRACEPARENT {
                self.0 = Some(value);
            }
        }
    }
    let mut line = Line::default();
    TraceContextPropagator::new().inject_context(&Span::current().context(), &mut line);
    line.0
}
