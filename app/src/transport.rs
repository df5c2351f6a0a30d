//! How the pages reach the API from the browser.

use std::sync::Arc;

use api::{Client, Problem, Request, Response, Transport, TransportFuture};
use gloo_net::http::{Method, RequestBuilder};
use send_wrapper::SendWrapper;

/// A client for event handlers and hydrated pages; it works in a browser only.
pub fn in_browser() -> Client {
    Client::new(Arc::new(Fetch))
}

/// The browser's own `fetch`, with the visitor's cookie.
struct Fetch;

impl Transport for Fetch {
    fn send(&self, request: Request) -> TransportFuture {
        // A browser's page has one thread, so that the future never leaves the one it was made on.
        Box::pin(SendWrapper::new(exchange(request)))
    }
}

async fn exchange(request: Request) -> Result<Response, Problem> {
    let method = match request.method {
        api::Method::Get => Method::GET,
        api::Method::Post => Method::POST,
        api::Method::Put => Method::PUT,
        api::Method::Patch => Method::PATCH,
        api::Method::Delete => Method::DELETE,
    };
    let builder = RequestBuilder::new(&request.path).method(method);
    let ready = match request.body {
        Some(body) => builder
            .header("content-type", "application/json")
            .body(js_sys::Uint8Array::from(body.as_slice())),
        None => builder.build(),
    }
    .map_err(unreachable_server)?;
    let response = ready.send().await.map_err(unreachable_server)?;
    Ok(Response {
        status: response.status(),
        body: response.binary().await.map_err(unreachable_server)?,
    })
}

fn unreachable_server(_: gloo_net::Error) -> Problem {
    no_connection()
}

/// What a person is told when a request did not get to the server or its answer did not come back.
pub fn no_connection() -> Problem {
    Problem::new(503, "no_connection", "The server cannot be reached")
        .with_detail("The server cannot be reached. Check your connection and try again.")
}
