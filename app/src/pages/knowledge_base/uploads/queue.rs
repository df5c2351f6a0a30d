//! Files on their way to knowledge bases: what goes next, and what became of each. Sends nothing itself.

use api::{Document, KnowledgeBaseId, Problem, Upload, Uploads};

/// Limits of one request: few enough files that cancelling one costs little, enough that small ones do not cost a
/// request each.
const MOST_FILES: usize = 8;
const MOST_BYTES: u64 = 8_000_000;

#[derive(Debug, Clone, PartialEq)]
pub struct Item {
    /// Grows with each file added.
    pub key: u32,
    pub knowledge_base: KnowledgeBaseId,
    pub name: String,
    pub size: u64,
    pub state: ItemState,
    /// Whether it was sent before: the server may have taken it without our hearing of it.
    sent_before: bool,
    /// Whether it goes in a request of its own, since one with others did not get through.
    alone: bool,
}

#[derive(Debug, Clone, PartialEq)]
pub enum ItemState {
    Waiting,
    /// How much of it has been sent, 0 to 1.
    Sending(f32),
    Taken,
    /// The knowledge base has the same bytes already.
    Duplicate(Box<Document>),
    /// The server looked at it and does not want it.
    Refused(Problem),
    /// It did not get there; it can be tried again.
    Unsent(Problem),
    Cancelled,
}

/// Files that go in one request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Batch {
    pub knowledge_base: KnowledgeBaseId,
    pub keys: Vec<u32>,
}

/// What became of the files for one knowledge base, by their number.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Totals {
    pub all: usize,
    /// Waiting or being sent.
    pub underway: usize,
    pub taken: usize,
    pub duplicate: usize,
    pub refused: usize,
    pub unsent: usize,
    pub cancelled: usize,
}

#[derive(Debug, Default)]
pub struct Queue {
    /// In the order of their keys.
    items: Vec<Item>,
    next_key: u32,
}

impl Queue {
    /// Adds a file and returns its key.
    pub fn add(&mut self, knowledge_base: KnowledgeBaseId, name: String, size: u64) -> u32 {
        let key = self.next_key;
        self.next_key += 1;
        self.items.push(Item {
            key,
            knowledge_base,
            name,
            size,
            state: ItemState::Waiting,
            sent_before: false,
            alone: false,
        });
        key
    }

    pub fn items(&self, of: KnowledgeBaseId) -> impl Iterator<Item = &Item> {
        self.items.iter().filter(move |item| item.knowledge_base == of)
    }

    /// The next files to send, which are being sent from now on.
    pub fn next_batch(&mut self) -> Option<Batch> {
        let waiting = |item: &&mut Item| item.state == ItemState::Waiting;
        let mut items = self.items.iter_mut().filter(waiting);
        let first = items.next()?;
        first.state = ItemState::Sending(0.0);
        let mut batch = Batch {
            knowledge_base: first.knowledge_base,
            keys: vec![first.key],
        };
        let mut bytes = first.size;
        if first.alone {
            return Some(batch);
        }
        for item in items {
            bytes += item.size;
            let fits = item.knowledge_base == batch.knowledge_base && bytes <= MOST_BYTES && !item.alone;
            if !fits || batch.keys.len() == MOST_FILES {
                break;
            }
            item.state = ItemState::Sending(0.0);
            batch.keys.push(item.key);
        }
        Some(batch)
    }

    /// Notes that a share of a batch, from 0 to 1, has been sent. Its files go one after the other.
    pub fn note_progress(&mut self, batch: &Batch, share: f32) {
        let total: u64 = self.of(batch).map(|item| item.size).sum();
        let mut left = f64::from(share) * total as f64;
        for item in self.of(batch) {
            let size = item.size as f64;
            let sent = if size > 0.0 { (left / size).clamp(0.0, 1.0) } else { 1.0 };
            left -= size;
            if let ItemState::Sending(progress) = &mut item.state {
                *progress = sent as f32;
            }
        }
    }

    /// Notes what the server said about a batch, or that it could not be asked. Files cancelled meanwhile stay so.
    pub fn settle(&mut self, batch: &Batch, outcome: Result<Uploads, Problem>) {
        let several = batch.keys.len() > 1;
        let mut outcome = outcome.map(|uploads| uploads.files.into_iter());
        for item in self.of(batch) {
            let result = match &mut outcome {
                Ok(files) => files.next().ok_or_else(unanswered),
                Err(problem) => Err(problem.clone()),
            };
            if !matches!(item.state, ItemState::Sending(_)) {
                continue;
            }
            item.state = match result {
                Ok(Upload::Accepted { .. }) => ItemState::Taken,
                Ok(Upload::Duplicate { document, name }) if item.sent_before && document.name == name => {
                    ItemState::Taken
                }
                Ok(Upload::Duplicate { document, .. }) => ItemState::Duplicate(document),
                Ok(Upload::Refused { problem, .. }) => ItemState::Refused(problem),
                // One file that cannot be sent must not keep back the others.
                Err(problem) if several && may_be_one_files_fault(&problem) => {
                    item.alone = true;
                    ItemState::Waiting
                }
                Err(problem) => ItemState::Unsent(problem),
            };
            item.sent_before = true;
        }
    }

    /// Puts back what is still being sent of a batch whose request was given up.
    pub fn give_back(&mut self, batch: &Batch) {
        for item in self.of(batch) {
            if matches!(item.state, ItemState::Sending(_)) {
                item.state = ItemState::Waiting;
                item.sent_before = true;
            }
        }
    }

    /// Cancels what `which` says of the files that are not through; returns whether one of them was being sent.
    pub fn cancel(&mut self, which: impl Fn(&Item) -> bool) -> bool {
        let mut was_sending = false;
        for item in self.items.iter_mut().filter(|item| which(item)) {
            match item.state {
                ItemState::Sending(_) => was_sending = true,
                ItemState::Waiting | ItemState::Unsent(_) => {}
                _ => continue,
            }
            item.state = ItemState::Cancelled;
        }
        was_sending
    }

    /// Tries again those that did not get through and of which `which` says so.
    pub fn retry(&mut self, which: impl Fn(&Item) -> bool) {
        for item in self.items.iter_mut().filter(|item| which(item)) {
            if matches!(item.state, ItemState::Unsent(_)) {
                item.state = ItemState::Waiting;
            }
        }
    }

    /// Whether nothing of the batch is being sent any more.
    pub fn is_abandoned(&self, batch: &Batch) -> bool {
        !self
            .items
            .iter()
            .any(|item| batch.keys.contains(&item.key) && matches!(item.state, ItemState::Sending(_)))
    }

    /// Forgets the files of a knowledge base that need nothing more; returns the keys of those.
    pub fn clear(&mut self, of: KnowledgeBaseId) -> Vec<u32> {
        let done = |item: &Item| {
            let underway = matches!(item.state, ItemState::Waiting | ItemState::Sending(_));
            item.knowledge_base == of && !underway
        };
        let keys = self
            .items
            .iter()
            .filter(|item| done(item))
            .map(|item| item.key)
            .collect();
        self.items.retain(|item| !done(item));
        keys
    }

    pub fn totals(&self, of: KnowledgeBaseId) -> Totals {
        let mut totals = Totals::default();
        for item in self.items(of) {
            totals.all += 1;
            match item.state {
                ItemState::Waiting | ItemState::Sending(_) => totals.underway += 1,
                ItemState::Taken => totals.taken += 1,
                ItemState::Duplicate(_) => totals.duplicate += 1,
                ItemState::Refused(_) => totals.refused += 1,
                ItemState::Unsent(_) => totals.unsent += 1,
                ItemState::Cancelled => totals.cancelled += 1,
            }
        }
        totals
    }

    /// Whether anything still has to be sent to any knowledge base.
    pub fn is_underway(&self) -> bool {
        self.items
            .iter()
            .any(|item| matches!(item.state, ItemState::Waiting | ItemState::Sending(_)))
    }

    fn of<'a>(&'a mut self, batch: &'a Batch) -> impl Iterator<Item = &'a mut Item> {
        self.items.iter_mut().filter(|item| batch.keys.contains(&item.key))
    }
}

/// Whether a request with fewer files might succeed: too large or malformed, or one that broke off, as it does when a
/// file has vanished since it was chosen.
fn may_be_one_files_fault(problem: &Problem) -> bool {
    matches!(problem.code.as_str(), "no_connection") || matches!(problem.status, 400 | 413 | 422)
}

fn unanswered() -> Problem {
    Problem::new(502, "unexpected_response", "The upload was not confirmed")
        .with_detail("The server did not say what became of this file. Try again.")
}

#[cfg(test)]
mod tests {
    use api::{DocumentId, DocumentStatus};
    use chrono::DateTime;
    use uuid::Uuid;

    use super::*;

    const HERE: KnowledgeBaseId = KnowledgeBaseId(Uuid::nil());

    fn queue(sizes: &[u64]) -> Queue {
        let mut queue = Queue::default();
        for (number, size) in sizes.iter().enumerate() {
            queue.add(HERE, format!("{number}.txt"), *size);
        }
        queue
    }

    fn document(name: &str) -> Box<Document> {
        Box::new(Document {
            id: DocumentId(Uuid::nil()),
            knowledge_base_id: HERE,
            name: name.to_owned(),
            media_type: String::new(),
            size: 1,
            sha256: String::new(),
            status: DocumentStatus::Queued,
            stage: None,
            progress: 0.0,
            error: None,
            pages: 0,
            passages: 0,
            source_url: None,
            created_at: DateTime::UNIX_EPOCH,
            updated_at: DateTime::UNIX_EPOCH,
        })
    }

    fn accepted(names: &[&str]) -> Result<Uploads, Problem> {
        let files = names.iter().map(|name| Upload::Accepted {
            document: document(name),
        });
        Ok(Uploads { files: files.collect() })
    }

    fn no_connection() -> Problem {
        Problem::new(503, "no_connection", "The server cannot be reached")
    }

    fn states(queue: &Queue) -> Vec<&ItemState> {
        queue.items(HERE).map(|item| &item.state).collect()
    }

    #[test]
    fn requests_hold_a_few_files_and_not_too_many_bytes() {
        let mut queue = queue(&[1; 20]);
        let mut lengths = Vec::new();
        while let Some(batch) = queue.next_batch() {
            lengths.push(batch.keys.len());
        }
        assert_eq!(lengths, [8, 8, 4]);

        let mut queue = self::queue(&[90_000_000, 1, 7_999_999, 1]);
        let keys: Vec<_> = std::iter::from_fn(|| queue.next_batch())
            .map(|batch| batch.keys)
            .collect();
        assert_eq!(keys, [vec![0], vec![1, 2], vec![3]]);
    }

    #[test]
    fn progress_is_told_per_file_in_the_order_they_are_sent() {
        let mut queue = queue(&[100, 0, 300]);
        let batch = queue.next_batch().unwrap();
        queue.note_progress(&batch, 0.5);
        let expected = [1.0, 1.0, 1.0 / 3.0].map(ItemState::Sending);
        assert_eq!(states(&queue), expected.iter().collect::<Vec<_>>());
    }

    #[test]
    fn each_file_learns_its_own_outcome() {
        let mut queue = queue(&[1, 1, 1]);
        let batch = queue.next_batch().unwrap();
        let problem = Problem::new(413, "too_large", "The file is too large");
        let files = vec![
            Upload::Accepted {
                document: document("0.txt"),
            },
            Upload::Duplicate {
                name: "1.txt".to_owned(),
                document: document("other.txt"),
            },
            Upload::Refused {
                name: "2.txt".to_owned(),
                problem: problem.clone(),
            },
        ];
        queue.settle(&batch, Ok(Uploads { files }));
        let expected = [
            ItemState::Taken,
            ItemState::Duplicate(document("other.txt")),
            ItemState::Refused(problem),
        ];
        assert_eq!(states(&queue), expected.iter().collect::<Vec<_>>());
        assert!(!queue.is_underway());
    }

    #[test]
    fn files_whose_request_broke_off_go_again_one_by_one_and_only_the_culprit_is_left_unsent() {
        let mut queue = queue(&[1, 1]);
        let both = queue.next_batch().unwrap();
        queue.settle(&both, Err(no_connection()));
        let first = queue.next_batch().unwrap();
        let second = queue.next_batch().unwrap();
        assert_eq!((first.keys.len(), second.keys.len()), (1, 1));
        queue.settle(&first, accepted(&["0.txt"]));
        queue.settle(&second, Err(no_connection()));
        assert_eq!(states(&queue), [&ItemState::Taken, &ItemState::Unsent(no_connection())]);

        queue.retry(|_| true);
        let again = queue.next_batch().unwrap();
        queue.settle(&again, accepted(&["1.txt"]));
        assert_eq!(queue.totals(HERE).taken, 2);
    }

    #[test]
    fn a_file_that_had_arrived_before_the_connection_broke_is_no_duplicate() {
        let mut queue = queue(&[1]);
        let batch = queue.next_batch().unwrap();
        queue.settle(&batch, Err(no_connection()));
        queue.retry(|_| true);
        let batch = queue.next_batch().unwrap();
        let arrived = Upload::Duplicate {
            name: "0.txt".to_owned(),
            document: document("0.txt"),
        };
        queue.settle(&batch, Ok(Uploads { files: vec![arrived] }));
        assert_eq!(states(&queue), [&ItemState::Taken]);
    }

    #[test]
    fn cancelling_one_of_several_being_sent_puts_the_others_back() {
        let mut queue = queue(&[1, 1, 1]);
        let batch = queue.next_batch().unwrap();
        assert!(queue.cancel(|item| item.key == 1));
        queue.give_back(&batch);
        assert_eq!(
            states(&queue),
            [&ItemState::Waiting, &ItemState::Cancelled, &ItemState::Waiting]
        );
        assert_eq!(queue.next_batch().unwrap().keys, [0, 2]);
    }

    #[test]
    fn what_was_cancelled_stays_so_whatever_the_server_says_later() {
        let mut queue = queue(&[1]);
        let batch = queue.next_batch().unwrap();
        queue.cancel(|_| true);
        assert!(queue.is_abandoned(&batch));
        queue.settle(&batch, accepted(&["0.txt"]));
        assert_eq!(states(&queue), [&ItemState::Cancelled]);
    }

    #[test]
    fn clearing_forgets_what_needs_nothing_more() {
        let mut queue = queue(&[1, 9_000_000]);
        let batch = queue.next_batch().unwrap();
        queue.settle(&batch, accepted(&["0.txt"]));
        assert_eq!(queue.clear(HERE), [0]);
        assert_eq!(queue.items(HERE).count(), 1);
    }
}
