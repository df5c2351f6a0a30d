//! One request with files, whose progress is told and which can be given up.

use api::{KnowledgeBaseId, Problem, Uploads};
use futures::channel::oneshot;
use wasm_bindgen::{JsCast, JsValue, closure::Closure};
use web_sys::{File, FormData, ProgressEvent, XmlHttpRequest};

use crate::transport::no_connection;

pub enum Sent {
    /// The server answered, or could not be reached.
    Answered(Result<Uploads, Problem>),
    /// The server wants to be asked again after so many seconds.
    Later(u32),
}

/// A request that is ready to be sent, and aborted from elsewhere.
pub fn prepare(knowledge_base: KnowledgeBaseId) -> Result<XmlHttpRequest, Problem> {
    let open = || -> Result<XmlHttpRequest, JsValue> {
        let request = XmlHttpRequest::new()?;
        request.open("POST", &format!("/api/v1/knowledge-bases/{knowledge_base}/documents"))?;
        Ok(request)
    };
    open().map_err(|_| no_connection())
}

/// Sends the files; `on_progress` is told the share that has been sent, from 0 to 1.
pub async fn send(request: XmlHttpRequest, files: Vec<File>, on_progress: impl Fn(f32) + 'static) -> Sent {
    let (finished, end) = oneshot::channel();
    let progress = Closure::<dyn Fn(ProgressEvent)>::new(move |event: ProgressEvent| {
        if event.total() > 0.0 {
            on_progress((event.loaded() / event.total()) as f32);
        }
    });
    let done = Closure::once(move || {
        // The future below may be gone already.
        finished.send(()).ok();
    });
    if let Ok(upload) = request.upload() {
        upload.set_onprogress(Some(progress.as_ref().unchecked_ref()));
    }
    // `loadend` follows success, failure and abort alike.
    request.set_onloadend(Some(done.as_ref().unchecked_ref()));
    let sending = form(&files).and_then(|form| request.send_with_opt_form_data(Some(&form)));
    if sending.is_err() || end.await.is_err() {
        return Sent::Answered(Err(not_sent()));
    }
    let status = request.status().unwrap_or(0);
    let body = request.response_text().ok().flatten().unwrap_or_default();
    match status {
        0 => Sent::Answered(Err(not_sent())),
        429 => Sent::Later(retry_after(&request)),
        200..400 => Sent::Answered(serde_json::from_str(&body).map_err(|_| unreadable(status))),
        _ => Sent::Answered(Err(serde_json::from_str(&body).unwrap_or_else(|_| unreadable(status)))),
    }
}

fn form(files: &[File]) -> Result<FormData, JsValue> {
    let form = FormData::new()?;
    for file in files {
        form.append_with_blob_and_filename("file", file, &file.name())?;
    }
    Ok(form)
}

fn retry_after(request: &XmlHttpRequest) -> u32 {
    const UNLESS_SAID: u32 = 5;
    let said = request.get_response_header("retry-after").ok().flatten();
    said.and_then(|seconds| seconds.parse().ok()).unwrap_or(UNLESS_SAID)
}

/// Browsers do not tell a lost connection from a file that vanished.
fn not_sent() -> Problem {
    no_connection().with_detail(
        "It could not be sent. Check your connection, and that the file is still there and not a folder. Then try again.",
    )
}

fn unreadable(status: u16) -> Problem {
    Problem::new(status, "unexpected_response", "The upload was not taken").with_detail(format!(
        "The server answered the upload with status {status}. Try again in a moment."
    ))
}
