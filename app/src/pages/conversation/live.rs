//! An answer while it is being written.

use api::{AnswerEvent, Citation, MessageId};
use leptos::prelude::*;

use super::{scroll, thread::Thread};
use crate::browser;

/// What has arrived of an answer that is not complete yet.
#[derive(Clone, Copy, Default)]
pub struct Live {
    /// How many passages the answer is made from, once they are found.
    pub passages: RwSignal<Option<usize>>,
    pub html: RwSignal<String>,
    pub citations: RwSignal<Vec<Citation>>,
    /// The browser has given up reading.
    pub lost: RwSignal<bool>,
}

impl Live {
    /// Reads the answer until it ends or the calling scope does. The browser reconnects where it was cut off.
    pub fn read(self, answer: MessageId, thread: Thread) {
        thread.say("Answering…");
        scroll::follow(move || {
            self.passages.track();
            self.html.track();
        });
        browser::listen(
            &format!("/api/v1/messages/{answer}/events"),
            || {},
            move |data| match serde_json::from_str(&data) {
                Ok(AnswerEvent::Retrieval { hits }) => self.passages.set(Some(hits.len())),
                Ok(AnswerEvent::Citation { citation }) => self.cite(*citation),
                Ok(AnswerEvent::Html { html }) => self.html.set(html),
                Ok(AnswerEvent::Done { message }) => thread.ended(*message),
                // Its text comes again as HTML.
                Ok(AnswerEvent::Delta { .. }) => {}
                Err(error) => leptos::logging::warn!("an event of the answer was not understood: {error}"),
            },
            move || self.lost.set(true),
        );
    }

    fn cite(self, citation: Citation) {
        self.citations.update(|citations| {
            citations.retain(|known| known.number != citation.number);
            citations.push(citation);
        });
    }
}
