//! A dialog over the page that is about one thing.

use leptos::{html, prelude::*};

/// Open while `subject` is something; closing it, also with Escape, empties `subject`.
#[component]
pub fn Modal<T: Clone + Send + Sync + 'static>(
    id: &'static str,
    subject: RwSignal<Option<T>>,
    title: fn(&T) -> String,
    children: Children,
) -> AnyView {
    let dialog = NodeRef::<html::Dialog>::new();
    Effect::new(move || {
        let Some(dialog) = dialog.get() else { return };
        match (subject.read().is_some(), dialog.open()) {
            // Refused only for a dialog that is not in the document, which this one is.
            (true, false) => drop(dialog.show_modal()),
            (false, true) => dialog.close(),
            _ => {}
        }
    });
    let title_id = format!("{id}-title");
    let labelled_by = title_id.clone();
    view! {
        <dialog id=id class="modal" node_ref=dialog aria-labelledby=labelled_by on:close=move |_| subject.set(None)>
            <h2 id=title_id>{move || subject.read().as_ref().map(title)}</h2>
            {children()}
        </dialog>
    }
    .into_any()
}
