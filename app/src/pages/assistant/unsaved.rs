//! Keeping what was typed from being lost by leaving the page.

use leptos::{ev, prelude::*};
use send_wrapper::SendWrapper;
use wasm_bindgen::{JsCast, closure::Closure};
use web_sys::{Element, Event};

const QUESTION: &str = "Leave without saving your changes?";

/// Asks before the page is left while `dirty`: by the browser's own question where the whole page goes, by one of ours
/// before a link is followed within the application.
pub fn ask_before_leaving(dirty: Signal<bool>) {
    Effect::new(move || {
        let leaving = window_event_listener(ev::beforeunload, move |event| {
            if dirty.get_untracked() {
                event.prevent_default();
            }
        });
        let clicked = Closure::<dyn Fn(Event)>::new(move |event: Event| {
            let leads_away = event_target::<Element>(&event)
                .closest("a[href]")
                .ok()
                .flatten()
                .is_some_and(|link| {
                    !link.has_attribute("target") && !link.get_attribute("href").is_some_and(|to| to.starts_with('#'))
                });
            if leads_away && dirty.get_untracked() && !window().confirm_with_message(QUESTION).unwrap_or(true) {
                event.prevent_default();
                event.stop_propagation();
            }
        });
        // Before the router hears of the click, which it does at the window.
        let listened =
            document().add_event_listener_with_callback_and_bool("click", clicked.as_ref().unchecked_ref(), true);
        let clicked = SendWrapper::new(clicked);
        on_cleanup(move || {
            leaving.remove();
            if listened.is_ok() {
                let callback = clicked.as_ref().as_ref().unchecked_ref();
                // Fails only for a listener that is not there, and then it is gone already.
                document()
                    .remove_event_listener_with_callback_and_bool("click", callback, true)
                    .ok();
            }
        });
    });
}
