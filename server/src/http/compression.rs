//! Smaller answers for whoever can unpack them.

use axum::http::{Extensions, HeaderMap, StatusCode, Version, header};
use tower_http::{
    CompressionLevel,
    compression::{
        CompressionLayer,
        predicate::{And, Predicate, SizeAbove},
    },
};

type IsWorthIt = fn(StatusCode, Version, &HeaderMap, &Extensions) -> bool;

/// Packs pages and what the API answers.
///
/// Streams of events must leave at once, originals keep their length, and the bundle's files are packed already.
pub fn layer() -> CompressionLayer<And<SizeAbove, IsWorthIt>> {
    let text: IsWorthIt = is_text;
    // The highest levels cost a hundred times the work for a tenth of the size.
    CompressionLayer::new()
        .quality(CompressionLevel::Precise(4))
        .compress_when(SizeAbove::new(512).and(text))
}

fn is_text(_: StatusCode, _: Version, headers: &HeaderMap, _: &Extensions) -> bool {
    let kind = headers
        .get(header::CONTENT_TYPE)
        .and_then(|kind| kind.to_str().ok())
        .and_then(|kind| kind.split(';').next())
        .unwrap_or_default();
    matches!(
        kind,
        "text/html"
            | "text/css"
            | "text/javascript"
            | "application/javascript"
            | "application/json"
            | "application/problem+json"
    )
}
