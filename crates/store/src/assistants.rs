//! Assistants and their versions.

use api::{Assistant, AssistantId, AssistantSettings, AssistantVersion, UserId};
use tracing::instrument;
use uuid::Uuid;

use crate::{
    Store, StoreError,
    database::{Row, Transaction, statement},
    time::{from_millis, now},
};

/// Everything an [`Assistant`] needs, of those that belong to the caller `$1` and are not deleted.
const SELECT: &str = "
    SELECT assistants.*, settings FROM assistants
    JOIN assistant_versions current ON current.assistant_id = assistants.id AND current.version = assistants.version
    WHERE owner_id = $1 AND NOT deleted";

fn assistant(row: &Row) -> Result<Assistant, StoreError> {
    Ok(Assistant {
        id: AssistantId(row.get("id")?),
        version: row.get("version")?,
        settings: serde_json::from_str(&row.get::<String>("settings")?)?,
        created_at: from_millis(row.get("created_at")?),
        updated_at: from_millis(row.get("updated_at")?),
    })
}

fn assistant_version(row: &Row) -> Result<AssistantVersion, StoreError> {
    Ok(AssistantVersion {
        version: row.get("version")?,
        settings: serde_json::from_str(&row.get::<String>("settings")?)?,
        created_at: from_millis(row.get("created_at")?),
    })
}

pub(crate) async fn insert(
    tx: &mut Transaction<'_>,
    owner: UserId,
    settings: &AssistantSettings,
) -> Result<AssistantId, StoreError> {
    let (id, at) = (AssistantId(Uuid::now_v7()), now());
    statement("INSERT INTO assistants (id, owner_id, version, created_at, updated_at) VALUES ($1, $2, 1, $3, $3)")
        .bind(id.0)
        .bind(owner.0)
        .bind(at)
        .execute(&mut *tx)
        .await?;
    add_version(tx, id, 1, settings, at).await?;
    Ok(id)
}

async fn add_version(
    tx: &mut Transaction<'_>,
    id: AssistantId,
    version: u32,
    settings: &AssistantSettings,
    at: i64,
) -> Result<(), StoreError> {
    statement("INSERT INTO assistant_versions (assistant_id, version, settings, created_at) VALUES ($1, $2, $3, $4)")
        .bind(id.0)
        .bind(version)
        .bind(serde_json::to_string(settings)?)
        .bind(at)
        .execute(tx)
        .await?;
    Ok(())
}

impl Store {
    /// The caller's assistants, oldest first.
    #[instrument(target = "store", skip_all)]
    pub async fn assistants(&self, caller: UserId) -> Result<Vec<Assistant>, StoreError> {
        let rows = statement(format!("{SELECT} ORDER BY id"))
            .bind(caller.0)
            .fetch_all(&self.reads)
            .await?;
        rows.iter().map(assistant).collect()
    }

    #[instrument(target = "store", skip_all)]
    pub async fn assistant(&self, caller: UserId, id: AssistantId) -> Result<Assistant, StoreError> {
        let row = statement(format!("{SELECT} AND id = $2"))
            .bind(caller.0)
            .bind(id.0)
            .fetch_optional(&self.reads)
            .await?
            .ok_or(StoreError::NotFound("assistant"))?;
        assistant(&row)
    }

    /// The caller's oldest assistant. There always is one: users are created with it, and the last cannot be deleted.
    #[instrument(target = "store", skip_all)]
    pub async fn default_assistant(&self, caller: UserId) -> Result<Assistant, StoreError> {
        let oldest = self.assistants(caller).await?.into_iter().next();
        oldest.ok_or(StoreError::NotFound("assistant"))
    }

    #[instrument(target = "store", skip_all)]
    pub async fn create_assistant(
        &self,
        caller: UserId,
        settings: &AssistantSettings,
    ) -> Result<Assistant, StoreError> {
        let mut tx = self.writes.begin().await?;
        let id = insert(&mut tx, caller, settings).await?;
        tx.commit().await?;
        self.assistant(caller, id).await
    }

    /// Saves a new version made from version `base`.
    ///
    /// # Errors
    /// [`StoreError::ChangedMeanwhile`] when `base` is no longer the current version.
    #[instrument(target = "store", skip_all)]
    pub async fn save_assistant(
        &self,
        caller: UserId,
        id: AssistantId,
        base: u32,
        settings: &AssistantSettings,
    ) -> Result<Assistant, StoreError> {
        self.assistant(caller, id).await?;
        let at = now();
        let mut tx = self.writes.begin().await?;
        let saved = statement(
            "UPDATE assistants SET version = version + 1, updated_at = $4
             WHERE id = $2 AND owner_id = $1 AND version = $3 AND NOT deleted",
        )
        .bind(caller.0)
        .bind(id.0)
        .bind(base)
        .bind(at)
        .execute(&mut tx)
        .await?;
        if saved == 0 {
            return Err(StoreError::ChangedMeanwhile("assistant"));
        }
        add_version(&mut tx, id, base + 1, settings, at).await?;
        tx.commit().await?;
        self.assistant(caller, id).await
    }

    /// # Errors
    /// [`StoreError::Last`] when the caller has no other.
    #[instrument(target = "store", skip_all)]
    pub async fn delete_assistant(&self, caller: UserId, id: AssistantId) -> Result<(), StoreError> {
        self.assistant(caller, id).await?;
        let deleted = statement(
            "UPDATE assistants SET deleted = TRUE
             WHERE id = $2 AND owner_id = $1 AND NOT deleted
                   AND EXISTS (SELECT 1 FROM assistants WHERE owner_id = $1 AND NOT deleted AND id <> $2)",
        )
        .bind(caller.0)
        .bind(id.0)
        .execute(&self.writes)
        .await?;
        if deleted == 0 {
            return Err(StoreError::Last("assistant"));
        }
        Ok(())
    }

    /// Every version of an assistant, newest first.
    #[instrument(target = "store", skip_all)]
    pub async fn assistant_versions(
        &self,
        caller: UserId,
        id: AssistantId,
    ) -> Result<Vec<AssistantVersion>, StoreError> {
        self.assistant(caller, id).await?;
        let rows = statement("SELECT * FROM assistant_versions WHERE assistant_id = $1 ORDER BY version DESC")
            .bind(id.0)
            .fetch_all(&self.reads)
            .await?;
        rows.iter().map(assistant_version).collect()
    }

    #[instrument(target = "store", skip_all)]
    pub async fn assistant_version(
        &self,
        caller: UserId,
        id: AssistantId,
        version: u32,
    ) -> Result<AssistantVersion, StoreError> {
        self.assistant(caller, id).await?;
        let row = statement("SELECT * FROM assistant_versions WHERE assistant_id = $1 AND version = $2")
            .bind(id.0)
            .bind(version)
            .fetch_optional(&self.reads)
            .await?
            .ok_or(StoreError::NotFound("version of this assistant"))?;
        assistant_version(&row)
    }
}
