//! The connection to Milvus.

use std::time::{Duration, Instant};

use milvus_sdk::v2::prelude::{ClientV2, ConnectConfig, Error, GetServerVersionRequest, RetryConfig, TelemetryConfig};
use store::IndexError;
use tokio::sync::Mutex;

use crate::Address;

pub(crate) const SERVER: &str = "Milvus";

/// The oldest version whose collections can have all that is asked of them (partition keys, databases).
const OLDEST: (u32, u32) = (2, 3);
/// The first version that ranks by words itself.
const FULL_TEXT: (u32, u32) = (2, 5);

const CONNECT_TIMEOUT: Duration = Duration::from_secs(4);
/// Of one attempt; creating and loading a collection takes longest.
const CALL_TIMEOUT: Duration = Duration::from_secs(10);
const RETRIES_TIMEOUT: Duration = Duration::from_secs(30);
/// For so long after a failed attempt to connect, nobody waits for another.
const PAUSE: Duration = Duration::from_secs(1);

pub(crate) struct Server {
    address: Address,
    state: Mutex<State>,
}

enum State {
    New,
    Connected(Connected),
    Failed { reason: String, refused: bool, at: Instant },
}

#[derive(Clone)]
pub(crate) struct Connected {
    pub client: ClientV2,
    pub version: String,
    /// Whether it ranks by words; otherwise the database does.
    pub full_text: bool,
}

impl Server {
    pub fn new(address: Address) -> Self {
        Self {
            address,
            state: Mutex::new(State::New),
        }
    }

    /// Connects unless that is done already. A connection that breaks comes back by itself.
    pub async fn connected(&self) -> Result<Connected, IndexError> {
        let mut state = self.state.lock().await;
        match &*state {
            State::Connected(connected) => return Ok(connected.clone()),
            State::Failed { reason, refused, at } if at.elapsed() < PAUSE => return Err(failure(reason, *refused)),
            State::Failed { .. } | State::New => {}
        }
        match connect(&self.address).await {
            Ok(connected) => {
                *state = State::Connected(connected.clone());
                Ok(connected)
            }
            Err(error) => {
                let refused = matches!(error, IndexError::Refused { .. });
                if let IndexError::Unreachable { reason, .. } | IndexError::Refused { reason, .. } = &error {
                    *state = State::Failed {
                        reason: reason.clone(),
                        refused,
                        at: Instant::now(),
                    };
                }
                Err(error)
            }
        }
    }
}

impl Connected {
    /// Asks the server, which may be gone by now.
    pub async fn version(&self) -> Result<String, IndexError> {
        version(&self.client).await
    }
}

async fn version(client: &ClientV2) -> Result<String, IndexError> {
    let asked = GetServerVersionRequest::builder().build().map_err(of_sdk)?;
    let answer = client.server_version(asked).await.map_err(of_sdk)?;
    Ok(answer.version().to_owned())
}

fn failure(reason: &str, refused: bool) -> IndexError {
    let (server, reason) = (SERVER, reason.to_owned());
    if refused {
        IndexError::Refused { server, reason }
    } else {
        IndexError::Unreachable { server, reason }
    }
}

async fn connect(address: &Address) -> Result<Connected, IndexError> {
    let mut config = ConnectConfig::new()
        .uri(&address.uri)
        .connect_timeout(CONNECT_TIMEOUT)
        .rpc_timeout(CALL_TIMEOUT)
        .retry(RetryConfig::new().max_attempts(3).max_retry_timeout(RETRIES_TIMEOUT))
        .telemetry(TelemetryConfig::new().enabled(false));
    if let Some((user, password)) = &address.user {
        config = config.username(user).password(password);
    }
    if let Some(database) = &address.database {
        config = config.database(database);
    }
    if let Some(file) = &address.ca_certificate {
        config = config.ca_certificate(file);
    }
    let client = ClientV2::new(&config).await.map_err(of_sdk)?;
    let version = version(&client).await?;
    let known = numbers(&version);
    if known.is_some_and(|numbers| numbers < OLDEST) {
        return Err(IndexError::TooOld {
            server: SERVER,
            version,
            oldest: "2.3",
        });
    }
    Ok(Connected {
        client,
        full_text: known.is_none_or(|numbers| numbers >= FULL_TEXT),
        version,
    })
}

/// Major and minor of a version like `v2.3.5-dev`.
fn numbers(version: &str) -> Option<(u32, u32)> {
    let mut parts = version.trim_start_matches('v').split(['.', '-']);
    Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
}

/// Milvus's codes of a collection that is not there (2.3 and newer; before).
const NO_COLLECTION: (i32, i32) = (100, 4);

/// Milvus's code of a collection that is there but not ready to be searched.
const NOT_LOADED: i32 = 101;

pub(crate) fn is_not_loaded(error: &Error) -> bool {
    match error {
        Error::RetryExhausted { source, .. } => is_not_loaded(source),
        Error::Server(fault) => fault.code() == NOT_LOADED,
        _ => false,
    }
}

/// The numbers of gRPC's status codes.
const CANCELLED: i32 = 1;
const DEADLINE_EXCEEDED: i32 = 4;
const PERMISSION_DENIED: i32 = 7;
const UNAVAILABLE: i32 = 14;
const UNAUTHENTICATED: i32 = 16;

pub(crate) fn of_sdk(error: Error) -> IndexError {
    let server = SERVER;
    let reason = error.to_string();
    match error {
        Error::RetryExhausted { source, .. } => of_sdk(*source),
        Error::Timeout(_) => IndexError::Unreachable { server, reason },
        Error::Grpc(status) => {
            let reason = status.message().to_owned();
            match i32::from(status.code()) {
                PERMISSION_DENIED | UNAUTHENTICATED => IndexError::Refused { server, reason },
                CANCELLED | DEADLINE_EXCEEDED | UNAVAILABLE => IndexError::Unreachable { server, reason },
                _ => IndexError::Failed { server, reason },
            }
        }
        Error::Server(fault) if fault.code() == NO_COLLECTION.0 || fault.legacy_code() == NO_COLLECTION.1 => {
            IndexError::NotBuilt { server }
        }
        _ => IndexError::Failed { server, reason },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_compared_by_their_numbers() {
        assert_eq!(numbers("v2.3.5"), Some((2, 3)));
        assert_eq!(numbers("2.10-rc1"), Some((2, 10)));
        assert!(numbers("v2.10.0") > Some(FULL_TEXT));
        assert_eq!(numbers("unknown"), None);
    }
}
