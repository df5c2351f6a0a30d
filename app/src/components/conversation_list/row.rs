//! One conversation of the list, and what can be done with it.

use api::{Conversation, ConversationId, Problem, UpdateConversation};
use leptos::{ev, html, prelude::*};
use leptos_router::hooks::use_location;

use super::changes::ConversationChanges;
use crate::{
    browser,
    components::{Icon, ProblemNote, Shape},
    forms::refusal,
    transport,
};

#[component]
pub fn Row(
    conversation: Conversation,
    items: RwSignal<Vec<Conversation>>,
    deleting: RwSignal<Option<Conversation>>,
) -> impl IntoView {
    let id = conversation.id;
    let now = Memo::new(move |_| {
        let items = items.read();
        items.iter().find(|item| item.id == id).unwrap_or(&conversation).clone()
    });
    let title = move || now.read().title.clone();
    let pinned = move || now.read().pinned;
    let href = format!("/conversations/{id}");
    let path = use_location().pathname;
    let current = {
        let href = href.clone();
        move || path.with(|path| *path == href).then_some("page")
    };
    let changes = expect_context::<ConversationChanges>();
    let update = Action::new(move |change: &UpdateConversation| {
        let change = change.clone();
        async move {
            let path = format!("/conversations/{id}");
            changes.saved(transport::in_browser().patch(&path, &change).await?);
            Ok::<_, Problem>(())
        }
    });
    let problem = refusal(update);
    let menu = NodeRef::<html::Details>::new();
    let new_title = NodeRef::<html::Input>::new();
    let rename = move |event: ev::SubmitEvent| {
        event.prevent_default();
        update.dispatch(UpdateConversation {
            title: new_title.get_untracked().map(|field| field.value()),
            ..Default::default()
        });
    };
    let close_on_escape = move |event: ev::KeyboardEvent| {
        if let Some(menu) = menu.get_untracked()
            && event.key() == "Escape"
            && menu.open()
        {
            event.prevent_default();
            event.stop_propagation();
            menu.set_open(false);
            browser::focus(actions_id(id));
        }
    };
    let export = |format: &str| format!("/api/v1/conversations/{id}/export?format={format}");

    view! {
        <li class="conversation-row">
            <a href=href.clone() aria-current=current title=title>
                <Show when=pinned>
                    <Icon shape=Shape::Pin />
                    <span class="visually-hidden">"Pinned: "</span>
                </Show>
                <span class="conversation-title">{title}</span>
            </a>
            <details node_ref=menu on:keydown=close_on_escape>
                <summary id=actions_id(id) aria-label=move || format!("Actions for {}", title())>
                    <Icon shape=Shape::More />
                </summary>
                <div class="row-actions">
                    <form on:submit=rename>
                        <input
                            class="small"
                            aria-label="Title"
                            required
                            maxlength="120"
                            autocomplete="off"
                            node_ref=new_title
                            value=title
                        />
                        <button type="submit" class="button small" disabled=update.pending()>
                            "Rename"
                        </button>
                    </form>
                    <button
                        type="button"
                        class="button small quiet"
                        disabled=update.pending()
                        on:click=move |_| {
                            update
                                .dispatch(UpdateConversation {
                                    pinned: Some(!now.read_untracked().pinned),
                                    ..Default::default()
                                });
                        }
                    >
                        {move || if pinned() { "Unpin" } else { "Pin" }}
                    </button>
                    <a class="button small quiet" href=export("markdown") download="" rel="external">
                        "Export Markdown"
                    </a>
                    <a class="button small quiet" href=export("json") download="" rel="external">
                        "Export JSON"
                    </a>
                    <button
                        type="button"
                        class="button small quiet danger"
                        on:click=move |_| deleting.set(Some(now.get_untracked()))
                    >
                        "Delete…"
                    </button>
                    {move || problem.get().map(|problem| view! { <ProblemNote problem /> })}
                </div>
            </details>
        </li>
    }
}

fn actions_id(id: ConversationId) -> String {
    format!("conversation-actions-{id}")
}
