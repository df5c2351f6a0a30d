//! Answers that are being written: owned by the server, followed by any number of readers.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use api::{AnswerEvent, MessageId, Problem, UserId};
use futures::{Stream, stream};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::replicas::{Replicas, answers::STOPS};

/// Why an answer has failed that was being written when the server stopped.
pub fn interrupted() -> Problem {
    Problem::new(
        503,
        "interrupted",
        "The server stopped while this answer was being written",
    )
    .with_detail("The server stopped while this answer was being written. What was written is kept. Ask again.")
}

/// Each answer with the person who asked for it.
type ByMessage = HashMap<MessageId, (UserId, Arc<RunningAnswer>)>;

#[derive(Clone)]
pub struct RunningAnswers {
    running: Arc<Mutex<ByMessage>>,
    replicas: Replicas,
}

impl RunningAnswers {
    pub fn new(replicas: Replicas) -> Self {
        Self {
            running: Arc::default(),
            replicas,
        }
    }

    /// Must be called on a runtime.
    pub fn begin(&self, id: MessageId, asker: UserId) -> Arc<RunningAnswer> {
        let answer = Arc::new(RunningAnswer::default());
        locked(&self.running).insert(id, (asker, answer.clone()));
        if self.replicas.redis().is_some() {
            tokio::spawn(self.replicas.clone().copy_answer(id, answer.clone().follow(0)));
        }
        answer
    }

    /// Stops the answers here that another replica was asked to stop, for as long as the runtime lives.
    pub async fn stop_when_told(self) {
        loop {
            let mut stops = self.replicas.listen(STOPS);
            while let Ok(id) = stops.recv().await {
                let running = id.parse().ok().and_then(|id| self.get(MessageId(id)));
                if let Some(running) = running {
                    running.stop.cancel();
                }
            }
        }
    }

    /// How many answers are being written for this user.
    pub fn of(&self, asker: UserId) -> usize {
        let running = locked(&self.running);
        running.values().filter(|(other, _)| *other == asker).count()
    }

    /// Waits until no answer is being written any more, and what was written of each is stored; also of those that are
    /// begun meanwhile.
    pub async fn all_ended(&self) {
        loop {
            let next = locked(&self.running).values().next().map(|(_, answer)| answer.clone());
            match next {
                Some(answer) => answer.ended().await,
                None => return,
            }
        }
    }

    pub fn ids(&self) -> Vec<MessageId> {
        locked(&self.running).keys().copied().collect()
    }

    pub fn get(&self, id: MessageId) -> Option<Arc<RunningAnswer>> {
        locked(&self.running).get(&id).map(|(_, answer)| answer.clone())
    }

    pub fn end(&self, id: MessageId) {
        if let Some((_, answer)) = locked(&self.running).remove(&id) {
            answer.grown.send_modify(|grown| grown.over = true);
        }
    }
}

/// Nothing that is held under these locks can panic halfway.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[derive(Clone, Copy, Default)]
struct Grown {
    events: usize,
    over: bool,
}

/// One answer and everything that was told of it so far.
#[derive(Default)]
pub struct RunningAnswer {
    /// Superseded HTML leaves a gap, so that ids stay what they were.
    events: Mutex<Vec<Option<AnswerEvent>>>,
    grown: watch::Sender<Grown>,
    pub stop: CancellationToken,
}

impl RunningAnswer {
    pub fn tell(&self, event: AnswerEvent) {
        let mut events = locked(&self.events);
        if matches!(event, AnswerEvent::Html { .. })
            && let Some(old) = events
                .iter_mut()
                .rev()
                .find(|event| matches!(event, Some(AnswerEvent::Html { .. })))
        {
            *old = None;
        }
        events.push(Some(event));
        let count = events.len();
        drop(events);
        self.grown.send_modify(|grown| grown.events = count);
    }

    /// Everything told after the event with this id (counted from 1), and what is told from now on, until it is over.
    pub fn follow(self: Arc<Self>, after: usize) -> impl Stream<Item = (usize, AnswerEvent)> + Send {
        let grown = self.grown.subscribe();
        stream::unfold((self, grown, after), |(answer, mut grown, mut at)| async move {
            loop {
                let seen = *grown.borrow_and_update();
                while at < seen.events {
                    let event = locked(&answer.events)[at].clone();
                    at += 1;
                    if let Some(event) = event {
                        return Some(((at, event), (answer, grown, at)));
                    }
                }
                if seen.over || grown.changed().await.is_err() {
                    return None;
                }
            }
        })
    }

    /// Waits until the answer is over.
    pub async fn ended(&self) {
        // Fails only when the sender is gone, and then it is over as well.
        let _ = self.grown.subscribe().wait_for(|grown| grown.over).await;
    }
}

#[cfg(test)]
mod tests {
    use futures::StreamExt;
    use uuid::Uuid;

    use super::*;

    fn delta(text: &str) -> AnswerEvent {
        AnswerEvent::Delta { text: text.to_owned() }
    }

    fn html(html: &str) -> AnswerEvent {
        AnswerEvent::Html { html: html.to_owned() }
    }

    #[tokio::test]
    async fn a_reader_that_comes_back_gets_what_it_missed_under_the_same_ids() {
        let running = RunningAnswers::new(Replicas::alone());
        let id = MessageId(Uuid::now_v7());
        let answer = running.begin(id, UserId(Uuid::nil()));
        for event in [delta("a"), html("<p>a"), delta("b"), html("<p>ab"), delta("c")] {
            answer.tell(event);
        }
        running.end(id);
        assert!(running.get(id).is_none());
        let all: Vec<_> = answer.clone().follow(0).collect().await;
        assert_eq!(
            all,
            [(1, delta("a")), (3, delta("b")), (4, html("<p>ab")), (5, delta("c"))]
        );
        let rest: Vec<_> = answer.follow(3).collect().await;
        assert_eq!(rest, [(4, html("<p>ab")), (5, delta("c"))]);
    }

    #[tokio::test]
    async fn a_reader_that_waits_is_told_at_once_and_released_at_the_end() {
        let running = RunningAnswers::new(Replicas::alone());
        let id = MessageId(Uuid::now_v7());
        let answer = running.begin(id, UserId(Uuid::nil()));
        let reader = tokio::spawn(answer.clone().follow(0).collect::<Vec<_>>());
        answer.tell(delta("late"));
        running.end(id);
        assert_eq!(reader.await.unwrap(), [(1, delta("late"))]);
    }
}
