//! Finding and listing conversations.

use api::{Client, Conversation, Page, Problem};
use leptos::prelude::*;
use leptos_router::hooks::{use_location, use_navigate};

use super::{
    changes::{Change, ConversationChanges},
    row::Row,
};
use crate::{
    components::ProblemNote,
    format::query,
    forms::{Confirm, refusal},
    transport,
};

const AT_ONCE: &str = "40";

#[component]
pub fn ConversationList() -> impl IntoView {
    let search = RwSignal::new(String::new());
    let first_page = Resource::new(
        move || search.get(),
        |search| async move { page(expect_context::<Client>(), &search, "").await },
    );

    view! {
        <section class="conversations" aria-labelledby="conversations-heading">
            <h2 id="conversations-heading">"Conversations"</h2>
            <input
                type="search"
                class="small"
                aria-label="Search conversations"
                placeholder="Search titles and text"
                maxlength="200"
                on:input=move |event| search.set(event_target_value(&event))
            />
            <Transition fallback=|| view! { <p class="hint">"Loading conversations…"</p> }>
                {move || Suspend::new(async move {
                    match first_page.await {
                        Err(problem) => view! { <ProblemNote problem /> }.into_any(),
                        Ok(page) => view! { <Rows page search=search.get_untracked() /> }.into_any(),
                    }
                })}
            </Transition>
        </section>
    }
}

async fn page(client: Client, search: &str, cursor: &str) -> Result<Page<Conversation>, Problem> {
    let path = query(&[("search", search.trim()), ("limit", AT_ONCE), ("cursor", cursor)]);
    client.get(&format!("/conversations{path}")).await
}

/// The conversations found, of which `page` is the first part.
#[component]
fn Rows(page: Page<Conversation>, search: String) -> impl IntoView {
    let items = RwSignal::new(page.items);
    let next = RwSignal::new(page.next_cursor);
    let deleting = RwSignal::new(None::<Conversation>);
    let changes = expect_context::<ConversationChanges>();
    let searching = !search.trim().is_empty();
    changes.listen(move |change| items.update(|items| apply(change, items, searching)));

    let load_more = Action::new(move |cursor: &String| {
        let (search, cursor) = (search.clone(), cursor.clone());
        async move {
            let more = self::page(transport::in_browser(), &search, &cursor).await?;
            items.update(|items| {
                let new = more.items.into_iter();
                let unknown: Vec<_> = new.filter(|new| items.iter().all(|known| known.id != new.id)).collect();
                items.extend(unknown);
            });
            next.set(more.next_cursor);
            Ok::<_, Problem>(())
        }
    });
    let problem = refusal(load_more);
    let path = use_location().pathname;
    let navigate = use_navigate();
    let delete = Action::new(move |conversation: &Conversation| {
        let id = conversation.id;
        let navigate = navigate.clone();
        async move {
            transport::in_browser().delete(&format!("/conversations/{id}")).await?;
            deleting.set(None);
            if path.get_untracked() == format!("/conversations/{id}") {
                navigate("/", Default::default());
            }
            changes.deleted(id);
            Ok::<_, Problem>(())
        }
    });
    let nothing = if searching {
        "No conversation has these words."
    } else {
        "Questions you ask are kept here."
    };

    view! {
        <Show when=move || items.read().is_empty()>
            <p class="hint" role="status">
                {nothing}
            </p>
        </Show>
        <ul>
            <For each=move || items.get() key=|item| item.id let:conversation>
                <Row conversation items deleting />
            </For>
        </ul>
        {move || {
            next.get()
                .map(|cursor| {
                    view! {
                        <button
                            type="button"
                            class="button small quiet"
                            disabled=load_more.pending()
                            on:click=move |_| {
                                load_more.dispatch(cursor.clone());
                            }
                        >
                            "Show older ones"
                        </button>
                    }
                })
        }}
        {move || problem.get().map(|problem| view! { <ProblemNote problem /> })}
        <Confirm
            id="delete-conversation"
            subject=deleting
            title=|conversation| format!("Delete “{}”?", conversation.title)
            explanation="Its questions and answers are deleted and cannot be brought back. Your documents stay."
            confirm="Delete conversation"
            pending=delete.pending()
            problem=refusal(delete)
            on_confirm=move |conversation| {
                delete.dispatch(conversation);
            }
        />
    }
}

/// Brings the list up to date: pinned ones first, then those that were used last.
fn apply(change: Change, items: &mut Vec<Conversation>, searching: bool) {
    match change {
        Change::Deleted(id) => items.retain(|item| item.id != id),
        Change::Saved(conversation) => {
            match items.iter_mut().find(|item| item.id == conversation.id) {
                Some(item) => *item = *conversation,
                // Whether a new one is among what was searched for, only the server can tell.
                None if searching => {}
                None => items.push(*conversation),
            }
            items.sort_by_key(|item| std::cmp::Reverse((item.pinned, item.updated_at)));
        }
    }
}

#[cfg(test)]
mod tests {
    use api::{AssistantId, ConversationId};
    use chrono::DateTime;
    use uuid::Uuid;

    use super::*;

    fn conversation(number: u128, pinned: bool, updated: i64) -> Conversation {
        Conversation {
            id: ConversationId(Uuid::from_u128(number)),
            title: String::new(),
            assistant_id: AssistantId(Uuid::nil()),
            pinned,
            active_message_id: None,
            created_at: DateTime::UNIX_EPOCH,
            updated_at: DateTime::from_timestamp(updated, 0).unwrap(),
        }
    }

    fn numbers(items: &[Conversation]) -> Vec<u128> {
        items.iter().map(|item| item.id.0.as_u128()).collect()
    }

    #[test]
    fn a_conversation_that_changed_goes_below_the_pinned_ones_or_among_them() {
        let mut items = vec![
            conversation(1, true, 10),
            conversation(2, false, 9),
            conversation(3, false, 8),
        ];
        apply(Change::Saved(Box::new(conversation(4, false, 11))), &mut items, false);
        assert_eq!(numbers(&items), [1, 4, 2, 3]);
        apply(Change::Saved(Box::new(conversation(3, true, 12))), &mut items, false);
        assert_eq!(numbers(&items), [3, 1, 4, 2]);
        apply(Change::Deleted(ConversationId(Uuid::from_u128(1))), &mut items, false);
        assert_eq!(numbers(&items), [3, 4, 2]);
    }

    #[test]
    fn search_results_take_no_new_conversation() {
        let mut items = vec![conversation(1, false, 10)];
        apply(Change::Saved(Box::new(conversation(2, false, 11))), &mut items, true);
        assert_eq!(numbers(&items), [1]);
    }
}
