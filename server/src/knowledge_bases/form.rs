//! Making a knowledge base from a plain form, without JavaScript.

use api::CreateKnowledgeBase;
use axum::{
    Form,
    extract::State,
    response::{IntoResponse, Redirect, Response},
};

use crate::{
    accounts::sign_up::check_name,
    http::{ApiError, Caller},
    site::Refused,
    state::AppState,
};

/// Makes it and shows it.
pub async fn create(State(state): State<AppState>, caller: Caller, Form(new): Form<CreateKnowledgeBase>) -> Response {
    let typed = [("name", new.name.as_str()), ("description", new.description.as_str())];
    let refused = |error| Refused::new("/knowledge-bases", "new-knowledge-base", &typed, error).into_response();
    let name = match check_name(&new.name) {
        Ok(name) => name,
        Err(error) => return refused(error),
    };
    let checked = CreateKnowledgeBase {
        name,
        description: new.description.clone(),
    };
    match state.store.create_knowledge_base(caller.user.id, &checked).await {
        Ok(created) => Redirect::to(&format!("/knowledge-bases/{}", created.id)).into_response(),
        Err(error) => refused(ApiError::from(error)),
    }
}
