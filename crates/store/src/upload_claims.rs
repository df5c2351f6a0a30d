//! Uploads that are being taken now. A claim that is not renewed runs out, and the upload may be begun again.

use api::{KnowledgeBaseId, UserId};
use tracing::instrument;
use uuid::Uuid;

use crate::{Store, StoreError, database::statement, time::now};

/// An upload under an idempotency key, and who takes it.
#[derive(Debug, Clone)]
pub struct UploadClaim {
    pub caller: UserId,
    pub knowledge_base: KnowledgeBaseId,
    pub key: String,
    pub by: Uuid,
}

impl Store {
    /// False while somebody else's claim on the same upload lasts.
    #[instrument(target = "store", skip_all)]
    pub async fn claim_upload(&self, claim: &UploadClaim, lease_ms: i64) -> Result<bool, StoreError> {
        let claimed = statement(
            "INSERT INTO upload_claims (user_id, knowledge_base_id, key, claimed_by, claimed_until)
             VALUES ($1, $2, $3, $4, $5 + $6)
             ON CONFLICT (user_id, knowledge_base_id, key)
             DO UPDATE SET claimed_by = excluded.claimed_by, claimed_until = excluded.claimed_until
             WHERE upload_claims.claimed_until < $5",
        )
        .bind(claim.caller.0)
        .bind(claim.knowledge_base.0)
        .bind(claim.key.as_str())
        .bind(claim.by)
        .bind(now())
        .bind(lease_ms)
        .execute(&self.writes)
        .await?;
        Ok(claimed > 0)
    }

    /// False when the claim ran out and the upload is somebody else's, or over.
    #[instrument(target = "store", skip_all)]
    pub async fn renew_upload_claim(&self, claim: &UploadClaim, lease_ms: i64) -> Result<bool, StoreError> {
        let renewed = statement(
            "UPDATE upload_claims SET claimed_until = $5
             WHERE user_id = $1 AND knowledge_base_id = $2 AND key = $3 AND claimed_by = $4",
        )
        .bind(claim.caller.0)
        .bind(claim.knowledge_base.0)
        .bind(claim.key.as_str())
        .bind(claim.by)
        .bind(now() + lease_ms)
        .execute(&self.writes)
        .await?;
        Ok(renewed > 0)
    }

    #[instrument(target = "store", skip_all)]
    pub async fn release_upload_claim(&self, claim: &UploadClaim) -> Result<(), StoreError> {
        statement(
            "DELETE FROM upload_claims WHERE user_id = $1 AND knowledge_base_id = $2 AND key = $3 AND claimed_by = $4",
        )
        .bind(claim.caller.0)
        .bind(claim.knowledge_base.0)
        .bind(claim.key.as_str())
        .bind(claim.by)
        .execute(&self.writes)
        .await?;
        Ok(())
    }

    /// Ends every claim: called at start, when nobody can be taking an upload of this installation.
    #[instrument(target = "store", skip_all)]
    pub async fn release_all_upload_claims(&self) -> Result<(), StoreError> {
        statement("DELETE FROM upload_claims").execute(&self.writes).await?;
        Ok(())
    }
}
