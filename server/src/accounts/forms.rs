//! Signing in, up and out from plain forms, without JavaScript.

use api::{SignIn, SignUp};
use axum::{
    Form,
    extract::State,
    http::HeaderMap,
    response::{IntoResponse, Redirect, Response},
};
use serde::Deserialize;

use super::{sign_in, sign_up};
use crate::{
    http::{ApiError, Caller},
    site::{Refused, is_own_path},
    state::AppState,
};

#[derive(Deserialize)]
pub struct SignInForm {
    email: String,
    password: String,
    /// The page to go on to.
    #[serde(default)]
    next: String,
}

#[derive(Deserialize)]
pub struct SignUpForm {
    name: String,
    email: String,
    password: String,
    #[serde(default)]
    next: String,
}

pub async fn sign_in(State(state): State<AppState>, headers: HeaderMap, Form(form): Form<SignInForm>) -> Response {
    let SignInForm { email, password, next } = form;
    let given = SignIn {
        email: email.clone(),
        password,
    };
    match sign_in::check(&state, &headers, given).await {
        Ok((_, cookie)) => ([cookie], go_on(&next)).into_response(),
        Err(error) => Refused::new(page("/sign-in", &next), "sign-in", &[("email", &email)], error).into_response(),
    }
}

pub async fn sign_up(State(state): State<AppState>, headers: HeaderMap, Form(form): Form<SignUpForm>) -> Response {
    let SignUpForm {
        name,
        email,
        password,
        next,
    } = form;
    let new = SignUp {
        email: email.clone(),
        name: name.clone(),
        password,
    };
    match sign_up::create(&state, &headers, new).await {
        Ok((_, cookie)) => ([cookie], go_on(&next)).into_response(),
        Err(error) => {
            let typed = [("name", name.as_str()), ("email", email.as_str())];
            Refused::new(page("/sign-up", &next), "sign-up", &typed, error).into_response()
        }
    }
}

pub async fn sign_out(State(state): State<AppState>, caller: Caller) -> Result<Response, ApiError> {
    let cookie = sign_in::close_session(&state, &caller).await?;
    Ok(([cookie], Redirect::to("/sign-in")).into_response())
}

fn go_on(next: &str) -> Redirect {
    Redirect::to(if is_own_path(next) { next } else { "/" })
}

/// The form's page, which still knows where to go on to.
fn page(path: &str, next: &str) -> String {
    if !is_own_path(next) {
        return path.to_owned();
    }
    let next: String = url::form_urlencoded::byte_serialize(next.as_bytes()).collect();
    format!("{path}?next={next}")
}
