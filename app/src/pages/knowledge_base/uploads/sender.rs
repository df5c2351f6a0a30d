//! Sends what is in the queue, a few requests at a time.

use std::{collections::HashMap, time::Duration};

use api::KnowledgeBaseId;
use leptos::{ev, prelude::*, task::spawn_local};
use send_wrapper::SendWrapper;
use web_sys::{File, XmlHttpRequest};

use super::{
    queue::{Batch, Item, Queue},
    send::{Sent, prepare, send},
};

/// Requests under way at the same time.
const MOST_REQUESTS: usize = 3;

/// Uploads go on while their owner looks at other pages, so this lives as long as the frame around the pages.
#[derive(Clone, Copy)]
pub struct Uploads {
    pub queue: RwSignal<Queue>,
    files: StoredValue<HashMap<u32, SendWrapper<File>>>,
    requests: StoredValue<Vec<(Batch, SendWrapper<XmlHttpRequest>)>>,
    /// Requests under way or waiting until the server wants them.
    busy: StoredValue<usize>,
}

impl Uploads {
    pub fn new() -> Self {
        let uploads = Self {
            queue: RwSignal::default(),
            files: StoredValue::default(),
            requests: StoredValue::default(),
            busy: StoredValue::default(),
        };
        Effect::new(move || {
            let leaving = window_event_listener(ev::beforeunload, move |event| {
                if uploads.queue.read_untracked().is_underway() {
                    event.prevent_default();
                }
            });
            on_cleanup(move || leaving.remove());
        });
        uploads
    }

    pub fn add(self, to: KnowledgeBaseId, files: Vec<File>) {
        self.queue.update(|queue| {
            self.files.update_value(|kept| {
                for file in files {
                    let key = queue.add(to, file.name(), file.size() as u64);
                    kept.insert(key, SendWrapper::new(file));
                }
            });
        });
        self.send_waiting();
    }

    /// Cancels those that `which` says; requests that hold one of them are given up and the rest sent again.
    pub fn cancel(self, which: impl Fn(&Item) -> bool) {
        let was_sending = self.queue.try_update(|queue| queue.cancel(&which)).unwrap_or(false);
        if !was_sending {
            return;
        }
        let requests = self.requests.get_value();
        for (batch, request) in requests {
            let holds_one = self
                .queue
                .read_untracked()
                .items(batch.knowledge_base)
                .any(|item| batch.keys.contains(&item.key) && which(item));
            if holds_one {
                self.queue.update(|queue| queue.give_back(&batch));
                // A request that has ended cannot be given up any more, which is fine.
                request.abort().ok();
            }
        }
    }

    pub fn retry(self, which: impl Fn(&Item) -> bool) {
        self.queue.update(|queue| queue.retry(which));
        self.send_waiting();
    }

    pub fn clear(self, of: KnowledgeBaseId) {
        if let Some(keys) = self.queue.try_update(|queue| queue.clear(of)) {
            self.files
                .update_value(|files| files.retain(|key, _| !keys.contains(key)));
        }
    }

    fn send_waiting(self) {
        while self.busy.try_get_value().is_some_and(|busy| busy < MOST_REQUESTS) {
            let Some(Some(batch)) = self.queue.try_update(Queue::next_batch) else {
                return;
            };
            self.busy.update_value(|busy| *busy += 1);
            spawn_local(async move {
                let wait = self.send_batch(batch).await;
                let next = move || {
                    // The frame is gone when the person has signed out.
                    self.busy.try_update_value(|busy| *busy -= 1);
                    self.send_waiting();
                };
                match wait {
                    Some(seconds) => set_timeout(next, Duration::from_secs(seconds.into())),
                    None => next(),
                }
            });
        }
    }

    /// Returns for how many seconds the server wants to be left alone.
    async fn send_batch(self, batch: Batch) -> Option<u32> {
        let files: Vec<File> = self.files.with_value(|files| {
            let found = batch.keys.iter().filter_map(|key| files.get(key));
            found.map(|file| (**file).clone()).collect()
        });
        let request = match prepare(batch.knowledge_base) {
            Ok(request) => request,
            Err(problem) => {
                self.queue.update(|queue| queue.settle(&batch, Err(problem)));
                return None;
            }
        };
        let kept = (batch.clone(), SendWrapper::new(request.clone()));
        self.requests.update_value(|requests| requests.push(kept));
        let sending = batch.clone();
        let on_progress = move |share| {
            self.queue.try_update(|queue| queue.note_progress(&sending, share));
        };
        let sent = send(request, files, on_progress).await;
        self.requests
            .try_update_value(|requests| requests.retain(|(under_way, _)| *under_way != batch));
        let wait = self.queue.try_update(|queue| match sent {
            // It was given up, and its files are where they belong.
            _ if queue.is_abandoned(&batch) => None,
            Sent::Answered(outcome) => {
                queue.settle(&batch, outcome);
                None
            }
            Sent::Later(seconds) => {
                queue.give_back(&batch);
                Some(seconds)
            }
        });
        wait.flatten()
    }
}
