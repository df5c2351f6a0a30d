//! Which request an error belongs to, and requests that are slow.

use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use ::sentry::{Hub, SentryFutureExt, TransactionContext, protocol::SpanStatus};
use axum::{
    extract::{MatchedPath, Request},
    http::{Method, StatusCode, header},
    middleware::Next,
    response::Response,
};

use crate::http::request_id::RequestId;

/// A request that takes this long until it begins to answer is reported.
pub const SLOW: Duration = Duration::from_secs(2);

/// Has errors of the request reported with its route and identifier, and the request itself when it is slow.
pub async fn watch(request: Request, next: Next) -> Response {
    if Hub::current().client().is_none() {
        return next.run(request).await;
    }
    let name = name(&request);
    // How long these take is up to the line they come by.
    let is_upload = request
        .headers()
        .get(header::CONTENT_TYPE)
        .is_some_and(|kind| kind.as_bytes().starts_with(b"multipart/"));
    let hub = Arc::new(Hub::new_from_top(Hub::current()));
    hub.configure_scope(|scope| {
        scope.set_transaction(Some(&name));
        if let Some(RequestId(id)) = request.extensions().get() {
            scope.set_tag("request_id", id);
        }
    });
    let started = SystemTime::now();
    let response = next.run(request).bind_hub(hub.clone()).await;
    let is_slow = started.elapsed().is_ok_and(|took| took >= SLOW);
    if is_slow && !is_upload {
        Hub::run(hub, || report(&name, started, response.status()));
    }
    response
}

/// Method and route; the path itself would name what it is about.
fn name(request: &Request) -> String {
    // Clients may make up others.
    let known = [
        Method::GET,
        Method::HEAD,
        Method::POST,
        Method::PUT,
        Method::PATCH,
        Method::DELETE,
        Method::OPTIONS,
    ];
    let method = known.iter().find(|method| *method == request.method());
    let method = method.map_or("OTHER", Method::as_str);
    let route = request.extensions().get::<MatchedPath>();
    format!("{method} {}", route.map_or("unmatched", MatchedPath::as_str))
}

fn report(name: &str, started: SystemTime, status: StatusCode) {
    let context = TransactionContext::new(name, "http.server");
    let transaction = ::sentry::start_transaction_with_timestamp(context, started);
    transaction.set_data("http.response.status_code", status.as_u16().into());
    transaction.set_status(match status {
        StatusCode::GATEWAY_TIMEOUT => SpanStatus::DeadlineExceeded,
        status if status.is_server_error() => SpanStatus::InternalError,
        status if status.is_client_error() => SpanStatus::InvalidArgument,
        _ => SpanStatus::Ok,
    });
    transaction.finish();
}
