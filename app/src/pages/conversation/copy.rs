//! Taking an answer elsewhere.

use api::Message;
use leptos::{prelude::*, task::spawn_local};

use super::{sources, thread::Thread};
use crate::{
    browser,
    components::{Icon, Shape},
};

#[component]
pub fn CopyButton(answer: Memo<Message>) -> impl IntoView {
    let thread = expect_context::<Thread>();
    let label = RwSignal::new("Copy");
    let copy = move |_| {
        let text = answer.with_untracked(with_sources);
        spawn_local(async move {
            if browser::copy(&text).await {
                label.set("Copied");
                thread.say("Answer copied");
            } else {
                label.set("Select the text to copy it");
                thread.say("The browser does not let the page copy. Select the text and copy it.");
            }
        });
    };
    view! {
        <button type="button" class="button small quiet" on:click=copy>
            <Icon shape=Shape::Copy />
            {label}
        </button>
    }
}

/// The answer's Markdown with its sources below.
fn with_sources(answer: &Message) -> String {
    let mut text = answer.content.trim_end().to_owned();
    if !answer.citations.is_empty() {
        text.push_str("\n\nSources:\n");
    }
    for citation in &answer.citations {
        let location = sources::location(citation);
        text.push_str(&format!(
            "[{}] {}, {location}\n",
            citation.number, citation.document_name
        ));
    }
    text
}
