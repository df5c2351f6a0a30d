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
    on_confirm: impl Fn(T) + Send + Sync + 'static,
) -> impl IntoView {
    let on_confirm = StoredValue::new(on_confirm);
    view! {
        <Modal
            id
            subject
            title
            body=move |asked: T| {
                view! {
                    <p>{explanation}</p>
                    {move || problem.get().map(|problem| view! { <ProblemNote problem /> })}
                    <div class="actions">
                        <button type="button" class="button" on:click=move |_| subject.set(None)>
                            "Cancel"
                        </button>
                        <button
                            type="button"
                            class="button danger"
                            aria-disabled=move || pending.get().then_some("true")
                            on:click=move |_| {
                                if !pending.get_untracked() {
                                    on_confirm.with_value(|on_confirm| on_confirm(asked.clone()));
                                }
                            }
                        >
                            {confirm}
                        </button>
                    </div>
                }
            }
        />
    }
}
