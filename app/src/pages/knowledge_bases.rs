//! The knowledge bases somebody may use: the list, and making one.

use api::{Access, Client, CreateKnowledgeBase, DocumentCounts, KnowledgeBase, Page, Problem};
use leptos::{prelude::*, task::spawn_local};
use leptos_meta::Title;
use leptos_router::hooks::use_navigate;

use crate::{
    components::{Loading, ProblemNote, QueryForm},
    format,
    plain_form::{RefusedForm, refused},
    query::use_query_value,
    transport,
};

fn list_path(search: &str, cursor: &str) -> String {
    format!(
        "/knowledge-bases{}",
        format::query(&[("search", search), ("cursor", cursor)])
    )
}

#[component]
pub fn KnowledgeBasesPage() -> impl IntoView {
    let search = use_query_value("search");
    let cursor = use_query_value("cursor");
    let list = Resource::new_blocking(
        move || (search.get(), cursor.get()),
        |(search, cursor)| async move {
            let path = list_path(&search, &cursor);
            expect_context::<Client>().get::<Page<KnowledgeBase>>(&path).await
        },
    );
    let refused = StoredValue::new(refused("new-knowledge-base"));
    view! {
        <Title text="Knowledge bases" />
        <div>
            <header class="page-header">
                <div>
                    <h1>"Knowledge bases"</h1>
                    <p class="hint">"Documents that belong together, to ask about and to share."</p>
                </div>
            </header>
            <Transition fallback=|| view! { <Loading /> }>
                {move || Suspend::new(async move {
                    match list.await {
                        Err(problem) => view! { <ProblemNote problem /> }.into_any(),
                        Ok(page) => {
                            let (search, cursor) = (search.get_untracked(), cursor.get_untracked());
                            view! { <List page search is_first=cursor.is_empty() refused=refused.get_value() /> }.into_any()
                        }
                    }
                })}
            </Transition>
        </div>
    }
    .into_any()
}

#[component]
fn List(page: Page<KnowledgeBase>, search: String, is_first: bool, refused: Option<RefusedForm>) -> impl IntoView {
    let has_none = page.items.is_empty() && search.is_empty() && is_first;
    let finds_none = page.items.is_empty() && !has_none;
    let opens = has_none || refused.is_some();
    let items = RwSignal::new(page.items);
    let next = RwSignal::new(page.next_cursor);
    view! {
        {has_none
            .then(|| {
                view! {
                    <div class="empty">
                        <p>
                            <strong>"No knowledge bases yet"</strong>
                        </p>
                        <p>"Give one a name, add your documents to it, and ask about them."</p>
                    </div>
                }
            })}
        <details class="disclosure new-knowledge-base" open=opens>
            <summary>"New knowledge base"</summary>
            <NewKnowledgeBase refused />
        </details>
        {(!has_none).then(|| view! { <Search search=search.clone() /> })}
        {finds_none
            .then(|| {
                view! {
                    <div class="empty">
                        <p>
                            <strong>"None found"</strong>
                        </p>
                        <p>"Search for a part of a name."</p>
                    </div>
                }
            })}
        <ul class="knowledge-bases">
            <For
                each=move || items.get()
                key=|knowledge_base| knowledge_base.id
                children=|knowledge_base| view! { <Row knowledge_base /> }
            />
        </ul>
        <More items next search />
    }
    .into_any()
}

#[component]
fn Search(search: String) -> impl IntoView {
    view! {
        <div role="search" class="filter">
            <QueryForm class="filter-form">
                <label class="visually-hidden" for="search-knowledge-bases">
                    "Search"
                </label>
                <input
                    id="search-knowledge-bases"
                    type="search"
                    name="search"
                    placeholder="Search knowledge bases"
                    value=search
                />
                <button type="submit" class="button">
                    "Search"
                </button>
            </QueryForm>
        </div>
    }
}

#[component]
fn Row(knowledge_base: KnowledgeBase) -> impl IntoView {
    let KnowledgeBase {
        id,
        name,
        description,
        access,
        owner,
        documents,
        ..
    } = knowledge_base;
    let shared = match access {
        Access::Owner => None,
        Access::Editor => Some(format!("{} shares it, you may edit", owner.name)),
        Access::Viewer => Some(format!("{} shares it, you may read", owner.name)),
    };
    let has_failures = documents.failed > 0;
    view! {
        <li>
            <h2>
                <a href=format!("/knowledge-bases/{id}")>{name}</a>
            </h2>
            {(!description.is_empty()).then(|| view! { <p>{description}</p> })}
            <p class="hint">
                <span class:with-failures=has_failures>{state_of(&documents)}</span>
                {shared.map(|shared| view! { <span>" · " {shared}</span> })}
            </p>
        </li>
    }
}

/// `12 of 200 documents ready, 3 failed`.
pub fn state_of(counts: &DocumentCounts) -> String {
    let DocumentCounts {
        total,
        ready,
        underway,
        failed,
    } = *counts;
    let documents = format::count(total, "document", "documents");
    let first = match (total, underway) {
        (0, _) => return "No documents yet".to_owned(),
        (_, 0) => documents,
        _ => format!("{ready} of {documents} ready"),
    };
    if failed > 0 {
        format!("{first}, {failed} failed")
    } else {
        first
    }
}

/// A link to the next page; with JavaScript its items are added to the list.
#[component]
fn More(items: RwSignal<Vec<KnowledgeBase>>, next: RwSignal<Option<String>>, search: String) -> impl IntoView {
    let problem = RwSignal::new(None::<Problem>);
    let href = {
        let search = search.clone();
        move |cursor: &str| format::query(&[("search", &search), ("cursor", cursor)])
    };
    let fetch = move |event: leptos::ev::MouseEvent| {
        event.prevent_default();
        let Some(cursor) = next.get_untracked() else { return };
        let path = list_path(&search, &cursor);
        problem.set(None);
        spawn_local(async move {
            match transport::in_browser().get::<Page<KnowledgeBase>>(&path).await {
                // A second click while the first was on its way asked for the same.
                Ok(page) if next.try_get_untracked() == Some(Some(cursor)) => {
                    items.update(|items| items.extend(page.items));
                    next.set(page.next_cursor);
                }
                Ok(_) => {}
                Err(failure) => drop(problem.try_set(Some(failure))),
            }
        });
    };
    view! {
        {move || {
            let href = next.read().as_deref().map(&href)?;
            Some(
                view! {
                    <p>
                        <a class="button" href=href on:click=fetch.clone()>
                            "Show more"
                        </a>
                    </p>
                },
            )
        }}
        {move || problem.get().map(|problem| view! { <ProblemNote problem /> })}
    }
}

/// A plain form until the page reacts.
#[component]
fn NewKnowledgeBase(refused: Option<RefusedForm>) -> impl IntoView {
    let name = NodeRef::<leptos::html::Input>::new();
    let description = NodeRef::<leptos::html::Input>::new();
    let busy = RwSignal::new(false);
    let typed = |field| refused.as_ref().and_then(|refused: &RefusedForm| refused.typed(field));
    let (typed_name, typed_description) = (typed("name"), typed("description"));
    let problem = RwSignal::new(refused.map(|refused| refused.problem));
    let navigate = use_navigate();
    let create = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        let (Some(name), Some(description)) = (name.get_untracked(), description.get_untracked()) else {
            return;
        };
        if busy.get_untracked() {
            return;
        }
        busy.set(true);
        problem.set(None);
        let new = CreateKnowledgeBase {
            name: name.value(),
            description: description.value(),
        };
        let navigate = navigate.clone();
        spawn_local(async move {
            match transport::in_browser()
                .post::<KnowledgeBase>("/knowledge-bases", &new)
                .await
            {
                Ok(created) => navigate(&format!("/knowledge-bases/{}", created.id), Default::default()),
                Err(failure) => {
                    problem.set(Some(failure));
                    busy.set(false);
                }
            }
        });
    };
    view! {
        <form class="form" action="/forms/knowledge-bases" method="post" on:submit=create>
            {move || problem.get().map(|problem| view! { <ProblemNote problem /> })}
            <div class="field">
                <label for="new-name">"Name"</label>
                <input
                    id="new-name"
                    type="text"
                    name="name"
                    required
                    maxlength="100"
                    autocomplete="off"
                    value=typed_name
                    node_ref=name
                />
            </div>
            <div class="field">
                <label for="new-description">"Description (optional)"</label>
                <input
                    id="new-description"
                    type="text"
                    name="description"
                    maxlength="2000"
                    autocomplete="off"
                    value=typed_description
                    node_ref=description
                />
            </div>
            <div class="actions">
                <button type="submit" class="button primary" aria-busy=move || busy.get().to_string()>
                    "Create"
                </button>
            </div>
        </form>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_says_what_is_ready_while_something_is_not_and_what_failed() {
        let counts = |ready, underway, failed| DocumentCounts {
            total: ready + underway + failed,
            ready,
            underway,
            failed,
        };
        assert_eq!(state_of(&counts(0, 0, 0)), "No documents yet");
        assert_eq!(state_of(&counts(1, 0, 0)), "1 document");
        assert_eq!(state_of(&counts(12, 188, 0)), "12 of 200 documents ready");
        assert_eq!(state_of(&counts(3, 0, 1)), "4 documents, 1 failed");
    }
}
