//! The product's name with its mark.

use leptos::prelude::*;

/// A link home. The mark is a page of text in which one line is quoted.
///
/// On pages for visitors the server decides what home is, so the browser has to ask it.
#[component]
pub fn Brand(#[prop(optional)] for_visitors: bool) -> impl IntoView {
    view! {
        <a class="brand" href="/" rel=for_visitors.then_some("external")>
            <svg class="brand-mark" viewBox="0 0 20 20" aria-hidden="true" focusable="false">
                <path class="brand-lines" d="M4.5 3v14M15.5 3v14" />
                <path class="brand-quote" d="M4.5 10h11" />
            </svg>
            "Hyperion"
        </a>
    }
}
