//! A form that is sent by the page, and what the server refused about it.

use api::Problem;
use leptos::{context::Provider, html, prelude::*};
use wasm_bindgen::JsCast;

/// What the fields of a form know of it.
#[derive(Clone, Copy)]
pub(super) struct FormState {
    /// Begins the identifiers of its fields, so that two forms of a page may both ask for a name.
    pub id: &'static str,
    problem: Signal<Option<Problem>>,
    /// Names of the fields that show their own problems.
    shown: StoredValue<Vec<&'static str>>,
}

impl FormState {
    /// What is wrong with one field, which shows it itself from now on.
    pub fn problem_of(self, name: &'static str) -> Signal<Option<String>> {
        self.shown.update_value(|shown| shown.push(name));
        Signal::derive(move || {
            let problem = self.problem.read();
            let field = problem
                .as_ref()?
                .fields
                .iter()
                .find(|field| leaf(&field.field) == name)?;
            Some(field.message.clone())
        })
    }

    /// What no field shows.
    fn general_problem(self) -> Option<String> {
        let problem = self.problem.get()?;
        let all_shown = self
            .shown
            .with_value(|shown| problem.fields.iter().all(|field| shown.contains(&leaf(&field.field))));
        (problem.fields.is_empty() || !all_shown).then(|| problem.message().to_owned())
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

/// Calls `on_submit` when the browser finds every field valid. Refusals by the server are told beside their fields, or
/// on top, and the first field concerned gets the focus.
#[component]
pub fn ApiForm(
    id: &'static str,
    #[prop(into)] problem: Signal<Option<Problem>>,
    on_submit: impl Fn() + 'static,
    children: Children,
) -> AnyView {
    let form = NodeRef::<html::Form>::new();
    let state = FormState {
        id,
        problem,
        shown: StoredValue::default(),
    };
    Effect::new(move || {
        if problem.read().is_some() {
            // The fields mark themselves in the same turn; look for them in the next.
            request_animation_frame(move || focus_first_invalid(form));
        }
    });
    view! {
        <form
            id=id
            class="form"
            method="post"
            node_ref=form
            on:submit=move |event| {
                event.prevent_default();
                on_submit();
            }
        >
            <Provider value=state>
                <div role="alert">
                    {move || state.general_problem().map(|message| view! { <p class="note problem">{message}</p> })}
                </div>
                {children()}
            </Provider>
            <noscript inner_html="<p class=\"note\">Changing this needs JavaScript, which your browser does not run.</p>"></noscript>
        </form>
    }
    .into_any()
}

fn focus_first_invalid(form: NodeRef<html::Form>) {
    let invalid = form
        .get_untracked()
        .and_then(|form| form.query_selector("[aria-invalid=true]").ok().flatten())
        .and_then(|element| element.dyn_into::<web_sys::HtmlElement>().ok());
    if let Some(field) = invalid {
        // An element that cannot take the focus leaves it where it was, which is no worse.
        let _ = field.focus();
    }
}

/// Sends the form around it; inert until the page reacts and while an attempt is under way.
#[component]
pub fn SubmitButton(
    label: &'static str,
    #[prop(into)] pending: Signal<bool>,
    #[prop(default = "button primary")] class: &'static str,
) -> impl IntoView {
    let ready = ready();
    view! {
        <button type="submit" class=class disabled=move || !ready.get() || pending.get() aria-busy=move || pending.get().to_string()>
            {label}
        </button>
    }
}
