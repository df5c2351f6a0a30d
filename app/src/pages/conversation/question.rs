//! A question and its earlier and later wordings.

use api::{Message, Problem};
use leptos::{ev, html, prelude::*};

use super::{branches::Branches, thread::Thread};
use crate::{browser, components::ProblemNote, format::escaped, forms::refusal};

#[component]
pub fn Question(message: Message) -> impl IntoView {
    let id = format!("question-{}", message.id);
    let labelled_by = id.clone();
    view! {
        <section class="question" aria-labelledby=labelled_by>
            <h2 id=id tabindex="-1">
                {message.content.clone()}
            </h2>
            <div class="actions">
                <Branches of=message.id what="question" />
                <Edit message />
            </div>
        </section>
    }
}

/// Asks again in other words, beside the first ones. A plain form until the page reacts.
#[component]
fn Edit(message: Message) -> impl IntoView {
    let thread = expect_context::<Thread>();
    let Message {
        id, parent_id, content, ..
    } = message;
    let details = NodeRef::<html::Details>::new();
    let field = NodeRef::<html::Textarea>::new();
    let asking = Action::new(move |question: &String| {
        let question = question.clone();
        async move {
            thread.edit(id, question).await?;
            let new = untrack(|| thread.branch())
                .into_iter()
                .find(|message| message.parent_id == parent_id);
            if let Some(new) = new {
                browser::focus(format!("question-{}", new.id));
            }
            Ok::<_, Problem>(())
        }
    });
    let pending = asking.pending();
    let problem = refusal(asking);
    let close = move || {
        if let Some(details) = details.get_untracked() {
            details.set_open(false);
        }
        browser::focus(format!("edit-{id}"));
    };
    let submit = move |event: ev::SubmitEvent| {
        event.prevent_default();
        let question = field.get_untracked().map(|field| field.value()).unwrap_or_default();
        if !question.trim().is_empty() && !pending.get_untracked() {
            asking.dispatch(question);
        }
    };
    let opened = move |_| {
        if details.get_untracked().is_some_and(|details| details.open())
            && let Some(field) = field.get_untracked()
        {
            // It has just become visible, which is all that focusing asks for.
            field.focus().ok();
        }
    };
    let on_key = move |event: ev::KeyboardEvent| {
        if event.key() == "Escape" {
            event.prevent_default();
            close();
        }
    };

    view! {
        <details class="edit" node_ref=details on:toggle=opened>
            <summary class="button small quiet" id=format!("edit-{id}")>
                "Edit"
            </summary>
            <form action="/forms/ask" method="post" on:submit=submit on:keydown=on_key>
                <input type="hidden" name="conversation_id" value=thread.id().to_string() />
                <input type="hidden" name="edits" value=id.to_string() />
                <label for=format!("edited-{id}")>"The question in other words"</label>
                <textarea
                    id=format!("edited-{id}")
                    name="question"
                    rows="2"
                    required
                    maxlength="4000"
                    readonly=pending
                    node_ref=field
                    inner_html=escaped(&content)
                ></textarea>
                <p class="hint">"The earlier wording and what followed it are kept beside this one."</p>
                <div class="actions">
                    <button type="submit" class="button small primary" disabled=pending>
                        "Ask again"
                    </button>
                    <button type="button" class="button small" on:click=move |_| close()>
                        "Cancel"
                    </button>
                </div>
                {move || problem.get().map(|problem| view! { <ProblemNote problem /> })}
            </form>
        </details>
    }
}
