//! Addresses at which there is nothing.

use leptos::prelude::*;
use leptos_meta::Title;

use crate::components::Brand;

#[component]
pub fn NotFound() -> impl IntoView {
    view! {
        <Title text="Page not found" />
        <div class="lost">
            <header>
                <Brand for_visitors=true />
            </header>
            <main id="main">
                <h1>"There is no page at this address"</h1>
                <p>"It may have been deleted, or the address may be mistyped."</p>
                <p>
                    <a class="button" href="/" rel="external">
                        "Go to your questions"
                    </a>
                </p>
            </main>
        </div>
    }
}
