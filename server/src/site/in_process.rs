//! The API as pages reach it while they are rendered: by calling the router, without a socket.

use std::sync::{
    Arc,
    atomic::{AtomicU16, Ordering},
};

use api::{Problem, Transport, TransportFuture};
use axum::{
    Router,
    body::{Body, to_bytes},
    extract::ConnectInfo,
    http::{HeaderValue, Method, Request, StatusCode, header},
};
use std::net::SocketAddr;
use tower::ServiceExt;

/// More than any page asks for; a larger answer would be a mistake.
const LARGEST_ANSWER: usize = 64 << 20;

/// Calls the API as the visitor who asked for the page.
pub struct InProcess {
    pub api: Router,
    pub cookie: Option<HeaderValue>,
    pub address: Option<ConnectInfo<SocketAddr>>,
    pub status: PageStatus,
}

impl Transport for InProcess {
    fn send(&self, request: api::Request) -> TransportFuture {
        let (api, cookie, address) = (self.api.clone(), self.cookie.clone(), self.address);
        let status = self.status.clone();
        Box::pin(async move {
            let answer = exchange(api, cookie, address, request).await?;
            status.learn(answer.status);
            Ok(answer)
        })
    }
}

async fn exchange(
    api: Router,
    cookie: Option<HeaderValue>,
    address: Option<ConnectInfo<SocketAddr>>,
    request: api::Request,
) -> Result<api::Response, Problem> {
    let method = match request.method {
        api::Method::Get => Method::GET,
        api::Method::Post => Method::POST,
        api::Method::Put => Method::PUT,
        api::Method::Patch => Method::PATCH,
        api::Method::Delete => Method::DELETE,
    };
    let mut builder = Request::builder()
        .method(method)
        .uri(&request.path)
        .header("sec-fetch-site", "same-origin");
    if let Some(cookie) = cookie {
        builder = builder.header(header::COOKIE, cookie);
    }
    if let Some(address) = address {
        builder = builder.extension(address);
    }
    if request.body.is_some() {
        builder = builder.header(header::CONTENT_TYPE, "application/json");
    }
    let request = builder
        .body(request.body.map_or_else(Body::empty, Body::from))
        .map_err(|error| failed(&error))?;
    let response = match api.oneshot(request).await {
        Ok(response) => response,
        Err(never) => match never {},
    };
    let status = response.status().as_u16();
    let body = to_bytes(response.into_body(), LARGEST_ANSWER)
        .await
        .map_err(|error| failed(&error))?;
    Ok(api::Response {
        status,
        body: body.to_vec(),
    })
}

fn failed(error: &dyn std::fmt::Display) -> Problem {
    tracing::error!(%error, "a page could not ask the API");
    Problem::new(500, "internal", "Something went wrong on the server")
        .with_detail("The page could not be put together. Reload it; if it happens again, tell your administrator.")
}

/// The status a page is sent with: what it is about may be missing or not the visitor's to see.
#[derive(Clone, Default)]
pub struct PageStatus(Arc<AtomicU16>);

impl PageStatus {
    /// Takes over the status of an answer that a page needed and did not get.
    fn learn(&self, status: u16) {
        let of_page = match status {
            // An address with a malformed identifier is as good as one with an unknown identifier.
            400 | 404 => 404,
            403 | 500.. => status,
            _ => return,
        };
        self.0.fetch_max(of_page, Ordering::Relaxed);
    }

    /// The worst that was learnt.
    pub fn worst(&self) -> Option<StatusCode> {
        // Nothing learnt is 0, which is no status.
        StatusCode::from_u16(self.0.load(Ordering::Relaxed)).ok()
    }
}
