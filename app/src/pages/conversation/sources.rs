//! The list of an answer's sources.

use api::{AnswerKind, Citation};
use leptos::prelude::*;

use super::check::CheckResult;

/// Where a citation leads: the document, opened at the cited words.
pub fn address(citation: &Citation) -> String {
    format!(
        "/documents/{}?passage={}&start={}&end={}#cited",
        citation.document_id, citation.passage_id, citation.start, citation.end
    )
}

/// Page and headings under which the cited words stand.
pub fn location(citation: &Citation) -> String {
    let mut location = format!("page {}", citation.page);
    if !citation.heading_path.is_empty() {
        location.push_str(" · ");
        location.push_str(&citation.heading_path.join(" › "));
    }
    location
}

#[component]
pub fn Sources(citations: Vec<Citation>, kind: Option<AnswerKind>) -> impl IntoView {
    let sources = citations
        .into_iter()
        .map(|citation| {
            // An extractive answer is its quotes; a list of them would say everything twice.
            let quote = (kind != Some(AnswerKind::Extractive))
                .then(|| view! { <blockquote>{citation.quote.clone()}</blockquote> });
            view! {
                <li>
                    <span class="source-number">{citation.number}</span>
                    <div>
                        <p>
                            <a href=address(&citation)>{citation.document_name.clone()}</a>
                            <span class="hint">{location(&citation)}</span>
                            <CheckResult check=citation.check kind />
                        </p>
                        {quote}
                    </div>
                </li>
            }
        })
        .collect_view();
    view! {
        <section class="sources">
            <h3>"Sources"</h3>
            <ul>{sources}</ul>
        </section>
    }
}
