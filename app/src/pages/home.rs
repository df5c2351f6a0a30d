//! The first question of a new conversation.

use api::{Asked, StartConversation};
use leptos::{prelude::*, task::spawn_local};
use leptos_meta::Title;
use leptos_router::hooks::{use_navigate, use_query_map};

use crate::{
    components::{Composer, FormProblem},
    layout::ConversationsChanged,
    transport,
};

#[component]
pub fn HomePage() -> impl IntoView {
    let query = use_query_map();
    let changed = expect_context::<ConversationsChanged>();
    let navigate = use_navigate();
    let busy = RwSignal::new(false);
    let problem = RwSignal::new(None);
    let ask = Callback::new(move |question: String| {
        let navigate = navigate.clone();
        busy.set(true);
        problem.set(None);
        spawn_local(async move {
            let start = StartConversation {
                question,
                assistant_id: None,
            };
            match transport::in_browser().post::<Asked>("/conversations", &start).await {
                Ok(asked) => {
                    changed.notify();
                    navigate(&format!("/conversations/{}", asked.conversation.id), Default::default());
                }
                Err(failure) => {
                    busy.set(false);
                    problem.set(Some(failure));
                }
            }
        });
    });

    view! {
        <Title text="Ask" />
        <div class="page home">
            <h1>"What do your documents say?"</h1>
            <p class="lead">
                "Ask in your own words. Every sentence of the answer names its source and opens it at the exact words."
            </p>
            <FormProblem code=Signal::derive(move || query.read().get("problem")) />
            <Composer on_ask=ask busy problem />
            <p class="hint">
                "Nothing to ask about yet? "<a href="/knowledge-bases">"Add documents to a knowledge base"</a>" first."
            </p>
        </div>
    }
}
