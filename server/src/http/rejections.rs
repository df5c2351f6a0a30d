//! Errors that the framework raises by itself, told as problems like all others.

use axum::{
    body::to_bytes,
    extract::Request,
    http::{HeaderValue, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};

use super::ApiError;

/// Longer explanations than this are not passed on.
const LONGEST_TEXT: usize = 4096;

/// Turns every error that is not a problem document into one. What it said becomes the detail.
pub async fn tell(request: Request, next: Next) -> Response {
    let response = next.run(request).await;
    let is_error = response.status().is_client_error() || response.status().is_server_error();
    if !is_error || is_told(&response) {
        return response;
    }
    let (parts, body) = response.into_parts();
    let text = to_bytes(body, LONGEST_TEXT).await.unwrap_or_default();
    let text = String::from_utf8_lossy(&text).into_owned();
    let mut told = problem(parts.status, text).into_response();
    // These are part of what the error means.
    for name in [header::ALLOW, header::RETRY_AFTER, header::CONTENT_RANGE] {
        if let Some(value) = parts.headers.get(&name) {
            told.headers_mut().insert(name, value.clone());
        }
    }
    told
}

fn is_told(response: &Response) -> bool {
    let json = |value: &HeaderValue| value.as_bytes().ends_with(b"json");
    response.headers().get(header::CONTENT_TYPE).is_some_and(json)
}

fn problem(status: StatusCode, text: String) -> ApiError {
    let (code, title, detail) = match status {
        StatusCode::NOT_FOUND => ("not_found", "Not found", "There is nothing at this address."),
        StatusCode::METHOD_NOT_ALLOWED => (
            "method_not_allowed",
            "This cannot be done here",
            "The address exists, but not for this method; the header `Allow` names those that it takes.",
        ),
        StatusCode::PAYLOAD_TOO_LARGE => (
            "too_large",
            "The request is too large",
            "Send less in one request, or ask an administrator to raise the limit.",
        ),
        status if status.is_server_error() => return ApiError::internal(text),
        _ => ("invalid_request", "The request could not be read", ""),
    };
    let detail = if detail.is_empty() { text } else { detail.to_owned() };
    ApiError::new(status, code, title, detail)
}
