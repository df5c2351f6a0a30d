//! Labelled fields that describe themselves and tell what is wrong with them.

use js_sys::Reflect;
use leptos::{
    html::{self, ElementType},
    prelude::*,
};
use wasm_bindgen::{JsCast, JsValue};

use super::api_form::FormState;
use crate::format::escaped;

/// The label above a field, its hint and its problem below; `control` is the field itself.
#[component]
fn Labelled(label: &'static str, hint: &'static str, field: Field, children: Children) -> impl IntoView {
    view! {
        <div class="field">
            <label for=field.id()>{label}</label>
            {children()}
            {(!hint.is_empty()).then(|| view! { <p class="hint" id=field.hint_id()>{hint}</p> })}
            {move || field.problem.get().map(|message| view! { <p class="field-error" id=field.problem_id()>{message}</p> })}
        </div>
    }
}

/// One field's identifiers and problem.
#[derive(Clone, Copy)]
struct Field {
    form: &'static str,
    name: &'static str,
    has_hint: bool,
    problem: Signal<Option<String>>,
}

impl Field {
    fn new(name: &'static str, hint: &'static str) -> Self {
        let form = expect_context::<FormState>();
        Self {
            form: form.id,
            name,
            has_hint: !hint.is_empty(),
            problem: form.problem_of(name),
        }
    }

    fn id(self) -> String {
        format!("{}-{}", self.form, self.name)
    }

    fn hint_id(self) -> String {
        format!("{}-hint", self.id())
    }

    fn problem_id(self) -> String {
        format!("{}-problem", self.id())
    }

    /// Identifiers of the texts that describe the field, for `aria-describedby`.
    fn described_by(self) -> Option<String> {
        let problem = self.problem.read().is_some().then(|| self.problem_id());
        let hint = self.has_hint.then(|| self.hint_id());
        let ids: Vec<String> = problem.into_iter().chain(hint).collect();
        (!ids.is_empty()).then(|| ids.join(" "))
    }

    fn invalid(self) -> Option<&'static str> {
        self.problem.read().is_some().then_some("true")
    }
}

/// Keeps what a field shows and `value` the same. What was typed before the page reacted is kept.
fn follow<E>(field: NodeRef<E>, value: RwSignal<String>)
where
    E: ElementType,
    E::Output: JsCast + Clone + 'static,
{
    let property = || JsValue::from_str("value");
    Effect::new(move |followed: Option<bool>| {
        let Some(field) = field.get() else { return false };
        let wanted = value.get();
        let shown = Reflect::get(field.as_ref(), &property())
            .ok()
            .and_then(|shown| shown.as_string())
            .unwrap_or_default();
        if shown != wanted {
            // An empty text area is sent by the server with a space in it.
            if followed == Some(true) || (wanted.is_empty() && shown == " ") {
                // A text field, text area or select always takes a value.
                Reflect::set(field.as_ref(), &property(), &wanted.into()).ok();
            } else {
                value.set(shown);
            }
        }
        true
    });
}

#[component]
pub fn TextField(
    name: &'static str,
    label: &'static str,
    value: RwSignal<String>,
    #[prop(default = "")] hint: &'static str,
    #[prop(default = "text")] kind: &'static str,
    #[prop(default = "off")] autocomplete: &'static str,
    #[prop(optional)] required: bool,
    #[prop(default = 200)] max_length: u32,
) -> impl IntoView {
    let field = Field::new(name, hint);
    let input = NodeRef::<html::Input>::new();
    follow(input, value);
    view! {
        <Labelled label hint field>
            <input
                id=field.id()
                name=name
                type=kind
                autocomplete=autocomplete
                required=required
                maxlength=max_length
                value=value.get_untracked()
                node_ref=input
                on:input=move |event| value.set(event_target_value(&event))
                aria-invalid=move || field.invalid()
                aria-describedby=move || field.described_by()
            />
        </Labelled>
    }
}

/// A secret; what is typed is never written into the page's HTML.
#[component]
pub fn PasswordField(
    name: &'static str,
    label: &'static str,
    value: RwSignal<String>,
    #[prop(default = "")] hint: &'static str,
    autocomplete: &'static str,
    #[prop(optional)] required: bool,
    #[prop(optional)] min_length: Option<u32>,
) -> impl IntoView {
    let field = Field::new(name, hint);
    let input = NodeRef::<html::Input>::new();
    follow(input, value);
    view! {
        <Labelled label hint field>
            <input
                id=field.id()
                name=name
                type="password"
                autocomplete=autocomplete
                required=required
                minlength=min_length
                spellcheck="false"
                node_ref=input
                on:input=move |event| value.set(event_target_value(&event))
                aria-invalid=move || field.invalid()
                aria-describedby=move || field.described_by()
            />
        </Labelled>
    }
}

#[component]
pub fn TextArea(
    name: &'static str,
    label: &'static str,
    value: RwSignal<String>,
    #[prop(default = "")] hint: &'static str,
    rows: u32,
    #[prop(optional)] required: bool,
    #[prop(optional)] node_ref: NodeRef<html::Textarea>,
) -> impl IntoView {
    let field = Field::new(name, hint);
    follow(node_ref, value);
    view! {
        <Labelled label hint field>
            <textarea
                id=field.id()
                name=name
                rows=rows
                required=required
                node_ref=node_ref
                on:input=move |event| value.set(event_target_value(&event))
                aria-invalid=move || field.invalid()
                aria-describedby=move || field.described_by()
                inner_html=escaped(&value.get_untracked())
            ></textarea>
        </Labelled>
    }
}

/// A number within bounds that the browser checks, with its unit beside it.
#[component]
pub fn NumberField(
    name: &'static str,
    label: &'static str,
    value: RwSignal<String>,
    hint: &'static str,
    #[prop(default = "")] unit: &'static str,
    min: &'static str,
    max: &'static str,
    step: &'static str,
) -> impl IntoView {
    let field = Field::new(name, hint);
    let input = NodeRef::<html::Input>::new();
    follow(input, value);
    view! {
        <Labelled label hint field>
            <div class="with-unit">
                <input
                    id=field.id()
                    name=name
                    type="number"
                    required
                    min=min
                    max=max
                    step=step
                    value=value.get_untracked()
                    node_ref=input
                    on:input=move |event| value.set(event_target_value(&event))
                    aria-invalid=move || field.invalid()
                    aria-describedby=move || field.described_by()
                />
                {(!unit.is_empty()).then(|| view! { <span class="unit">{unit}</span> })}
            </div>
        </Labelled>
    }
}

/// One of a few; `options` are pairs of value and label.
#[component]
pub fn SelectField(
    name: &'static str,
    label: &'static str,
    value: RwSignal<String>,
    options: Vec<(String, String)>,
    #[prop(default = "")] hint: &'static str,
    #[prop(optional)] required: bool,
) -> impl IntoView {
    let field = Field::new(name, hint);
    let select = NodeRef::<html::Select>::new();
    follow(select, value);
    let options = options
        .into_iter()
        .map(|(option, label)| {
            let chosen = *value.read_untracked() == option;
            view! {
                <option value=option selected=chosen>
                    {label}
                </option>
            }
        })
        .collect_view();
    view! {
        <Labelled label hint field>
            <select
                id=field.id()
                name=name
                required=required
                node_ref=select
                on:change=move |event| value.set(event_target_value(&event))
                aria-invalid=move || field.invalid()
                aria-describedby=move || field.described_by()
            >
                {options}
            </select>
        </Labelled>
    }
}

#[component]
pub fn CheckField(
    name: &'static str,
    label: &'static str,
    value: RwSignal<bool>,
    #[prop(default = "")] hint: &'static str,
) -> impl IntoView {
    let field = Field::new(name, hint);
    view! {
        <div class="field">
            <label class="choice">
                <input
                    id=field.id()
                    name=name
                    type="checkbox"
                    checked=value.get_untracked()
                    prop:checked=value
                    on:change=move |event| value.set(event_target_checked(&event))
                    aria-invalid=move || field.invalid()
                    aria-describedby=move || field.described_by()
                />
                <span>{label}</span>
            </label>
            {(!hint.is_empty()).then(|| view! { <p class="hint" id=field.hint_id()>{hint}</p> })}
            {move || field.problem.get().map(|message| view! { <p class="field-error" id=field.problem_id()>{message}</p> })}
        </div>
    }
}
