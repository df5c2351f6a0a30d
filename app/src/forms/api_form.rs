//! A form that is sent by the page, and what is wrong with it.

use api::Problem;
use leptos::{context::Provider, html, prelude::*};
use wasm_bindgen::JsCast;

use super::check::incomplete;

/// What the fields of a form know of it.
#[derive(Clone, Copy)]
pub struct FormState {
    /// Begins the identifiers of its fields, so that two forms of a page may both ask for a name.
    pub(super) id: &'static str,
    problem: Signal<Option<Problem>>,
    /// Names of the fields that show their own problems.
    shown: StoredValue<Vec<&'static str>>,
    /// Names of the fields that were changed since the last attempt: what was said about them may no longer hold.
    changed: RwSignal<Vec<String>>,
}

impl FormState {
    /// What is wrong with one field, which shows it itself from now on.
    pub fn problem_of(self, name: &'static str) -> Signal<Option<String>> {
        self.shown.update_value(|shown| shown.push(name));
        Signal::derive(move || {
            if self.changed.read().iter().any(|changed| changed == name) {
                return None;
            }
            let problem = self.problem.read();
            let field = problem
                .as_ref()?
                .fields
                .iter()
                .find(|field| leaf(&field.field) == name)?;
            Some(field.message.clone())
        })
    }

    /// Takes back what was said about a field.
    pub fn field_changed(self, name: &str) {
        if !self.changed.read_untracked().iter().any(|changed| changed == name) {
            self.changed.update(|changed| changed.push(name.to_owned()));
        }
    }

    /// What no field shows.
    fn general_problem(self) -> Option<Problem> {
        let problem = self.problem.get()?;
        let all_shown = self
            .shown
            .with_value(|shown| problem.fields.iter().all(|field| shown.contains(&leaf(&field.field))));
        (problem.fields.is_empty() || !all_shown).then_some(problem)
    }
}

/// `retrieval.passages` is the field `passages`.
fn leaf(path: &str) -> &str {
    path.rsplit('.').next().unwrap_or(path)
}

/// What the last attempt was refused with; nothing while another one is under way.
pub fn refusal<I, T>(action: Action<I, Result<T, Problem>>) -> Signal<Option<Problem>>
where
    I: Send + Sync + 'static,
    T: Send + Sync + 'static,
{
    Signal::derive(move || {
        if action.pending().get() {
            return None;
        }
        action.value().with(|value| value.as_ref()?.as_ref().err().cloned())
    })
}

/// Whether the page reacts already: before, a click would be lost.
pub fn ready() -> Signal<bool> {
    let ready = RwSignal::new(false);
    Effect::new(move || ready.set(true));
    ready.into()
}

/// Calls `on_submit` when every field is filled in as it asks for. What is wrong, found here or refused by the server, is
/// told beside its field or else on top, and the first of these gets the focus.
#[component]
pub fn ApiForm(
    id: &'static str,
    #[prop(into)] problem: Signal<Option<Problem>>,
    on_submit: impl Fn() + 'static,
    children: Children,
) -> AnyView {
    let form = NodeRef::<html::Form>::new();
    let found_here = RwSignal::new(None::<Problem>);
    let state = FormState {
        id,
        problem: Signal::derive(move || found_here.get().or_else(|| problem.get())),
        shown: StoredValue::default(),
        changed: RwSignal::default(),
    };
    Effect::new(move || {
        if state.problem.read().is_some() {
            state.changed.set(Vec::new());
            // The fields mark themselves in the same turn; look for them in the next.
            request_animation_frame(move || focus_first_invalid(form));
        }
    });
    view! {
        <form
            id=id
            class="form"
            method="post"
            novalidate
            node_ref=form
            on:input=move |event| {
                if let Some(name) = event_target::<web_sys::Element>(&event).get_attribute("name") {
                    state.field_changed(&name);
                }
            }
            on:submit=move |event| {
                event.prevent_default();
                let wrong = form.get_untracked().and_then(|form| incomplete(&form));
                let complete = wrong.is_none();
                found_here.set(wrong);
                if complete {
                    on_submit();
                }
            }
        >
            <Provider value=state>
                <div role="alert">
                    {move || state.general_problem().map(|problem| view! { <GeneralProblem problem /> })}
                </div>
                {children()}
            </Provider>
            <noscript>
                <p class="note">"Changing this needs JavaScript, which your browser does not run."</p>
            </noscript>
        </form>
    }
    .into_any()
}

/// What no single field is to blame for. Signing in again happens in another tab, so that nothing typed here is lost.
#[component]
fn GeneralProblem(problem: Problem) -> impl IntoView {
    let signed_out = problem.status == 401;
    view! {
        <div class="note problem" tabindex="-1">
            <p>{problem.message().to_owned()}</p>
            {signed_out
                .then(|| {
                    view! {
                        <p>
                            <a href="/sign-in" target="_blank" rel="external noopener">"Sign in again in a new tab"</a>
                            ", then come back and repeat this."
                        </p>
                    }
                })}
        </div>
    }
}

fn focus_first_invalid(form: NodeRef<html::Form>) {
    let invalid = form
        .get_untracked()
        .and_then(|form| {
            form.query_selector("[aria-invalid=true], .field-error[tabindex], .note.problem[tabindex]")
                .ok()
                .flatten()
        })
        .and_then(|element| element.dyn_into::<web_sys::HtmlElement>().ok());
    if let Some(field) = invalid {
        // An element that cannot take the focus leaves it where it was, which is no worse.
        let _ = field.focus();
    }
}

/// Sends the form around it; inert until the page reacts and while an attempt is under way. It keeps the focus then.
#[component]
pub fn SubmitButton(
    label: &'static str,
    #[prop(into)] pending: Signal<bool>,
    #[prop(default = "button primary")] class: &'static str,
) -> impl IntoView {
    let ready = ready();
    view! {
        <button
            type="submit"
            class=class
            disabled=move || !ready.get()
            aria-disabled=move || pending.get().then_some("true")
            on:click=move |event| {
                if pending.get_untracked() {
                    event.prevent_default();
                }
            }
        >
            {label}
        </button>
    }
}
