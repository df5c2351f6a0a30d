//! Whether an answer helped, with a note.

use api::{Feedback, Message, Problem};
use leptos::{ev, html, prelude::*};

use super::thread::Thread;
use crate::{
    browser,
    components::{Icon, ProblemNote, Shape},
    format::escaped,
    forms::refusal,
};

const LONGEST_NOTE: u32 = 2000;

/// What can be done with the buttons and the note below them.
#[derive(Clone, Copy)]
pub struct Rating {
    answer: Memo<Message>,
    /// Whether the note is being written.
    noting: RwSignal<bool>,
    rate: Action<Feedback, Result<(), Problem>>,
}

impl Rating {
    pub fn new(answer: Memo<Message>) -> Self {
        let thread = expect_context::<Thread>();
        let id = answer.with_untracked(|answer| answer.id);
        Self {
            answer,
            noting: RwSignal::new(false),
            rate: Action::new(move |feedback: &Feedback| thread.rate(id, feedback.clone())),
        }
    }

    fn given(self) -> Option<Feedback> {
        self.answer.read().feedback.clone()
    }
}

#[component]
pub fn RatingButtons(rating: Rating) -> impl IntoView {
    let button = move |helpful: bool, label: &'static str, shape: Shape| {
        let pressed = move || rating.given().is_some_and(|feedback| feedback.helpful == helpful);
        let press = move |_| {
            let given = untrack(|| rating.given()).filter(|feedback| feedback.helpful == helpful);
            let note = given.map(|feedback| feedback.note).unwrap_or_default();
            rating.rate.dispatch(Feedback { helpful, note });
            rating.noting.set(true);
        };
        view! {
            <button
                type="button"
                class="button small quiet icon-only"
                aria-label=label
                title=label
                aria-pressed=move || pressed().to_string()
                on:click=press
            >
                <Icon shape />
            </button>
        }
    };
    view! {
        {button(true, "This answer helped", Shape::ThumbUp)}
        {button(false, "This answer did not help", Shape::ThumbDown)}
    }
}

#[component]
pub fn RatingNote(rating: Rating) -> impl IntoView {
    let thread = expect_context::<Thread>();
    let id = rating.answer.with_untracked(|answer| answer.id);
    let field = NodeRef::<html::Textarea>::new();
    let problem = refusal(rating.rate);
    let label = move || match rating.given() {
        Some(Feedback { helpful: true, .. }) => "What helped? (optional)",
        _ => "What was wrong or missing? (optional)",
    };
    let save = move |event: ev::SubmitEvent| {
        event.prevent_default();
        let note = field.get_untracked().map(|field| field.value()).unwrap_or_default();
        if let Some(Feedback { helpful, .. }) = untrack(|| rating.given()) {
            rating.rate.dispatch(Feedback {
                helpful,
                note: note.trim().to_owned(),
            });
        }
        rating.noting.set(false);
        thread.say("Your note is saved");
        browser::focus(format!("answer-{id}"));
    };
    view! {
        {move || problem.get().map(|problem| view! { <ProblemNote problem /> })}
        <Show
            when=move || rating.noting.get()
            fallback=move || {
                rating
                    .given()
                    .filter(|feedback| !feedback.note.is_empty())
                    .map(|feedback| view! { <p class="hint">"Your note: " {feedback.note}</p> })
            }
        >
            <form class="feedback-note" on:submit=save>
                <label for=format!("note-{id}")>{label}</label>
                <textarea
                    id=format!("note-{id}")
                    rows="2"
                    maxlength=LONGEST_NOTE
                    node_ref=field
                    inner_html=escaped(&untrack(|| rating.given()).map(|feedback| feedback.note).unwrap_or_default())
                ></textarea>
                <div class="actions">
                    <button type="submit" class="button small primary">
                        "Save note"
                    </button>
                    <button type="button" class="button small" on:click=move |_| rating.noting.set(false)>
                        "No note"
                    </button>
                </div>
            </form>
        </Show>
    }
}
