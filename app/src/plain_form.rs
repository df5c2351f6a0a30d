//! Forms that the browser posts itself, so that they work before the bundle is there, and without JavaScript.

use std::collections::BTreeMap;

use api::Problem;
use leptos::prelude::*;
use serde::{Deserialize, Serialize};

/// A form that was not taken: what was typed into it, but for secrets, and why.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RefusedForm {
    /// Which of the page's forms; empty when the page as a whole has to tell the problem.
    pub form: String,
    pub typed: BTreeMap<String, String>,
    pub problem: Problem,
}

impl RefusedForm {
    /// What the visitor typed into a field.
    pub fn typed(&self, field: &str) -> Option<String> {
        self.typed.get(field).cloned()
    }

    /// What is wrong with a field.
    pub fn problem_of(&self, field: &str) -> Option<String> {
        let problem = self.problem.fields.iter().find(|problem| problem.field == field)?;
        Some(problem.message.clone())
    }
}

/// What the form of this name came back with, if this page is the answer to it.
///
/// The browser learns it from the server together with the page, so both show the same.
pub fn refused(form: &str) -> Option<RefusedForm> {
    SharedValue::new(use_context::<RefusedForm>)
        .into_inner()
        .filter(|refused| refused.form == form)
}

/// On top of a form: why it was not taken, unless a field says so itself.
#[component]
pub fn FormRefusal(refused: Option<RefusedForm>) -> impl IntoView {
    refused
        .filter(|refused| refused.problem.fields.is_empty())
        .map(|refused| {
            view! {
                <p class="note problem" role="alert" tabindex="-1" autofocus>
                    {refused.problem.message().to_owned()}
                </p>
            }
        })
}

/// A labelled field that keeps what was typed. The first one that is wrong has the focus when the page comes.
#[component]
pub fn PlainField(
    refused: Option<RefusedForm>,
    name: &'static str,
    label: &'static str,
    #[prop(default = "text")] kind: &'static str,
    autocomplete: &'static str,
    #[prop(default = "")] hint: &'static str,
    #[prop(optional)] min_length: Option<u32>,
    #[prop(default = 254)] max_length: u32,
) -> impl IntoView {
    let problem = refused.as_ref().and_then(|refused| refused.problem_of(name));
    let is_first = refused
        .as_ref()
        .and_then(|refused| refused.problem.fields.first())
        .is_some_and(|first| first.field == name);
    let value = refused.and_then(|refused| refused.typed(name));
    let (hint_id, problem_id) = (format!("{name}-hint"), format!("{name}-problem"));
    let described_by: Vec<&str> = [
        problem.is_some().then_some(problem_id.as_str()),
        (!hint.is_empty()).then_some(hint_id.as_str()),
    ]
    .into_iter()
    .flatten()
    .collect();
    let described_by = (!described_by.is_empty()).then(|| described_by.join(" "));
    let invalid = problem.is_some().then_some("true");

    view! {
        <div class="field">
            <label for=name>{label}</label>
            <input
                id=name
                name=name
                type=kind
                autocomplete=autocomplete
                required
                minlength=min_length
                maxlength=max_length
                value=value
                autofocus=is_first
                aria-invalid=invalid
                aria-describedby=described_by
            />
            {problem.map(|message| view! { <p class="field-error" id=problem_id>{message}</p> })}
            {(!hint.is_empty()).then(|| view! { <p class="hint" id=hint_id>{hint}</p> })}
        </div>
    }
}
