//! Answers that another replica writes, and what becomes of them when it dies.

use std::{collections::VecDeque, time::Duration};

use api::{AnswerEvent, Message, MessageId, MessageStatus, UserId};
use futures::{Stream, stream};

use super::{conversations::with_html, running};
use crate::{http::ApiError, state::AppState};

/// How often a reader looks by itself, should it not be told.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// How long one who stops an answer waits for its end.
const LONGEST_STOP: Duration = Duration::from_secs(5);

/// How often it is said which answers are being written here; well within the time after which their writer counts as
/// dead.
const SIGN_OF_LIFE: Duration = Duration::from_secs(3);

/// What is told of an answer after the event with this id, until it is over.
pub fn follow(
    state: AppState,
    caller: UserId,
    id: MessageId,
    after: usize,
) -> impl Stream<Item = (usize, AnswerEvent)> + Send {
    let told = state.replicas.listen_to_answer(id);
    let reader = Reader {
        state,
        caller,
        id,
        at: after,
        read: VecDeque::new(),
        over: false,
        told,
    };
    stream::unfold(reader, |mut reader| async move {
        let next = reader.next().await?;
        Some((next, reader))
    })
}

struct Reader {
    state: AppState,
    caller: UserId,
    id: MessageId,
    at: usize,
    read: VecDeque<(usize, AnswerEvent)>,
    over: bool,
    told: tokio::sync::broadcast::Receiver<crate::replicas::Told>,
}

impl Reader {
    async fn next(&mut self) -> Option<(usize, AnswerEvent)> {
        while !self.over {
            if let Some((at, event)) = self.read.pop_front() {
                self.at = at;
                self.over = matches!(event, AnswerEvent::Done { .. });
                return Some((at, event));
            }
            self.read
                .extend(self.state.replicas.copied_answer(self.id, self.at).await);
            if !self.read.is_empty() {
                continue;
            }
            if let Some(message) = self.stored().await? {
                self.over = true;
                let done = AnswerEvent::Done {
                    message: Box::new(with_html(message)),
                };
                return Some((self.at + 1, done));
            }
            if let Ok(Err(_)) = tokio::time::timeout(LOOK_EVERY, self.told.recv()).await {
                self.told = self.state.replicas.listen_to_answer(self.id);
            }
        }
        None
    }

    /// The answer when it has ended; the outer None when nobody can tell any more.
    async fn stored(&self) -> Option<Option<Message>> {
        let message = self.state.store.message(self.caller, self.id).await.ok()?;
        Some((message.status != MessageStatus::Streaming).then_some(message))
    }
}

/// Waits until an answer has ended that another replica was asked to stop.
pub async fn ended(state: &AppState, caller: UserId, id: MessageId) -> Result<(), ApiError> {
    let begun = tokio::time::Instant::now();
    while state.store.message(caller, id).await?.status == MessageStatus::Streaming && begun.elapsed() < LONGEST_STOP {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    Ok(())
}

/// Says now and then which answers are being written here, and ends those whose writer says so no more.
pub async fn watch(state: AppState) {
    loop {
        let stored = async {
            state.store.keep_answers_alive(&state.running.ids()).await?;
            state
                .store
                .fail_interrupted_answers(&running::interrupted(), false)
                .await
        };
        if let Err(error) = stored.await {
            tracing::warn!(%error, "the answers in progress could not be looked after");
        }
        tokio::time::sleep(SIGN_OF_LIFE).await;
    }
}
