//! What the pages ask of the browser beyond the document: event streams, focus and the clipboard.

use leptos::prelude::*;
use send_wrapper::SendWrapper;
use wasm_bindgen::{JsCast, closure::Closure};
use wasm_bindgen_futures::JsFuture;
use web_sys::{EventSource, HtmlElement, MessageEvent};

/// Calls `on_data` with the data of each event of the stream until the calling scope ends.
///
/// The browser reconnects by itself, naming the last event it saw; `on_open` is called each time it is connected.
/// `on_end` is called when it has given up.
pub fn listen(
    path: &str,
    on_open: impl Fn() + 'static,
    on_data: impl Fn(String) + 'static,
    on_end: impl Fn() + 'static,
) {
    let Ok(source) = EventSource::new(path) else {
        on_end();
        return;
    };
    let open = Closure::<dyn Fn()>::new(on_open);
    let message = Closure::<dyn Fn(MessageEvent)>::new(move |event: MessageEvent| {
        if let Some(data) = event.data().as_string() {
            on_data(data);
        }
    });
    let error = Closure::<dyn Fn()>::new({
        let source = source.clone();
        move || {
            if source.ready_state() == EventSource::CLOSED {
                on_end();
            }
        }
    });
    source.set_onopen(Some(open.as_ref().unchecked_ref()));
    source.set_onmessage(Some(message.as_ref().unchecked_ref()));
    source.set_onerror(Some(error.as_ref().unchecked_ref()));
    let stream = SendWrapper::new((source, open, message, error));
    on_cleanup(move || {
        stream.0.set_onopen(None);
        stream.0.set_onmessage(None);
        stream.0.set_onerror(None);
        stream.0.close();
    });
}

/// Whether the browser has a connection, kept up to date.
pub fn online() -> ReadSignal<bool> {
    let (online, set_online) = signal(true);
    Effect::new(move || set_online.set(window().navigator().on_line()));
    let on = window_event_listener(leptos::ev::online, move |_| set_online.set(true));
    let off = window_event_listener(leptos::ev::offline, move |_| set_online.set(false));
    on_cleanup(move || {
        on.remove();
        off.remove();
    });
    online
}

/// Closes a popover if it is open.
pub fn close_popover(id: &str) {
    if let Some(element) = element::<HtmlElement>(id)
        && element.matches(":popover-open").unwrap_or(false)
    {
        // It can only fail when the popover is closed already.
        element.hide_popover().ok();
    }
}

/// Whether the text is in the clipboard now. Browsers let only pages from secure addresses do it this way.
pub async fn copy(text: &str) -> bool {
    if !window().is_secure_context() {
        return false;
    }
    JsFuture::from(window().navigator().clipboard().write_text(text))
        .await
        .is_ok()
}

/// Moves the focus to the element with this identifier, once the page shows what has just changed.
pub fn focus(id: String) {
    request_animation_frame(move || {
        if let Some(element) = element::<HtmlElement>(&id) {
            // An element that cannot take the focus leaves it where it was, which is no worse.
            element.focus().ok();
        }
    });
}

pub fn element<T: JsCast>(id: &str) -> Option<T> {
    document().get_element_by_id(id)?.dyn_into().ok()
}

/// Moves the focus to the page's content, when what had it goes away.
pub fn focus_main() {
    // In the next turn: a dialog that closes in this one gives the focus back to what opened it.
    request_animation_frame(|| {
        if let Some(main) = element::<HtmlElement>("main") {
            // It takes the focus by its `tabindex`.
            main.focus().ok();
        }
    });
}
