//! A dialog over the page that is about one thing.

use leptos::{html, prelude::*};
use wasm_bindgen::JsCast;

/// Open while `subject` is something; closing it, also with Escape, empties `subject`. `body` is made anew each time, and
/// its first field or button gets the focus.
#[component]
pub fn Modal<T, B>(
    id: &'static str,
    subject: RwSignal<Option<T>>,
    title: fn(&T) -> String,
    #[prop(default = "modal")] class: &'static str,
    body: impl Fn(T) -> B + Send + Sync + 'static,
) -> AnyView
where
    T: Clone + Send + Sync + 'static,
    B: IntoView + 'static,
{
    let dialog = NodeRef::<html::Dialog>::new();
    Effect::new(move || {
        let Some(shown) = dialog.get() else { return };
        match (subject.read().is_some(), shown.open()) {
            // Refused only for a dialog that is not in the document, which this one is.
            (true, false) => {
                drop(shown.show_modal());
                request_animation_frame(move || focus_first(dialog));
            }
            (false, true) => shown.close(),
            _ => {}
        }
    });
    let title_id = format!("{id}-title");
    let labelled_by = title_id.clone();
    view! {
        <dialog id=id class=class node_ref=dialog aria-labelledby=labelled_by on:close=move |_| subject.set(None)>
            <h2 id=title_id>{move || subject.read().as_ref().map(title)}</h2>
            {move || subject.get().map(&body)}
        </dialog>
    }
    .into_any()
}

fn focus_first(dialog: NodeRef<html::Dialog>) {
    let first = dialog
        .get_untracked()
        .and_then(|dialog| {
            dialog
                .query_selector("input:not([hidden]), select, textarea, button")
                .ok()?
        })
        .and_then(|element| element.dyn_into::<web_sys::HtmlElement>().ok());
    if let Some(first) = first {
        // The dialog itself has the focus otherwise.
        let _ = first.focus();
    }
}
