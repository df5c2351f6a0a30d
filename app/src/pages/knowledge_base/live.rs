//! A knowledge base and the listed documents as they change.

use std::{collections::HashMap, time::Duration};

use api::{Document, DocumentCounts, DocumentEvent, DocumentId, DocumentStatus, KnowledgeBase, Page, Problem};
use leptos::{leptos_dom::helpers::TimeoutHandle, prelude::*, task::spawn_local};

use crate::{browser, transport};

/// Many files change at once; the list is read again at most so often.
const REST: Duration = Duration::from_secs(1);

#[derive(Clone, Copy)]
pub struct Live {
    id: Memo<String>,
    /// Where the API lists the documents that are shown.
    list: Memo<String>,
    /// As last read; none until something has changed.
    knowledge_base: RwSignal<Option<KnowledgeBase>>,
    /// The documents as last read, and from where.
    documents: RwSignal<Option<(String, Page<Document>)>>,
    /// What was told since.
    changes: RwSignal<HashMap<DocumentId, DocumentEvent>>,
    /// Why it cannot be read any more: it was deleted, or is not shared any more.
    pub lost: RwSignal<Option<Problem>>,
    due: StoredValue<Option<TimeoutHandle>>,
}

impl Live {
    pub fn new(id: Memo<String>, list: Memo<String>) -> Self {
        let live = Self {
            id,
            list,
            knowledge_base: RwSignal::new(None),
            documents: RwSignal::new(None),
            changes: RwSignal::default(),
            lost: RwSignal::new(None),
            due: StoredValue::new(None),
        };
        Effect::new(move || {
            let path = format!("/api/v1/knowledge-bases/{}/events", id.get());
            live.lost.set(None);
            // What happened while there was no connection is not told afterwards.
            browser::listen(
                &path,
                move || live.read_soon(),
                move |event| live.take(&event),
                move || live.read_soon(),
            );
        });
        on_cleanup(move || {
            if let Some(due) = live.due.try_get_value().flatten() {
                due.clear();
            }
        });
        live
    }

    /// The knowledge base, `opened` as it was when the page was.
    pub fn knowledge_base(self, opened: KnowledgeBase) -> Memo<KnowledgeBase> {
        Memo::new(move |_| {
            let latest = self.knowledge_base.get().filter(|latest| latest.id == opened.id);
            latest.unwrap_or_else(|| opened.clone())
        })
    }

    /// The listed documents, `opened` from `list` as they were then.
    pub fn documents(self, list: String, opened: Page<Document>) -> Memo<Page<Document>> {
        Memo::new(move |_| {
            let read = self.documents.get().filter(|(from, _)| *from == list);
            let mut page = read.map_or_else(|| opened.clone(), |(_, page)| page);
            let changes = self.changes.read();
            page.items
                .retain(|document| !matches!(changes.get(&document.id), Some(DocumentEvent::Deleted { .. })));
            for document in &mut page.items {
                match changes.get(&document.id) {
                    Some(DocumentEvent::Changed { document: latest }) if latest.updated_at >= document.updated_at => {
                        *document = (**latest).clone();
                    }
                    _ => {}
                }
            }
            page
        })
    }

    /// Takes over what is known to have changed, before the server tells.
    pub fn changed(self, event: DocumentEvent) {
        let id = match &event {
            DocumentEvent::Changed { document } => document.id,
            DocumentEvent::Deleted { id } => *id,
        };
        self.changes.try_update(|changes| changes.insert(id, event));
    }

    fn take(self, event: &str) {
        // An event of a newer version is as good as one that says nothing: the list is read again.
        let Ok(event) = serde_json::from_str::<DocumentEvent>(event) else {
            self.read_soon();
            return;
        };
        let progress_of_known = match &event {
            DocumentEvent::Changed { document } => {
                document.status == DocumentStatus::Processing
                    && self.documents.read_untracked().as_ref().is_none_or(|(_, page)| {
                        page.items
                            .iter()
                            .any(|known| known.id == document.id && known.status == DocumentStatus::Processing)
                    })
            }
            DocumentEvent::Deleted { .. } => false,
        };
        self.changed(event);
        if !progress_of_known {
            self.read_soon();
        }
    }

    /// Reads all again before long.
    pub fn read_soon(self) {
        if self.due.try_get_value().is_none_or(|due| due.is_some()) {
            return;
        }
        let read = move || {
            self.due.try_set_value(None);
            self.read();
        };
        // Without a timer nothing is lost but freshness: the next event sets one.
        self.due.set_value(set_timeout_with_handle(read, REST).ok());
    }

    /// Reads all again now.
    pub fn read(self) {
        let (Some(id), Some(list)) = (self.id.try_get_untracked(), self.list.try_get_untracked()) else {
            return;
        };
        spawn_local(async move {
            let client = transport::in_browser();
            let path = format!("/knowledge-bases/{id}");
            let (knowledge_base, documents) =
                futures::join!(client.get::<KnowledgeBase>(&path), client.get::<Page<Document>>(&list));
            match knowledge_base {
                Ok(knowledge_base) => drop(self.knowledge_base.try_set(Some(knowledge_base))),
                Err(problem) if matches!(problem.status, 401 | 403 | 404) => drop(self.lost.try_set(Some(problem))),
                // Out of reach for now: what is shown stays, and the stream tells when the connection is back.
                Err(_) => {}
            }
            if let Ok(documents) = documents {
                self.documents.try_set(Some((list, documents)));
                self.changes
                    .try_update(|changes| changes.retain(|_, change| matches!(change, DocumentEvent::Deleted { .. })));
            }
        });
    }
}

/// What screen readers are told about progress: now and then, not with every document.
pub fn announcement(counts: &DocumentCounts, before: Option<&Announced>) -> Announced {
    let step = if counts.underway == 0 {
        10
    } else {
        counts.ready * 10 / counts.total.max(1)
    };
    match before {
        Some(before) if before.step == step && before.total == counts.total => before.clone(),
        _ => Announced {
            step,
            total: counts.total,
            text: match counts {
                DocumentCounts { total: 0, .. } => String::new(),
                DocumentCounts {
                    ready,
                    total,
                    failed: 0,
                    ..
                } => format!("{ready} of {total} ready"),
                DocumentCounts {
                    ready, total, failed, ..
                } => format!("{ready} of {total} ready, {failed} failed"),
            },
        },
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Announced {
    step: u64,
    total: u64,
    pub text: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(ready: u64, underway: u64, failed: u64) -> DocumentCounts {
        DocumentCounts {
            total: ready + underway + failed,
            ready,
            underway,
            failed,
        }
    }

    #[test]
    fn progress_is_told_in_tenths_and_at_the_end() {
        let mut told = Vec::new();
        let mut before = None;
        for ready in 0..=200 {
            let now = announcement(&counts(ready, 200 - ready, 0), before.as_ref());
            if before.as_ref() != Some(&now) {
                told.push(now.text.clone());
            }
            before = Some(now);
        }
        assert_eq!(told.len(), 11);
        assert_eq!(told.first().unwrap(), "0 of 200 ready");
        assert_eq!(told.last().unwrap(), "200 of 200 ready");
    }

    #[test]
    fn failures_are_told_with_the_rest() {
        assert_eq!(announcement(&counts(3, 0, 1), None).text, "3 of 4 ready, 1 failed");
        assert_eq!(announcement(&counts(0, 0, 0), None).text, "");
    }
}
