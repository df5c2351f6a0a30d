//! What the replicas of one installation tell each other, through Redis where there is more than one.
//!
//! Everything told here is a hint: the database holds the truth. Without Redis, and while it cannot be reached, what is
//! told stays in this process, and others notice later by themselves.

pub mod answers;
pub mod found;
pub mod limit;
mod redis;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::broadcast;

pub use self::redis::{Redis, RedisError};

/// A listener that falls this far behind misses the oldest.
const KEPT: usize = 256;

/// Something was told on a topic; its text is for those who listen to it.
pub type Told = Arc<str>;

#[derive(Clone)]
pub struct Replicas {
    topics: Arc<Topics>,
    redis: Option<Redis>,
}

#[derive(Default)]
struct Topics(Mutex<HashMap<String, broadcast::Sender<Told>>>);

impl Topics {
    fn locked(&self) -> MutexGuard<'_, HashMap<String, broadcast::Sender<Told>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn tell(&self, topic: &str, text: &str) {
        if let Some(channel) = self.locked().get(topic) {
            // Fails only when nobody listens any more, and then nobody misses it.
            channel.send(text.into()).ok();
        }
    }

    /// Ends every channel: those who listen may have missed something.
    fn end_all(&self) {
        self.locked().clear();
    }
}

impl Replicas {
    /// One that is alone.
    pub fn alone() -> Self {
        Self {
            topics: Arc::default(),
            redis: None,
        }
    }

    /// One of several that share a Redis. Must be called on a runtime.
    pub fn sharing(redis: Redis) -> Self {
        let topics = Arc::<Topics>::default();
        tokio::spawn(redis.clone().pass_on(Arc::downgrade(&topics)));
        Self {
            topics,
            redis: Some(redis),
        }
    }

    pub fn redis(&self) -> Option<&Redis> {
        self.redis.as_ref()
    }

    /// Tells everyone who listens to the topic, in every replica.
    pub async fn tell(&self, topic: &str, text: &str) {
        let passed_on = match &self.redis {
            Some(redis) => redis.publish(topic, text).await,
            None => false,
        };
        if !passed_on {
            self.topics.tell(topic, text);
        }
    }

    /// What is told from now on. The channel ends when something may have been missed.
    pub fn listen(&self, topic: &str) -> broadcast::Receiver<Told> {
        let mut topics = self.topics.locked();
        topics.retain(|_, channel| channel.receiver_count() > 0);
        topics
            .entry(topic.to_owned())
            .or_insert_with(|| broadcast::channel(KEPT).0)
            .subscribe()
    }
}
