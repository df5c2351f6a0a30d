//! The documents of a knowledge base: finding, sorting and paging through them.

use api::{Access, Document, DocumentEvent, KnowledgeBase, Page, Problem};
use leptos::{prelude::*, task::spawn_local};
use web_sys::HtmlFormElement;

use super::{listing::Listing, live::Live, row::DocumentRow};
use crate::{
    browser,
    components::{ProblemNote, QueryForm},
    forms::{Confirm, refusal},
    transport,
};

const FILTER: &str = "filter-documents";

const STATES: [(&str, &str); 6] = [
    ("", "Any state"),
    ("ready", "Ready"),
    ("processing", "Being read"),
    ("queued", "Waiting"),
    ("failed", "Failed"),
    ("cancelled", "Cancelled"),
];

const ORDERS: [(&str, &str); 4] = [
    ("", "Newest first"),
    ("oldest", "Oldest first"),
    ("name", "By name"),
    ("largest", "Largest first"),
];

/// The documents that `page` holds, read from `list`, as they change.
#[component]
pub fn DocumentTable(
    knowledge_base: KnowledgeBase,
    page: Page<Document>,
    list: String,
    listing: Listing,
    live: Live,
) -> impl IntoView {
    let may_edit = knowledge_base.access >= Access::Editor;
    let now = live.knowledge_base(knowledge_base);
    let has_any = Memo::new(move |_| now.read().documents.total > 0);
    let page = live.documents(list, page);
    let problem = RwSignal::new(None::<Problem>);
    let deleting = RwSignal::new(None::<Document>);
    let delete = Action::new(move |document: &Document| {
        let id = document.id;
        async move {
            transport::in_browser().delete(&format!("/documents/{id}")).await?;
            live.changed(DocumentEvent::Deleted { id });
            live.read_soon();
            deleting.set(None);
            Ok::<_, Problem>(())
        }
    });
    // `retry` or `cancel`; both answer with the document as it is then.
    let ask_for = Callback::new(move |(document, what): (Document, &'static str)| {
        problem.set(None);
        spawn_local(async move {
            let path = format!("/documents/{}/{what}", document.id);
            match transport::in_browser().post::<Document>(&path, &()).await {
                Ok(document) => {
                    let document = Box::new(document);
                    live.changed(DocumentEvent::Changed { document });
                }
                Err(failure) => drop(problem.try_set(Some(failure))),
            }
            live.read_soon();
        });
    });
    let is_filtered = listing.is_filtered();
    let first_page = (!listing.cursor.is_empty()).then(|| listing.query(""));
    let next_page = {
        let listing = listing.clone();
        move || page.read().next_cursor.as_ref().map(|cursor| listing.query(cursor))
    };
    let is_empty = Memo::new(move |_| page.read().items.is_empty());

    view! {
        <section class="documents" aria-labelledby="documents-title">
            <h2 id="documents-title">"Documents"</h2>
            <Show when=move || has_any.get() || is_filtered>
                <Filter listing=listing.clone() />
            </Show>
            {move || problem.get().map(|problem| view! { <ProblemNote problem /> })}
            <Show
                when=move || !is_empty.get()
                fallback=move || view! { <Nothing is_filtered=is_filtered && has_any.get() may_edit /> }
            >
                <table class="document-table" role="table" aria-labelledby="documents-title">
                    <thead role="rowgroup">
                        <tr role="row">
                            <th role="columnheader" scope="col">"Name"</th>
                            <th role="columnheader" scope="col">"Type"</th>
                            <th role="columnheader" scope="col" class="number">"Size"</th>
                            <th role="columnheader" scope="col" class="number">"Pages"</th>
                            <th role="columnheader" scope="col">"State"</th>
                            <th role="columnheader" scope="col">
                                <span class="visually-hidden">"Actions"</span>
                            </th>
                        </tr>
                    </thead>
                    <tbody role="rowgroup">
                        <For
                            each=move || page.get().items
                            key=|document| document.id
                            children=move |opened| {
                                let id = opened.id;
                                let document = Memo::new(move |_| {
                                    let page = page.read();
                                    let latest = page.items.iter().find(|document| document.id == id);
                                    latest.unwrap_or(&opened).clone()
                                });
                                view! { <DocumentRow document may_edit ask_for deleting /> }
                            }
                        />
                    </tbody>
                </table>
            </Show>
            <nav class="paging" aria-label="Pages of documents">
                {first_page.map(|href| view! { <a class="button" href=if href.is_empty() { "?".to_owned() } else { href }>"First page"</a> })}
                {move || next_page().map(|href| view! { <a class="button" href=href>"Next page"</a> })}
            </nav>
        </section>
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
    .into_any()
}

/// Sent by its button, and by a choice as soon as it is made.
#[component]
fn Filter(listing: Listing) -> impl IntoView {
    let submit = move |_| {
        if let Some(form) = browser::element::<HtmlFormElement>(FILTER) {
            // Nothing in this form can be invalid.
            form.request_submit().ok();
        }
    };
    let options = |choices: &'static [(&'static str, &'static str)], chosen: String| {
        choices
            .iter()
            .map(|(value, label)| {
                view! {
                    <option value=*value selected=*value == chosen>
                        {*label}
                    </option>
                }
            })
            .collect_view()
    };
    view! {
        <div role="search" class="filter">
            <QueryForm id=FILTER class="filter-form">
                <label class="visually-hidden" for="search-documents">
                    "Search documents"
                </label>
                <input
                    id="search-documents"
                    type="search"
                    name="search"
                    placeholder="Search documents"
                    value=listing.search
                />
                <label class="visually-hidden" for="filter-status">
                    "State"
                </label>
                <select id="filter-status" name="status" on:change=submit>
                    {options(&STATES, listing.status)}
                </select>
                <label class="visually-hidden" for="filter-order">
                    "Order"
                </label>
                <select id="filter-order" name="order" on:change=submit>
                    {options(&ORDERS, listing.order)}
                </select>
                <button type="submit" class="button">
                    "Search"
                </button>
            </QueryForm>
        </div>
    }
}

#[component]
fn Nothing(is_filtered: bool, may_edit: bool) -> impl IntoView {
    let (title, text) = if is_filtered {
        (
            "No document matches",
            "Search for less of the name, or choose any state.",
        )
    } else if may_edit {
        (
            "No documents yet",
            "Add some above. As soon as one is ready, you can ask about it.",
        )
    } else {
        ("No documents yet", "Whoever shares this with you has not added any.")
    };
    view! {
        <div class="empty">
            <p>
                <strong>{title}</strong>
            </p>
            <p>{text}</p>
        </div>
    }
}
