//! A form that asks the page for something else: a search, a filter, a page number.

use leptos::{ev::SubmitEvent, prelude::*};
use leptos_router::hooks::{use_location, use_navigate};
use web_sys::{FormData, HtmlFormElement, UrlSearchParams};

/// Its fields become the query of the page's own address, which the router follows without a reload.
///
/// The router's form adds the button that was pressed, even when that has no name, so that addresses end in `&=`.
#[component]
pub fn QueryForm(#[prop(optional)] id: Option<&'static str>, class: &'static str, children: Children) -> impl IntoView {
    let navigate = use_navigate();
    let path = use_location().pathname;
    let follow = move |event: SubmitEvent| {
        // A browser that cannot say what was entered sends the form itself.
        if let Ok(query) = query_of(&event_target(&event)) {
            event.prevent_default();
            navigate(&format!("{}?{query}", path.read_untracked()), Default::default());
        }
    };
    view! {
        <form method="get" id=id class=class on:submit=follow>
            {children()}
        </form>
    }
}

fn query_of(form: &HtmlFormElement) -> Result<String, wasm_bindgen::JsValue> {
    let entered = FormData::new_with_form(form)?;
    let query = UrlSearchParams::new_with_str_sequence_sequence(&entered)?;
    Ok(query.to_string().into())
}
