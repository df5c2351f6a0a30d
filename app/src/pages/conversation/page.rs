//! Loading a conversation and laying it out.

use api::{Assistant, Author, Client, ConversationTree, Problem};
use leptos::{context::Provider, prelude::*};
use leptos_meta::Title;
use leptos_router::hooks::use_params_map;

use super::{
    answer::Answer,
    citation_card::{CitationCard, Citations},
    question::Question,
    scroll,
    thread::Thread,
};
use crate::{
    components::{Composer, ConversationChanges, Loading, ProblemNote},
    format,
};

/// Everything the page shows.
#[derive(Clone, serde::Serialize, serde::Deserialize)]
struct Loaded {
    tree: ConversationTree,
    /// None when it was deleted.
    assistant: Option<String>,
}

#[component]
pub fn ConversationPage() -> impl IntoView {
    let params = use_params_map();
    let id = Memo::new(move |_| params.read().get("id").unwrap_or_default());
    let loaded = Resource::new_blocking(move || id.get(), load);
    view! {
        <Transition fallback=|| view! { <Loading /> }>
            {move || Suspend::new(async move {
                match loaded.await {
                    Ok(loaded) => view! { <Conversation loaded /> }.into_any(),
                    Err(problem) => view! { <NotShown problem /> }.into_any(),
                }
            })}
        </Transition>
    }
}

async fn load(id: String) -> Result<Loaded, Problem> {
    let client = expect_context::<Client>();
    let tree: ConversationTree = client.get(&format!("/conversations/{id}")).await?;
    let path = format!("/assistants/{}", tree.conversation.assistant_id);
    let assistant = match client.get::<Assistant>(&path).await {
        Ok(assistant) => Some(assistant.settings.name),
        Err(problem) if problem.status == 404 => None,
        Err(problem) => return Err(problem),
    };
    Ok(Loaded { tree, assistant })
}

#[component]
fn NotShown(problem: Problem) -> impl IntoView {
    view! {
        <Title text="Conversation" />
        <div class="wide conversation">
            <h1>"This conversation cannot be shown"</h1>
            <ProblemNote problem />
            <p>
                <a href="/">"Ask a new question"</a>
            </p>
        </div>
    }
}

#[component]
fn Conversation(loaded: Loaded) -> impl IntoView {
    let Loaded { tree, assistant } = loaded;
    let id = tree.conversation.id;
    let began = format::moment(tree.conversation.created_at);
    let assistant_page = format!("/assistants/{}", tree.conversation.assistant_id);
    let can_ask = assistant.is_some();
    let thread = Thread::new(tree, assistant.clone(), expect_context::<ConversationChanges>());
    let citations = Citations::new();
    let title = move || thread.title();
    let ask = move |question| async move {
        let parent = thread.last().map(|message| message.id);
        scroll::to_end();
        thread.ask(question, parent).await
    };
    let stop = Signal::derive(move || thread.answering().map(|id| Callback::new(move |()| thread.stop(id))));
    scroll::begin_at_the_last_question(thread);

    view! {
        <Title text=title />
        <Provider value=thread>
            <Provider value=citations>
                <div class="wide conversation">
                    <header class="conversation-head">
                        // A title that is the first question would be read twice.
                        <h1 class:visually-hidden=move || thread.is_titled_by_its_question()>{title}</h1>
                        <p class="hint">
                            {match assistant {
                                Some(name) => {
                                    view! {
                                        "With "
                                        <a href=assistant_page>{name}</a>
                                        ", "
                                    }
                                        .into_any()
                                }
                                None => ().into_any(),
                            }} "begun " {began} " UTC"
                        </p>
                    </header>
                    <For each=move || thread.branch() key=|message| message.id let:message>
                        {match message.author {
                            Author::User => view! { <Question message /> }.into_any(),
                            Author::Assistant => view! { <Answer message /> }.into_any(),
                        }}
                    </For>
                    <p class="visually-hidden" role="status">
                        {move || thread.said()}
                    </p>
                    <div class="follow-up">
                        {move || thread.problem().map(|problem| view! { <ProblemNote problem /> })}
                        {if can_ask {
                            view! {
                                <Composer
                                    ask
                                    label="Ask a follow-up question"
                                    placeholder="Ask a follow-up question"
                                    conversation=id
                                    parent=Signal::derive(move || thread.last().map(|message| message.id))
                                    stop
                                />
                            }
                                .into_any()
                        } else {
                            view! {
                                <p class="note">
                                    "The assistant of this conversation was deleted. "
                                    <a href="/">"Ask another one in a new conversation"</a> "."
                                </p>
                            }
                                .into_any()
                        }}
                    </div>
                    <CitationCard />
                </div>
            </Provider>
        </Provider>
    }
}
