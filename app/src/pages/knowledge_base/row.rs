//! One document of the table.

use api::{Document, DocumentStatus};
use leptos::prelude::*;

use crate::{components::DocumentState, format, forms::ready};

/// `ask_for` takes `retry` or `cancel`.
#[component]
pub fn DocumentRow(
    document: Memo<Document>,
    may_edit: bool,
    ask_for: Callback<(Document, &'static str)>,
    deleting: RwSignal<Option<Document>>,
) -> impl IntoView {
    let ready = ready();
    let Document { id, name, size, .. } = document.get_untracked();
    let original = format!("/api/v1/documents/{id}/original");
    let [download_label, delete_label] = ["Download", "Delete"].map(|verb| format!("{verb} {name}"));
    let (cancel_label, retry_label) = (format!("Cancel reading {name}"), format!("Read {name} again"));
    let status = Memo::new(move |_| document.read().status);
    let pages = move || {
        let pages = document.read().pages;
        (pages > 0).then_some(pages)
    };
    let can_retry = move || may_edit && matches!(status.get(), DocumentStatus::Failed | DocumentStatus::Cancelled);
    let can_cancel = move || may_edit && status.get().is_underway();
    view! {
        <tr role="row">
            <th role="rowheader" scope="row" class="document-name">
                <a href=format!("/documents/{id}")>{name}</a>
            </th>
            <td role="cell">
                {move || document.with(|document| format::file_type(&document.media_type, &document.name))}
            </td>
            <td role="cell" class="number">
                {format::size(size)}
            </td>
            <td role="cell" class="number" data-label="Pages">
                {pages}
            </td>
            <td role="cell" class="document-state-cell">
                <DocumentState document />
            </td>
            <td role="cell">
                <div class="actions">
                    <Show when=can_cancel>
                        <button
                            type="button"
                            class="button small"
                            aria-label=cancel_label.clone()
                            disabled=move || !ready.get()
                            on:click=move |_| ask_for.run((document.get_untracked(), "cancel"))
                        >
                            "Cancel"
                        </button>
                    </Show>
                    <Show when=can_retry>
                        <button
                            type="button"
                            class="button small"
                            aria-label=retry_label.clone()
                            disabled=move || !ready.get()
                            on:click=move |_| ask_for.run((document.get_untracked(), "retry"))
                        >
                            "Try again"
                        </button>
                    </Show>
                    <a class="button small quiet" href=original download rel="external" aria-label=download_label>
                        "Download"
                    </a>
                    {may_edit
                        .then(|| {
                            view! {
                                <button
                                    type="button"
                                    class="button small quiet danger"
                                    aria-label=delete_label
                                    disabled=move || !ready.get()
                                    on:click=move |_| deleting.set(Some(document.get_untracked()))
                                >
                                    "Delete"
                                </button>
                            }
                        })}
                </div>
            </td>
        </tr>
    }
    .into_any()
}
