//! Users: signing in, their sessions, keys and settings, and their administration.

pub mod api_keys;
pub mod forms;
pub mod me;
pub mod passwords;
pub mod sign_in;
pub mod sign_in_limit;
pub mod sign_up;
pub mod tokens;
pub mod users;

use utoipa_axum::{router::OpenApiRouter, routes};

use crate::state::AppState;

pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(sign_up::status, sign_up::sign_up))
        .routes(routes!(sign_in::sign_in))
        .routes(routes!(sign_in::sign_out))
        .routes(routes!(me::get, me::update))
        .routes(routes!(me::change_password))
        .routes(routes!(me::sessions, me::revoke_other_sessions))
        .routes(routes!(me::revoke_session))
        .routes(routes!(api_keys::list, api_keys::create))
        .routes(routes!(api_keys::delete))
        .routes(routes!(users::list, users::create))
        .routes(routes!(users::update, users::delete))
}
