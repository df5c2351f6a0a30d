//! Language model endpoints: one's own and those shared with everybody.

use api::{Connection, ConnectionId, Preset, UserId};
use tracing::instrument;

use crate::{
    Store, StoreError,
    database::{Row, statement},
    enums::{from_name, name_of},
    time::{from_millis, now},
};

/// A connection with its sealed key, which opens only with the owner's id.
pub struct StoredConnection {
    pub connection: Connection,
    pub owner: UserId,
    pub sealed_key: Option<Vec<u8>>,
}

pub struct NewConnection<'a> {
    pub id: ConnectionId,
    pub name: &'a str,
    pub preset: Preset,
    pub base_url: &'a str,
    pub sealed_key: Option<Vec<u8>>,
    pub model: &'a str,
    pub shared: bool,
}

/// Connections the caller `$1` may use. A shared one serves others while its owner is an administrator who may sign in.
const USABLE: &str = "
    SELECT * FROM connections
    WHERE (owner_id = $1 OR shared AND owner_id IN (SELECT id FROM users WHERE role = 'admin' AND NOT disabled))";

fn stored(row: &Row, caller: UserId) -> Result<StoredConnection, StoreError> {
    let owner = UserId(row.get("owner_id")?);
    let sealed_key: Option<Vec<u8>> = row.get("sealed_key")?;
    Ok(StoredConnection {
        connection: Connection {
            id: ConnectionId(row.get("id")?),
            name: row.get("name")?,
            preset: from_name(row.get("preset")?)?,
            base_url: row.get("base_url")?,
            has_key: sealed_key.is_some(),
            model: row.get("model")?,
            shared: row.get("shared")?,
            editable: owner == caller,
            created_at: from_millis(row.get("created_at")?),
        },
        owner,
        sealed_key,
    })
}

impl Store {
    /// The connections the caller may use, their own first, oldest first.
    #[instrument(target = "store", skip_all)]
    pub async fn connections(&self, caller: UserId) -> Result<Vec<StoredConnection>, StoreError> {
        let rows = statement(format!("{USABLE} ORDER BY owner_id = $1 DESC, id"))
            .bind(caller.0)
            .fetch_all(&self.reads)
            .await?;
        rows.iter().map(|row| stored(row, caller)).collect()
    }

    #[instrument(target = "store", skip_all)]
    pub async fn connection(&self, caller: UserId, id: ConnectionId) -> Result<StoredConnection, StoreError> {
        let row = statement(format!("{USABLE} AND id = $2"))
            .bind(caller.0)
            .bind(id.0)
            .fetch_optional(&self.reads)
            .await?
            .ok_or(StoreError::NotFound("connection"))?;
        stored(&row, caller)
    }

    #[instrument(target = "store", skip_all)]
    pub async fn create_connection(&self, caller: UserId, new: &NewConnection<'_>) -> Result<Connection, StoreError> {
        let row = statement(
            "INSERT INTO connections (id, owner_id, name, preset, base_url, sealed_key, model, shared, created_at)
             VALUES ($2, $1, $3, $4, $5, $6, $7, $8, $9) RETURNING *",
        )
        .bind(caller.0)
        .bind(new.id.0)
        .bind(new.name)
        .bind(name_of(new.preset)?)
        .bind(new.base_url)
        .bind(&new.sealed_key)
        .bind(new.model)
        .bind(new.shared)
        .bind(now())
        .fetch_one(&self.writes)
        .await?;
        Ok(stored(&row, caller)?.connection)
    }

    /// Replaces everything about one of the caller's own connections.
    #[instrument(target = "store", skip_all)]
    pub async fn replace_connection(&self, caller: UserId, new: &NewConnection<'_>) -> Result<Connection, StoreError> {
        let row = statement(
            "UPDATE connections SET name = $3, preset = $4, base_url = $5, sealed_key = $6, model = $7, shared = $8
             WHERE id = $2 AND owner_id = $1 RETURNING *",
        )
        .bind(caller.0)
        .bind(new.id.0)
        .bind(new.name)
        .bind(name_of(new.preset)?)
        .bind(new.base_url)
        .bind(&new.sealed_key)
        .bind(new.model)
        .bind(new.shared)
        .fetch_optional(&self.writes)
        .await?
        .ok_or(StoreError::NotFound("connection"))?;
        Ok(stored(&row, caller)?.connection)
    }

    #[instrument(target = "store", skip_all)]
    pub async fn delete_connection(&self, caller: UserId, id: ConnectionId) -> Result<(), StoreError> {
        if !self.connection(caller, id).await?.connection.editable {
            return Err(StoreError::Forbidden("connection"));
        }
        statement("DELETE FROM connections WHERE id = $2 AND owner_id = $1")
            .bind(caller.0)
            .bind(id.0)
            .execute(&self.writes)
            .await?;
        Ok(())
    }
}
