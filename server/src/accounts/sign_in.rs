//! Signing in and out.

use api::{SignIn, User};
use axum::{
    Json,
    extract::State,
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use store::NewSession;

use super::{passwords, tokens};
use crate::{
    http::{
        ApiError, ApiJson, Caller,
        caller::{SESSION_COOKIE, SESSION_MAX_AGE_SECONDS},
    },
    state::AppState,
};

pub type SetCookie = (HeaderName, HeaderValue);

/// Sign in and receive a session cookie.
#[utoipa::path(post, path = "/auth/sign-in", tag = "Accounts", request_body = SignIn, responses((status = 200, body = User)), security(()))]
pub async fn sign_in(
    State(state): State<AppState>,
    headers: HeaderMap,
    ApiJson(given): ApiJson<SignIn>,
) -> Result<Response, ApiError> {
    let (user, cookie) = check(&state, &headers, given).await?;
    Ok(([cookie], Json(user)).into_response())
}

/// End this session.
#[utoipa::path(post, path = "/auth/sign-out", tag = "Accounts", responses((status = 204)))]
pub async fn sign_out(State(state): State<AppState>, caller: Caller) -> Result<Response, ApiError> {
    let cookie = close_session(&state, &caller).await?;
    Ok((StatusCode::NO_CONTENT, [cookie]).into_response())
}

/// Checks the password and opens a session.
pub async fn check(state: &AppState, headers: &HeaderMap, given: SignIn) -> Result<(User, SetCookie), ApiError> {
    state.sign_in_limit.check(&given.email).await?;
    let stored = state.store.user_by_email(given.email.trim()).await?;
    let (user, hash) = stored.map(|stored| (stored.user, stored.password_hash)).unzip();
    let right = passwords::verify(given.password, hash).await?;
    match user {
        Some(user) if right && !user.disabled => {
            let cookie = open_session(state, &user, headers).await?;
            Ok((user, cookie))
        }
        _ => Err(ApiError::new(
            StatusCode::UNAUTHORIZED,
            "wrong_credentials",
            "E-mail address or password is wrong",
            "The e-mail address or the password is wrong. Check both, or ask an administrator to reset your password.",
        )),
    }
}

pub async fn open_session(state: &AppState, user: &User, headers: &HeaderMap) -> Result<SetCookie, ApiError> {
    let token = tokens::random();
    let agent = headers
        .get(header::USER_AGENT)
        .and_then(|agent| agent.to_str().ok())
        .unwrap_or("unknown");
    let agent: String = agent.chars().take(200).collect();
    state
        .store
        .create_session(NewSession {
            user: user.id,
            token_hash: &tokens::hash(&token),
            user_agent: &agent,
        })
        .await?;
    session_cookie(state, &token, SESSION_MAX_AGE_SECONDS)
}

pub async fn close_session(state: &AppState, caller: &Caller) -> Result<SetCookie, ApiError> {
    state
        .store
        .delete_session(caller.user.id, caller.require_session()?)
        .await?;
    session_cookie(state, "", 0)
}

fn session_cookie(state: &AppState, token: &str, max_age: i64) -> Result<SetCookie, ApiError> {
    let secure = if state.config.secure_cookies { "; Secure" } else { "" };
    let cookie = format!("{SESSION_COOKIE}={token}; Path=/; HttpOnly; SameSite=Lax; Max-Age={max_age}{secure}");
    Ok((
        header::SET_COOKIE,
        HeaderValue::from_str(&cookie).map_err(ApiError::internal)?,
    ))
}
