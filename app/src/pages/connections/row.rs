//! One connection: what it is, and whether it works.

use api::{Connection, ConnectionTest, Problem, SaveConnection};
use leptos::prelude::*;

use super::form::Editing;
use crate::{
    components::ProblemNote,
    format,
    forms::{ready, refusal},
    transport,
};

#[component]
pub fn Row(
    connection: Connection,
    /// Whether to ask for its models unasked.
    try_now: bool,
    editing: RwSignal<Option<Editing>>,
    deleting: RwSignal<Option<Connection>>,
    saved: Callback<Connection>,
) -> impl IntoView {
    let id = connection.id;
    let test = Action::new(move |(): &()| async move {
        transport::in_browser()
            .post::<ConnectionTest>(&format!("/connections/{id}/test"), &())
            .await
    });
    Effect::new(move || {
        if try_now {
            test.dispatch(());
        }
    });
    let ready = ready();
    let name = connection.name.clone();
    let facts = [
        ("Kind", connection.preset.label().to_owned()),
        ("Address", connection.base_url.clone()),
        (
            "Model",
            if connection.model.is_empty() {
                "the first it lists".to_owned()
            } else {
                connection.model.clone()
            },
        ),
        ("Key", if connection.has_key { "stored" } else { "none" }.to_owned()),
    ]
    .map(|(term, fact)| {
        view! {
            <div>
                <dt>{term}</dt>
                <dd>{fact}</dd>
            </div>
        }
    })
    .collect_view();
    let (to_edit, to_delete, shared, editable) = (
        connection.clone(),
        connection.clone(),
        connection.shared,
        connection.editable,
    );
    view! {
        <li class="entry">
            <div class="entry-text">
                <h2 class="entry-title">
                    {name.clone()}
                    {shared
                        .then(|| {
                            let badge = if editable { "Shared with everybody" } else { "Shared by an administrator" };
                            view! { <span class="badge">{badge}</span> }
                        })}
                </h2>
                <dl class="inline-facts">{facts}</dl>
            </div>
            <div class="actions">
                <button
                    type="button"
                    class="button small"
                    aria-label=format!("Test {name}")
                    disabled=move || !ready.get()
                    aria-disabled=move || test.pending().get().then_some("true")
                    on:click=move |_| {
                        if !test.pending().get_untracked() {
                            test.dispatch(());
                        }
                    }
                >
                    "Test"
                </button>
                {editable
                    .then(|| {
                        view! {
                            <button
                                type="button"
                                class="button small"
                                aria-label=format!("Edit {name}")
                                disabled=move || !ready.get()
                                on:click=move |_| editing.set(Some(Editing { connection: Some(to_edit.clone()) }))
                            >
                                "Edit"
                            </button>
                            <button
                                type="button"
                                class="button small quiet danger"
                                aria-label=format!("Delete {name}")
                                disabled=move || !ready.get()
                                on:click=move |_| deleting.set(Some(to_delete.clone()))
                            >
                                "Delete"
                            </button>
                        }
                    })}
            </div>
            <div class="entry-more" role="status">
                {move || {
                    if test.pending().get() {
                        return Some(view! { <p class="hint">"Asking for its models…"</p> }.into_any());
                    }
                    test.value().get().map(|result| view! { <TestResult result connection=connection.clone() saved /> }.into_any())
                }}
            </div>
        </li>
    }
}

/// What the endpoint said; from the models that it lists, its owner can choose the one to use.
#[component]
fn TestResult(
    result: Result<ConnectionTest, Problem>,
    connection: Connection,
    saved: Callback<Connection>,
) -> impl IntoView {
    let models = match result {
        Err(problem)
        | Ok(ConnectionTest {
            problem: Some(problem), ..
        }) => return view! { <ProblemNote problem /> }.into_any(),
        Ok(ConnectionTest { models, .. }) => models,
    };
    if models.is_empty() {
        return view! { <p class="note success">"It answers, but lists no models: name one with Edit."</p> }.into_any();
    }
    let told = format!(
        "It works and lists {}.",
        format::count(models.len() as u64, "model", "models")
    );
    let (id, editable, current) = (connection.id, connection.editable, connection.model.clone());
    let choose = Action::new(move |model: &String| {
        let body = SaveConnection {
            name: connection.name.clone(),
            preset: connection.preset,
            base_url: connection.base_url.clone(),
            key: None,
            model: model.clone(),
            shared: connection.shared,
        };
        async move {
            saved.run(
                transport::in_browser()
                    .put(&format!("/connections/{id}"), &body)
                    .await?,
            );
            Ok::<_, Problem>(())
        }
    });
    let refused = refusal(choose);
    let choices = models
        .into_iter()
        .map(|model| {
            if !editable {
                return view! {
                    <li>
                        <code>{model}</code>
                    </li>
                }
                .into_any();
            }
            let (pressed, chosen) = ((model == current).to_string(), model.clone());
            view! {
                <li>
                    <button
                        type="button"
                        class="button small"
                        aria-pressed=pressed
                        on:click=move |_| {
                            choose.dispatch(chosen.clone());
                        }
                    >
                        {model}
                    </button>
                </li>
            }
            .into_any()
        })
        .collect_view();
    view! {
        <div class="note success">
            <p>{told} {editable.then_some(" Choose the one to use where an assistant names none:")}</p>
            <ul class="models">{choices}</ul>
            {move || refused.get().map(|problem| view! { <ProblemNote problem /> })}
        </div>
    }
    .into_any()
}
