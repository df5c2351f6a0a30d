//! Where a question is written.

use api::{ConversationId, MessageId, Problem};
use leptos::{ev, prelude::*};
use web_sys::HtmlFormElement;

use crate::components::ProblemNote;

/// Posts to the plain handler until the page reacts; then `on_ask` gets the question.
#[component]
pub fn Composer(
    on_ask: Callback<String>,
    #[prop(into)] busy: Signal<bool>,
    #[prop(into)] problem: Signal<Option<Problem>>,
    #[prop(optional)] conversation: Option<ConversationId>,
    /// The answer that the question follows.
    #[prop(optional, into)]
    parent: Signal<Option<MessageId>>,
) -> impl IntoView {
    let form = NodeRef::<leptos::html::Form>::new();
    let question = RwSignal::new(String::new());
    let submit = move |event: ev::SubmitEvent| {
        event.prevent_default();
        let text = question.get_untracked().trim().to_owned();
        if !text.is_empty() && !busy.get_untracked() {
            on_ask.run(text);
            question.set(String::new());
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

    view! {
        <form class="composer" action="/forms/ask" method="post" node_ref=form on:submit=submit>
            {conversation.map(|id| view! { <input type="hidden" name="conversation_id" value=id.to_string() /> })}
            {move || {
                parent.get().map(|id| view! { <input type="hidden" name="parent_id" value=id.to_string() /> })
            }}
            <label for="question">"Ask a question"</label>
            <div class="composer-row">
                <textarea
                    id="question"
                    name="question"
                    rows="2"
                    required
                    maxlength="4000"
                    aria-describedby="question-hint"
                    prop:value=question
                    on:input=move |event| question.set(event_target_value(&event))
                    on:keydown=send_on_enter
                ></textarea>
                <button type="submit" class="button primary" disabled=busy>"Ask"</button>
            </div>
            <p class="hint" id="question-hint">"Enter sends, Shift + Enter starts a new line."</p>
            {move || problem.get().map(|problem| view! { <ProblemNote problem /> })}
        </form>
    }
}
