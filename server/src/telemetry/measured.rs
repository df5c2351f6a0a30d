//! Every answer is counted and timed, by the route that it matched and not by its address, of which there is no end.

use std::time::Instant;

use axum::{
    body::{Body, HttpBody},
    extract::{MatchedPath, Request, State},
    http::{Method, header},
    middleware::Next,
    response::Response,
};
use futures::StreamExt;

use super::METRICS;
use crate::state::AppState;

/// The route of a request that matched none.
const UNMATCHED: &str = "unmatched";

/// Outside of everything else, so that refusals are counted too. Streams of events are ended when the server stops:
/// they never end by themselves.
pub async fn measure(State(state): State<AppState>, request: Request, next: Next) -> Response {
    let begun = Instant::now();
    let method = known(request.method());
    let route = request.extensions().get::<MatchedPath>();
    let route = route.map_or(UNMATCHED, MatchedPath::as_str).to_owned();
    let response = next.run(request).await;
    METRICS.answered(method, route.clone(), response.status().as_u16(), begun.elapsed());
    if !is_stream(&response) {
        return response;
    }
    let kind = if route.contains("/knowledge-bases/") {
        "events"
    } else {
        "answer"
    };
    let open = METRICS.stream(kind);
    response.map(|body| {
        let stream = body.into_data_stream().take_until(state.stopping.cancelled_owned());
        Body::from_stream(stream.inspect(move |_| {
            let _ = &open;
        }))
    })
}

/// Anybody may invent a method.
fn known(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        _ => "other",
    }
}

fn is_stream(response: &Response) -> bool {
    let kind = response.headers().get(header::CONTENT_TYPE);
    kind.is_some_and(|kind| kind.as_bytes().starts_with(b"text/event-stream")) && !response.body().is_end_stream()
}
