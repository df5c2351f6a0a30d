//! What one chats with: the list.

use api::{Assistant, AssistantSettings, Client, Connection, Problem};
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::{NavigateOptions, hooks::use_navigate};

use super::assistant::{Names, all_knowledge_bases};
use crate::{
    browser,
    components::{Loading, Moment, ProblemNote},
    forms::{ApiForm, Confirm, Done, Modal, SubmitButton, TextField, ready, refusal},
    transport,
};

#[component]
pub fn AssistantsPage() -> impl IntoView {
    let list = Resource::new_blocking(
        || (),
        |()| async {
            let client = expect_context::<Client>();
            let assistants: Vec<Assistant> = client.get("/assistants").await?;
            let connections: Vec<Connection> = client.get("/connections").await?;
            Ok::<_, Problem>((assistants, all_knowledge_bases(&client).await?, connections))
        },
    );
    let creating = RwSignal::new(None::<()>);
    let deleting = RwSignal::new(None::<Assistant>);
    let told = RwSignal::new(None::<String>);
    let delete = Action::new(move |assistant: &Assistant| {
        let assistant = assistant.clone();
        async move {
            transport::in_browser()
                .delete(&format!("/assistants/{}", assistant.id))
                .await?;
            deleting.set(None);
            told.set(Some(format!("{} is deleted.", assistant.settings.name)));
            browser::focus_main();
            list.refetch();
            Ok::<_, Problem>(())
        }
    });
    let navigate = use_navigate();
    let create = Action::new(move |settings: &AssistantSettings| {
        let (settings, navigate) = (settings.clone(), navigate.clone());
        async move {
            let assistant: Assistant = transport::in_browser().post("/assistants", &settings).await?;
            navigate(&format!("/assistants/{}", assistant.id), NavigateOptions::default());
            Ok::<_, Problem>(())
        }
    });
    let create_refused = refusal(create);
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
                on:click=move |_| creating.set(Some(()))
            >
                "New assistant"
            </button>
        </header>
        <Done text=told />
        {move || {
            // What the dialog is refused with is told there.
            (creating.read().is_none()).then(|| create_refused.get().map(|problem| view! { <ProblemNote problem /> }))
        }}
        <Transition fallback=|| view! { <Loading /> }>
            {move || Suspend::new(async move {
                match list.await {
                    Err(problem) => view! { <ProblemNote problem /> }.into_any(),
                    Ok((assistants, knowledge_bases, connections)) => {
                        let names = Names::new(&knowledge_bases, &connections);
                        view! {
                            <ul class="entries framed">
                                {assistants
                                    .into_iter()
                                    .enumerate()
                                    .map(|(index, assistant)| {
                                        view! { <Row assistant is_default=index == 0 names=&names create deleting /> }
                                    })
                                    .collect_view()}
                            </ul>
                        }
                            .into_any()
                    }
                }
            })}
        </Transition>
        <Modal
            id="new-assistant-dialog"
            subject=creating
            title=|()| "New assistant".to_owned()
            body=move |()| view! { <NewAssistant create creating /> }
        />
        <Confirm
            id="delete-assistant"
            subject=deleting
            title=|assistant| format!("Delete {}?", assistant.settings.name)
            explanation="All its versions go with it. Conversations that were held with it stay readable."
            confirm="Delete assistant"
            pending=delete.pending()
            problem=refusal(delete)
            on_confirm=move |assistant| {
                delete.dispatch(assistant);
            }
        />
    }
}

type Create = Action<AssistantSettings, Result<(), Problem>>;

#[component]
fn Row<'a>(
    assistant: Assistant,
    is_default: bool,
    names: &'a Names,
    create: Create,
    deleting: RwSignal<Option<Assistant>>,
) -> impl IntoView + use<> {
    let ready = ready();
    let settings = assistant.settings.clone();
    let sources = names.sources(&settings.knowledge_base_ids);
    let model = names.model(&settings.model);
    let duplicate = AssistantSettings {
        // Names have at most 200 characters.
        name: format!("Copy of {}", settings.name.chars().take(190).collect::<String>()),
        ..settings.clone()
    };
    let (duplicate_label, delete_label) = (
        format!("Duplicate {}", settings.name),
        format!("Delete {}", settings.name),
    );
    view! {
        <li class="entry">
            <div class="entry-text">
                <h2 class="entry-title">
                    <a href=format!("/assistants/{}", assistant.id)>{settings.name}</a>
                    {is_default
                        .then(|| view! { <span class="badge" title="Answers whenever no other assistant is chosen">"Default"</span> })}
                </h2>
                {(!settings.description.is_empty()).then(|| view! { <p>{settings.description}</p> })}
                <dl class="inline-facts">
                    <div>
                        <dt>"Model"</dt>
                        <dd>{model}</dd>
                    </div>
                    <div>
                        <dt>"Looks in"</dt>
                        <dd>{sources}</dd>
                    </div>
                    <div>
                        <dt>{format!("Version {}", assistant.version)}</dt>
                        <dd>
                            <Moment time=assistant.updated_at />
                        </dd>
                    </div>
                </dl>
            </div>
            <div class="actions">
                <button
                    type="button"
                    class="button small"
                    aria-label=duplicate_label
                    disabled=move || !ready.get() || create.pending().get()
                    on:click=move |_| {
                        create.dispatch(duplicate.clone());
                    }
                >
                    "Duplicate"
                </button>
                <button
                    type="button"
                    class="button small quiet danger"
                    aria-label=delete_label
                    disabled=move || !ready.get()
                    on:click=move |_| deleting.set(Some(assistant.clone()))
                >
                    "Delete"
                </button>
            </div>
        </li>
    }
}

/// Asks for a name and what it is for, and opens the new assistant to set the rest.
#[component]
fn NewAssistant(create: Create, creating: RwSignal<Option<()>>) -> impl IntoView {
    let (name, description) = (RwSignal::new(String::new()), RwSignal::new(String::new()));
    view! {
        <ApiForm
            id="new-assistant"
            problem=refusal(create)
            on_submit=move || {
                create
                    .dispatch(AssistantSettings {
                        name: name.get_untracked(),
                        description: description.get_untracked(),
                        ..AssistantSettings::default()
                    });
            }
        >
            <TextField name="name" label="Name" value=name required=true />
            <TextField
                name="description"
                label="Description"
                value=description
                max_length=2000
                hint="What it is good for; shown where an assistant is chosen."
            />
            <div class="actions">
                <button type="button" class="button" on:click=move |_| creating.set(None)>
                    "Cancel"
                </button>
                <SubmitButton label="Create and set up" pending=create.pending() />
            </div>
        </ApiForm>
    }
}
