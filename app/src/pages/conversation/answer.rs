//! An answer: its text, its sources, and what can be done with it.

use api::{AnswerKind, Message, MessageStatus, Problem};
use leptos::prelude::*;

use super::{
    branches::Branches,
    citation_card::CitedText,
    copy::CopyButton,
    feedback::{Rating, RatingButtons, RatingNote},
    live::Live,
    outcome::{Outcome, origin},
    sources::Sources,
    thread::Thread,
};
use crate::{
    components::{Icon, ProblemNote, Shape},
    format,
    forms::{ready, refusal},
};

#[component]
pub fn Answer(message: Message) -> impl IntoView {
    let thread = expect_context::<Thread>();
    let id = message.id;
    let asked = message.parent_id.map(|question| format!("question-{question}"));
    let answer = thread.message(message);
    let live = Live::default();
    let streaming = Memo::new(move |_| answer.read().status == MessageStatus::Streaming);
    Effect::new(move || {
        if streaming.get() && !live.lost.get() {
            live.read(id, thread);
        }
    });
    // What the server had kept of an unfinished answer stands until the first of it arrives anew.
    let html = move || {
        let arrived = live.html.read();
        if streaming.get() && !arrived.is_empty() {
            arrived.clone()
        } else {
            answer.read().html.clone()
        }
    };
    let citations = move || {
        let arrived = live.citations.read();
        if streaming.get() && !arrived.is_empty() {
            arrived.clone()
        } else {
            answer.read().citations.clone()
        }
    };
    let kind = move || answer.read().answer_kind;
    let html = Signal::derive(html);
    // One line from the beginning to the end, so that the text below stays where it is read.
    let head = move || match streaming.get() {
        true => Some(progress(live.passages.get(), !html.read().is_empty())),
        false => answer.with(origin),
    };
    let class = move || match kind() {
        Some(AnswerKind::Extractive) => "answer extractive",
        Some(AnswerKind::NotFound) => "answer not-found",
        Some(AnswerKind::Generated) | None => "answer",
    };

    view! {
        <article id=format!("answer-{id}") class=class tabindex="-1" aria-label="Answer" aria-describedby=asked>
            {move || head().map(|head| view! { <p class="origin">{head}</p> })}
            <CitedText html citations=Signal::derive(citations) kind=Signal::derive(kind) />
            <Show when=move || streaming.get()>
                <Unfinished live />
            </Show>
            <Show when=move || !streaming.get()>
                {move || view! { <Outcome answer=answer.get() /> }}
                {move || {
                    let Message { citations, answer_kind, .. } = answer.get();
                    (!citations.is_empty()).then(|| view! { <Sources citations kind=answer_kind /> })
                }}
                <Foot answer />
            </Show>
        </article>
    }
}

fn progress(passages: Option<usize>, begun: bool) -> String {
    match passages {
        _ if begun => "Being written…".to_owned(),
        None => "Looking through your documents…".to_owned(),
        Some(found) => format!("Reading {}…", format::count(found as u64, "passage", "passages")),
    }
}

/// What stands below an answer that is still being written.
#[component]
fn Unfinished(live: Live) -> impl IntoView {
    let thread = expect_context::<Thread>();
    let reload = Action::new(move |()| async move {
        thread.reload().await?;
        live.lost.set(false);
        Ok::<_, Problem>(())
    });
    let problem = refusal(reload);
    // Without JavaScript it stays like this.
    let ready = ready();
    view! {
        <Show when=move || !ready.get()>
            <p class="hint">
                "This answer is being written. " <a href="">"Show what there is of it by now"</a>
            </p>
        </Show>
        <Show when=move || live.lost.get()>
            <div class="note warning" role="alert">
                <p>"The connection to this answer was lost. It is written on the server all the same."</p>
                <button
                    type="button"
                    class="button small"
                    disabled=reload.pending()
                    on:click=move |_| {
                        reload.dispatch(());
                    }
                >
                    "Go on reading"
                </button>
                {move || problem.get().map(|problem| view! { <ProblemNote problem /> })}
            </div>
        </Show>
    }
}

/// Versions, copying, another answer, feedback, and who made this one.
#[component]
fn Foot(answer: Memo<Message>) -> impl IntoView {
    let thread = expect_context::<Thread>();
    let id = answer.with_untracked(|answer| answer.id);
    let again = Action::new(move |()| thread.regenerate(id));
    let problem = refusal(again);
    let busy = move || again.pending().get() || thread.answering().is_some();
    let rating = Rating::new(answer);
    view! {
        <div class="actions answer-actions">
            <Branches of=id what="answer" />
            <CopyButton answer />
            <button
                type="button"
                class="button small quiet"
                disabled=busy
                on:click=move |_| {
                    again.dispatch(());
                }
            >
                <Icon shape=Shape::Redo />
                "Answer again"
            </button>
            <RatingButtons rating />
            <span class="hint made-by">{move || answer.with(|answer| made_by(answer, thread.assistant()))}</span>
        </div>
        {move || problem.get().map(|problem| view! { <ProblemNote problem /> })}
        <RatingNote rating />
    }
}

fn made_by(answer: &Message, assistant: Option<String>) -> String {
    let assistant = assistant.unwrap_or_else(|| "Deleted assistant".to_owned());
    let version = answer.assistant_version.map(|version| format!(", version {version}"));
    let model = answer.model.as_ref().map(|model| format!(" · {model}"));
    [Some(assistant), version, model].into_iter().flatten().collect()
}
