//! The user message, with its variables at hand and checked.

use leptos::{html, prelude::*};

use super::draft::Draft;
use crate::forms::{FormState, TextArea, ready};

/// What is filled in, and whether the model can do without.
const VARIABLES: [(&str, &str, bool); 3] = [
    ("{context}", "the numbered passages", true),
    ("{question}", "what was asked", true),
    ("{date}", "today’s date", false),
];

#[component]
pub fn PromptTemplate(draft: Draft) -> impl IntoView {
    let area = NodeRef::<html::Textarea>::new();
    let template = draft.prompt_template;
    let form = expect_context::<FormState>();
    let ready = ready();
    view! {
        <TextArea
            name="prompt_template"
            label="Prompt template"
            value=template
            rows=6
            required=true
            node_ref=area
            hint="The user message. Words in braces are filled in with each question; choose one to insert it."
        />
        <ul class="variables" aria-label="Insert into the prompt template">
            {VARIABLES
                .map(|(variable, meaning, needed)| {
                    view! {
                        <li>
                            <button
                                type="button"
                                class="button small"
                                disabled=move || !ready.get()
                                on:click=move |_| {
                                    insert(area, template, variable);
                                    form.field_changed("prompt_template");
                                }
                            >
                                <code>{variable}</code>
                            </button>
                            " "
                            <span class="hint">{meaning} {needed.then_some(", needed")}</span>
                        </li>
                    }
                })
                .collect_view()}
        </ul>
        <div role="status">
            {move || {
                warnings(&template.read())
                    .into_iter()
                    .map(|warning| view! { <p class="note warning">{warning}</p> })
                    .collect_view()
            }}
        </div>
    }
}

/// What will not work about a template.
fn warnings(template: &str) -> Vec<String> {
    let missing = VARIABLES
        .iter()
        .filter(|(variable, _, needed)| *needed && !template.contains(variable))
        .map(|(variable, meaning, _)| format!("{variable} is missing: the model would not get {meaning}."));
    let unknown = words_in_braces(template)
        .into_iter()
        .filter(|word| VARIABLES.iter().all(|(variable, ..)| variable != word))
        .map(|word| format!("{word} is not a variable."));
    missing.chain(unknown).collect()
}

/// `{word}` as often as it occurs, in braces; what else stands between braces may well be meant as it is.
fn words_in_braces(template: &str) -> Vec<&str> {
    template
        .match_indices('{')
        .filter_map(|(start, _)| {
            let end = start + template[start..].find('}')?;
            let word = &template[start + 1..end];
            let is_word = !word.is_empty() && word.chars().all(|c| c.is_alphabetic() || c == '_');
            is_word.then(|| &template[start..=end])
        })
        .collect()
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

#[cfg(test)]
mod tests {
    use super::warnings;

    #[test]
    fn a_template_that_lacks_a_variable_or_misspells_one_is_told() {
        assert!(warnings("{context} {question}").is_empty());
        let told = warnings("{context} {qestion} {\"json\": 1} {}");
        assert_eq!(told.len(), 2, "{told:?}");
        assert!(told[0].starts_with("{question} is missing"));
        assert!(told[1].starts_with("{qestion} is not a variable"));
    }
}
