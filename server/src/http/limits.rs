//! How much a request may send, how long it may take, and how many of its kind may follow each other.

use std::{
    hash::Hash,
    net::{IpAddr, SocketAddr},
    num::NonZeroU32,
    time::Duration,
};

use api::UserId;
use axum::{
    extract::{ConnectInfo, DefaultBodyLimit, FromRequestParts, MatchedPath, Request, State},
    http::{HeaderMap, Method, StatusCode},
    middleware::Next,
    response::{IntoResponse, Response},
};

use super::{ApiError, Caller};
use crate::{
    documents::upload,
    replicas::{Redis, limit::Limit},
    state::AppState,
    telemetry::tunnel,
};

/// Everything but uploads is text that people type, or settings.
const ORDINARY_BODY: usize = 1 << 20;

/// Everything but uploads answers, or begins to, long before this.
const LONGEST_WAIT: Duration = Duration::from_secs(120);

/// Kinds of requests that cost more than others, or that somebody may want to repeat until they succeed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Ordinary,
    /// Signing in and up.
    Entrance,
    Upload,
    Question,
    /// Of an error on a page.
    Report,
}

impl Kind {
    fn of(request: &Request) -> Self {
        let route = request
            .extensions()
            .get::<MatchedPath>()
            .map_or("", MatchedPath::as_str);
        if request.method() != Method::POST {
            return Self::Ordinary;
        }
        match route {
            "/api/v1/auth/sign-in" | "/api/v1/auth/sign-up" | "/forms/sign-in" | "/forms/sign-up" => Self::Entrance,
            "/api/v1/conversations"
            | "/api/v1/conversations/{id}/messages"
            | "/api/v1/messages/{id}/regenerate"
            | "/api/v1/chat/completions"
            | "/forms/ask" => Self::Question,
            "/api/v1/error-reports" => Self::Report,
            _ if route.contains("/knowledge-bases/{id}/documents") => Self::Upload,
            _ => Self::Ordinary,
        }
    }
}

/// What may follow each other. People and programs at work never meet these limits; a program gone wild does.
pub struct RateLimits {
    entrances: Limit<IpAddr>,
    uploads: Limit<UserId>,
    uploads_by_address: Limit<IpAddr>,
    questions: Limit<UserId>,
    questions_by_address: Limit<IpAddr>,
    reports: Limit<UserId>,
    reports_by_address: Limit<IpAddr>,
}

impl RateLimits {
    pub fn new(redis: Option<&Redis>) -> Self {
        Self {
            // A whole office may stand behind one address; guessing at one account is limited by that account.
            entrances: limit("entrances", 1, 100, redis),
            uploads: limit("uploads", 100, 2_000, redis),
            uploads_by_address: limit("uploads-by-address", 200, 5_000, redis),
            questions: limit("questions", 5, 300, redis),
            questions_by_address: limit("questions-by-address", 20, 1_000, redis),
            // A page sends a handful at most. A fault that every page has would use up what Sentry takes in a month.
            reports: limit("reports", 1, 20, redis),
            reports_by_address: limit("reports-by-address", 2, 100, redis),
        }
    }
}

fn limit<K: Hash + Eq + Clone + ToString>(
    name: &'static str,
    per_second: u32,
    at_once: u32,
    redis: Option<&Redis>,
) -> Limit<K> {
    let at_once = NonZeroU32::new(at_once).expect("a burst above zero");
    Limit::new(name, at_once, Duration::from_secs(1) / per_second, redis)
}

/// Applies all three to a request. Outside of the routes' own extractors, inside of what turns errors into problems.
pub async fn apply(State(state): State<AppState>, mut request: Request, next: Next) -> Response {
    let kind = Kind::of(&request);
    let body_limit = match kind {
        Kind::Upload => upload::body_limit(state.config.max_upload_mib),
        Kind::Report => DefaultBodyLimit::max(tunnel::LARGEST_REPORT),
        _ => DefaultBodyLimit::max(ORDINARY_BODY),
    };
    body_limit.apply(&mut request);
    if kind != Kind::Ordinary {
        let (mut parts, body) = request.into_parts();
        let address = address(&parts.extensions, &parts.headers, state.config.trust_proxy);
        // Whoever is nobody is refused by the route itself.
        let caller = match kind {
            Kind::Entrance => None,
            _ => Caller::from_request_parts(&mut parts, &state).await.ok(),
        };
        let user = caller.map(|caller| caller.user.id);
        if let Err(error) = check(&state.rate_limits, kind, address, user).await {
            return error.into_response();
        }
        request = Request::from_parts(parts, body);
    }
    if kind == Kind::Upload {
        return next.run(request).await;
    }
    match tokio::time::timeout(LONGEST_WAIT, next.run(request)).await {
        Ok(response) => response,
        Err(_) => {
            tracing::error!(seconds = LONGEST_WAIT.as_secs(), "a request was given up");
            ApiError::new(
                StatusCode::GATEWAY_TIMEOUT,
                "took_too_long",
                "This took too long",
                "The server gave up. Try again in a moment; if it happens again, tell your administrator.",
            )
            .into_response()
        }
    }
}

async fn check(limits: &RateLimits, kind: Kind, address: Option<IpAddr>, user: Option<UserId>) -> Result<(), ApiError> {
    let (by_user, by_address) = match kind {
        Kind::Ordinary => return Ok(()),
        Kind::Entrance => (None, &limits.entrances),
        Kind::Upload => (Some(&limits.uploads), &limits.uploads_by_address),
        Kind::Question => (Some(&limits.questions), &limits.questions_by_address),
        Kind::Report => (Some(&limits.reports), &limits.reports_by_address),
    };
    take(Some(by_address), address).await?;
    take(by_user, user).await
}

/// Takes one from what the key has left; who is not known has no limit of their own.
async fn take<K: Hash + Eq + Clone + ToString>(limit: Option<&Limit<K>>, key: Option<K>) -> Result<(), ApiError> {
    match (limit, key) {
        (Some(limit), Some(key)) => limit.take(&key).await.map_err(ApiError::too_many),
        _ => Ok(()),
    }
}

/// Where the request comes from: the other end of the connection, or who the proxy there says it is.
///
/// Only the last address of `X-Forwarded-For` is the proxy's word; those before it are the visitor's own.
fn address(extensions: &axum::http::Extensions, headers: &HeaderMap, trust_proxy: bool) -> Option<IpAddr> {
    let peer = extensions
        .get::<ConnectInfo<SocketAddr>>()
        .map(|ConnectInfo(peer)| peer.ip());
    if !trust_proxy {
        return peer;
    }
    let forwarded = headers.get_all("x-forwarded-for").iter().next_back();
    forwarded
        .and_then(|hops| hops.to_str().ok())
        .and_then(|hops| hops.rsplit(',').next())
        .and_then(|hop| hop.trim().parse().ok())
        .or(peer)
}

#[cfg(test)]
mod tests {
    use axum::http::Extensions;

    use super::*;

    fn somewhere() -> Extensions {
        let mut extensions = Extensions::new();
        extensions.insert(ConnectInfo(SocketAddr::from(([10, 0, 0, 1], 4000))));
        extensions
    }

    #[test]
    fn what_a_visitor_claims_to_be_is_believed_only_of_a_proxy_and_only_its_own_word() {
        let mut headers = HeaderMap::new();
        headers.append("x-forwarded-for", "1.2.3.4, 203.0.113.9".parse().unwrap());
        let told = |trust| address(&somewhere(), &headers, trust).unwrap().to_string();
        assert_eq!(told(false), "10.0.0.1");
        assert_eq!(told(true), "203.0.113.9");
        headers.append("x-forwarded-for", "2001:db8::7".parse().unwrap());
        assert_eq!(
            address(&somewhere(), &headers, true).unwrap().to_string(),
            "2001:db8::7"
        );
        headers.append("x-forwarded-for", "not an address".parse().unwrap());
        assert_eq!(address(&somewhere(), &headers, true).unwrap().to_string(), "10.0.0.1");
    }

    #[tokio::test]
    async fn each_address_and_each_user_has_a_limit_of_its_own_and_is_told_when_to_come_back() {
        let limits = RateLimits::new(None);
        let (here, there) = (IpAddr::from([10, 0, 0, 1]), IpAddr::from([10, 0, 0, 2]));
        for _ in 0..100 {
            check(&limits, Kind::Entrance, Some(here), None).await.unwrap();
        }
        let refused = check(&limits, Kind::Entrance, Some(here), None).await.unwrap_err();
        assert_eq!(refused.0.status, 429);
        assert_eq!(refused.0.retry_after, Some(1));
        check(&limits, Kind::Entrance, Some(there), None).await.unwrap();

        let (ada, bob) = (UserId(uuid::Uuid::from_u128(1)), UserId(uuid::Uuid::from_u128(2)));
        for _ in 0..300 {
            check(&limits, Kind::Question, Some(here), Some(ada)).await.unwrap();
        }
        assert!(check(&limits, Kind::Question, Some(here), Some(ada)).await.is_err());
        check(&limits, Kind::Question, Some(here), Some(bob)).await.unwrap();
    }
}
