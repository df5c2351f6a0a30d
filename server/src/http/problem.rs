//! Errors as RFC 9457 problem documents.

use std::{panic::Location, time::Duration};

use api::Problem;
use axum::{
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use store::{IndexError, StoreError};

use crate::telemetry::METRICS;

/// An error that is shown to the caller.
#[derive(Debug)]
pub struct ApiError(pub Problem);

impl ApiError {
    pub fn new(status: StatusCode, code: &str, title: &str, detail: impl Into<String>) -> Self {
        Self(Problem::new(status.as_u16(), code, title).with_detail(detail))
    }

    pub fn invalid(field: &str, message: impl Into<String>) -> Self {
        let message = message.into();
        Self(
            Problem::new(422, "invalid_request", "Something in the request is not valid")
                .with_detail(message.clone())
                .with_field(field, message),
        )
    }

    /// What is wrong with more fields of the same request.
    pub fn and(mut self, other: Self) -> Self {
        self.0.fields.extend(other.0.fields);
        self
    }

    /// The same, but to blame on one field of the request.
    pub fn about_field(self, field: &str) -> Self {
        let message = self.0.message().to_owned();
        let problem = Problem {
            fields: Vec::new(),
            ..self.0
        };
        Self(problem.with_field(field, message))
    }

    pub fn not_signed_in() -> Self {
        Self::new(
            StatusCode::UNAUTHORIZED,
            "not_signed_in",
            "You are not signed in",
            "You are not signed in. Sign in, or send an API key as a bearer token.",
        )
    }

    /// Too many requests of one kind; the next one is taken after `wait`.
    pub fn too_many(wait: Duration) -> Self {
        let seconds = wait.as_secs_f64().ceil().max(1.0) as u64;
        let mut error = Self::new(
            StatusCode::TOO_MANY_REQUESTS,
            "too_many_requests",
            "Too many requests",
            format!("There were too many attempts. Wait {seconds} s, then try again."),
        );
        error.0.retry_after = Some(seconds);
        error
    }

    /// For faults that are not the caller's: what went wrong, and where it became an answer, is logged, not shown.
    #[track_caller]
    pub fn internal(error: impl std::fmt::Display) -> Self {
        tracing::error!(%error, place = %place(Location::caller()), "request failed");
        Self::of_the_server()
    }

    fn of_the_server() -> Self {
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "internal",
            "Something went wrong on the server",
            "Something went wrong on the server. What was acknowledged is kept. Try again; if it happens again, tell your administrator.",
        )
    }
}

fn place(location: &Location<'_>) -> String {
    format!("{}:{}", app::source_file(location.file()), location.line())
}

/// For the panic of a handler; the hook that prints panics has said where it was.
pub fn of_panic(panic: Box<dyn std::any::Any + Send>) -> Response {
    let message = panic
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or("without a message");
    tracing::error!(panic = message, "a handler panicked");
    ApiError::of_the_server().into_response()
}

impl From<StoreError> for ApiError {
    #[track_caller]
    fn from(error: StoreError) -> Self {
        let (status, code, title) = match &error {
            StoreError::NotFound(_) => (StatusCode::NOT_FOUND, "not_found", "Not found"),
            StoreError::Forbidden(_) => (StatusCode::FORBIDDEN, "forbidden", "Not allowed"),
            StoreError::LastAdmin => (StatusCode::CONFLICT, "last_admin", "An administrator must remain"),
            StoreError::Taken(_) => (StatusCode::CONFLICT, "taken", "Already taken"),
            StoreError::Last(_) => (StatusCode::CONFLICT, "last_one", "The last one stays"),
            StoreError::ChangedMeanwhile(_) => (StatusCode::CONFLICT, "changed_meanwhile", "Changed meanwhile"),
            StoreError::DiskFull => (
                StatusCode::INSUFFICIENT_STORAGE,
                "disk_full",
                "The server's disk is full",
            ),
            StoreError::Unwritable(cause) => {
                tracing::error!(%cause, "the database cannot be used");
                (
                    StatusCode::INSUFFICIENT_STORAGE,
                    "storage_failed",
                    "The server's storage cannot be used",
                )
            }
            StoreError::Unreachable(cause) | StoreError::Refused(cause) | StoreError::Untrusted(cause) => {
                tracing::error!(%cause, "the database cannot be used");
                return Self::new(
                    StatusCode::SERVICE_UNAVAILABLE,
                    "database_unavailable",
                    "The database cannot be reached",
                    "The server cannot reach its database at the moment. What was acknowledged is kept. Try again in a while.",
                );
            }
            StoreError::UnknownCursor => (StatusCode::UNPROCESSABLE_ENTITY, "unknown_cursor", "Unknown cursor"),
            _ => return Self::internal(error),
        };
        let mut detail = error.to_string();
        if let Some(first) = detail.get_mut(..1) {
            first.make_ascii_uppercase();
        }
        Self::new(status, code, title, detail + ".")
    }
}

impl From<IndexError> for ApiError {
    fn from(error: IndexError) -> Self {
        if let IndexError::Store(error) = error {
            return error.into();
        }
        tracing::error!(%error, "passages cannot be searched");
        Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "search_unavailable",
            "Documents cannot be searched",
            "The server cannot search documents at the moment. Everything else works, and nothing is lost. Try again in a while; \
             if it stays so, tell your administrator.",
        )
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.0.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        if status.is_server_error() {
            METRICS.error(&self.0.code);
        }
        let retry_after = self.0.retry_after;
        let mut response = (status, axum::Json(self.0)).into_response();
        let headers = response.headers_mut();
        if let Some(seconds) = retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/problem+json"),
        );
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        response
    }
}
