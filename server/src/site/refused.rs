//! Forms that were posted without JavaScript and not taken: the page comes back with what was typed, and why.

use std::collections::BTreeMap;

use api::Problem;
use app::RefusedForm;
use axum::{
    body::to_bytes,
    extract::{Request, State},
    http::{HeaderMap, StatusCode, Uri, header},
    middleware::Next,
    response::{IntoResponse, Redirect, Response},
};

use super::{
    is_own_path,
    page::{self, Pages},
};
use crate::http::ApiError;

/// What a form's handler answers with instead of taking it.
#[derive(Clone)]
pub struct Refused {
    /// Path and query of the page that holds the form.
    pub page: String,
    pub form: RefusedForm,
}

impl Refused {
    /// `typed` must hold no secret: it is sent back in the page.
    pub fn new(page: impl Into<String>, form: &str, typed: &[(&str, &str)], error: ApiError) -> Self {
        let typed: BTreeMap<_, _> = typed
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        Self {
            page: page.into(),
            form: RefusedForm {
                form: form.to_owned(),
                typed,
                problem: error.0,
            },
        }
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let mut response = ApiError(self.form.problem.clone()).into_response();
        response.extensions_mut().insert(self);
        response
    }
}

/// Answers posts to `/forms/` with pages: a refused form with its own page, any other problem on top of the page that
/// it was posted from, and a visitor who is not signed in with the page to do that.
pub async fn show(State(pages): State<Pages>, request: Request, next: Next) -> Response {
    if !request.uri().path().starts_with("/forms/") {
        return next.run(request).await;
    }
    let extensions = request.extensions().clone();
    let headers = request.headers().clone();
    let mut response = next.run(request).await;
    if response.status().is_success() || response.status().is_redirection() {
        return response;
    }
    let refused = match response.extensions_mut().remove::<Refused>() {
        Some(refused) => refused,
        None if response.status() == StatusCode::UNAUTHORIZED => return Redirect::to("/sign-in").into_response(),
        None => Refused {
            page: posted_from(&headers),
            form: RefusedForm {
                form: String::new(),
                typed: BTreeMap::new(),
                problem: match read_problem(&mut response).await {
                    Some(problem) => problem,
                    None => return response,
                },
            },
        },
    };
    let status = response.status();
    let Ok(uri) = refused.page.parse::<Uri>() else {
        return response;
    };
    let mut page = page::answer(pages, uri, &headers, &extensions, status, Some(refused)).await;
    if let Some(wait) = response.headers().get(header::RETRY_AFTER) {
        page.headers_mut().insert(header::RETRY_AFTER, wait.clone());
    }
    page
}

/// The page of ours that the form stood on, as far as the browser tells.
fn posted_from(headers: &HeaderMap) -> String {
    let referer = headers.get(header::REFERER).and_then(|referer| referer.to_str().ok());
    referer
        .and_then(|referer| url::Url::parse(referer).ok())
        .map(|referer| match referer.query() {
            Some(query) => format!("{}?{query}", referer.path()),
            None => referer.path().to_owned(),
        })
        .filter(|page| is_own_path(page) && !page.starts_with("/forms/"))
        .unwrap_or_else(|| "/".to_owned())
}

async fn read_problem(response: &mut Response) -> Option<Problem> {
    const LARGEST_PROBLEM: usize = 1 << 20;
    let body = to_bytes(std::mem::take(response.body_mut()), LARGEST_PROBLEM)
        .await
        .ok()?;
    serde_json::from_slice(&body).ok()
}
