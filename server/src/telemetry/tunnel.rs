//! Takes reports of errors from pages and passes them on to Sentry, which browsers need not be able to reach.

use ::sentry::types::Dsn;
use axum::{body::Bytes, extract::State, http::StatusCode};
use reqwest::Client;
use serde::Deserialize;
use url::Url;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::sentry::{self, RELEASE, ReportingError};
use crate::{
    config::SentryDsn,
    http::{ApiError, Caller},
    state::AppState,
};

/// Bytes; a page sends some kB of stack at most.
pub const LARGEST_REPORT: usize = 32 << 10;

pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(report))
}

/// The way to the one project of Sentry that errors are reported to.
#[derive(Clone)]
pub struct Tunnel {
    /// What reports must name.
    dsn: String,
    url: Url,
    authorization: String,
    client: Client,
}

/// The line that an envelope begins with, as far as it matters here.
#[derive(Deserialize)]
struct Header {
    dsn: String,
}

impl Tunnel {
    pub fn new(dsn: &SentryDsn) -> Result<Self, ReportingError> {
        let address: &Dsn = dsn.expose();
        Ok(Self {
            dsn: dsn.for_browsers(),
            url: address.envelope_api_url(),
            authorization: address.to_auth(Some(RELEASE)).to_string(),
            client: sentry::client()?,
        })
    }

    /// Whether this is an envelope for us: nobody reports to anywhere else through this server.
    fn takes(&self, envelope: &[u8]) -> bool {
        let first_line = envelope.split(|byte| *byte == b'\n').next().unwrap_or_default();
        serde_json::from_slice::<Header>(first_line).is_ok_and(|header| header.dsn == self.dsn)
    }

    async fn pass_on(&self, envelope: Bytes) -> Result<(), reqwest::Error> {
        let request = self
            .client
            .post(self.url.clone())
            .header("x-sentry-auth", &self.authorization)
            .body(envelope);
        request.send().await?.error_for_status().map(drop)
    }
}

/// Report an error of a page to whoever runs this installation, as an envelope of Sentry.
#[utoipa::path(
    post, path = "/error-reports", tag = "Error reports",
    request_body(content = String, content_type = "application/x-sentry-envelope", description = "An envelope that names the address of reports that pages carry, of 32 KiB at most."),
    responses((status = 202, description = "It was passed on."))
)]
async fn report(State(state): State<AppState>, _: Caller, envelope: Bytes) -> Result<StatusCode, ApiError> {
    let tunnel = state.tunnel.as_ref().ok_or_else(|| {
        ApiError::new(
            StatusCode::NOT_FOUND,
            "not_reporting",
            "Errors are not reported here",
            "This installation reports no errors: its setting sentry_dsn says where to.",
        )
    })?;
    if !tunnel.takes(&envelope) {
        return Err(ApiError::new(
            StatusCode::BAD_REQUEST,
            "foreign_report",
            "This is no report for this installation",
            "The first line of the report must be JSON that names the address of reports that this installation's pages carry.",
        ));
    }
    tunnel.pass_on(envelope).await.map_err(|error| {
        // The address holds the key.
        let error = error.without_url();
        tracing::warn!(%error, "a browser's report did not get to Sentry");
        ApiError::new(
            StatusCode::BAD_GATEWAY,
            "report_not_taken",
            "The report was not taken",
            "Sentry could not be reached or did not take the report. Nothing is wrong with what was reported.",
        )
    })?;
    Ok(StatusCode::ACCEPTED)
}
