//! What one chats with: the list.

use api::{Assistant, AssistantSettings, Client, ModelChoice, Problem};
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_navigate;

use crate::{
    components::{Empty, Loading, ProblemNote},
    format,
    forms::{ApiForm, Confirm, SubmitButton, TextField, ready, refusal},
};

#[component]
pub fn AssistantsPage() -> impl IntoView {
    let list = Resource::new_blocking(
        || (),
        |()| async { expect_context::<Client>().get::<Vec<Assistant>>("/assistants").await },
    );
    let creating = RwSignal::new(false);
    let deleting = RwSignal::new(None::<Assistant>);
    let delete = Action::new(move |assistant: &Assistant| {
        let path = format!("/assistants/{}", assistant.id);
        async move {
            expect_context::<Client>().delete(&path).await?;
            deleting.set(None);
            list.refetch();
            Ok::<_, Problem>(())
        }
    });
    let ready = ready();

    view! {
        <Title text="Assistants" />
        <header class="page-header">
            <div>
                <h1>"Assistants"</h1>
                <p class="hint">"How questions are answered: from which documents, by which model, with which words."</p>
            </div>
            <button
                type="button"
                class="button primary"
                disabled=move || !ready.get()
                on:click=move |_| creating.set(true)
            >
                "New assistant"
            </button>
        </header>
        <Show when=move || creating.get()>
            <NewAssistant creating />
        </Show>
        <Transition fallback=|| view! { <Loading /> }>
            {move || Suspend::new(async move {
                match list.await {
                    Err(problem) => view! { <ProblemNote problem /> }.into_any(),
                    Ok(assistants) if assistants.is_empty() => {
                        view! {
                            <Empty
                                title="No assistants of your own yet"
                                text="Questions are answered from every knowledge base you may read. Make an assistant to choose the documents, the model or the instructions."
                            />
                        }
                            .into_any()
                    }
                    Ok(assistants) => {
                        view! {
                            <ul class="card-list">
                                {assistants
                                    .into_iter()
                                    .map(|assistant| view! { <AssistantCard assistant deleting /> })
                                    .collect_view()}
                            </ul>
                        }
                            .into_any()
                    }
                }
            })}
        </Transition>
        <Confirm
            id="delete-assistant"
            subject=deleting
            title=|assistant| format!("Delete {}?", assistant.settings.name)
            explanation="All its versions are deleted. Conversations that were held with it stay."
            confirm="Delete assistant"
            pending=delete.pending()
            problem=refusal(delete)
            on_confirm=move |assistant| {
                delete.dispatch(assistant);
            }
        />
    }
}

#[component]
fn AssistantCard(assistant: Assistant, deleting: RwSignal<Option<Assistant>>) -> impl IntoView {
    let ready = ready();
    let settings = assistant.settings.clone();
    let sources = match settings.knowledge_base_ids.len() {
        0 => "every knowledge base".to_owned(),
        chosen => format::count(chosen as u64, "knowledge base", "knowledge bases"),
    };
    let writer = match settings.model {
        ModelChoice::Automatic => "automatic model".to_owned(),
        ModelChoice::Extractive => "documents' own sentences".to_owned(),
        ModelChoice::Connection { model, .. } => model,
    };
    let facts = format!(
        "{sources} · {writer} · version {} of {}",
        assistant.version,
        format::moment(assistant.updated_at)
    );
    let delete_label = format!("Delete {}", settings.name);
    view! {
        <li class="card">
            <div class="card-head">
                <h2>
                    <a href=format!("/assistants/{}", assistant.id)>{settings.name}</a>
                </h2>
                <button
                    type="button"
                    class="button quiet danger"
                    aria-label=delete_label
                    disabled=move || !ready.get()
                    on:click=move |_| deleting.set(Some(assistant.clone()))
                >
                    "Delete"
                </button>
            </div>
            {(!settings.description.is_empty()).then(|| view! { <p>{settings.description}</p> })}
            <p class="hint">{facts}</p>
        </li>
    }
}

/// Asks for a name alone, and opens the new assistant to set the rest.
#[component]
fn NewAssistant(creating: RwSignal<bool>) -> impl IntoView {
    let (name, description) = (RwSignal::new(String::new()), RwSignal::new(String::new()));
    let navigate = use_navigate();
    let create = Action::new(move |(name, description): &(String, String)| {
        let settings = AssistantSettings {
            name: name.clone(),
            description: description.clone(),
            ..AssistantSettings::default()
        };
        let navigate = navigate.clone();
        async move {
            let assistant: Assistant = expect_context::<Client>().post("/assistants", &settings).await?;
            navigate(&format!("/assistants/{}", assistant.id), Default::default());
            Ok::<_, Problem>(())
        }
    });
    view! {
        <section class="card" aria-labelledby="new-assistant-title">
            <h2 id="new-assistant-title">"New assistant"</h2>
            <ApiForm
                id="new-assistant"
                problem=refusal(create)
                on_submit=move || {
                    create.dispatch((name.get_untracked(), description.get_untracked()));
                }
            >
                <TextField name="name" label="Name" value=name required=true />
                <TextField name="description" label="Description" value=description max_length=1000 hint="What it is good for." />
                <div class="actions">
                    <SubmitButton label="Create and set up" pending=create.pending() />
                    <button type="button" class="button" on:click=move |_| creating.set(false)>
                        "Cancel"
                    </button>
                </div>
            </ApiForm>
        </section>
    }
}
