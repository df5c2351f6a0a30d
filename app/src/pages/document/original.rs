//! The original beside its text, where the browser shows it itself.

use api::Document;
use leptos::{html::iframe, prelude::*};

/// Files that browsers show without running anything in them; the server sends no others for showing.
#[derive(Clone, Copy, PartialEq, Eq)]
enum ShownAs {
    Pdf,
    Text,
    Image,
}

fn shown_as(media_type: &str) -> Option<ShownAs> {
    match media_type {
        "application/pdf" => Some(ShownAs::Pdf),
        "text/plain" => Some(ShownAs::Text),
        "image/png" | "image/jpeg" | "image/gif" | "image/webp" => Some(ShownAs::Image),
        _ => None,
    }
}

/// The original, closed at first; `page` is the one a PDF opens at.
#[component]
pub fn Original(document: Document, page: Signal<u32>) -> impl IntoView {
    let shown = shown_as(&document.media_type)?;
    let address = format!("/api/v1/documents/{}/original?inline=true", document.id);
    let title = format!("Original of {}", document.name);
    let body = match shown {
        ShownAs::Image => view! { <img src=address alt=title loading="lazy" /> }.into_any(),
        ShownAs::Text => frame(move || address.clone(), title).into_any(),
        ShownAs::Pdf => frame(move || format!("{address}#page={}", page.get()), title).into_any(),
    };
    Some(view! {
        <details class="original">
            <summary>"Original"</summary>
            {body}
        </details>
    })
}

/// Nothing is fetched before it is opened.
fn frame(address: impl Fn() -> String + Send + 'static, title: String) -> impl IntoView {
    iframe().src(address).title(title).attr("loading", "lazy")
}
