//! Where a question is written.

use std::{collections::HashMap, future::Future};

use api::{ConversationId, MessageId, Problem};
use leptos::{ev, html, prelude::*};
use web_sys::{HtmlFormElement, HtmlTextAreaElement};

use crate::{
    browser,
    components::{Icon, ProblemNote, Shape},
    format::escaped,
    forms::{ready, refusal},
    plain_form::refused,
};

/// Questions that were begun and not asked, by the conversation they belong to; kept from page to page.
#[derive(Clone, Copy, Default)]
pub struct Drafts(StoredValue<HashMap<Option<ConversationId>, String>>);

/// Longer questions are not taken by the server either.
const LONGEST_QUESTION: u32 = 4000;

/// Posts to the plain handler until the page reacts; then `ask` gets the question. What was typed stays until the
/// question has been taken.
#[component]
pub fn Composer<F, R>(
    ask: F,
    label: &'static str,
    placeholder: &'static str,
    /// The conversation that is gone on with, unless the question begins one.
    #[prop(optional)]
    conversation: Option<ConversationId>,
    /// The answer that the question follows.
    #[prop(optional, into)]
    parent: Signal<Option<MessageId>>,
    /// Ends the answer that is being written, while there is one.
    #[prop(optional, into)]
    stop: Signal<Option<Callback<()>>>,
    /// What else belongs to the question.
    #[prop(optional)]
    children: Option<Children>,
) -> impl IntoView
where
    F: Fn(String) -> R + Send + Sync + 'static,
    R: Future<Output = Result<(), Problem>> + Send + 'static,
{
    let form = NodeRef::<html::Form>::new();
    let field = NodeRef::<html::Textarea>::new();
    let Drafts(drafts) = expect_context::<Drafts>();
    let asking = Action::new(move |question: &String| {
        let asked = ask(question.clone());
        async move {
            asked.await?;
            drafts.update_value(|drafts| drop(drafts.remove(&conversation)));
            // The page may have been left for the new conversation's.
            if let Some(field) = field.try_get_untracked().flatten() {
                field.set_value("");
                fit(&field);
            }
            Ok(())
        }
    });
    let pending = asking.pending();
    let problem = refusal(asking);
    let (online, ready) = (browser::online(), ready());
    let refused = refused("ask");
    let typed = refused.as_ref().and_then(|refused| refused.typed("question"));
    let typed = escaped(&typed.unwrap_or_default());

    Effect::new(move || {
        // Text that was typed before the page reacted is newer than any draft.
        if let Some(field) = field.get()
            && field.value().is_empty()
        {
            let draft = drafts.with_value(|drafts| drafts.get(&conversation).cloned());
            field.set_value(&draft.unwrap_or_default());
            fit(&field);
        }
    });
    let keep = move |event: ev::Event| {
        let typed = event_target_value(&event);
        drafts.update_value(|drafts| drop(drafts.insert(conversation, typed)));
        if let Some(field) = field.get_untracked() {
            fit(&field);
        }
    };
    let submit = move |event: ev::SubmitEvent| {
        event.prevent_default();
        let question = field.get_untracked().map(|field| field.value()).unwrap_or_default();
        if !question.trim().is_empty() && !pending.get_untracked() && stop.read_untracked().is_none() {
            asking.dispatch(question);
        }
    };
    let send_on_enter = move |event: ev::KeyboardEvent| {
        if event.key() == "Enter" && !event.shift_key() && !event.is_composing() {
            event.prevent_default();
            if let Some(form) = form.get_untracked() {
                // A form that is not valid stays where it is and says why.
                HtmlFormElement::request_submit(&form).ok();
            }
        }
    };
    let hint = move || {
        if online.get() {
            "Enter sends, Shift + Enter starts a new line."
        } else {
            "You are offline. Your question stays here until you are back."
        }
    };

    view! {
        <form class="composer" action="/forms/ask" method="post" node_ref=form on:submit=submit>
            {conversation.map(|id| view! { <input type="hidden" name="conversation_id" value=id.to_string() /> })}
            {move || {
                parent.get().map(|id| view! { <input type="hidden" name="parent_id" value=id.to_string() /> })
            }}
            <label class="visually-hidden" for="question">{label}</label>
            <textarea
                id="question"
                name="question"
                rows="2"
                required
                maxlength=LONGEST_QUESTION
                placeholder=placeholder
                aria-describedby="question-hint"
                readonly=pending
                node_ref=field
                on:input=keep
                on:keydown=send_on_enter
                inner_html=typed
            ></textarea>
            <div class="composer-foot">
                {children.map(|children| children())}
                <p class="hint" id="question-hint">{hint}</p>
                {move || match stop.get() {
                    Some(stop) if ready.get() => {
                        view! {
                            <button type="button" class="button" on:click=move |_| stop.run(())>
                                <Icon shape=Shape::Stop />
                                "Stop"
                            </button>
                        }
                            .into_any()
                    }
                    _ => {
                        view! {
                            <button type="submit" class="button primary" disabled=pending>
                                "Ask"
                            </button>
                        }
                            .into_any()
                    }
                }}
            </div>
            {refused.map(|refused| view! { <Refusal problem=refused.problem /> })}
            {move || problem.get().map(|problem| view! { <Refusal problem /> })}
        </form>
    }
}

/// Why the question was not taken. What is wrong with its only field is all there is to say.
#[component]
fn Refusal(problem: Problem) -> impl IntoView {
    let problem = Problem {
        fields: Vec::new(),
        ..problem
    };
    view! { <ProblemNote problem /> }
}

/// Makes the field as high as its text, for browsers that do not do it by themselves (`field-sizing`).
fn fit(field: &HtmlTextAreaElement) {
    let lines = field.value().lines().count() as u32;
    field.set_rows(lines.clamp(2, 12));
}
