//! The first question of a new conversation.

use api::{Asked, Assistant, AssistantId, Client, KnowledgeBase, Page, Problem, StartConversation};
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_navigate;

use super::{documents::DocumentsAtHand, drop_zone::DropZone};
use crate::{
    components::{Composer, ConversationChanges, ProblemNote},
    transport,
};

#[component]
pub fn HomePage() -> impl IntoView {
    let changes = expect_context::<ConversationChanges>();
    let navigate = use_navigate();
    let assistant = RwSignal::new(None::<AssistantId>);
    let assistants = Resource::new_blocking(
        || (),
        |()| async { expect_context::<Client>().get::<Vec<Assistant>>("/assistants").await },
    );
    let knowledge_bases = Resource::new_blocking(
        || (),
        |()| async {
            let client = expect_context::<Client>();
            client.get::<Page<KnowledgeBase>>("/knowledge-bases?limit=200").await
        },
    );
    let ask = move |question| {
        let navigate = navigate.clone();
        let start = StartConversation {
            question,
            assistant_id: assistant.get_untracked(),
            knowledge_base_ids: Vec::new(),
        };
        async move {
            let asked: Asked = transport::in_browser().post("/conversations", &start).await?;
            let path = format!("/conversations/{}", asked.conversation.id);
            changes.saved(asked.conversation);
            navigate(&path, Default::default());
            Ok::<_, Problem>(())
        }
    };

    view! {
        <Title text="Ask" />
        <div class="wide home">
            <h1>"What do your documents say?"</h1>
            <Composer ask label="Ask a question" placeholder="Ask in your own words">
                <Suspense>
                    {move || Suspend::new(async move {
                        match assistants.await {
                            Ok(assistants) => view! { <AssistantChoice assistants chosen=assistant /> }.into_any(),
                            Err(problem) => view! { <ProblemNote problem /> }.into_any(),
                        }
                    })}
                </Suspense>
            </Composer>
            <Suspense>
                {move || Suspend::new(async move {
                    match knowledge_bases.await {
                        Ok(page) => {
                            let knowledge_bases = page.items;
                            view! {
                                <DocumentsAtHand knowledge_bases=knowledge_bases.clone() />
                                <DropZone knowledge_bases />
                            }
                                .into_any()
                        }
                        Err(problem) => view! { <ProblemNote problem /> }.into_any(),
                    }
                })}
            </Suspense>
        </div>
    }
}

/// Which assistant answers; there is nothing to choose while there is only one.
#[component]
fn AssistantChoice(assistants: Vec<Assistant>, chosen: RwSignal<Option<AssistantId>>) -> impl IntoView {
    (assistants.len() > 1).then(|| {
        let options = assistants
            .into_iter()
            .map(|assistant| view! { <option value=assistant.id.to_string()>{assistant.settings.name}</option> })
            .collect_view();
        view! {
            <label class="assistant-choice">
                "Assistant "
                <select
                    class="small"
                    name="assistant_id"
                    autocomplete="off"
                    on:change=move |event| chosen.set(event_target_value(&event).parse().ok())
                >
                    {options}
                </select>
            </label>
        }
    })
}
