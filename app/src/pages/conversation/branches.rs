//! The way between versions of a question or of an answer.

use api::MessageId;
use leptos::prelude::*;

use super::thread::Thread;
use crate::{
    browser,
    components::{Icon, Shape},
};

/// "2 of 3" with a step to each side; nothing where there is one version only. `what` is `question` or `answer`.
#[component]
pub fn Branches(of: MessageId, what: &'static str) -> impl IntoView {
    let thread = expect_context::<Thread>();
    let place = Memo::new(move |_| thread.place(of));
    let step = move |by: isize| {
        let target = move || {
            let place = place.read();
            place
                .at
                .checked_add_signed(by)
                .and_then(|at| place.alternatives.get(at).copied())
        };
        let (name, shape) = if by < 0 {
            ("Previous", Shape::Left)
        } else {
            ("Next", Shape::Right)
        };
        let go = move |_| {
            if let Some(target) = untrack(target) {
                thread.show(target);
                let now = untrack(|| thread.place(target));
                thread.say(format!(
                    "Version {} of {} of the {what}",
                    now.at + 1,
                    now.alternatives.len()
                ));
                browser::focus(step_id(target, by));
            }
        };
        view! {
            // At an end it stays where it is, so that the focus does too.
            <button
                type="button"
                class="button small quiet icon-only"
                id=step_id(of, by)
                aria-label=format!("{name} version of the {what}")
                aria-disabled=move || target().is_none().then_some("true")
                on:click=go
            >
                <Icon shape />
            </button>
        }
    };
    view! {
        <Show when=move || { place.read().alternatives.len() > 1 }>
            <span class="branches" role="group" aria-label=format!("Versions of the {what}")>
                {step(-1)}
                <span class="branches-place">
                    {move || place.with(|place| format!("{} of {}", place.at + 1, place.alternatives.len()))}
                </span>
                {step(1)}
            </span>
        </Show>
    }
}

fn step_id(of: MessageId, by: isize) -> String {
    format!("version-{of}-{}", if by < 0 { "previous" } else { "next" })
}
