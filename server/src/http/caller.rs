//! Who is calling: a session cookie or an API key.

use api::{Role, Scope, SessionId, User};
use axum::{
    extract::FromRequestParts,
    http::{HeaderMap, Method, StatusCode, header, request::Parts},
};

use super::ApiError;
use crate::{accounts::tokens, state::AppState};

pub const SESSION_COOKIE: &str = "hyperion_session";

/// Sessions end 30 days after sign-in.
pub const SESSION_MAX_AGE_SECONDS: i64 = 30 * 24 * 60 * 60;

/// The signed-in user a request acts for.
#[derive(Debug, Clone)]
pub struct Caller {
    pub user: User,
    /// None when an API key was used.
    pub session: Option<SessionId>,
}

/// A caller who may administer the installation, signed in with a session.
#[derive(Debug, Clone)]
pub struct Admin(pub User);

impl Caller {
    /// Account settings and keys are not for API keys: one that leaked must not outlive its revocation.
    pub fn require_session(&self) -> Result<SessionId, ApiError> {
        self.session.ok_or_else(|| {
            ApiError::new(
                StatusCode::FORBIDDEN,
                "session_needed",
                "Not allowed with an API key",
                "Account settings and API keys can be changed only after signing in with a password.",
            )
        })
    }
}

pub fn cookie(headers: &HeaderMap, name: &str) -> Option<String> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(key, _)| *key == name)
        .map(|(_, value)| value.to_owned())
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    headers
        .get(header::AUTHORIZATION)?
        .to_str()
        .ok()?
        .strip_prefix("Bearer ")
}

impl FromRequestParts<AppState> for Caller {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, ApiError> {
        if let Some(key) = bearer(&parts.headers) {
            let found = state.store.user_by_api_key(&tokens::hash(key)).await?;
            let (user, scope) = found.ok_or_else(ApiError::not_signed_in)?;
            let reads = parts.method == Method::GET || parts.method == Method::HEAD;
            // A search changes nothing, though it is a POST.
            if scope == Scope::Read && !reads && !parts.uri.path().ends_with("/search") {
                return Err(ApiError::new(
                    StatusCode::FORBIDDEN,
                    "read_only_key",
                    "This API key may only read",
                    "This API key may only read. Create one with the scope `write`.",
                ));
            }
            return Ok(Self { user, session: None });
        }
        let token = cookie(&parts.headers, SESSION_COOKIE).ok_or_else(ApiError::not_signed_in)?;
        let found = state
            .store
            .session(&tokens::hash(&token), SESSION_MAX_AGE_SECONDS * 1000)
            .await?;
        let (session, user) = found.ok_or_else(ApiError::not_signed_in)?;
        Ok(Self {
            user,
            session: Some(session),
        })
    }
}

impl FromRequestParts<AppState> for Admin {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, ApiError> {
        let caller = Caller::from_request_parts(parts, state).await?;
        caller.require_session()?;
        if caller.user.role != Role::Admin {
            return Err(ApiError::new(
                StatusCode::FORBIDDEN,
                "admins_only",
                "Only for administrators",
                "Only administrators may do this. Ask one of this installation.",
            ));
        }
        Ok(Self(caller.user))
    }
}
