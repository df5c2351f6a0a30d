//! The text of a document, page by page, growing at either end.

use std::ops::Range;

use api::{DocumentText, Problem};
use leptos::{prelude::*, task::spawn_local};
use web_sys::HtmlElement;

use super::{
    address,
    shown::{Piece, ShownPage, shown},
    span::Run,
    table::Table,
    window,
};
use crate::{browser, components::ProblemNote, transport};

/// The fragment that links to cited words end with.
const CITED: &str = "cited";

/// Shows `text` with the characters of `span` highlighted, and fetches more of it on demand.
#[component]
pub fn TextView(document: String, text: DocumentText, span: Range<u64>) -> impl IntoView {
    let (total_pages, total_characters) = (text.total_pages, text.total_characters);
    let cites = !span.is_empty();
    let text = RwSignal::new(text);
    let pages = Memo::new(move |_| shown(&text.read().pages, &span));
    let announcement = RwSignal::new("");
    Effect::new(move || {
        if cites {
            // The words can be looked for only when they are on the page.
            request_animation_frame(move || announcement.set(lead_to_cited_words()));
        }
    });
    let document = StoredValue::new(document);

    view! {
        <p class="visually-hidden" role="status">
            {announcement}
        </p>
        <Show when=move || text.read().start != 0>
            <More document=document.get_value() text toward=Toward::Start />
        </Show>
        <div class="document-text">
            <Show when=move || pages.read().is_empty()>
                <p class="hint">"The document has no such page."</p>
            </Show>
            <For
                each=move || pages.get()
                key=|page| (page.number, page.length)
                children=move |page| view! { <PageView page only=total_pages == 1 /> }
            />
        </div>
        <Show when=move || text.read().end < total_characters>
            <More document=document.get_value() text toward=Toward::End />
        </Show>
    }
    .into_any()
}

/// Scrolls to the cited words and gives them the focus; says what came of it.
fn lead_to_cited_words() -> &'static str {
    match browser::element::<HtmlElement>(CITED) {
        Some(words) => {
            words.scroll_into_view();
            // Without the focus the words are still in view.
            words.focus().ok();
            "The cited words are highlighted."
        }
        None => "The cited words are not in this text any more.",
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Toward {
    Start,
    End,
}

/// A link to the text before or after what is shown; with JavaScript it is added here.
#[component]
fn More(document: String, text: RwSignal<DocumentText>, toward: Toward) -> impl IntoView {
    let problem = RwSignal::new(None::<Problem>);
    let busy = RwSignal::new(false);
    let part = move || match toward {
        Toward::Start => address::before(text.read().start),
        Toward::End => address::after(text.read().end),
    };
    let href = move || match toward {
        Toward::Start => format!("?before={}", text.read().start),
        Toward::End => format!("?after={}", text.read().end),
    };
    let fetch = move |event: leptos::ev::MouseEvent| {
        event.prevent_default();
        if busy.get_untracked() {
            return;
        }
        busy.set(true);
        problem.set(None);
        let path = address::path(&document, &untrack(part));
        spawn_local(async move {
            match transport::in_browser().get::<DocumentText>(&path).await {
                Ok(more) => {
                    text.try_update(|text| match toward {
                        Toward::Start => window::prepend(text, more),
                        Toward::End => window::append(text, more),
                    });
                }
                Err(failure) => drop(problem.try_set(Some(failure))),
            }
            busy.try_set(false);
        });
    };
    view! {
        <div class="more-text">
            <a class="button" href=href on:click=fetch aria-busy=move || busy.get().to_string()>
                {match toward {
                    Toward::Start => "Show the text before",
                    Toward::End => "Show more text",
                }}
            </a>
            {move || problem.get().map(|problem| view! { <ProblemNote problem /> })}
        </div>
    }
}

#[component]
fn PageView(page: ShownPage, only: bool) -> impl IntoView {
    let title = page_title(page.number, &page.label);
    let is_blank = page.pieces.is_empty();
    view! {
        <section class="text-page" aria-label=title.clone() id=format!("page-{}", page.number)>
            <h2 class=if only { "visually-hidden" } else { "page-label" }>{title.clone()}</h2>
            {page.pieces.into_iter().map(piece).collect_view()}
            {is_blank.then(|| view! { <p class="hint">"This page has no text."</p> })}
        </section>
    }
    .into_any()
}

/// `Page 3`, or `Page 3 · Budget` where people call it something else.
pub fn page_title(number: u32, label: &str) -> String {
    if label == number.to_string() {
        format!("Page {number}")
    } else {
        format!("Page {number} · {label}")
    }
}

fn piece(piece: Piece) -> AnyView {
    match piece {
        Piece::Heading { level: 3, runs } => view! { <h3>{marked(runs)}</h3> }.into_any(),
        Piece::Heading { level: 4, runs } => view! { <h4>{marked(runs)}</h4> }.into_any(),
        Piece::Heading { runs, .. } => view! { <h5>{marked(runs)}</h5> }.into_any(),
        Piece::Paragraph(runs) => view! { <p>{marked(runs)}</p> }.into_any(),
        Piece::Code(runs) => view! { <pre tabindex="0"><code>{marked(runs)}</code></pre> }.into_any(),
        Piece::List(items) => {
            let items = items
                .into_iter()
                .map(|item| view! { <li>{marked(item)}</li> })
                .collect_view();
            view! { <ul>{items}</ul> }.into_any()
        }
        Piece::Table(table) => table_view(table).into_any(),
    }
}

fn table_view(table: Table) -> impl IntoView {
    let header = table
        .header
        .into_iter()
        .map(|cell| view! { <th scope="col">{marked(cell)}</th> })
        .collect_view();
    let rows = table
        .rows
        .into_iter()
        .map(|row| {
            let cells = row
                .into_iter()
                .map(|cell| view! { <td>{marked(cell)}</td> })
                .collect_view();
            view! { <tr>{cells}</tr> }
        })
        .collect_view();
    view! {
        <div class="table-scroll" tabindex="0" role="region" aria-label="Table">
            <table>
                <thead>
                    <tr>{header}</tr>
                </thead>
                <tbody>{rows}</tbody>
            </table>
        </div>
    }
}

fn marked(runs: Vec<Run>) -> AnyView {
    runs.into_iter()
        .map(|run| match (run.cited, run.is_first) {
            (true, true) => view! { <mark id=CITED tabindex="-1">{run.text}</mark> }.into_any(),
            (true, false) => view! { <mark>{run.text}</mark> }.into_any(),
            _ => run.text.into_any(),
        })
        .collect_view()
        .into_any()
}
