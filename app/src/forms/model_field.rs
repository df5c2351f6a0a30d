//! The name of a model: typed, or picked from what a connection lists.

use api::ConnectionTest;
use leptos::prelude::*;

use super::{TextField, ready};
use crate::{components::ProblemNote, transport};

/// `connection` is the identifier of the one to ask, or empty where there is none to ask yet.
#[component]
pub fn ModelField(
    value: RwSignal<String>,
    #[prop(into)] connection: Signal<String>,
    hint: &'static str,
) -> impl IntoView {
    let list = Action::new(move |connection: &String| {
        let path = format!("/connections/{connection}/test");
        async move {
            let test: ConnectionTest = transport::in_browser().post(&path, &()).await?;
            match test.problem {
                Some(problem) => Err(problem),
                None => Ok(test.models),
            }
        }
    });
    // What one connection lists says nothing about the next.
    Effect::new(move |before: Option<String>| {
        let now = connection.get();
        if before.is_some_and(|before| before != now) {
            list.clear();
        }
        now
    });
    let ready = ready();
    view! {
        <TextField name="model" label="Model" value=value hint=hint />
        <Show when=move || !connection.read().is_empty()>
            <div>
                <button
                    type="button"
                    class="button small"
                    disabled=move || !ready.get()
                    aria-disabled=move || list.pending().get().then_some("true")
                    on:click=move |_| {
                        if !list.pending().get_untracked() {
                            list.dispatch(connection.get_untracked());
                        }
                    }
                >
                    {move || if list.pending().get() { "Asking…" } else { "List its models" }}
                </button>
            </div>
        </Show>
        <div role="status">
            {move || {
                list.value()
                    .get()
                    .map(|listed| match listed {
                        Err(problem) => view! { <ProblemNote problem /> }.into_any(),
                        Ok(models) => view! { <Choices models value /> }.into_any(),
                    })
            }}
        </div>
    }
}

#[component]
fn Choices(models: Vec<String>, value: RwSignal<String>) -> impl IntoView {
    if models.is_empty() {
        return view! { <p class="hint">"It lists none: type the name of one."</p> }.into_any();
    }
    let choices = models
        .into_iter()
        .map(|model| {
            let (this, chosen) = (model.clone(), model.clone());
            view! {
                <li>
                    <button
                        type="button"
                        class="button small"
                        aria-pressed=move || (*value.read() == this).to_string()
                        on:click=move |_| value.set(chosen.clone())
                    >
                        {model}
                    </button>
                </li>
            }
        })
        .collect_view();
    view! { <ul class="models">{choices}</ul> }.into_any()
}
