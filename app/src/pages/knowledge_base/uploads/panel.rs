//! Choosing files: by picker, dropped anywhere on the page, or pasted.

use api::KnowledgeBaseId;
use leptos::{ev, html, prelude::*};
use wasm_bindgen::JsCast;
use web_sys::{Element, File, FilePropertyBag};

use super::{from_url::FromUrl, progress::UploadProgress, sender::Uploads};
use crate::{
    components::{Icon, ProblemNote, Shape},
    drops::{listed, take_drops},
    plain_form::RefusedForm,
};

/// A plain form until the page reacts; from then on files are sent as soon as they are chosen.
#[component]
pub fn UploadPanel(knowledge_base: KnowledgeBaseId, refused: Option<RefusedForm>) -> impl IntoView {
    let uploads = expect_context::<Uploads>();
    let picker = NodeRef::<html::Input>::new();
    let add = move |files: Vec<File>| {
        if !files.is_empty() {
            uploads.add(knowledge_base, files);
        }
    };
    let take_chosen = move || {
        if let Some(input) = picker.get_untracked() {
            add(listed(input.files()));
            // The same file may be chosen again.
            input.set_value("");
        }
    };
    // Files may have been chosen before the page reacted.
    Effect::new(take_chosen);
    let is_dragging = RwSignal::new(false);
    take_drops(is_dragging, add);
    take_pasted(add);

    view! {
        <section class="upload" aria-labelledby="upload-title">
            <h2 id="upload-title">"Add documents"</h2>
            {refused.map(|refused| view! { <ProblemNote problem=refused.problem /> })}
            <form
                class="upload-form"
                action=format!("/forms/knowledge-bases/{knowledge_base}/documents")
                method="post"
                enctype="multipart/form-data"
                on:submit=move |event| {
                    event.prevent_default();
                    take_chosen();
                }
            >
                <Icon shape=Shape::Upload />
                <div>
                    <label for="files">"Files"</label>
                    <input
                        id="files"
                        type="file"
                        name="file"
                        multiple
                        required
                        node_ref=picker
                        aria-describedby="files-hint"
                        on:change=move |_| take_chosen()
                    />
                    <p class="hint" id="files-hint">
                        <span class="needs-script">"Or drop files and folders anywhere on this page, or paste them. "</span>
                        "PDF, Word, PowerPoint, Excel, OpenDocument, EPUB, web pages, Markdown, text, CSV, JSON, XML, email, source code."
                    </p>
                </div>
                <button type="submit" class="button primary needs-no-script">"Upload"</button>
            </form>
            <FromUrl knowledge_base />
            <UploadProgress knowledge_base />
        </section>
        <Show when=move || is_dragging.get()>
            <div class="drop-overlay" aria-hidden="true">
                <p>"Drop files and folders to add them"</p>
            </div>
        </Show>
    }
}

/// Gives pasted files, or pasted text as a file, to `add`, unless something is pasted into a field.
fn take_pasted(add: impl Fn(Vec<File>) + Copy + 'static) {
    Effect::new(move || {
        let paste = window_event_listener(ev::paste, move |event| {
            let target = event.target().and_then(|target| target.dyn_into::<Element>().ok());
            let into_field = target.is_some_and(|target| {
                target
                    .closest("input, textarea, dialog")
                    .is_ok_and(|field| field.is_some())
            });
            let Some(data) = event.clipboard_data().filter(|_| !into_field) else {
                return;
            };
            let mut files = listed(data.files());
            if files.is_empty()
                && let Some(text) = data.get_data("text/plain").ok().filter(|text| !text.trim().is_empty())
            {
                files.extend(text_file(&text));
            }
            if !files.is_empty() {
                event.prevent_default();
                add(files);
            }
        });
        on_cleanup(move || paste.remove());
    });
}

/// Text as a file that is named for when it was pasted.
fn text_file(text: &str) -> Option<File> {
    let now = js_sys::Date::new_0();
    let name = format!(
        "Pasted {}-{:02}-{:02} {:02}.{:02}.{:02}.txt",
        now.get_full_year(),
        now.get_month() + 1,
        now.get_date(),
        now.get_hours(),
        now.get_minutes(),
        now.get_seconds()
    );
    let options = FilePropertyBag::new();
    options.set_type("text/plain");
    let parts = js_sys::Array::of1(&text.into());
    // Making a file of a text is refused by no browser.
    File::new_with_str_sequence_and_options(&parts, &name, &options).ok()
}
