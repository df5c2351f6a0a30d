//! How far a document is.

use api::{Document, DocumentStatus, Stage};
use leptos::prelude::*;

/// Stage and progress while it is read; why and what to do when it failed.
#[component]
pub fn DocumentState(document: Memo<Document>) -> impl IntoView {
    let state = move || {
        let document = document.get();
        match document.status {
            DocumentStatus::Queued => view! { <span class="state">"Waiting to be read"</span> }.into_any(),
            DocumentStatus::Processing => {
                let doing = stage(document.stage);
                view! {
                    <span class="state">{doing}</span>
                    <progress max="1" value=document.progress aria-label=format!("{}: {doing}", document.name)></progress>
                }
                    .into_any()
            }
            DocumentStatus::Ready => view! { <span class="state ready">"Ready"</span> }.into_any(),
            DocumentStatus::Cancelled => view! { <span class="state">"Cancelled"</span> }.into_any(),
            DocumentStatus::Failed => {
                let reason = document.error.map(|error| {
                    view! {
                        <span class="state-reason">{error.message} " " {error.remedy}</span>
                    }
                });
                view! {
                    <span class="state failed">"Failed"</span>
                    {reason}
                }
                .into_any()
            }
        }
    };
    view! { <div class="document-state">{state}</div> }
}

fn stage(stage: Option<Stage>) -> &'static str {
    match stage {
        Some(Stage::Extract) | None => "Reading the text",
        Some(Stage::Split) => "Finding passages",
        Some(Stage::Embed) => "Understanding passages",
        Some(Stage::Index) => "Making it searchable",
    }
}
