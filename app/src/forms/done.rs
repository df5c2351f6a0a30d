//! Saying that something was done.

use leptos::prelude::*;

/// Says `text` while it is something, also to screen readers.
#[component]
pub fn Done(#[prop(into)] text: Signal<Option<String>>) -> impl IntoView {
    view! {
        <p class="done" role="status">
            {text}
        </p>
    }
}
