//! Every setting of an assistant, in the order in which a question meets them.

use api::{Client, Connection, ConnectionTest, KnowledgeBase, KnowledgeBaseId, Problem};
use leptos::{html, prelude::*};

use super::draft::{Draft, Writer};
use crate::{
    components::ProblemNote,
    format,
    forms::{ApiForm, NumberField, SelectField, SubmitButton, TextArea, TextField, ready},
};

#[component]
pub fn SettingsForm(
    draft: Draft,
    knowledge_bases: Vec<KnowledgeBase>,
    connections: Vec<Connection>,
    problem: Signal<Option<Problem>>,
    #[prop(into)] pending: Signal<bool>,
    on_submit: impl Fn() + 'static,
) -> impl IntoView {
    view! {
        <ApiForm id="assistant" problem on_submit>
            <fieldset class="card">
                <legend>"What it is"</legend>
                <TextField name="name" label="Name" value=draft.name required=true />
                <TextField
                    name="description"
                    label="Description"
                    value=draft.description
                    max_length=1000
                    hint="What it is good for; shown where an assistant is chosen."
                />
            </fieldset>
            <KnowledgeBases draft knowledge_bases />
            <Retrieval draft />
            <ModelSettings draft connections />
            <fieldset class="card">
                <legend>"What the model is told"</legend>
                <TextArea
                    name="instructions"
                    label="Instructions"
                    value=draft.instructions
                    rows=6
                    hint="The system message: sent before everything else. Citations need the model to end sentences with passage numbers, like [1]."
                />
                <PromptTemplate draft />
            </fieldset>
            <div class="actions save-bar">
                <SubmitButton label="Save as a new version" pending />
            </div>
        </ApiForm>
    }
}

#[component]
fn KnowledgeBases(draft: Draft, knowledge_bases: Vec<KnowledgeBase>) -> impl IntoView {
    let chosen = draft.knowledge_base_ids;
    let tick = move |id: KnowledgeBaseId, ticked: bool| {
        chosen.update(|chosen| {
            chosen.retain(|other| *other != id);
            if ticked {
                chosen.push(id);
            }
        });
    };
    // They stay ticked until somebody removes them: saving must not drop what its reader was not shown.
    let hidden: Vec<KnowledgeBaseId> = chosen.with_untracked(|chosen| {
        chosen
            .iter()
            .filter(|id| knowledge_bases.iter().all(|base| base.id != **id))
            .copied()
            .collect()
    });
    let choices: Vec<(KnowledgeBaseId, String, String)> = knowledge_bases
        .into_iter()
        .map(|base| {
            (
                base.id,
                base.name,
                format::count(base.documents.total, "document", "documents"),
            )
        })
        .chain(
            hidden
                .into_iter()
                .map(|id| (id, "One that you may not read".to_owned(), id.to_string())),
        )
        .collect();
    let none = choices.is_empty();
    view! {
        <fieldset class="card">
            <legend>"Knowledge bases"</legend>
            <p class="hint" role="status">
                {move || match chosen.read().len() {
                    0 => "None is ticked: it answers from every knowledge base its user may read.".to_owned(),
                    number => {
                        format!("It answers from {} only.", format::count(number as u64, "knowledge base", "knowledge bases"))
                    }
                }}
            </p>
            {none.then(|| view! { <p class="hint">"There is none to choose from yet."</p> })}
            <div class="choices">
                {choices
                    .into_iter()
                    .map(|(id, name, about)| {
                        view! {
                            <label class="choice">
                                <input
                                    type="checkbox"
                                    name="knowledge_base_ids"
                                    value=id.to_string()
                                    checked=chosen.with_untracked(|chosen| chosen.contains(&id))
                                    prop:checked=move || chosen.read().contains(&id)
                                    on:change=move |event| tick(id, event_target_checked(&event))
                                />
                                <span>
                                    {name}
                                    <span class="hint">{about}</span>
                                </span>
                            </label>
                        }
                    })
                    .collect_view()}
            </div>
        </fieldset>
    }
}

#[component]
fn Retrieval(draft: Draft) -> impl IntoView {
    view! {
        <fieldset class="card">
            <legend>"Finding passages"</legend>
            <div class="form-columns">
                <NumberField
                    name="passages"
                    label="Passages"
                    value=draft.passages
                    unit="passages"
                    min="1"
                    max="30"
                    step="1"
                    hint="Given to the model with each question; 1 to 30. More find more, and cost time."
                />
                <NumberField
                    name="neighbours"
                    label="Neighbours"
                    value=draft.neighbours
                    unit="on each side"
                    min="0"
                    max="3"
                    step="1"
                    hint="Passages added before and after each found one; 0 to 3."
                />
                <NumberField
                    name="min_score"
                    label="Least relevance"
                    value=draft.min_score
                    min="0"
                    max="1"
                    step="any"
                    hint="Less relevant passages are left out; 0 keeps all, 1 is the most relevant there can be."
                />
                <NumberField
                    name="lexical_weight"
                    label="Weight of words"
                    value=draft.lexical_weight
                    min="0"
                    max="1"
                    step="any"
                    hint="0 searches by meaning alone, 1 by words alone."
                />
            </div>
        </fieldset>
    }
}

/// Who writes the answer, and how freely.
#[component]
fn ModelSettings(draft: Draft, connections: Vec<Connection>) -> impl IntoView {
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
                <span>
                    {label}
                    <span class="hint">{about}</span>
                </span>
            </label>
        }
    };
    let connections = StoredValue::new(connections);
    view! {
        <fieldset class="card">
            <legend>"Who writes the answer"</legend>
            <div class="choices">
                {choice(
                    Writer::Automatic,
                    "Automatic",
                    "The first connection its user may use; the documents' own sentences where there is none.",
                )}
                {choice(Writer::Extractive, "The documents' own sentences", "No language model at all: quotes, cited.")}
                {choice(Writer::Connection, "A certain model", "Always the one chosen here.")}
            </div>
            <Show when=move || writer.get() == Writer::Connection>
                <CertainModel draft connections=connections.get_value() />
            </Show>
            <Show when=move || writer.get() != Writer::Extractive>
                <div class="form-columns">
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
                        hint="Above 0, to 1. Only the likeliest words that make up this share are considered."
                    />
                    <NumberField
                        name="max_tokens"
                        label="Longest answer"
                        value=draft.max_tokens
                        unit="tokens"
                        min="16"
                        max="32768"
                        step="1"
                        hint="16 to 32,768; 100 tokens are about 75 English words."
                    />
                </div>
            </Show>
        </fieldset>
    }
}

const MODELS: &str = "assistant-models";

#[component]
fn CertainModel(draft: Draft, connections: Vec<Connection>) -> impl IntoView {
    let list = Action::new(move |id: &String| {
        let path = format!("/connections/{id}/test");
        async move {
            let test: ConnectionTest = expect_context::<Client>().post(&path, &()).await?;
            match test.problem {
                Some(problem) => Err(problem),
                None => Ok(test.models),
            }
        }
    });
    let ready = ready();
    let mut options = vec![(String::new(), "Choose a connection".to_owned())];
    options.extend(
        connections
            .into_iter()
            .map(|connection| (connection.id.to_string(), connection.name)),
    );
    view! {
        <div class="form-columns">
            <SelectField name="connection_id" label="Connection" value=draft.connection options required=true />
            <TextField
                name="model"
                label="Model"
                value=draft.model
                suggestions=MODELS
                hint="As the connection lists it; empty takes the connection's own."
            />
        </div>
        <datalist id=MODELS>
            {move || {
                list.value()
                    .get()
                    .and_then(Result::ok)
                    .unwrap_or_default()
                    .into_iter()
                    .map(|model| view! { <option value=model></option> })
                    .collect_view()
            }}
        </datalist>
        <div class="actions">
            <button
                type="button"
                class="button"
                disabled=move || !ready.get() || list.pending().get() || draft.connection.read().is_empty()
                on:click=move |_| {
                    list.dispatch(draft.connection.get_untracked());
                }
            >
                {move || if list.pending().get() { "Asking…" } else { "List its models" }}
            </button>
        </div>
        <div role="status">
            {move || match list.value().get() {
                None => ().into_any(),
                Some(Err(problem)) => view! { <ProblemNote problem /> }.into_any(),
                Some(Ok(models)) => {
                    view! {
                        <ul class="model-list">
                            {models
                                .into_iter()
                                .map(|model| {
                                    let chosen = model.clone();
                                    view! {
                                        <li>
                                            <button
                                                type="button"
                                                class="button quiet"
                                                on:click=move |_| draft.model.set(chosen.clone())
                                            >
                                                {model}
                                            </button>
                                        </li>
                                    }
                                })
                                .collect_view()}
                        </ul>
                    }
                        .into_any()
                }
            }}
        </div>
    }
}

const VARIABLES: [(&str, &str); 3] = [
    ("{context}", "the numbered passages"),
    ("{question}", "what was asked"),
    ("{date}", "today's date"),
];

/// The user message, with its variables at hand.
#[component]
fn PromptTemplate(draft: Draft) -> impl IntoView {
    let area = NodeRef::<html::Textarea>::new();
    let template = draft.prompt_template;
    let ready = ready();
    let missing = move || {
        VARIABLES[..2]
            .iter()
            .filter(|(variable, _)| !template.read().contains(variable))
            .map(|(variable, meaning)| {
                view! {
                    <p class="note warning">{format!("Without {variable} the model does not get {meaning}.")}</p>
                }
            })
            .collect_view()
    };
    view! {
        <TextArea
            name="prompt_template"
            label="Prompt template"
            value=template
            rows=8
            required=true
            node_ref=area
            hint="The user message. Words in braces are filled in with each question."
        />
        <div class="variables" role="group" aria-label="Insert into the prompt template">
            {VARIABLES
                .map(|(variable, meaning)| {
                    view! {
                        <button
                            type="button"
                            class="button"
                            disabled=move || !ready.get()
                            on:click=move |_| insert(area, template, variable)
                        >
                            <code>{variable}</code>
                            " "
                            {meaning}
                        </button>
                    }
                })
                .collect_view()}
        </div>
        <div role="status">{missing}</div>
    }
}

/// Puts text where the caret stands, in place of what is selected, and the caret behind it.
fn insert(area: NodeRef<html::Textarea>, value: RwSignal<String>, text: &str) {
    let Some(area) = area.get_untracked() else { return };
    let start = area.selection_start().ok().flatten().unwrap_or_default();
    // A text area that is shown takes text, a caret and the focus.
    if area.set_range_text(text).is_ok() {
        let behind = Some(start + text.encode_utf16().count() as u32);
        area.focus()
            .and_then(|()| area.set_selection_start(behind))
            .and_then(|()| area.set_selection_end(behind))
            .ok();
        value.set(area.value());
    }
}
