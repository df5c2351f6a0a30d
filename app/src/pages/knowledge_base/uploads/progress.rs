//! What is being sent, and what became of it.

use api::KnowledgeBaseId;
use leptos::prelude::*;

use super::{
    queue::{Item, ItemState, Totals},
    sender::Uploads,
};
use crate::format;

/// Of long lists, so many are shown.
const MOST_SHOWN: usize = 100;
const MOST_WAITING_SHOWN: usize = 5;

#[component]
pub fn UploadProgress(knowledge_base: KnowledgeBaseId) -> impl IntoView {
    let uploads = expect_context::<Uploads>();
    let totals = Memo::new(move |_| uploads.queue.read().totals(knowledge_base));
    let shown = Memo::new(move |_| shown(uploads.queue.read().items(knowledge_base)));
    let item = move |key| {
        uploads
            .queue
            .read()
            .items(knowledge_base)
            .find(|item| item.key == key)
            .cloned()
    };
    let hidden_waiting = Memo::new(move |_| {
        let shown = shown.read();
        uploads
            .queue
            .read()
            .items(knowledge_base)
            .filter(|item| item.state == ItemState::Waiting && !shown.contains(&item.key))
            .count()
    });
    // Told when something ended, not with every file.
    let announced = Memo::new(move |before: Option<&(bool, String)>| {
        let totals = totals.get();
        match before {
            Some(before) if totals.underway > 0 && before.0 => before.clone(),
            _ => (totals.underway > 0, sentence(&totals)),
        }
    });
    let ours = move |item: &Item| item.knowledge_base == knowledge_base;

    view! {
        <p class="visually-hidden" role="status">
            {move || announced.get().1}
        </p>
        <Show when=move || totals.read().all != 0>
            <section class="upload-progress" aria-labelledby="upload-progress-title">
                <div class="upload-summary">
                    <h2 id="upload-progress-title">{move || sentence(&totals.get())}</h2>
                    <div class="actions">
                        <Show when=move || totals.read().unsent != 0>
                            <button type="button" class="button small" on:click=move |_| uploads.retry(ours)>
                                "Try all again"
                            </button>
                        </Show>
                        <Show
                            when=move || totals.read().underway != 0
                            fallback=move || {
                                view! {
                                    <button
                                        type="button"
                                        class="button small quiet"
                                        on:click=move |_| uploads.clear(knowledge_base)
                                    >
                                        "Close"
                                    </button>
                                }
                            }
                        >
                            <button
                                type="button"
                                class="button small"
                                on:click=move |_| {
                                    uploads
                                        .cancel(move |item| {
                                            ours(item) && !matches!(item.state, ItemState::Unsent(_))
                                        })
                                }
                            >
                                "Cancel all"
                            </button>
                        </Show>
                    </div>
                </div>
                <Show when=move || totals.read().underway != 0>
                    <progress
                        max=move || totals.read().all
                        value=move || totals.read().all - totals.read().underway
                        aria-labelledby="upload-progress-title"
                    ></progress>
                </Show>
                <ul class="upload-list">
                    <For
                        each=move || shown.get()
                        key=|key| *key
                        children=move |key| {
                            let item = Memo::new(move |_| item(key));
                            view! { <UploadRow item uploads /> }
                        }
                    />
                </ul>
                <Show when=move || hidden_waiting.get() != 0>
                    <p class="hint">
                        {move || format!("{} waiting", format::count(hidden_waiting.get() as u64, "more file is", "more files are"))}
                    </p>
                </Show>
            </section>
        </Show>
    }
}

/// What needs attention first, then what is being sent, then what comes next. Those that are through are in the table.
fn shown<'a>(items: impl Iterator<Item = &'a Item>) -> Vec<u32> {
    let (mut noted, mut sending, mut waiting) = (Vec::new(), Vec::new(), Vec::new());
    for item in items {
        match item.state {
            ItemState::Taken => {}
            ItemState::Sending(_) => sending.push(item.key),
            ItemState::Waiting if waiting.len() < MOST_WAITING_SHOWN => waiting.push(item.key),
            ItemState::Waiting => {}
            _ if noted.len() < MOST_SHOWN => noted.push(item.key),
            _ => {}
        }
    }
    [noted, sending, waiting].concat()
}

/// `Sending 200 files, 12 sent`, then what became of them.
fn sentence(totals: &Totals) -> String {
    let files = |number: usize| format::count(number as u64, "file", "files");
    if totals.all == 0 {
        return String::new();
    }
    let first = if totals.underway > 0 {
        format!("Sending {}: {} sent", files(totals.all), totals.all - totals.underway)
    } else {
        format!("{} sent", files(totals.taken))
    };
    let rest = [
        (totals.duplicate, "already here"),
        (totals.refused, "refused"),
        (totals.unsent, "not sent"),
        (totals.cancelled, "cancelled"),
    ];
    rest.iter()
        .filter(|(number, _)| *number > 0)
        .fold(first, |text, (number, what)| format!("{text}, {number} {what}"))
}

#[component]
fn UploadRow(item: Memo<Option<Item>>, uploads: Uploads) -> impl IntoView {
    let Some(first) = item.get_untracked() else {
        return ().into_any();
    };
    let Item { key, name, size, .. } = first;
    let (cancel_label, retry_label) = (format!("Cancel sending {name}"), format!("Try {name} again"));
    let progress_label = format!("Sending {name}");
    let state = move || item.get().map(|item| item.state);
    let told = move || match state()? {
        ItemState::Waiting => Some(view! { <span class="hint">"Waiting"</span> }.into_any()),
        ItemState::Sending(share) => {
            Some(view! { <progress max="1" value=share aria-label=progress_label.clone()></progress> }.into_any())
        }
        ItemState::Taken => None,
        ItemState::Duplicate(document) => Some(
            view! {
                <span>
                    "Not added: it is the same file as "
                    <a href=format!("/documents/{}", document.id)>{document.name}</a>
                    ", which is already here."
                </span>
            }
            .into_any(),
        ),
        ItemState::Refused(problem) | ItemState::Unsent(problem) => {
            Some(view! { <span class="state-reason">{problem.message().to_owned()}</span> }.into_any())
        }
        ItemState::Cancelled => Some(view! { <span class="hint">"Cancelled"</span> }.into_any()),
    };
    let can_cancel = move || matches!(state(), Some(ItemState::Waiting | ItemState::Sending(_)));
    let can_retry = move || matches!(state(), Some(ItemState::Unsent(_)));
    view! {
        <li>
            <span class="upload-name">
                {name} " " <span class="hint">{format::size(size)}</span>
            </span>
            <span class="upload-state">{told}</span>
            <Show when=can_cancel>
                <button
                    type="button"
                    class="button small quiet"
                    aria-label=cancel_label.clone()
                    on:click=move |_| uploads.cancel(|item| item.key == key)
                >
                    "Cancel"
                </button>
            </Show>
            <Show when=can_retry>
                <button
                    type="button"
                    class="button small"
                    aria-label=retry_label.clone()
                    on:click=move |_| uploads.retry(|item| item.key == key)
                >
                    "Try again"
                </button>
            </Show>
        </li>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_summary_counts_what_is_sent_and_names_only_what_happened() {
        let sending = Totals {
            all: 200,
            underway: 188,
            taken: 12,
            ..Totals::default()
        };
        assert_eq!(sentence(&sending), "Sending 200 files: 12 sent");
        let done = Totals {
            all: 4,
            taken: 1,
            duplicate: 2,
            refused: 1,
            ..Totals::default()
        };
        assert_eq!(sentence(&done), "1 file sent, 2 already here, 1 refused");
        assert_eq!(sentence(&Totals::default()), "");
    }
}
