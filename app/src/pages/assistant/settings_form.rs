//! Every setting of an assistant, in the order in which a question meets them.

use api::{Connection, KnowledgeBase, KnowledgeBaseId, Problem};
use leptos::prelude::*;

use super::{draft::Draft, model_settings::ModelSettings, prompt_template::PromptTemplate};
use crate::{
    format,
    forms::{ApiForm, Done, FormState, Group, NumberField, SubmitButton, TextArea, TextField},
};

#[component]
pub fn SettingsForm(
    draft: Draft,
    knowledge_bases: Vec<KnowledgeBase>,
    connections: Vec<Connection>,
    problem: Signal<Option<Problem>>,
    #[prop(into)] pending: Signal<bool>,
    dirty: Signal<bool>,
    /// What became of the last save.
    told: RwSignal<Option<String>>,
    on_submit: impl Fn() + 'static,
    discard: Callback<()>,
) -> impl IntoView {
    let state = Signal::derive(move || {
        if dirty.get() {
            Some("Unsaved changes".to_owned())
        } else {
            told.get()
        }
    });
    view! {
        <ApiForm id="assistant" problem on_submit>
            <Group id="identity" title="Name and purpose">
                <TextField name="name" label="Name" value=draft.name required=true />
                <TextField
                    name="description"
                    label="Description"
                    value=draft.description
                    max_length=2000
                    hint="What it is good for; shown where an assistant is chosen."
                />
            </Group>
            <KnowledgeBases draft knowledge_bases />
            <Retrieval draft />
            <ModelSettings draft connections />
            <Group
                id="words"
                title="Instructions"
                about=view! { "What the language model is told. Quotes of the documents’ own sentences need none of it." }.into_any()
            >
                <TextArea
                    name="instructions"
                    label="Instructions"
                    value=draft.instructions
                    rows=7
                    hint="The system message, sent before everything else. Citations need the model to end sentences with passage numbers, like [1]."
                />
                <PromptTemplate draft />
            </Group>
            <div class="save-bar">
                <SubmitButton label="Save" pending />
                <Show when=move || dirty.get()>
                    <button type="button" class="button quiet" on:click=move |_| discard.run(())>
                        "Discard changes"
                    </button>
                </Show>
                <Done text=state />
            </div>
        </ApiForm>
    }
}

#[component]
fn KnowledgeBases(draft: Draft, knowledge_bases: Vec<KnowledgeBase>) -> impl IntoView {
    let chosen = draft.knowledge_base_ids;
    let problem = expect_context::<FormState>().problem_of("knowledge_base_ids");
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
            let documents = format::count(base.documents.total, "document", "documents");
            (base.id, base.name, documents)
        })
        .chain(
            hidden
                .into_iter()
                .map(|id| (id, "One that you may not read".to_owned(), id.to_string())),
        )
        .collect();
    let none = choices.is_empty();
    view! {
        <Group
            id="sources"
            title="Knowledge bases"
            about=view! { "Where it looks. Whoever asks still finds only what they may read themselves." }.into_any()
        >
            <p role="status">
                {move || match chosen.read().len() {
                    0 => "None is ticked: it looks in every knowledge base you may read.".to_owned(),
                    number => format!("It looks in {} only.", format::count(number as u64, "knowledge base", "knowledge bases")),
                }}
            </p>
            {none
                .then(|| {
                    view! {
                        <p class="hint">
                            "There is none to choose from yet. " <a href="/knowledge-bases">"Make one"</a> "."
                        </p>
                    }
                })}
            <div class="choices" role="group" aria-labelledby="sources-title">
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
                                <span>{name} " " <span class="hint">{about}</span></span>
                            </label>
                        }
                    })
                    .collect_view()}
            </div>
            {move || {
                problem
                    .get()
                    .map(|message| {
                        view! {
                            <p class="field-error" tabindex="-1">
                                {message}
                            </p>
                        }
                    })
            }}
        </Group>
    }
}

#[component]
fn Retrieval(draft: Draft) -> impl IntoView {
    view! {
        <Group
            id="retrieval"
            title="Finding passages"
            about=view! { "A question is searched for by its words and by its meaning; the best passages are what the answer is made from." }
                .into_any()
        >
            <div class="form-columns">
                <NumberField
                    name="passages"
                    label="Passages"
                    value=draft.passages
                    unit="at most"
                    min="1"
                    max="30"
                    step="1"
                    hint="1 to 30. More find more, and take a model longer to read."
                />
                <NumberField
                    name="neighbours"
                    label="Neighbours"
                    value=draft.neighbours
                    unit="on each side"
                    min="0"
                    max="3"
                    step="1"
                    hint="0 to 3. Passages that stand before and after each found one."
                />
                <NumberField
                    name="context_tokens"
                    label="Room for passages"
                    value=draft.context_tokens
                    unit="tokens"
                    min="200"
                    max="100000"
                    step="1"
                    hint="200 to 100,000. Passages that do not fit any more are left out."
                />
                <NumberField
                    name="min_score"
                    label="Least relevance"
                    value=draft.min_score
                    min="0"
                    max="1"
                    step="any"
                    hint="0 to 1. Less relevant passages are left out; 0 keeps all."
                />
                <NumberField
                    name="lexical_weight"
                    label="Weight of words"
                    value=draft.lexical_weight
                    min="0"
                    max="1"
                    step="any"
                    hint="0 to 1. 0 goes by meaning alone, 1 by words alone."
                />
            </div>
        </Group>
    }
}
