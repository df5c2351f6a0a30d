//! Uploading from a plain form, without JavaScript.

use api::{Access, FieldProblem, KnowledgeBaseId, Problem, Upload};
use axum::{
    extract::{Multipart, Path, State},
    response::{IntoResponse, Redirect, Response},
};

use super::upload::take_files;
use crate::{
    http::{ApiError, Caller},
    site::Refused,
    state::AppState,
};

/// Takes the files and shows the knowledge base; files that were not taken are named there.
pub async fn upload(
    State(state): State<AppState>,
    caller: Caller,
    Path(knowledge_base): Path<KnowledgeBaseId>,
    mut form: Multipart,
) -> Response {
    let page = format!("/knowledge-bases/{knowledge_base}");
    let allowed = state
        .store
        .require_access(caller.user.id, knowledge_base, Access::Editor);
    if let Err(error) = allowed.await {
        return ApiError::from(error).into_response();
    }
    let refused = match take_files(&state, &caller, knowledge_base, &mut form).await {
        Ok(uploads) => {
            let fields: Vec<FieldProblem> = uploads.files.into_iter().filter_map(not_taken).collect();
            if fields.is_empty() {
                return Redirect::to(&page).into_response();
            }
            let mut problem = Problem::new(422, "some_not_taken", "Some files were not taken")
                .with_detail("These files were not taken; all others were.");
            problem.fields = fields;
            ApiError(problem)
        }
        // The API's own words are about forms made by programs.
        Err(error) if error.0.fields.iter().any(|field| field.field == "file") => {
            ApiError::invalid("file", "No file was chosen. Choose one or more, then upload them.")
        }
        Err(error) => error,
    };
    Refused::new(page, "upload", &[], refused).into_response()
}

fn not_taken(upload: Upload) -> Option<FieldProblem> {
    let message = match upload {
        Upload::Accepted { .. } => return None,
        Upload::Duplicate { name, document } => {
            format!("{name} is in this knowledge base already, as {}.", document.name)
        }
        Upload::Refused { problem, .. } => problem.message().to_owned(),
    };
    Some(FieldProblem {
        field: "file".to_owned(),
        message,
    })
}
