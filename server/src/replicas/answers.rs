//! Answers that another replica writes: a copy of what it tells, in Redis, for readers elsewhere.

use api::{AnswerEvent, MessageId};
use futures::{Stream, StreamExt};
use redis::streams::StreamRangeReply;
use tokio::sync::broadcast;

use super::{Replicas, Told, redis::PREFIX};

/// So long after it was last added to, a copy is dropped.
const KEPT_SECONDS: u64 = 600;
/// Events of an answer that are copied at a time.
const MOST_AT_ONCE: usize = 64;

fn key(id: MessageId) -> String {
    format!("{PREFIX}answer-events:{id}")
}

fn topic(id: MessageId) -> String {
    format!("answer:{id}")
}

impl Replicas {
    /// Copies what is told of an answer until it is over. The answer as HTML is whole each time, so only the latest stays.
    pub async fn copy_answer(self, id: MessageId, events: impl Stream<Item = (usize, AnswerEvent)>) {
        let Some(redis) = self.redis() else { return };
        let mut events = Box::pin(events.ready_chunks(MOST_AT_ONCE));
        let mut latest_html = None;
        while let Some(events) = events.next().await {
            let mut commands = redis::pipe();
            for (at, event) in &events {
                let Ok(json) = serde_json::to_string(event) else {
                    continue;
                };
                commands
                    .cmd("XADD")
                    .arg(key(id))
                    .arg(format!("{at}-1"))
                    .arg("event")
                    .arg(json)
                    .ignore();
                if let AnswerEvent::Html { .. } = event
                    && let Some(superseded) = latest_html.replace(*at)
                {
                    let superseded = format!("{superseded}-1");
                    commands.cmd("XDEL").arg(key(id)).arg(superseded).ignore();
                }
            }
            commands.cmd("EXPIRE").arg(key(id)).arg(KEPT_SECONDS).ignore();
            redis
                .ask(async move |mut connection| commands.query_async::<()>(&mut connection).await)
                .await;
            self.tell(&topic(id), "").await;
        }
    }

    /// What another replica told of an answer after the event with this id.
    pub async fn copied_answer(&self, id: MessageId, after: usize) -> Vec<(usize, AnswerEvent)> {
        let Some(redis) = self.redis() else { return Vec::new() };
        let found = redis.ask(async move |mut connection| {
            redis::cmd("XRANGE")
                .arg(key(id))
                .arg(format!("({after}-1"))
                .arg("+")
                .query_async::<StreamRangeReply>(&mut connection)
                .await
        });
        let found = found.await.unwrap_or_default();
        let read = |entry: redis::streams::StreamId| {
            let at = entry.id.split('-').next()?.parse().ok()?;
            let json: String = entry.get("event")?;
            Some((at, serde_json::from_str(&json).ok()?))
        };
        found.ids.into_iter().filter_map(read).collect()
    }

    /// Hears when another replica has told more of an answer.
    pub fn listen_to_answer(&self, id: MessageId) -> broadcast::Receiver<Told> {
        self.listen(&topic(id))
    }

    /// Asks whoever writes the answer to stop.
    pub async fn stop_answer(&self, id: MessageId) {
        self.tell(STOPS, &id.to_string()).await;
    }
}

/// Tells which answers are to be stopped.
pub const STOPS: &str = "stops";
