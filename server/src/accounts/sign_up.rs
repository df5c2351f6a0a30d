//! Creating one's own account.

use api::{SignUp, SignUpStatus, User};
use axum::{
    Json,
    extract::State,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
};
use store::{NewUser, StoreError};

use super::{passwords, sign_in};
use crate::{
    http::{ApiError, ApiJson},
    state::AppState,
};

/// Whether accounts can be created.
#[utoipa::path(get, path = "/auth/sign-up", tag = "Accounts", responses((status = 200, body = SignUpStatus)), security(()))]
pub async fn status(State(state): State<AppState>) -> Result<Json<SignUpStatus>, ApiError> {
    let first_account = !state.store.any_user_exists().await?;
    Ok(Json(SignUpStatus {
        open: state.config.sign_up || first_account,
        first_account,
    }))
}

/// Create an account and sign in.
#[utoipa::path(post, path = "/auth/sign-up", tag = "Accounts", request_body = SignUp, responses((status = 201, body = User)), security(()))]
pub async fn sign_up(
    State(state): State<AppState>,
    headers: HeaderMap,
    ApiJson(new): ApiJson<SignUp>,
) -> Result<Response, ApiError> {
    let (user, cookie) = create(&state, &headers, new).await?;
    Ok((StatusCode::CREATED, [cookie], Json(user)).into_response())
}

/// Creates the account and a session; the first account becomes admin.
pub async fn create(
    state: &AppState,
    headers: &HeaderMap,
    new: SignUp,
) -> Result<(User, sign_in::SetCookie), ApiError> {
    if !state.config.sign_up && state.store.any_user_exists().await? {
        return Err(ApiError::new(
            StatusCode::FORBIDDEN,
            "sign_up_closed",
            "Sign-up is closed",
            "This Hyperion takes no new accounts. Ask its administrator for one.",
        ));
    }
    state.sign_in_limit.check(&new.email).await?;
    let (email, name) = (check_email(&new.email)?, check_name(&new.name)?);
    passwords::check_strength(&new.password, &[&email, &name])?;
    let password_hash = passwords::hash(new.password).await?;
    let user = state
        .store
        .create_user(NewUser {
            email: &email,
            name: &name,
            password_hash: &password_hash,
            role: None,
        })
        .await
        .map_err(taken_email)?;
    let cookie = sign_in::open_session(state, &user, headers).await?;
    Ok((user, cookie))
}

/// The address is to blame when an account cannot be created for it.
pub fn taken_email(error: StoreError) -> ApiError {
    match error {
        StoreError::Taken(_) => ApiError::new(
            StatusCode::CONFLICT,
            "taken",
            "Already taken",
            "There is an account with this e-mail address already.",
        )
        .about_field("email"),
        other => other.into(),
    }
}

/// An e-mail address as far as its form tells: something on both sides of one `@`, no spaces.
pub fn check_email(email: &str) -> Result<String, ApiError> {
    let email = email.trim();
    let well_formed = email.len() <= 254
        && !email.chars().any(|c| c.is_whitespace() || c.is_control())
        && email
            .split_once('@')
            .is_some_and(|(user, host)| !user.is_empty() && !host.is_empty() && !host.contains('@'));
    if well_formed {
        Ok(email.to_owned())
    } else {
        Err(ApiError::invalid(
            "email",
            "Give an e-mail address like name@example.org.",
        ))
    }
}

/// A name that can be shown: 1 to 200 characters, no control characters.
pub fn check_name(name: &str) -> Result<String, ApiError> {
    let name = name.trim();
    if name.is_empty() || name.chars().count() > 200 || name.chars().any(char::is_control) {
        return Err(ApiError::invalid("name", "Give a name of 1 to 200 characters."));
    }
    Ok(name.to_owned())
}
