//! Questions and answers: conversations, and how an answer comes about.

mod answer;
mod completions;
mod conversations;
pub mod elsewhere;
mod export;
pub mod form;
mod grounding;
pub mod llm;
pub mod markdown;
mod messages;
mod retrieval;
pub mod running;

use utoipa_axum::{router::OpenApiRouter, routes};

use crate::state::AppState;

pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(conversations::list, conversations::start))
        .routes(routes!(
            conversations::get,
            conversations::update,
            conversations::delete
        ))
        .routes(routes!(conversations::ask))
        .routes(routes!(export::export))
        .routes(routes!(messages::regenerate))
        .routes(routes!(messages::stop))
        .routes(routes!(messages::feedback))
        .routes(routes!(messages::events))
        .routes(routes!(completions::models))
        .routes(routes!(completions::complete))
}
