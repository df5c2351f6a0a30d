//! A list with nothing in it yet.

use leptos::prelude::*;

/// Says what is not there, and how it comes to be there.
#[component]
pub fn Empty(title: &'static str, text: &'static str) -> impl IntoView {
    view! {
        <div class="empty">
            <p>
                <strong>{title}</strong>
            </p>
            <p>{text}</p>
        </div>
    }
}
