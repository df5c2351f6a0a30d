//! What is said above and below an answer about how it came about and how it ended.

use api::{AnswerKind, Check, Message, MessageStatus};
use leptos::prelude::*;

use crate::components::ProblemNote;

/// Who wrote the answer, and what the check of its citations found.
pub fn origin(answer: &Message) -> Option<String> {
    match answer.answer_kind? {
        AnswerKind::NotFound => None,
        AnswerKind::Extractive => Some("The documents’ own sentences, quoted word for word".to_owned()),
        AnswerKind::Generated => {
            let model = answer.model.as_deref().unwrap_or("a language model");
            let checked = match answer.citations.len() {
                0 => "it cites nothing: check it yourself".to_owned(),
                all => {
                    let supported = answer
                        .citations
                        .iter()
                        .filter(|citation| citation.check == Check::Supported);
                    format!("{} of {all} citations supported by their sources", supported.count())
                }
            };
            Some(format!("Written by {model}; {checked}"))
        }
    }
}

/// What the reader should know or do when an answer is not simply complete.
#[component]
pub fn Outcome(answer: Message) -> impl IntoView {
    match answer.status {
        MessageStatus::Failed => {
            let problem = answer.error.unwrap_or_else(|| {
                api::Problem::new(500, "failed", "The answer failed").with_detail("The answer failed. Try again.")
            });
            view! { <ProblemNote problem /> }.into_any()
        }
        MessageStatus::Stopped => {
            view! { <p class="note">"You stopped this answer. What was written is kept; answer again for a whole one."</p> }
                .into_any()
        }
        MessageStatus::Complete if answer.answer_kind == Some(AnswerKind::NotFound) => view! {
            <p class="hint">
                "Nothing that this assistant may read answers the question. Ask in other words, or "
                <a href="/knowledge-bases">"add documents"</a> "."
            </p>
        }
        .into_any(),
        MessageStatus::Complete | MessageStatus::Streaming => ().into_any(),
    }
}
