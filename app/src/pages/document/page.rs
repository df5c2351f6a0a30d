//! The page of a document.

use api::{Access, Client, Document, DocumentEvent, DocumentStatus, DocumentText, KnowledgeBase, Problem};
use leptos::{prelude::*, task::spawn_local};
use leptos_meta::Title;
use leptos_router::hooks::{use_navigate, use_params_map};

use super::{
    address::{self, Address},
    facts::Facts,
    original::Original,
    text::TextView,
};
use crate::{
    browser,
    components::{DocumentState, Loading, ProblemNote, QueryForm},
    forms::{Confirm, ready, refusal},
    query::use_query,
    transport,
};

#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
struct Opened {
    document: Document,
    knowledge_base: KnowledgeBase,
    /// None while the document is not ready.
    text: Option<DocumentText>,
}

async fn open(id: String, address: Address) -> Result<Opened, Problem> {
    let client = expect_context::<Client>();
    let document: Document = client.get(&format!("/documents/{id}")).await?;
    let knowledge_base = client
        .get(&format!("/knowledge-bases/{}", document.knowledge_base_id))
        .await?;
    let text = match document.status {
        DocumentStatus::Ready => Some(client.get(&address::path(&id, &address.part)).await?),
        _ => None,
    };
    Ok(Opened {
        document,
        knowledge_base,
        text,
    })
}

#[component]
pub fn DocumentPage() -> impl IntoView {
    let params = use_params_map();
    let query = use_query();
    let id = Memo::new(move |_| params.read().get("id").unwrap_or_default());
    let address = Memo::new(move |_| Address::read(&query.read()));
    let opened = Resource::new_blocking(
        move || (id.get(), address.get()),
        |(id, address)| async move { open(id, address).await },
    );
    view! {
        <Transition fallback=|| view! { <Loading /> }>
            {move || Suspend::new(async move {
                match opened.await {
                    Ok(found) => {
                        let address = address.get_untracked();
                        let again = Callback::new(move |()| opened.refetch());
                        view! { <OpenedDocument found address again /> }.into_any()
                    }
                    Err(problem) => {
                        view! {
                            <Title text="Document" />
                            <div>
                                <h1>"This document cannot be shown"</h1>
                                <ProblemNote problem />
                                <p>
                                    <a href="/knowledge-bases">"Go to your knowledge bases"</a>
                                </p>
                            </div>
                        }
                            .into_any()
                    }
                }
            })}
        </Transition>
    }
    .into_any()
}

/// `again` reads the document once more, for when it has become ready.
#[component]
fn OpenedDocument(found: Opened, address: Address, again: Callback<()>) -> impl IntoView {
    let Opened {
        document,
        knowledge_base,
        text,
    } = found;
    let latest = RwSignal::new(document.clone());
    let document_now = Memo::new(move |_| latest.get());
    if text.is_none() {
        follow(latest, again);
    }
    let first_page = text
        .as_ref()
        .and_then(|text| page_of(text, address.span.start).or_else(|| Some(text.pages.first()?.number)))
        .unwrap_or(1);
    let page = RwSignal::new(first_page);
    let knowledge_base_address = format!("/knowledge-bases/{}", knowledge_base.id);
    let original_address = format!("/api/v1/documents/{}/original", document.id);
    let pages = document.pages;
    let id = document.id.to_string();
    let may_edit = knowledge_base.access >= Access::Editor;

    view! {
        <Title text=document.name.clone() />
        <div class="document-page">
            <nav class="crumbs" aria-label="Where this is">
                <a href="/knowledge-bases">"Knowledge bases"</a>
                <span aria-hidden="true">"/"</span>
                <a href=knowledge_base_address.clone()>{knowledge_base.name}</a>
            </nav>
            <header class="page-header">
                <h1>{document.name.clone()}</h1>
                <div class="actions">
                    <BackButton />
                    <a class="button" href=original_address download rel="external">"Download original"</a>
                    {may_edit.then(|| view! { <Delete document=document.clone() knowledge_base_address /> })}
                </div>
            </header>
            <Facts document=document_now />
            {match text {
                Some(text) => {
                    view! {
                        {(pages > 1).then(|| view! { <PageNavigation current=first_page total=text.total_pages /> })}
                        <div class="document-body">
                            <div class="document-column">
                                <TextView document=id text span=address.span />
                            </div>
                            <Original document page=page.into() />
                        </div>
                    }
                        .into_any()
                }
                None => {
                    view! {
                        <NotReady document=document_now may_edit latest />
                        <Original document page=page.into() />
                    }
                        .into_any()
                }
            }}
        </div>
    }
    .into_any()
}

/// The page that holds a position of the text.
fn page_of(text: &DocumentText, position: u64) -> Option<u32> {
    text.pages
        .iter()
        .rfind(|page| page.blocks.first().is_some_and(|block| block.start <= position))
        .map(|page| page.number)
}

/// Follows what happens to a document; once it is ready, it is read `again`.
fn follow(latest: RwSignal<Document>, again: Callback<()>) {
    Effect::new(move || {
        let Document {
            id, knowledge_base_id, ..
        } = latest.get_untracked();
        let take = move |document: Document| {
            let is_ready = document.status == DocumentStatus::Ready;
            latest.set(document);
            if is_ready {
                again.run(());
            }
        };
        // What happened before the stream was there is not told by it.
        let read = move || {
            spawn_local(async move {
                if let Ok(document) = transport::in_browser()
                    .get::<Document>(&format!("/documents/{id}"))
                    .await
                {
                    take(document);
                }
            });
        };
        browser::listen(
            &format!("/api/v1/knowledge-bases/{knowledge_base_id}/events"),
            read,
            move |event| match serde_json::from_str(&event) {
                Ok(DocumentEvent::Changed { document }) if document.id == id => take(*document),
                _ => {}
            },
            || {},
        );
    });
}

#[component]
fn NotReady(document: Memo<Document>, may_edit: bool, latest: RwSignal<Document>) -> impl IntoView {
    let retry = Action::new(move |(): &()| {
        let path = format!("/documents/{}/retry", latest.read_untracked().id);
        async move {
            let document = transport::in_browser().post::<Document>(&path, &()).await?;
            latest.set(document);
            Ok::<_, Problem>(())
        }
    });
    let ready = ready();
    let can_retry = move || may_edit && !document.read().status.is_underway();
    view! {
        <div class="not-ready">
            <DocumentState document />
            {move || refusal(retry).get().map(|problem| view! { <ProblemNote problem /> })}
            <Show when=can_retry>
                <button
                    type="button"
                    class="button primary"
                    disabled=move || !ready.get()
                    on:click=move |_| {
                        retry.dispatch(());
                    }
                >
                    "Try again"
                </button>
            </Show>
            <p class="hint">"The original can be downloaded above in any case."</p>
        </div>
    }
}

/// Back to where the reader came from, when that was a page of this tab.
#[component]
fn BackButton() -> impl IntoView {
    let came_from_somewhere = RwSignal::new(false);
    Effect::new(move || {
        let length = window().history().and_then(|history| history.length()).unwrap_or(1);
        came_from_somewhere.set(length > 1);
    });
    view! {
        <Show when=move || came_from_somewhere.get()>
            <button
                type="button"
                class="button"
                on:click=move |_| {
                    if let Ok(history) = window().history() {
                        // Without anywhere to go back to, nothing happens.
                        history.back().ok();
                    }
                }
            >
                "Back"
            </button>
        </Show>
    }
}

#[component]
fn PageNavigation(current: u32, total: u32) -> impl IntoView {
    let link = |number: u32, label: &'static str, name: &'static str, rel: &'static str| {
        (1..=total).contains(&number).then(|| {
            view! {
                <a class="button small" href=format!("?page={number}") aria-label=name rel=rel>
                    {label}
                </a>
            }
        })
    };
    view! {
        <nav class="page-navigation" aria-label="Pages">
            {link(current - 1, "Previous", "Previous page", "prev")}
            <QueryForm class="page-jump">
                <label for="page">"Page"</label>
                <input
                    id="page"
                    class="small"
                    type="number"
                    name="page"
                    min="1"
                    max=total
                    required
                    value=current
                />
                <span>{format!("of {total}")}</span>
                <button type="submit" class="button small">"Go"</button>
            </QueryForm>
            {link(current + 1, "Next", "Next page", "next")}
        </nav>
    }
}

#[component]
fn Delete(document: Document, knowledge_base_address: String) -> impl IntoView {
    let deleting = RwSignal::new(None::<Document>);
    let navigate = use_navigate();
    let delete = Action::new(move |document: &Document| {
        let path = format!("/documents/{}", document.id);
        let (navigate, knowledge_base) = (navigate.clone(), knowledge_base_address.clone());
        async move {
            transport::in_browser().delete(&path).await?;
            navigate(&knowledge_base, Default::default());
            Ok::<_, Problem>(())
        }
    });
    let ready = ready();
    view! {
        <button
            type="button"
            class="button danger"
            disabled=move || !ready.get()
            on:click=move |_| deleting.set(Some(document.clone()))
        >
            "Delete"
        </button>
        <Confirm
            id="delete-document"
            subject=deleting
            title=|document| format!("Delete {}?", document.name)
            explanation="Its text and its original are deleted. Answers that cite it keep the quoted words, but can no longer open them."
            confirm="Delete document"
            pending=delete.pending()
            problem=refusal(delete)
            on_confirm=move |document| {
                delete.dispatch(document);
            }
        />
    }
}
