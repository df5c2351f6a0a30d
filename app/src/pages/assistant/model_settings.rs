//! Who writes the answer, and how freely.

use api::Connection;
use leptos::prelude::*;

use super::draft::{Draft, Writer};
use crate::forms::{Group, ModelField, NumberField, SelectField};

#[component]
pub fn ModelSettings(draft: Draft, connections: Vec<Connection>) -> impl IntoView {
    let writer = draft.writer;
    let choice = move |this: Writer, label: &'static str, about: &'static str| {
        view! {
            <label class="choice">
                <input
                    type="radio"
                    name="writer"
                    checked=writer.get_untracked() == this
                    prop:checked=move || writer.get() == this
                    on:change=move |_| writer.set(this)
                />
                <span>{label} " " <span class="hint">{about}</span></span>
            </label>
        }
    };
    let connections = StoredValue::new(connections);
    view! {
        <Group
            id="writer"
            title="Who writes the answer"
            about=view! { "A language model that you have " <a href="/connections">"connected"</a> ", or none." }.into_any()
        >
            <div class="choices" role="radiogroup" aria-labelledby="writer-title">
                {choice(
                    Writer::Automatic,
                    "Automatic",
                    "The first connection you may use; without one, the documents’ own sentences.",
                )}
                {choice(Writer::Extractive, "The documents’ own sentences", "Quoted and cited. No language model is asked.")}
                {choice(Writer::Connection, "A certain model", "Always the one chosen here.")}
            </div>
            <Show when=move || writer.get() == Writer::Connection>
                <CertainModel draft connections=connections.get_value() />
            </Show>
            <Show when=move || writer.get() != Writer::Extractive>
                <div class="form-columns three">
                    <NumberField
                        name="temperature"
                        label="Temperature"
                        value=draft.temperature
                        min="0"
                        max="2"
                        step="any"
                        hint="0 to 2. Low keeps to the likeliest words, high varies them."
                    />
                    <NumberField
                        name="top_p"
                        label="Top p"
                        value=draft.top_p
                        min="0.01"
                        max="1"
                        step="any"
                        hint="0.01 to 1. The share of likely words that is considered."
                    />
                    <NumberField
                        name="max_tokens"
                        label="Longest answer"
                        value=draft.max_tokens
                        unit="tokens"
                        min="16"
                        max="32768"
                        step="1"
                        hint="16 to 32,768. 100 tokens are about 75 English words."
                    />
                </div>
            </Show>
        </Group>
    }
}

#[component]
fn CertainModel(draft: Draft, connections: Vec<Connection>) -> impl IntoView {
    let mut options = vec![(String::new(), "Choose a connection".to_owned())];
    options.extend(
        connections
            .into_iter()
            .map(|connection| (connection.id.to_string(), connection.name)),
    );
    let chosen = draft.connection.get_untracked();
    if options.iter().all(|(option, _)| *option != chosen) {
        options.push((chosen, "A connection you may not use any more".to_owned()));
    }
    view! {
        <SelectField name="connection_id" label="Connection" value=draft.connection options required=true />
        <ModelField
            value=draft.model
            connection=draft.connection
            hint="As the connection lists it. Leave it empty to take the connection’s own."
        />
    }
}
