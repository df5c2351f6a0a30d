//! A Redis that may be away for a while.

use std::{
    sync::{Arc, Mutex, PoisonError, Weak},
    time::{Duration, Instant},
};

use futures::StreamExt;
use redis::{
    Client, FromRedisValue, RedisResult, TlsCertificates,
    aio::{ConnectionManager, ConnectionManagerConfig},
};

use super::Topics;
use crate::outbound::provide_cryptography;

/// Before every key and channel, so that others may use the same Redis.
pub const PREFIX: &str = "hyperion:";

/// A Redis that does not answer within this time counts as away.
const PATIENCE: Duration = Duration::from_millis(500);
/// While Redis is away nobody waits for it, and it is asked again after this time.
const REST: Duration = Duration::from_secs(1);

#[derive(Debug, thiserror::Error)]
pub enum RedisError {
    #[error("Redis cannot be used ({0}): check redis_url, that the server runs, and its password")]
    Unusable(#[from] redis::RedisError),
    #[error(
        "the certificate of Redis is not trusted ({0}): name the authority that signed it with ?ca_certificate=FILE in redis_url"
    )]
    Untrusted(redis::RedisError),
    #[error("the certificate {file} of redis_url cannot be read: {source}")]
    Certificate { file: String, source: std::io::Error },
    #[error("Redis does not answer: check the address in redis_url, and that the server runs")]
    Silent,
    #[error("Redis {0} is too old: version 7 or newer is needed")]
    TooOld(String),
}

/// Trusts the authority of the certificate that the address names, in place of the public ones.
fn client(url: &str) -> Result<Client, RedisError> {
    let Some((url, file)) = url.split_once("?ca_certificate=") else {
        return Ok(Client::open(url)?);
    };
    let certificate = std::fs::read(file).map_err(|source| RedisError::Certificate {
        file: file.to_owned(),
        source,
    })?;
    let trusted = TlsCertificates {
        client_tls: None,
        root_cert: Some(certificate),
    };
    Ok(Client::build_with_tls(url, trusted)?)
}

#[derive(Clone)]
pub struct Redis {
    client: Client,
    connection: ConnectionManager,
    away_since: Arc<Mutex<Option<Instant>>>,
}

impl Redis {
    /// Connects when it is first needed. Must be called on a runtime.
    pub fn new(url: &str) -> Result<Self, RedisError> {
        provide_cryptography();
        let client = client(url)?;
        let config = ConnectionManagerConfig::new()
            .set_response_timeout(Some(PATIENCE))
            .set_connection_timeout(Some(PATIENCE))
            .set_number_of_retries(0);
        Ok(Self {
            connection: client.get_connection_manager_lazy(config)?,
            client,
            away_since: Arc::default(),
        })
    }

    /// Whether it can be used, and if not why.
    pub async fn check(&self) -> Result<String, RedisError> {
        let mut connection = self.connection.clone();
        let info = redis::cmd("INFO").arg("server").to_owned();
        let asked = tokio::time::timeout(2 * PATIENCE, info.query_async::<String>(&mut connection)).await;
        let info = asked.map_err(|_| RedisError::Silent)?.map_err(|error| {
            if error.to_string().contains("certificate") {
                RedisError::Untrusted(error)
            } else {
                RedisError::Unusable(error)
            }
        })?;
        let version = info.lines().find_map(|line| line.strip_prefix("redis_version:"));
        let version = version.unwrap_or("0").trim().to_owned();
        let major: u32 = version
            .split('.')
            .next()
            .and_then(|major| major.parse().ok())
            .unwrap_or(0);
        if major < 7 {
            return Err(RedisError::TooOld(version));
        }
        Ok(version)
    }

    /// The answer to a command; None while Redis is away.
    pub async fn ask<T: FromRedisValue>(
        &self,
        command: impl AsyncFnOnce(ConnectionManager) -> RedisResult<T>,
    ) -> Option<T> {
        if self.rests() {
            return None;
        }
        let asked = tokio::time::timeout(PATIENCE, command(self.connection.clone())).await;
        let answer = match asked {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(error)) => Err(error.to_string()),
            Err(_) => Err("no answer in time".to_owned()),
        };
        self.note(answer.as_ref().err());
        answer.ok()
    }

    fn rests(&self) -> bool {
        let since = self.away_since.lock().unwrap_or_else(PoisonError::into_inner);
        since.is_some_and(|since| since.elapsed() < REST)
    }

    /// Logs when it goes and when it comes back.
    fn note(&self, fault: Option<&String>) {
        let mut since = self.away_since.lock().unwrap_or_else(PoisonError::into_inner);
        match (fault, since.is_some()) {
            (Some(fault), false) => {
                tracing::warn!(
                    fault,
                    "Redis cannot be reached: replicas hear of each other's changes late, and limits are each replica's own"
                );
            }
            (None, true) => tracing::info!("Redis can be reached again"),
            _ => {}
        }
        *since = fault.map(|_| Instant::now());
    }

    /// False when nobody was told.
    pub async fn publish(&self, topic: &str, text: &str) -> bool {
        let (channel, text) = (format!("{PREFIX}{topic}"), text.to_owned());
        let told = self.ask(async move |mut connection| {
            redis::cmd("PUBLISH")
                .arg(channel)
                .arg(text)
                .query_async::<i64>(&mut connection)
                .await
        });
        told.await.is_some()
    }

    /// Passes on what any replica tells, for as long as the topics are there.
    pub(super) async fn pass_on(self, topics: Weak<Topics>) {
        while topics.strong_count() > 0 {
            if let Err(error) = self.pass_on_until_cut(&topics).await {
                tracing::debug!(%error, "Redis tells nothing");
            }
            // Something may be missed until it tells again.
            if let Some(topics) = topics.upgrade() {
                topics.end_all();
            }
            tokio::time::sleep(REST).await;
        }
    }

    async fn pass_on_until_cut(&self, topics: &Weak<Topics>) -> RedisResult<()> {
        let mut channel = self.client.get_async_pubsub().await?;
        channel.psubscribe(format!("{PREFIX}*")).await?;
        if let Some(topics) = topics.upgrade() {
            topics.end_all();
        }
        let mut told = channel.on_message();
        while let Some(message) = told.next().await {
            let Some(topics) = topics.upgrade() else { break };
            let (channel, text) = (message.get_channel_name().to_owned(), message.get_payload::<String>()?);
            topics.tell(channel.strip_prefix(PREFIX).unwrap_or(&channel), &text);
        }
        Ok(())
    }
}
