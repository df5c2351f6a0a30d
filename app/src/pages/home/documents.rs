//! What there is to ask about.

use api::KnowledgeBase;
use leptos::prelude::*;

use crate::format::count;

#[component]
pub fn DocumentsAtHand(knowledge_bases: Vec<KnowledgeBase>) -> impl IntoView {
    let sum = |number: fn(&KnowledgeBase) -> u64| knowledge_bases.iter().map(number).sum::<u64>();
    let ready = sum(|base| base.documents.ready);
    let underway = sum(|base| base.documents.underway);
    let total = sum(|base| base.documents.total);
    if total == 0 {
        return view! {
            <section class="first-steps" aria-labelledby="first-steps-heading">
                <h2 id="first-steps-heading">"Begin with your documents"</h2>
                <p>
                    "There is nothing to ask about yet. Add PDFs, office documents, web pages, mail, tables or text; "
                    "they are read on this server and stay on it. Every answer then names its source and opens it at "
                    "the exact words."
                </p>
                <p>
                    <a href="/knowledge-bases">"Go to your knowledge bases"</a>
                </p>
            </section>
        }
        .into_any();
    }
    let reading = (underway > 0).then(|| format!("; {} being read", count(underway, "is", "are")));
    view! {
        <p class="hint at-hand">
            "Answers come from "
            <a href="/knowledge-bases">{count(ready, "document", "documents")}</a>
            {reading}
            "."
        </p>
    }
    .into_any()
}
