//! Errors, panics and slow requests, as they are told to Sentry: what happened and where in the program, and nothing that
//! somebody wrote, read or is called. The rest is in the log, under the same request identifier.

mod logged;
mod panics;
mod requests;

use std::{sync::Arc, time::Duration};

use ::sentry::{
    ClientInitGuard, ClientOptions, Integration, Transport, TransportFactory, TransportOptions,
    integrations::backtrace::ProcessStacktraceIntegration, protocol::Event, transports::ReqwestHttpTransportOptions,
};
use reqwest::{
    Client,
    header::{CONTENT_TYPE, HeaderMap, HeaderValue},
    redirect,
};

pub use self::{
    logged::LoggedErrors,
    requests::{SLOW, watch},
};
use crate::{config::SentryDsn, outbound::provide_cryptography};

/// What this program is called in releases.
pub const RELEASE: &str = concat!("hyperion@", env!("CARGO_PKG_VERSION"));

/// Sentry's own name for the variable that tells installations apart.
const ENVIRONMENT_VARIABLE: &str = "SENTRY_ENVIRONMENT";

const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
const TIMEOUT: Duration = Duration::from_secs(10);

#[derive(Debug, thiserror::Error)]
#[error("the client that reports errors could not be set up: {0}")]
pub struct ReportingError(#[from] reqwest::Error);

/// Reports to this address until what is returned is dropped, and sends what is still waiting then.
///
/// To be called before any other thread is started: threads report where the first one did when they began.
pub fn start(dsn: &SentryDsn) -> Result<ClientInitGuard, ReportingError> {
    let integrations: [Arc<dyn Integration>; 2] = [
        Arc::new(panics::integration()),
        Arc::new(ProcessStacktraceIntegration::new()),
    ];
    let mut options = ClientOptions::new()
        .release(RELEASE)
        .environment(environment())
        .traces_sample_rate(1.0)
        .max_breadcrumbs(0)
        .default_integrations(false)
        .integrations(integrations)
        .in_app_include(logged::OURS.map(|name| name))
        .before_send(|event| Some(what_may_leave(event)))
        .transport(ToSentry(client()?));
    options.dsn = Some(dsn.expose().clone());
    Ok(::sentry::init(options))
}

/// Which installation reports.
pub fn environment() -> String {
    std::env::var(ENVIRONMENT_VARIABLE).unwrap_or_else(|_| "production".to_owned())
}

/// Reaches Sentry, wherever the operator has it. It follows no redirect, as what is sent is meant for nobody else.
pub(super) fn client() -> Result<Client, ReportingError> {
    provide_cryptography();
    // Some receivers take nothing without it, and Sentry's library does not say it.
    let headers = HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static("application/x-sentry-envelope"))]);
    let builder = || {
        Client::builder()
            .default_headers(headers.clone())
            .redirect(redirect::Policy::none())
            .connect_timeout(CONNECT_TIMEOUT)
            .timeout(TIMEOUT)
    };
    // Without any root certificate on the machine http still works, and https fails where it is used.
    Ok(builder().build().or_else(|_| builder().tls_certs_only([]).build())?)
}

struct ToSentry(Client);

impl TransportFactory for ToSentry {
    fn create_transport_with_options(&self, options: TransportOptions) -> Arc<dyn Transport> {
        Arc::new(
            ReqwestHttpTransportOptions::from(options)
                .with_client(self.0.clone())
                .build(),
        )
    }
}

/// Takes over what is known to be nobody's own, so that nothing else leaves even when libraries come to collect more.
fn what_may_leave(event: Event<'static>) -> Event<'static> {
    let mut exception = event.exception;
    for frame in exception
        .values
        .iter_mut()
        .filter_map(|exception| exception.stacktrace.as_mut())
    {
        for frame in &mut frame.frames {
            // It names folders of the machine that built the program.
            frame.abs_path = None;
        }
    }
    Event {
        event_id: event.event_id,
        level: event.level,
        fingerprint: event.fingerprint,
        transaction: event.transaction,
        message: event.message,
        logger: event.logger,
        platform: event.platform,
        timestamp: event.timestamp,
        release: event.release,
        environment: event.environment,
        tags: event.tags,
        contexts: event.contexts.into_iter().filter(|(name, _)| name == "trace").collect(),
        sdk: event.sdk,
        exception,
        ..Event::default()
    }
}

#[cfg(test)]
mod tests {
    use ::sentry::protocol::{Breadcrumb, Context, Exception, Frame, Request, Stacktrace, User};

    use super::*;

    #[test]
    fn what_libraries_collect_about_people_and_machines_does_not_leave() {
        let secret = || "zanzibar".to_owned();
        let event = Event {
            message: Some("request failed".to_owned()),
            server_name: Some(secret().into()),
            culprit: Some(secret()),
            user: Some(User {
                email: Some(secret()),
                ..User::default()
            }),
            request: Some(Request {
                query_string: Some(secret()),
                cookies: Some(secret()),
                ..Request::default()
            }),
            breadcrumbs: vec![Breadcrumb {
                message: Some(secret()),
                ..Breadcrumb::default()
            }]
            .into(),
            extra: [("question".to_owned(), secret().into())].into(),
            contexts: [(
                "fields".to_owned(),
                Context::Other([("file".to_owned(), secret().into())].into()),
            )]
            .into(),
            exception: vec![Exception {
                stacktrace: Some(Stacktrace {
                    frames: vec![Frame {
                        function: Some("server::search::search".to_owned()),
                        abs_path: Some("/home/zanzibar/server/src/search.rs".to_owned()),
                        ..Frame::default()
                    }],
                    ..Stacktrace::default()
                }),
                ..Exception::default()
            }]
            .into(),
            ..Event::default()
        };
        let sent = serde_json::to_string(&what_may_leave(event)).unwrap();
        assert!(!sent.contains("zanzibar"), "{sent}");
        assert!(
            sent.contains("request failed") && sent.contains("server::search::search"),
            "{sent}"
        );
    }
}
