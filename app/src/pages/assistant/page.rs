//! Loading an assistant and what its settings may refer to.

use api::{Assistant, AssistantVersion, Client, Connection, KnowledgeBase, Problem};
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_params_map;

use super::{all_knowledge_bases, editor::Editor};
use crate::components::{Loading, ProblemNote};

/// Everything the page shows.
#[derive(Clone, serde::Serialize, serde::Deserialize)]
pub(super) struct Loaded {
    pub assistant: Assistant,
    /// Whether it answers where no assistant is named.
    pub is_default: bool,
    /// Newest first.
    pub versions: Vec<AssistantVersion>,
    pub knowledge_bases: Vec<KnowledgeBase>,
    pub connections: Vec<Connection>,
}

#[component]
pub fn AssistantPage() -> impl IntoView {
    let params = use_params_map();
    let id = Memo::new(move |_| params.read().get("id").unwrap_or_default());
    let loaded = Resource::new_blocking(move || id.get(), load);
    view! {
        <Transition fallback=|| view! { <Loading /> }>
            {move || Suspend::new(async move {
                match loaded.await {
                    Err(problem) => {
                        view! {
                            <Title text="Assistant" />
                            <header class="page-header">
                                <h1>"Assistant"</h1>
                            </header>
                            <ProblemNote problem />
                            <p>
                                <a href="/assistants">"Go to your assistants"</a>
                            </p>
                        }
                            .into_any()
                    }
                    Ok(loaded) => view! { <Editor loaded /> }.into_any(),
                }
            })}
        </Transition>
    }
}

async fn load(id: String) -> Result<Loaded, Problem> {
    let client = expect_context::<Client>();
    let path = format!("/assistants/{id}");
    let assistant: Assistant = client.get(&path).await?;
    let assistants: Vec<Assistant> = client.get("/assistants").await?;
    Ok(Loaded {
        is_default: assistants.first().is_some_and(|first| first.id == assistant.id),
        assistant,
        versions: client.get(&format!("{path}/versions")).await?,
        knowledge_bases: all_knowledge_bases(&client).await?,
        connections: client.get("/connections").await?,
    })
}
