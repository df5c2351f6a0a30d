//! What surrounds the pages for visitors who are not signed in.

use leptos::prelude::*;

use crate::components::Brand;

/// One thing to do, beside an example of what Hyperion does.
#[component]
pub fn Entrance(children: Children) -> impl IntoView {
    view! {
        <div class="entrance">
            <header class="entrance-side">
                <Brand for_visitors=true />
                <div
                    class="specimen"
                    role="img"
                    aria-label="An example: a question, an answer whose sentences carry numbers, and the page of a contract with the quoted words highlighted."
                >
                    <div aria-hidden="true">
                        <p class="specimen-question">"How long is the warranty?"</p>
                        <p class="specimen-answer">
                            "It runs for 24 months from delivery"<span class="specimen-number">"1"</span>
                            " and a repair does not prolong it"<span class="specimen-number">"2"</span>"."
                        </p>
                        <div class="specimen-source">
                            <p class="specimen-name"><span class="specimen-number">"1"</span>"Terms of sale.pdf, page 4"</p>
                            <p>
                                "§ 9 The seller warrants the goods for a period of "
                                <mark>"24 months from the date of delivery"</mark>
                                ". Defects are to be notified in writing without delay."
                            </p>
                        </div>
                    </div>
                </div>
                <p class="entrance-promise">"Ask your own documents. Every answer shows where it comes from."</p>
            </header>
            <main id="main" class="entrance-main">
                <div class="entrance-form">{children()}</div>
            </main>
        </div>
    }
}
