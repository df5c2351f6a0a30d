//! Hyperion's pages: rendered on the server, then taken over by the browser.

// The type of a view spells out every element in it.
#![recursion_limit = "512"]

mod app;
mod browser;
mod components;
mod drops;
mod format;
mod forms;
mod layout;
mod pages;
mod plain_form;
mod query;
mod reports;
mod shell;
mod transport;

pub use app::App;
pub use plain_form::RefusedForm;
pub use reports::{constant_message, route, source_file};
pub use shell::{AppFiles, Assets, ErrorReports, shell};

/// Takes over the page that the server rendered; called by the script of [`shell`].
#[cfg(feature = "hydrate")]
#[wasm_bindgen::prelude::wasm_bindgen]
pub fn hydrate() {
    use leptos::prelude::*;

    reports::listen();
    std::panic::set_hook(Box::new(|panic| {
        console_error_panic_hook::hook(panic);
        reports::panicked(panic);
        mark_page("data-stopped");
    }));
    leptos::mount::hydrate_body(|| {
        provide_context(transport::in_browser());
        view! { <App /> }
    });
    mark_page("data-hydrated");
}

/// Tells style sheets and tests how the page is.
#[cfg(feature = "hydrate")]
fn mark_page(state: &str) {
    if let Some(page) = leptos::prelude::document().document_element() {
        // An element always takes an attribute of such a name.
        page.set_attribute(state, "").ok();
    }
}
