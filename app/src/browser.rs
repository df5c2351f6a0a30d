//! What the pages ask of the browser beyond the document: event streams, uploads with progress, focus and the clipboard.

use api::{KnowledgeBaseId, Problem, Uploads};
use futures::channel::oneshot;
use leptos::prelude::*;
use send_wrapper::SendWrapper;
use uuid::Uuid;
use wasm_bindgen::{JsCast, JsValue, closure::Closure};
use wasm_bindgen_futures::JsFuture;
use web_sys::{EventSource, File, FormData, HtmlElement, MessageEvent, ProgressEvent, XmlHttpRequest};

use crate::transport::no_connection;

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

/// Sends files to a knowledge base; `on_progress` is told the share that has been sent, from 0 to 1.
pub async fn upload(
    knowledge_base: KnowledgeBaseId,
    files: Vec<File>,
    on_progress: impl Fn(f32) + 'static,
) -> Result<Uploads, Problem> {
    let (finished, end) = oneshot::channel();
    let (request, form) = prepare_upload(knowledge_base, &files).map_err(|_| no_connection())?;
    let progress = Closure::<dyn Fn(ProgressEvent)>::new(move |event: ProgressEvent| {
        if event.total() > 0.0 {
            on_progress((event.loaded() / event.total()) as f32);
        }
    });
    let done = Closure::once(move || {
        // Nobody waits any more when the page was left.
        finished.send(()).ok();
    });
    if let Ok(upload) = request.upload() {
        upload.set_onprogress(Some(progress.as_ref().unchecked_ref()));
    }
    // `loadend` follows success, failure and abort alike.
    request.set_onloadend(Some(done.as_ref().unchecked_ref()));
    request
        .send_with_opt_form_data(Some(&form))
        .map_err(|_| no_connection())?;
    end.await.map_err(|_| no_connection())?;

    let status = request.status().unwrap_or(0);
    let body = request.response_text().ok().flatten().unwrap_or_default();
    match status {
        0 => Err(no_connection()),
        200..400 => serde_json::from_str(&body).map_err(|_| unreadable(status)),
        _ => Err(serde_json::from_str(&body).unwrap_or_else(|_| unreadable(status))),
    }
}

fn prepare_upload(knowledge_base: KnowledgeBaseId, files: &[File]) -> Result<(XmlHttpRequest, FormData), JsValue> {
    let request = XmlHttpRequest::new()?;
    request.open("POST", &format!("/api/v1/knowledge-bases/{knowledge_base}/documents"))?;
    request.set_request_header("Idempotency-Key", &Uuid::new_v4().to_string())?;
    let form = FormData::new()?;
    for file in files {
        form.append_with_blob_and_filename("file", file, &file.name())?;
    }
    Ok((request, form))
}

fn unreadable(status: u16) -> Problem {
    Problem::new(status, "unexpected_response", "The upload was not taken").with_detail(format!(
        "The server answered the upload with status {status}. Try again in a moment."
    ))
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
