//! Adding what stands at a web address.

use api::{KnowledgeBaseId, Problem, Upload, UploadFromUrl, Uploads};
use leptos::prelude::*;

use crate::{
    forms::{ApiForm, Done, SubmitButton, TextField, refusal},
    transport,
};

#[component]
pub fn FromUrl(knowledge_base: KnowledgeBaseId) -> impl IntoView {
    let url = RwSignal::new(String::new());
    let told = RwSignal::new(None::<String>);
    let fetch = Action::new(move |url_given: &String| {
        let body = UploadFromUrl {
            url: url_given.trim().to_owned(),
        };
        async move {
            told.set(None);
            let path = format!("/knowledge-bases/{knowledge_base}/documents/from-url");
            let uploads: Uploads = transport::in_browser().post(&path, &body).await?;
            for upload in uploads.files {
                match upload {
                    Upload::Accepted { document } => told.set(Some(format!("Added {}.", document.name))),
                    Upload::Duplicate { document, .. } => {
                        told.set(Some(format!(
                            "Not added: it is the same as {}, which is already here.",
                            document.name
                        )));
                    }
                    Upload::Refused { problem, .. } => return Err(problem),
                }
            }
            url.set(String::new());
            Ok::<_, Problem>(())
        }
    });
    view! {
        <details class="disclosure">
            <summary>"Add from a web address"</summary>
            <ApiForm
                id="from-url"
                problem=refusal(fetch)
                on_submit=move || {
                    fetch.dispatch(url.get_untracked());
                }
            >
                <TextField
                    name="url"
                    label="Web address"
                    kind="url"
                    value=url
                    required=true
                    max_length=2000
                    hint="The page or file at this address is fetched once, as it is now."
                />
                <div class="actions">
                    <SubmitButton label="Fetch" pending=fetch.pending() class="button" />
                    <Done text=told />
                </div>
            </ApiForm>
        </details>
    }
}
