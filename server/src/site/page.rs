//! One page, rendered whole.

use std::{
    net::SocketAddr,
    sync::{Arc, OnceLock},
    time::Duration,
};

use api::Client;
use app::{Assets, shell};
use axum::{
    Router,
    body::{Body, to_bytes},
    extract::{ConnectInfo, FromRequestParts, Request, State},
    http::{Extensions, HeaderMap, HeaderValue, StatusCode, Uri, header},
    response::{IntoResponse, Redirect, Response},
};
use leptos::{nonce::use_nonce, prelude::provide_context};
use sentry::{Hub, SentryFutureExt};
use tracing::Instrument;

use super::{
    in_process::{InProcess, PageStatus},
    is_own_path,
    refused::Refused,
};
use crate::{http::Caller, state::AppState};

/// Pages wait for the API; one that takes longer than this is given up.
const LONGEST_WAIT: Duration = Duration::from_secs(30);
const LARGEST_PAGE: usize = 64 << 20;

/// For visitors who are not signed in. These pages are one form each and do nothing that needs the app, so that they are
/// there at once.
const ENTRANCES: [&str; 2] = ["/sign-in", "/sign-up"];

#[derive(Clone)]
pub struct Pages {
    pub state: AppState,
    pub api: Router,
    pub assets: Assets,
}

/// A page of the app. Whoever is not signed in is asked to do that first, and then comes back here.
pub async fn known(State(pages): State<Pages>, request: Request) -> Response {
    let (mut parts, _) = request.into_parts();
    let at_entrance = ENTRANCES.contains(&parts.uri.path());
    // Pages are for browsers: an API key would open the page but none of what it shows.
    parts.headers.remove(header::AUTHORIZATION);
    match Caller::from_request_parts(&mut parts, &pages.state).await {
        Ok(_) if at_entrance => no_store(Redirect::to(&next_page(&parts.uri)).into_response()),
        Err(error) if error.0.status == 401 && !at_entrance => sign_in_first(&parts.uri),
        Err(error) if error.0.status != 401 => not_rendered(&error.0),
        _ => {
            answer(
                pages,
                parts.uri,
                &parts.headers,
                &parts.extensions,
                StatusCode::OK,
                None,
            )
            .await
        }
    }
}

/// An address at which there is nothing.
pub async fn unknown(State(pages): State<Pages>, request: Request) -> Response {
    let (parts, _) = request.into_parts();
    answer(
        pages,
        parts.uri,
        &parts.headers,
        &parts.extensions,
        StatusCode::NOT_FOUND,
        None,
    )
    .await
}

/// What stands in for every page while there is no bundle.
pub async fn unavailable(message: String) -> Response {
    (StatusCode::SERVICE_UNAVAILABLE, message).into_response()
}

fn sign_in_first(wanted: &Uri) -> Response {
    let wanted = wanted.path_and_query().map_or("/", |wanted| wanted.as_str());
    let address = if wanted == "/" {
        "/sign-in".to_owned()
    } else {
        let next: String = url::form_urlencoded::byte_serialize(wanted.as_bytes()).collect();
        format!("/sign-in?next={next}")
    };
    no_store(Redirect::to(&address).into_response())
}

/// Where `?next=` leads, if that is a page of ours.
fn next_page(uri: &Uri) -> String {
    let query = uri.query().unwrap_or_default();
    url::form_urlencoded::parse(query.as_bytes())
        .find(|(name, _)| name == "next")
        .map(|(_, next)| next.into_owned())
        .filter(|next| is_own_path(next))
        .unwrap_or_else(|| "/".to_owned())
}

/// Renders the page at `uri` for the visitor whose headers these are.
///
/// `status` is what the answer says unless the page finds that what it is about is missing or forbidden. `refused` is
/// the form that the visitor posted from that page.
pub async fn answer(
    pages: Pages,
    uri: Uri,
    headers: &HeaderMap,
    extensions: &Extensions,
    status: StatusCode,
    refused: Option<Refused>,
) -> Response {
    let learnt = PageStatus::default();
    let cookie = headers.get(header::COOKIE).cloned();
    let transport = InProcess {
        api: pages.api,
        cookie: cookie.clone(),
        address: extensions.get::<ConnectInfo<SocketAddr>>().copied(),
        status: learnt.clone(),
    };
    let client = Client::new(Arc::new(transport));
    let address = refused.as_ref().map(|refused| refused.page.clone());
    let refused = refused.map(|refused| refused.form);
    let mut assets = pages.assets;
    if ENTRANCES.contains(&uri.path()) {
        assets.app = None;
    }
    let nonce = Arc::new(OnceLock::new());
    let nonce_of_page = nonce.clone();
    let renderer = leptos_axum::render_app_async_with_context(
        move || {
            provide_context(client.clone());
            if let Some(refused) = refused.clone() {
                provide_context(refused);
            }
        },
        move || {
            let nonce = nonce_of_page.get_or_init(|| use_nonce().map(|nonce| nonce.to_string()).unwrap_or_default());
            shell(assets.clone(), nonce.clone(), address.clone())
        },
    );
    let mut request = Request::new(Body::empty());
    *request.uri_mut() = uri;
    // A rendering that is dropped half-way is never freed. So it runs to its end even when the visitor has left.
    let rendering = async move {
        let (parts, body) = renderer(request).await.into_parts();
        to_bytes(body, LARGEST_PAGE).await.map(|html| (parts, html))
    };
    // What goes wrong in it belongs to this request.
    let rendering = tokio::spawn(rendering.in_current_span().bind_hub(Hub::current()));
    let (parts, html) = match tokio::time::timeout(LONGEST_WAIT, rendering).await {
        Ok(Ok(Ok(page))) => page,
        Ok(Ok(Err(error))) => return not_rendered(&error),
        Ok(Err(error)) => return not_rendered(&error),
        Err(error) => return not_rendered(&error),
    };
    // A redirect by the router has a status of its own.
    let status = if parts.status.is_redirection() {
        parts.status
    } else {
        learnt.worst().unwrap_or(status)
    };
    let mut response = (status, html).into_response();
    response.headers_mut().extend(parts.headers);
    let policy = content_security_policy(nonce.get().map_or("", String::as_str));
    match HeaderValue::from_str(&policy) {
        Ok(policy) => response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy),
        Err(error) => return not_rendered(&error),
    };
    no_store(response)
}

/// Pages show what is one person's own: no cache keeps them.
fn no_store(mut response: Response) -> Response {
    let no_store = HeaderValue::from_static("no-store");
    response.headers_mut().insert(header::CACHE_CONTROL, no_store);
    response
}

fn not_rendered(error: &dyn std::fmt::Display) -> Response {
    tracing::error!(%error, "a page could not be rendered");
    let message = "This page could not be put together. Reload it; if it happens again, tell your administrator.\n";
    (StatusCode::INTERNAL_SERVER_ERROR, message).into_response()
}

/// Scripts only with the nonce of this very response, everything else only from here.
fn content_security_policy(nonce: &str) -> String {
    format!(
        "default-src 'none'; script-src 'nonce-{nonce}' 'strict-dynamic' 'wasm-unsafe-eval'; style-src 'self'; \
         img-src 'self' data: blob:; font-src 'self'; connect-src 'self'; frame-src 'self' blob:; \
         frame-ancestors 'none'; base-uri 'none'; form-action 'self'"
    )
}
