//! The sidebar's conversations: find, rename, pin, export, delete.

use api::{Client, Conversation, Page, Problem, UpdateConversation};
use leptos::{ev::SubmitEvent, prelude::*, task::spawn_local};
use leptos_router::hooks::{use_location, use_navigate};

use crate::{
    components::{Icon, ProblemNote, Shape},
    format::query,
    layout::ConversationsChanged,
    transport,
};

#[component]
pub fn ConversationList() -> impl IntoView {
    let search = RwSignal::new(String::new());
    let changed = expect_context::<ConversationsChanged>();
    let conversations = Resource::new(
        move || (search.get(), changed.0.get()),
        |(search, _)| async move {
            let path = format!("/conversations{}", query(&[("search", &search), ("limit", "100")]));
            expect_context::<Client>().get::<Page<Conversation>>(&path).await
        },
    );

    view! {
        <section class="conversations" aria-labelledby="conversations-heading">
            <h2 id="conversations-heading">"Conversations"</h2>
            <input
                type="search"
                class="small"
                aria-label="Search conversations"
                placeholder="Search"
                prop:value=search
                on:input=move |event| search.set(event_target_value(&event))
            />
            <Transition fallback=|| view! { <p class="hint">"Loading conversations…"</p> }>
                {move || Suspend::new(async move {
                    match conversations.await {
                        Err(problem) => view! { <ProblemNote problem /> }.into_any(),
                        Ok(page) if page.items.is_empty() => {
                            view! { <p class="hint">"Questions you ask are kept here."</p> }.into_any()
                        }
                        Ok(page) => {
                            let rows = page
                                .items
                                .into_iter()
                                .map(|conversation| view! { <Row conversation /> })
                                .collect_view();
                            view! { <ul>{rows}</ul> }.into_any()
                        }
                    }
                })}
            </Transition>
        </section>
    }
}

#[component]
fn Row(conversation: Conversation) -> impl IntoView {
    let Conversation { id, title, pinned, .. } = conversation;
    let href = format!("/conversations/{id}");
    let changed = expect_context::<ConversationsChanged>();
    let navigate = use_navigate();
    let path = use_location().pathname;
    let problem = RwSignal::new(None::<Problem>);
    let new_title = RwSignal::new(title.clone());

    let update = move |change: UpdateConversation| {
        spawn_local(async move {
            let client = transport::in_browser();
            match client
                .patch::<Conversation>(&format!("/conversations/{id}"), &change)
                .await
            {
                Ok(_) => changed.notify(),
                Err(failure) => problem.set(Some(failure)),
            }
        });
    };
    let rename = move |event: SubmitEvent| {
        event.prevent_default();
        update(UpdateConversation {
            title: Some(new_title.get()),
            ..Default::default()
        });
    };
    let delete = move |_| {
        let question = "Delete this conversation? Its questions and answers cannot be brought back.";
        if !window().confirm_with_message(question).unwrap_or(false) {
            return;
        }
        let navigate = navigate.clone();
        spawn_local(async move {
            match transport::in_browser().delete(&format!("/conversations/{id}")).await {
                Ok(()) => {
                    if path.get_untracked() == format!("/conversations/{id}") {
                        navigate("/", Default::default());
                    }
                    changed.notify();
                }
                Err(failure) => problem.set(Some(failure)),
            }
        });
    };
    let current = {
        let href = href.clone();
        move || path.with(|path| *path == href).then_some("page")
    };
    let actions_label = format!("Actions for {title}");
    let export = |format: &str| format!("/api/v1/conversations/{id}/export?format={format}");

    view! {
        <li class="conversation-row">
            <a href=href aria-current=current>
                {pinned.then(|| view! { <Icon shape=Shape::Pin /> <span class="visually-hidden">"Pinned: "</span> })}
                {title}
            </a>
            <details>
                <summary aria-label=actions_label.clone() title=actions_label>
                    <Icon shape=Shape::More />
                </summary>
                <div class="row-actions">
                    <form on:submit=rename>
                        <input
                            type="text"
                            class="small"
                            aria-label="Conversation title"
                            required
                            maxlength="200"
                            prop:value=new_title
                            on:input=move |event| new_title.set(event_target_value(&event))
                        />
                        <button type="submit" class="button small">"Rename"</button>
                    </form>
                    <button
                        type="button"
                        class="button small"
                        on:click=move |_| update(UpdateConversation { pinned: Some(!pinned), ..Default::default() })
                    >
                        {if pinned { "Unpin" } else { "Pin" }}
                    </button>
                    <a class="button small" href=export("markdown") download="" rel="external">"Export as Markdown"</a>
                    <a class="button small" href=export("json") download="" rel="external">"Export as JSON"</a>
                    <button type="button" class="button small danger" on:click=delete>"Delete"</button>
                    {move || problem.get().map(|problem| view! { <ProblemNote problem /> })}
                </div>
            </details>
        </li>
    }
}
