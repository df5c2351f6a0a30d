//! The card that shows what a number in an answer cites, while the pointer or the focus is on the number.

use std::time::Duration;

use api::{AnswerKind, Citation};
use leptos::{ev, html, prelude::*};
use send_wrapper::SendWrapper;
use wasm_bindgen::JsCast;
use web_sys::{DomRect, Element, HtmlElement};

use super::{
    check::CheckResult,
    sources::{self, DocumentLink},
};

const CARD: &str = "citation-card";

/// Long enough to move the pointer from a number to its card.
const STAYS: Duration = Duration::from_millis(400);

/// What the card shows.
#[derive(Clone)]
struct Shown {
    citation: Citation,
    kind: Option<AnswerKind>,
    marker: SendWrapper<Element>,
}

#[derive(Clone, Copy)]
pub struct Citations {
    shown: RwSignal<Option<Shown>>,
    leaving: StoredValue<Option<TimeoutHandle>>,
    /// The last press was a finger's and on a number whose card was not shown yet.
    first_touch: StoredValue<bool>,
}

impl Citations {
    pub fn new() -> Self {
        Self {
            shown: RwSignal::new(None),
            leaving: StoredValue::new(None),
            first_touch: StoredValue::new(false),
        }
    }

    fn show(self, marker: Element, citation: Citation, kind: Option<AnswerKind>) {
        self.stay();
        self.unmark();
        // An element always takes an attribute of this name.
        marker.set_attribute("aria-describedby", CARD).ok();
        self.shown.set(Some(Shown {
            citation,
            kind,
            marker: SendWrapper::new(marker),
        }));
    }

    fn stay(self) {
        if let Some(leaving) = self.leaving.get_value() {
            leaving.clear();
        }
    }

    fn leave(self) {
        self.stay();
        let leaving = set_timeout_with_handle(move || self.hide(), STAYS);
        self.leaving.set_value(leaving.ok());
    }

    fn hide(self) {
        self.unmark();
        if self.shown.try_with_untracked(Option::is_some) == Some(true) {
            self.shown.set(None);
        }
    }

    fn unmark(self) {
        self.shown.try_with_untracked(|shown| {
            if let Some(shown) = shown {
                // What is not there need not be removed.
                shown.marker.remove_attribute("aria-describedby").ok();
            }
        });
    }

    fn is_shown_for(self, marker: &Element) -> bool {
        self.shown
            .with_untracked(|shown| shown.as_ref().is_some_and(|shown| &*shown.marker == marker))
    }
}

/// An answer's text; its numbers bring up the card.
#[component]
pub fn CitedText(
    #[prop(into)] html: Signal<String>,
    #[prop(into)] citations: Signal<Vec<Citation>>,
    #[prop(into)] kind: Signal<Option<AnswerKind>>,
) -> impl IntoView {
    let card = expect_context::<Citations>();
    let show = move |marker: Element| {
        let number: Option<u32> = marker
            .get_attribute("data-number")
            .and_then(|number| number.parse().ok());
        let cited = citations.with_untracked(|citations| {
            citations
                .iter()
                .find(|citation| Some(citation.number) == number)
                .cloned()
        });
        if let Some(citation) = cited {
            card.show(marker, citation, kind.get_untracked());
        }
    };
    let hovered = move |event: ev::PointerEvent| {
        if event.pointer_type() != "touch"
            && let Some(marker) = marker_of(&event)
        {
            show(marker);
        }
    };
    let left = move |event: ev::PointerEvent| {
        if event.pointer_type() != "touch" && marker_of(&event).is_some() {
            card.leave();
        }
    };
    let pressed = move |event: ev::PointerEvent| {
        let marker = marker_of(&event);
        let first = event.pointer_type() == "touch" && marker.is_some_and(|marker| !card.is_shown_for(&marker));
        card.first_touch.set_value(first);
    };
    // A finger cannot hover: its first tap shows the card, which holds a link, and the second opens the document.
    let clicked = move |event: ev::MouseEvent| {
        if card.first_touch.get_value()
            && let Some(marker) = marker_of(&event)
        {
            event.prevent_default();
            show(marker);
        }
    };
    let focused = move |event: ev::FocusEvent| {
        if let Some(marker) = marker_of(&event) {
            show(marker);
        }
    };
    view! {
        <div
            class="prose"
            inner_html=html
            on:pointerover=hovered
            on:pointerout=left
            on:pointerdown=pressed
            on:click=clicked
            on:focusin=focused
            on:focusout=move |_| card.leave()
        ></div>
    }
}

fn marker_of(event: &web_sys::Event) -> Option<Element> {
    let target: Element = event.target()?.dyn_into().ok()?;
    target.closest(".citation").ok().flatten()
}

#[component]
pub fn CitationCard() -> impl IntoView {
    let card = expect_context::<Citations>();
    let element = NodeRef::<html::Div>::new();
    Effect::new(move |_| {
        let Some(element) = element.get() else { return };
        match card.shown.get() {
            // Refused only for what is shown already, or hidden already.
            Some(_) => drop(element.show_popover()),
            None => drop(element.hide_popover()),
        }
        place_soon(card, element);
    });
    let escape = window_event_listener(ev::keydown, move |event| {
        if event.key() == "Escape" {
            card.hide();
        }
    });
    let pressed = window_event_listener(ev::pointerdown, move |event| {
        let target = event.target().and_then(|target| target.dyn_into::<Element>().ok());
        let inside = format!("#{CARD}, .citation");
        if target.is_none_or(|target| !target.matches_within(&inside)) {
            card.hide();
        }
    });
    let moved = move || {
        if let Some(element) = element.get_untracked()
            && card.shown.with_untracked(Option::is_some)
        {
            place_soon(card, element);
        }
    };
    let scrolled = window_event_listener(ev::scroll, move |_| moved());
    let resized = window_event_listener(ev::resize, move |_| moved());
    on_cleanup(move || {
        escape.remove();
        pressed.remove();
        scrolled.remove();
        resized.remove();
    });

    view! {
        <div
            id=CARD
            class="citation-card"
            popover="manual"
            node_ref=element
            on:pointerenter=move |_| card.stay()
            on:pointerleave=move |_| card.leave()
        >
            {move || card.shown.get().map(|Shown { citation, kind, .. }| view! { <CardContent citation kind /> })}
        </div>
    }
}

#[component]
fn CardContent(citation: Citation, kind: Option<AnswerKind>) -> impl IntoView {
    let location = sources::location(&citation);
    view! {
        <blockquote>{citation.quote.clone()}</blockquote>
        <p class="citation-place">
            // The number itself is the way there for the keyboard.
            <DocumentLink citation=citation.clone() tabindex="-1" />
            <span class="hint">{location}</span>
        </p>
        <CheckResult check=citation.check kind />
    }
}

trait MatchesWithin {
    fn matches_within(&self, selectors: &str) -> bool;
}

impl MatchesWithin for Element {
    fn matches_within(&self, selectors: &str) -> bool {
        self.closest(selectors).ok().flatten().is_some()
    }
}

/// Puts the card to its place when its content has been laid out.
fn place_soon(card: Citations, element: web_sys::HtmlDivElement) {
    request_animation_frame(move || {
        let marker = card.shown.try_get_untracked().flatten().map(|shown| shown.marker);
        match marker {
            Some(marker) if marker.is_connected() => place(&element, &marker),
            // An answer that grows brings new numbers for the ones it had.
            Some(_) => card.hide(),
            None => {}
        }
    });
}

/// In the margin where there is one; else below the line of the number, or above its paragraph: never on the words
/// that are read, and never outside the window.
fn place(card: &HtmlElement, marker: &Element) {
    const GAP: f64 = 8.0;
    let (width, height) = (f64::from(card.offset_width()), f64::from(card.offset_height()));
    let Some(window) = document().document_element() else {
        return;
    };
    let (window_width, window_height) = (f64::from(window.client_width()), f64::from(window.client_height()));
    let around = |selectors: &str| -> DomRect {
        let element = marker.closest(selectors).ok().flatten();
        element.as_ref().unwrap_or(marker).get_bounding_client_rect()
    };
    let number = marker.get_bounding_client_rect();
    let lowest = window_height - height - GAP;

    let margin = around(".prose").right() + 2.0 * GAP;
    let (left, top) = if margin + width + GAP <= window_width {
        (margin, (number.top() - GAP).min(lowest))
    } else {
        let left = (number.left() - 2.0 * GAP).min(window_width - width - GAP);
        let below = number.bottom() + GAP;
        let above = around("p, li, td, th, pre, blockquote").top() - height - GAP;
        let top = if below <= lowest || above < GAP {
            below.min(lowest)
        } else {
            above
        };
        (left, top)
    };
    for (side, value) in [("left", left), ("top", top)] {
        let value = format!("{}px", value.max(GAP));
        // A property of this name always takes a length.
        card.style().set_property(side, &value).ok();
    }
}
