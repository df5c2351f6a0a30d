//! Language model endpoints: adding, changing and trying them.

use api::{Client, Connection, ConnectionTest, Preset, Problem, Role, SaveConnection, User};
use leptos::prelude::*;
use leptos_meta::Title;

use crate::{
    components::{Empty, Loading, ProblemNote},
    format,
    forms::{ApiForm, CheckField, Confirm, PasswordField, SelectField, SubmitButton, TextField, ready, refusal},
};

/// Which form is open.
#[derive(Clone, PartialEq)]
enum Editing {
    Nothing,
    New,
    Existing(api::ConnectionId),
}

#[component]
pub fn ConnectionsPage() -> impl IntoView {
    let list = Resource::new_blocking(
        || (),
        |()| async {
            let client = expect_context::<Client>();
            let user: User = client.get("/me").await?;
            let connections: Vec<Connection> = client.get("/connections").await?;
            Ok::<_, Problem>((user.role == Role::Admin, connections))
        },
    );
    let editing = RwSignal::new(Editing::Nothing);
    let deleting = RwSignal::new(None::<Connection>);
    let delete = Action::new(move |connection: &Connection| {
        let path = format!("/connections/{}", connection.id);
        async move {
            expect_context::<Client>().delete(&path).await?;
            deleting.set(None);
            list.refetch();
            Ok::<_, Problem>(())
        }
    });
    let saved = Callback::new(move |()| {
        editing.set(Editing::Nothing);
        list.refetch();
    });
    let ready = ready();

    view! {
        <Title text="Connections" />
        <header class="page-header">
            <div>
                <h1>"Connections"</h1>
                <p class="hint">
                    "Language models that write answers. Without one, answers are the documents' own sentences."
                </p>
            </div>
            <button
                type="button"
                class="button primary"
                disabled=move || !ready.get()
                on:click=move |_| editing.set(Editing::New)
            >
                "Add a connection"
            </button>
        </header>
        <Transition fallback=|| view! { <Loading /> }>
            {move || Suspend::new(async move {
                match list.await {
                    Err(problem) => view! { <ProblemNote problem /> }.into_any(),
                    Ok((may_share, connections)) => {
                        let none = connections.is_empty();
                        view! {
                            <Show when=move || editing.get() == Editing::New>
                                <ConnectionForm connection=None may_share editing saved />
                            </Show>
                            <Show when=move || none && editing.get() == Editing::Nothing>
                                <Empty
                                    title="No connection yet"
                                    text="Add Ollama or LM Studio on your own machine, or any service that speaks the OpenAI protocol."
                                />
                            </Show>
                            <ul class="card-list">
                                {connections
                                    .into_iter()
                                    .map(|connection| {
                                        view! {
                                            <li>
                                                <ConnectionCard connection may_share editing deleting saved />
                                            </li>
                                        }
                                    })
                                    .collect_view()}
                            </ul>
                        }
                            .into_any()
                    }
                }
            })}
        </Transition>
        <Confirm
            id="delete-connection"
            subject=deleting
            title=|connection| format!("Delete {}?", connection.name)
            explanation="Its key is deleted with it. Assistants that use it answer with the documents' own sentences until you choose another model for them."
            confirm="Delete connection"
            pending=delete.pending()
            problem=refusal(delete)
            on_confirm=move |connection| {
                delete.dispatch(connection);
            }
        />
    }
}

/// One connection: what it is, whether it works, and its form while it is changed.
#[component]
fn ConnectionCard(
    connection: Connection,
    may_share: bool,
    editing: RwSignal<Editing>,
    deleting: RwSignal<Option<Connection>>,
    saved: Callback<()>,
) -> impl IntoView {
    let id = connection.id;
    let test = Action::new(move |(): &()| async move {
        expect_context::<Client>()
            .post::<ConnectionTest>(&format!("/connections/{id}/test"), &())
            .await
    });
    let ready = ready();
    let connection = StoredValue::new(connection);
    let card = move || {
        let shown = connection.get_value();
        let name = shown.name.clone();
        view! {
            <article class="card">
                <div class="card-head">
                    <h2>{shown.name}</h2>
                    {shown.shared.then(|| view! { <span class="badge">"Shared with everybody"</span> })}
                </div>
                <dl class="facts">
                    <dt>"Kind"</dt>
                    <dd>{shown.preset.label()}</dd>
                    <dt>"Address"</dt>
                    <dd><code>{shown.base_url}</code></dd>
                    <dt>"Model"</dt>
                    <dd>{if shown.model.is_empty() { "The first one it lists".to_owned() } else { shown.model }}</dd>
                    <dt>"Key"</dt>
                    <dd>{if shown.has_key { "A key is stored" } else { "None" }}</dd>
                </dl>
                <div class="actions">
                    <button
                        type="button"
                        class="button"
                        aria-label=format!("Test {name}")
                        disabled=move || !ready.get() || test.pending().get()
                        on:click=move |_| {
                            test.dispatch(());
                        }
                    >
                        {move || if test.pending().get() { "Testing…" } else { "Test" }}
                    </button>
                    {shown
                        .editable
                        .then(|| {
                            view! {
                                <button
                                    type="button"
                                    class="button"
                                    aria-label=format!("Edit {name}")
                                    disabled=move || !ready.get()
                                    on:click=move |_| editing.set(Editing::Existing(id))
                                >
                                    "Edit"
                                </button>
                                <button
                                    type="button"
                                    class="button quiet danger"
                                    aria-label=format!("Delete {name}")
                                    disabled=move || !ready.get()
                                    on:click=move |_| deleting.set(Some(connection.get_value()))
                                >
                                    "Delete"
                                </button>
                            }
                        })}
                </div>
                <div role="status">{move || test.value().get().map(test_result)}</div>
            </article>
        }
    };
    move || {
        if editing.get() == Editing::Existing(id) {
            view! { <ConnectionForm connection=Some(connection.get_value()) may_share editing saved /> }.into_any()
        } else {
            card().into_any()
        }
    }
}

fn test_result(result: Result<ConnectionTest, Problem>) -> AnyView {
    match result {
        Err(problem)
        | Ok(ConnectionTest {
            problem: Some(problem), ..
        }) => view! { <ProblemNote problem /> }.into_any(),
        Ok(ConnectionTest { models, .. }) if models.is_empty() => {
            view! { <p class="note success">"It answers, but lists no models: name one in the connection."</p> }
                .into_any()
        }
        Ok(ConnectionTest { models, .. }) => view! {
            <div class="note success">
                <p>{format!("It works and lists {}.", format::count(models.len() as u64, "model", "models"))}</p>
                <ul class="model-list">
                    {models.into_iter().map(|model| view! { <li><code>{model}</code></li> }).collect_view()}
                </ul>
            </div>
        }
        .into_any(),
    }
}

/// Adds a connection, or changes one.
#[component]
fn ConnectionForm(
    connection: Option<Connection>,
    may_share: bool,
    editing: RwSignal<Editing>,
    saved: Callback<()>,
) -> impl IntoView {
    let id = connection.as_ref().map(|connection| connection.id);
    let has_key = connection.as_ref().is_some_and(|connection| connection.has_key);
    let (preset, name, base_url, model, shared) = match connection {
        Some(was) => (was.preset, was.name, was.base_url, was.model, was.shared),
        None => {
            let preset = Preset::Ollama;
            (
                preset,
                preset.label().to_owned(),
                preset.base_url().to_owned(),
                String::new(),
                false,
            )
        }
    };
    let (preset, name) = (RwSignal::new(option_value(preset)), RwSignal::new(name));
    let (base_url, model, shared) = (RwSignal::new(base_url), RwSignal::new(model), RwSignal::new(shared));
    let (key, remove_key) = (RwSignal::new(String::new()), RwSignal::new(false));
    Effect::new(move |before: Option<Preset>| {
        let chosen = preset_of(&preset.read());
        if let Some(before) = before {
            follow_preset(name, before.label(), chosen.label());
            follow_preset(base_url, before.base_url(), chosen.base_url());
        }
        chosen
    });

    let save = Action::new(move |body: &SaveConnection| {
        let body = body.clone();
        async move {
            let client = expect_context::<Client>();
            let _: Connection = match id {
                Some(id) => client.put(&format!("/connections/{id}"), &body).await?,
                None => client.post("/connections", &body).await?,
            };
            saved.run(());
            Ok::<_, Problem>(())
        }
    });
    let submit = move || {
        let typed = key.get_untracked();
        save.dispatch(SaveConnection {
            name: name.get_untracked(),
            preset: preset_of(&preset.read_untracked()),
            base_url: base_url.get_untracked(),
            key: if remove_key.get_untracked() {
                Some(String::new())
            } else {
                (!typed.is_empty()).then_some(typed)
            },
            model: model.get_untracked(),
            shared: shared.get_untracked(),
        });
    };
    let presets: Vec<_> = Preset::ALL
        .into_iter()
        .map(|preset| (option_value(preset), preset.label().to_owned()))
        .collect();

    view! {
        <section class="card" aria-labelledby="connection-title">
            <h2 id="connection-title">{if id.is_some() { "Edit the connection" } else { "Add a connection" }}</h2>
            <ApiForm id="connection" problem=refusal(save) on_submit=submit>
                <div class="form-columns">
                    <SelectField name="preset" label="Kind of server" value=preset options=presets />
                    <TextField name="name" label="Name" value=name required=true />
                </div>
                <TextField
                    name="base_url"
                    label="Address"
                    kind="url"
                    value=base_url
                    required=true
                    max_length=2000
                    hint="Up to and with /v1, as the server sees it: 127.0.0.1 is the machine Hyperion runs on."
                />
                <PasswordField
                    name="key"
                    label=if has_key { "New key" } else { "Key" }
                    value=key
                    autocomplete="off"
                    hint=if has_key {
                        "A key is stored and is not shown again. Leave this empty to keep it."
                    } else {
                        "Stored sealed and never shown again. Servers on your own machine mostly need none."
                    }
                />
                {has_key.then(|| view! { <CheckField name="remove_key" label="Remove the stored key" value=remove_key /> })}
                <TextField
                    name="model"
                    label="Model"
                    value=model
                    hint="Used where an assistant names none. Save and test the connection to see what it offers."
                />
                {may_share
                    .then(|| {
                        view! {
                            <CheckField
                                name="shared"
                                label="Share with everybody"
                                value=shared
                                hint="Everyone here may use it for their assistants; nobody else sees the key or changes it."
                            />
                        }
                    })}
                <div class="actions">
                    <SubmitButton label="Save connection" pending=save.pending() />
                    <button type="button" class="button" on:click=move |_| editing.set(Editing::Nothing)>
                        "Cancel"
                    </button>
                </div>
            </ApiForm>
        </section>
    }
}

/// Replaces what the preset filled in before, and leaves alone what somebody typed.
fn follow_preset(field: RwSignal<String>, before: &str, chosen: &str) {
    if field.with_untracked(|value| value.is_empty() || value == before) {
        field.set(chosen.to_owned());
    }
}

fn option_value(preset: Preset) -> String {
    preset.label().to_owned()
}

/// The preset of an option's value; the list offers no others.
fn preset_of(value: &str) -> Preset {
    Preset::ALL
        .into_iter()
        .find(|preset| preset.label() == value)
        .unwrap_or(Preset::Custom)
}
