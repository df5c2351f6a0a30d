//! A name for every request, to find in the log what went wrong with it.

use axum::{
    extract::Request,
    http::{HeaderName, HeaderValue},
    middleware::Next,
    response::Response,
};
use tracing::{Instrument, field::Empty};
use uuid::Uuid;

use crate::telemetry::traces;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The name of the request that carries this among its extensions.
#[derive(Clone)]
pub struct RequestId(pub String);

/// Logs everything about the request under its identifier, and sends that back as `X-Request-Id`.
///
/// One that the client sends is not used: it could pass for another request's in the log.
pub async fn give(mut request: Request, next: Next) -> Response {
    let id = Uuid::now_v7().to_string();
    // Queries hold what people search for, so the path alone is logged.
    let span = tracing::info_span!(
        "request",
        %id,
        method = %request.method(),
        path = request.uri().path(),
        trace = Empty,
        otel.kind = "server"
    );
    traces::continue_request(&span, request.headers());
    traces::name_trace(&span);
    request.extensions_mut().insert(RequestId(id.clone()));
    let mut response = next.run(request).instrument(span).await;
    if let Ok(id) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(REQUEST_ID, id);
    }
    response
}
