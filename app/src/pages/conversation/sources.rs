//! The list of an answer's sources.

use api::{AnswerKind, Citation};
use leptos::prelude::*;

use super::check::CheckResult;

/// The document, opened at the cited words; its name alone when it cannot be opened any more.
#[component]
pub fn DocumentLink(citation: Citation, #[prop(optional)] tabindex: Option<&'static str>) -> impl IntoView {
    let address = address(&citation);
    let name = citation.document_name;
    if citation.available {
        view! {
            <a href=address tabindex=tabindex>
                {name}
            </a>
        }
        .into_any()
    } else {
        view! { <span>{name} <span class="hint">" (no longer available)"</span></span> }.into_any()
    }
}

fn address(citation: &Citation) -> String {
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
                            <DocumentLink citation=citation.clone() />
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
