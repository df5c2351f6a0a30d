//! Creating a key, and showing its secret once.

use api::{CreateApiKey, CreatedApiKey, Problem, Scope};
use chrono::TimeDelta;
use leptos::{html, prelude::*};

use crate::{
    components::{Icon, Shape},
    format,
    forms::{ApiForm, SelectField, SubmitButton, TextField, refusal},
    transport,
};

const NEVER: &str = "never";

/// Asks what the key is for; `created` gets its secret.
#[component]
pub fn NewApiKey(creating: RwSignal<Option<()>>, created: Callback<String>) -> impl IntoView {
    let name = RwSignal::new(String::new());
    let (scope, lifetime) = (RwSignal::new("read".to_owned()), RwSignal::new("90".to_owned()));
    let create = Action::new(move |body: &CreateApiKey| {
        let body = body.clone();
        async move {
            let new: CreatedApiKey = transport::in_browser().post("/me/api-keys", &body).await?;
            created.run(new.secret);
            Ok::<_, Problem>(())
        }
    });
    let submit = move || {
        create.dispatch(CreateApiKey {
            name: name.get_untracked(),
            scope: if *scope.read_untracked() == "write" {
                Scope::Write
            } else {
                Scope::Read
            },
            expires_at: lifetime
                .with_untracked(|days| days.parse().ok().map(|days| format::now() + TimeDelta::days(days))),
        });
    };
    let option = |value: &str, label: &str| (value.to_owned(), label.to_owned());
    view! {
        <ApiForm id="api-key" problem=refusal(create) on_submit=submit>
            <TextField name="name" label="What it is for" value=name required=true hint="For example: nightly import." />
            <div class="form-columns">
                <SelectField
                    name="scope"
                    label="It may"
                    value=scope
                    options=vec![option("read", "Only read"), option("write", "Read and change what you may")]
                />
                <SelectField
                    name="expires_at"
                    label="It expires"
                    value=lifetime
                    options=vec![
                        option("30", "In 30 days"),
                        option("90", "In 90 days"),
                        option("365", "In a year"),
                        option(NEVER, "Never"),
                    ]
                />
            </div>
            <p class="hint">"No key can change your account or make other keys."</p>
            <div class="actions">
                <button type="button" class="button" on:click=move |_| creating.set(None)>
                    "Cancel"
                </button>
                <SubmitButton label="Create key" pending=create.pending() />
            </div>
        </ApiForm>
    }
}

/// A new key's secret, with a button that copies it. It takes the focus, so that nobody passes over it.
#[component]
pub fn NewSecret(shown: String, secret: RwSignal<Option<String>>) -> impl IntoView {
    let note = NodeRef::<html::Div>::new();
    Effect::new(move || {
        if note.get().is_some() {
            // In the next turn: the dialog that closes in this one gives the focus back to what opened it.
            request_animation_frame(move || {
                if let Some(note) = note.get_untracked() {
                    // It takes the focus by its `tabindex`.
                    note.focus().ok();
                }
            });
        }
    });
    let copied = RwSignal::new(None::<bool>);
    let copy = {
        let shown = shown.clone();
        move |_| {
            let promise = window().navigator().clipboard().write_text(&shown);
            leptos::task::spawn_local(async move {
                copied.set(Some(wasm_bindgen_futures::JsFuture::from(promise).await.is_ok()));
            });
        }
    };
    view! {
        <div class="note success" tabindex="-1" role="group" aria-labelledby="new-key-title" node_ref=note>
            <p id="new-key-title">
                <strong>"Your new key"</strong>
                " – copy it now, it is not shown again."
            </p>
            <p>
                <code class="secret">{shown}</code>
            </p>
            <div class="actions">
                <button type="button" class="button" on:click=copy>
                    <Icon shape=Shape::Copy />
                    "Copy key"
                </button>
                <button type="button" class="button quiet" on:click=move |_| secret.set(None)>
                    "I have stored it"
                </button>
                <span role="status">
                    {move || {
                        copied.get().map(|copied| if copied { "Copied." } else { "Could not copy: select the key and copy it." })
                    }}
                </span>
            </div>
        </div>
    }
}
