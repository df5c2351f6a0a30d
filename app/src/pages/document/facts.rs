//! What is known about a document besides its text.

use api::Document;
use leptos::prelude::*;

use crate::{components::Moment, format};

#[component]
pub fn Facts(document: Memo<Document>) -> impl IntoView {
    let facts = move || {
        let document = document.get();
        let counted = document.pages > 0;
        view! {
            <div>
                <dt>"Type"</dt>
                <dd>{format::file_type(&document.media_type, &document.name)}</dd>
            </div>
            <div>
                <dt>"Size"</dt>
                <dd>{format::size(document.size)}</dd>
            </div>
            {counted
                .then(|| {
                    view! {
                        <div>
                            <dt>"Pages"</dt>
                            <dd>{document.pages}</dd>
                        </div>
                        <div>
                            <dt>"Passages"</dt>
                            <dd>{document.passages}</dd>
                        </div>
                    }
                })}
            <div>
                <dt>"Added"</dt>
                <dd>
                    <Moment time=document.created_at />
                </dd>
            </div>
            {document
                .source_url
                .map(|url| {
                    view! {
                        <div>
                            <dt>"From"</dt>
                            <dd>{source(url)}</dd>
                        </div>
                    }
                })}
        }
    };
    view! { <dl class="document-facts">{facts}</dl> }
}

/// A link where following it is harmless.
fn source(url: String) -> AnyView {
    if url.starts_with("https://") || url.starts_with("http://") {
        let href = url.clone();
        view! { <a href=href rel="external noopener noreferrer nofollow" target="_blank">{url}</a> }.into_any()
    } else {
        url.into_any()
    }
}
