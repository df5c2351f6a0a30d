//! Keeping the end of a growing answer in view, as long as its reader is there.

use api::Author;
use leptos::prelude::*;

use super::thread::Thread;
use crate::browser;

/// Pixels from the end within which a reader counts as being there.
const NEAR: f64 = 120.0;

/// How far down the page can be scrolled yet.
fn left() -> f64 {
    let page = document().document_element();
    let [height, shown] = page.map_or([0.0; 2], |page| {
        [page.scroll_height(), page.client_height()].map(f64::from)
    });
    height - shown - window().scroll_y().unwrap_or(0.0)
}

pub fn to_end() {
    request_animation_frame(|| {
        let top = window().scroll_y().unwrap_or(0.0) + left();
        window().scroll_to_with_x_and_y(0.0, top);
    });
}

/// Goes to the end whenever `grown` changes, unless the reader has scrolled up since.
pub fn follow(grown: impl Fn() + 'static) {
    let at_end = StoredValue::new(true);
    Effect::new(move |earlier: Option<()>| {
        grown();
        if earlier.is_none() {
            at_end.set_value(left() < NEAR);
        } else if at_end.get_value() {
            to_end();
        }
    });
    let scrolled = window_event_listener(leptos::ev::scroll, move |_| at_end.set_value(left() < NEAR));
    on_cleanup(move || scrolled.remove());
}

/// A conversation that is opened shows where it was left, unless the browser already went somewhere.
pub fn begin_at_the_last_question(thread: Thread) {
    Effect::new(move |_| {
        let branch = untrack(|| thread.branch());
        let mut questions = branch.iter().filter(|message| message.author == Author::User);
        if let Some(last) = questions.next_back()
            && questions.next().is_some()
            && window().scroll_y().unwrap_or(0.0) == 0.0
        {
            let id = format!("question-{}", last.id);
            request_animation_frame(move || {
                if let Some(question) = browser::element::<web_sys::Element>(&id) {
                    question.scroll_into_view();
                }
            });
        }
    });
}
