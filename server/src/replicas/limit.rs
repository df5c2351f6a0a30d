//! How many of a kind may follow each other, counted over all replicas.

use std::{hash::Hash, num::NonZeroU32, time::Duration};

use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter, clock::Clock};
use redis::Script;

use super::redis::{PREFIX, Redis};

/// The generic cell rate algorithm (ITU-T I.371): a key holds when its next request is due if they came evenly.
/// Returns how many milliseconds to wait.
const CELL_RATE: &str = "
    local time = redis.call('TIME')
    local now = time[1] * 1000 + time[2] / 1000
    local interval, at_once = tonumber(ARGV[1]), tonumber(ARGV[2])
    local due = math.max(tonumber(redis.call('GET', KEYS[1]) or now), now)
    local wait = due + interval - at_once * interval - now
    if wait > 0 then return math.ceil(wait) end
    redis.call('SET', KEYS[1], due + interval, 'PX', math.ceil(due + interval - now))
    return 0";

pub struct Limit<K: Hash + Eq + Clone> {
    name: &'static str,
    interval: Duration,
    at_once: NonZeroU32,
    /// Counts while Redis does not.
    own: DefaultKeyedRateLimiter<K>,
    redis: Option<(Redis, Script)>,
}

impl<K: Hash + Eq + Clone + ToString> Limit<K> {
    /// So many at once, and one more after each interval.
    pub fn new(name: &'static str, at_once: NonZeroU32, interval: Duration, redis: Option<&Redis>) -> Self {
        let quota = Quota::with_period(interval).expect("an interval above zero");
        Self {
            name,
            interval,
            at_once,
            own: RateLimiter::keyed(quota.allow_burst(at_once)),
            redis: redis.map(|redis| (redis.clone(), Script::new(CELL_RATE))),
        }
    }

    /// Takes one from what the key has left, or says how long to wait.
    pub async fn take(&self, key: &K) -> Result<(), Duration> {
        if let Some(wait) = self.take_shared(key).await {
            return if wait.is_zero() { Ok(()) } else { Err(wait) };
        }
        // Keys that have everything left need not be remembered.
        self.own.retain_recent();
        self.own
            .check_key(key)
            .map_err(|not_yet| not_yet.wait_time_from(self.own.clock().now()))
    }

    async fn take_shared(&self, key: &K) -> Option<Duration> {
        let (redis, script) = self.redis.as_ref()?;
        let mut call = script.key(format!("{PREFIX}limit:{}:{}", self.name, key.to_string()));
        call.arg(self.interval.as_secs_f64() * 1000.0).arg(self.at_once.get());
        let wait = redis.ask(async move |mut connection| call.invoke_async::<u64>(&mut connection).await);
        Some(Duration::from_millis(wait.await?))
    }
}
