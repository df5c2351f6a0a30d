//! A conversation as a file, with its sources.

use std::fmt::Write;

use api::{Author, ConversationId, ConversationTree};
use axum::{
    extract::{Path, Query, State},
    http::header,
    response::{IntoResponse, Response},
};
use engine::grounding::UNSUPPORTED;
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use super::conversations::with_html;
use crate::{
    http::{ApiError, Caller},
    state::AppState,
};

#[derive(Debug, Clone, Copy, Default, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Format {
    /// The branch that is shown, with its sources below each answer.
    #[default]
    Markdown,
    /// Every message of every branch.
    Json,
}

#[derive(Deserialize, IntoParams)]
pub struct ExportQuery {
    #[serde(default)]
    #[param(inline)]
    format: Format,
}

/// Download a conversation.
#[utoipa::path(get, path = "/conversations/{id}/export", tag = "Conversations", params(("id" = uuid::Uuid, Path), ExportQuery),
    responses((status = 200, description = "The conversation as Markdown or JSON")))]
pub async fn export(
    State(state): State<AppState>,
    caller: Caller,
    Path(id): Path<ConversationId>,
    Query(query): Query<ExportQuery>,
) -> Result<Response, ApiError> {
    let mut tree = state.store.conversation_tree(caller.user.id, id).await?;
    let (media_type, extension, text) = match query.format {
        Format::Markdown => ("text/markdown; charset=utf-8", "md", markdown(&tree)),
        Format::Json => {
            tree.messages = tree.messages.into_iter().map(with_html).collect();
            let json = serde_json::to_string_pretty(&tree).map_err(ApiError::internal)?;
            ("application/json", "json", json)
        }
    };
    let disposition = format!("attachment; filename=\"conversation-{id}.{extension}\"");
    let headers = [
        (header::CONTENT_TYPE, media_type.to_owned()),
        (header::CONTENT_DISPOSITION, disposition),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff".to_owned()),
    ];
    Ok((headers, text).into_response())
}

fn markdown(tree: &ConversationTree) -> String {
    let mut text = format!("# {}\n", tree.conversation.title);
    for message in tree.active_branch() {
        let heading = match message.author {
            Author::User => "Question",
            Author::Assistant => "Answer",
        };
        let mut section = format!("\n## {heading}\n\n{}\n", message.content.trim_end());
        if message.content.contains(UNSUPPORTED) {
            writeln!(section, "\n{UNSUPPORTED} No passage supports this sentence.")
                .expect("writing to a string does not fail");
        }
        if !message.citations.is_empty() {
            section.push_str("\n### Sources\n\n");
        }
        for citation in &message.citations {
            let quote = citation.quote.split_whitespace().collect::<Vec<_>>().join(" ");
            writeln!(
                section,
                "- [{}] {}, page {}: “{quote}”",
                citation.number, citation.document_name, citation.page
            )
            .expect("writing to a string does not fail");
        }
        text.push_str(&section);
    }
    text
}
