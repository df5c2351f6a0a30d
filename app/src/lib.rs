//! Hyperion's pages: rendered on the server, then taken over by the browser.

// The type of a view spells out every element in it.
#![recursion_limit = "512"]

mod app;
mod browser;
mod components;
mod format;
mod forms;
mod layout;
mod pages;
mod plain_form;
mod shell;
mod transport;

pub use app::App;
pub use plain_form::RefusedForm;
pub use shell::{Assets, shell};

/// Takes over the page that the server rendered; called by the script of [`shell`].
#[cfg(feature = "hydrate")]
#[wasm_bindgen::prelude::wasm_bindgen]
pub fn hydrate() {
    use leptos::prelude::*;

    console_error_panic_hook::set_once();
    leptos::mount::hydrate_body(|| {
        provide_context(transport::in_browser());
        view! { <App /> }
    });
    if let Some(page) = document().document_element() {
        // Tests and style sheets tell by it that the page reacts. An element always takes an attribute of this name.
        page.set_attribute("data-hydrated", "").ok();
    }
}
