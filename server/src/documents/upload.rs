//! Files sent with a form.

use api::{Access, KnowledgeBaseId, Problem, Upload, Uploads};
use axum::{
    Json,
    extract::{DefaultBodyLimit, Multipart, Path, State},
    http::{HeaderMap, StatusCode},
};
use futures::TryStreamExt;

use super::{
    idempotency::once,
    intake::{Incoming, take_in},
    name::safe_name,
};
use crate::{
    http::{ApiError, Caller},
    state::AppState,
};

/// Files in one request; more are refused, so that a request ends.
const MOST_FILES: usize = 1000;

/// Upload files: every part of the form that has a file name. From the 202 on they are never lost.
///
/// The answer says of each file what became of it. With an `Idempotency-Key`, a repeated request returns what the first
/// one returned.
#[utoipa::path(post, path = "/knowledge-bases/{id}/documents", tag = "Documents", params(("id" = uuid::Uuid, Path)),
    request_body(content_type = "multipart/form-data", content = String), responses((status = 202, body = Uploads)))]
pub async fn upload(
    State(state): State<AppState>,
    caller: Caller,
    Path(knowledge_base): Path<KnowledgeBaseId>,
    headers: HeaderMap,
    mut form: Multipart,
) -> Result<(StatusCode, Json<Uploads>), ApiError> {
    state
        .store
        .require_access(caller.user.id, knowledge_base, Access::Editor)
        .await?;
    let taking = take_files(&state, &caller, knowledge_base, &mut form);
    let uploads = once(&state, caller.user.id, knowledge_base, &headers, taking).await;
    // Many clients hear no answer before they have sent everything.
    while let Ok(Some(_)) = form.next_field().await {}
    Ok((StatusCode::ACCEPTED, Json(uploads?)))
}

/// Takes every file of the form.
///
/// # Errors
/// Also when nothing could be taken because the server has no room for it.
pub async fn take_files(
    state: &AppState,
    caller: &Caller,
    knowledge_base: KnowledgeBaseId,
    form: &mut Multipart,
) -> Result<Uploads, ApiError> {
    let mut files = Vec::new();
    while let Some(field) = form.next_field().await.map_err(unreadable)? {
        // Browsers send a part with an empty name when no file was chosen.
        let Some(name) = field.file_name().filter(|name| !name.is_empty()).map(safe_name) else {
            continue;
        };
        if files.len() >= MOST_FILES {
            let problem = Problem::new(422, "too_many_files", "Too many files").with_detail(format!(
                "Only the first {MOST_FILES} files of a request are taken: send the rest in another."
            ));
            files.push(Upload::Refused { name, problem });
            continue;
        }
        let file = Incoming {
            name: &name,
            source_url: None,
        };
        files.push(take_in(state, caller.user.id, knowledge_base, file, field.map_err(unreadable)).await?);
    }
    if files.is_empty() {
        return Err(ApiError::invalid(
            "file",
            "The request holds no file: send a multipart form with a file in each part named `file`.",
        ));
    }
    uploaded(files)
}

/// What became of the files, or the server's own problem when that is why none was taken.
pub fn uploaded(files: Vec<Upload>) -> Result<Uploads, ApiError> {
    let server_problem = |file: &Upload| match file {
        Upload::Refused { problem, .. } if problem.status >= 500 => Some(problem.clone()),
        _ => None,
    };
    let problems: Option<Vec<Problem>> = files.iter().map(server_problem).collect();
    match problems.unwrap_or_default().into_iter().next() {
        Some(problem) => Err(ApiError(problem)),
        None => Ok(Uploads { files }),
    }
}

/// The whole request may be larger than one file, but must end somewhere.
pub fn body_limit(max_upload_mib: u64) -> DefaultBodyLimit {
    DefaultBodyLimit::max(usize::try_from(max_upload_mib.saturating_mul(10) << 20).unwrap_or(usize::MAX))
}

fn unreadable(error: axum::extract::multipart::MultipartError) -> ApiError {
    let detail = match error.status() {
        StatusCode::PAYLOAD_TOO_LARGE => {
            "The files of one request are too large together: send fewer at a time.".to_owned()
        }
        _ => format!(
            "The form ended too early or is not valid ({}). Send it again; if a file's name holds control characters, rename it.",
            error.body_text()
        ),
    };
    ApiError::new(error.status(), "invalid_upload", "The upload could not be read", detail)
}
