//! Adding a connection, or changing one.

use api::{Connection, Preset, Problem, SaveConnection};
use leptos::prelude::*;

use crate::{
    forms::{ApiForm, CheckField, ModelField, PasswordField, SelectField, SubmitButton, TextField, refusal},
    transport,
};

/// What the form is open for: a new connection when it names none.
#[derive(Clone)]
pub struct Editing {
    pub connection: Option<Connection>,
}

#[component]
pub fn ConnectionForm(
    connection: Option<Connection>,
    may_share: bool,
    editing: RwSignal<Option<Editing>>,
    saved: Callback<Connection>,
) -> impl IntoView {
    let id = connection.as_ref().map(|connection| connection.id);
    let has_key = connection.as_ref().is_some_and(|connection| connection.has_key);
    let (preset, name, base_url, model, shared) = match connection {
        Some(was) => (was.preset, was.name, was.base_url, was.model, was.shared),
        None => {
            let preset = Preset::Ollama;
            let (name, base_url) = (preset.label().to_owned(), preset.base_url().to_owned());
            (preset, name, base_url, String::new(), false)
        }
    };
    let (preset, name) = (RwSignal::new(preset.label().to_owned()), RwSignal::new(name));
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
            let client = transport::in_browser();
            saved.run(match id {
                Some(id) => client.put(&format!("/connections/{id}"), &body).await?,
                None => client.post("/connections", &body).await?,
            });
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
    let presets = Preset::ALL
        .into_iter()
        .map(|preset| (preset.label().to_owned(), preset.label().to_owned()))
        .collect();

    view! {
        <ApiForm id="connection" problem=refusal(save) on_submit=submit>
            <div class="form-columns">
                <SelectField name="preset" label="Kind" value=preset options=presets />
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
                    "A key is stored and is never shown again. Leave this empty to keep it."
                } else {
                    "Stored encrypted and never shown again. Servers on your own machine mostly need none."
                }
            />
            {has_key.then(|| view! { <CheckField name="remove_key" label="Remove the stored key" value=remove_key /> })}
            <ModelField
                value=model
                connection=Signal::derive(move || id.map(|id| id.to_string()).unwrap_or_default())
                hint=if id.is_some() {
                    "Used where an assistant names none. Empty takes the first one it lists."
                } else {
                    "Used where an assistant names none. You can choose it from a list once this is saved."
                }
            />
            {may_share
                .then(|| {
                    view! {
                        <CheckField
                            name="shared"
                            label="Share with everybody"
                            value=shared
                            hint="Everyone here may use it, at your cost. Nobody else sees the key or changes anything."
                        />
                    }
                })}
            <div class="actions">
                <button type="button" class="button" on:click=move |_| editing.set(None)>
                    "Cancel"
                </button>
                <SubmitButton label="Save and test" pending=save.pending() />
            </div>
        </ApiForm>
    }
}

/// Replaces what the preset filled in before, and leaves alone what somebody typed.
fn follow_preset(field: RwSignal<String>, before: &str, chosen: &str) {
    if field.with_untracked(|value| value.is_empty() || value == before) {
        field.set(chosen.to_owned());
    }
}

/// The preset of an option's value; the list offers no others.
fn preset_of(value: &str) -> Preset {
    Preset::ALL
        .into_iter()
        .find(|preset| preset.label() == value)
        .unwrap_or(Preset::Custom)
}
