//! A part of a page of settings.

use leptos::prelude::*;

/// A title and what it is about, with its fields or list beside them where there is room.
#[component]
pub fn Group(
    id: &'static str,
    title: &'static str,
    /// What one sets here and why, in a sentence.
    #[prop(optional)]
    about: Option<AnyView>,
    children: Children,
) -> impl IntoView {
    let title_id = format!("{id}-title");
    let labelled_by = title_id.clone();
    view! {
        <section class="group" aria-labelledby=labelled_by>
            <div class="group-head">
                <h2 id=title_id>{title}</h2>
                {about.map(|about| view! { <p class="hint">{about}</p> })}
            </div>
            <div class="group-body">{children()}</div>
        </section>
    }
}
