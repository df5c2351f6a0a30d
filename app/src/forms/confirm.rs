//! A question before something is destroyed.

use api::Problem;
use leptos::prelude::*;

use super::Modal;
use crate::components::ProblemNote;

/// Asks while `subject` is something. `on_confirm` gets it, and whoever carries that out empties `subject`.
#[component]
pub fn Confirm<T: Clone + Send + Sync + 'static>(
    id: &'static str,
    subject: RwSignal<Option<T>>,
    title: fn(&T) -> String,
    explanation: &'static str,
    confirm: &'static str,
    #[prop(into)] pending: Signal<bool>,
    #[prop(into)] problem: Signal<Option<Problem>>,
    on_confirm: impl Fn(T) + Send + 'static,
) -> impl IntoView {
    view! {
        <Modal id subject title>
            <p>{explanation}</p>
            {move || problem.get().map(|problem| view! { <ProblemNote problem /> })}
            <div class="actions">
                <button type="button" class="button" on:click=move |_| subject.set(None)>
                    "Cancel"
                </button>
                <button
                    type="button"
                    class="button danger"
                    disabled=pending
                    on:click=move |_| {
                        if let Some(subject) = subject.get_untracked() {
                            on_confirm(subject);
                        }
                    }
                >
                    {confirm}
                </button>
            </div>
        </Modal>
    }
}
