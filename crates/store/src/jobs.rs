//! The queue of documents to be read. A lease that is not renewed runs out, and another worker takes over.

use api::DocumentId;
use sqlx::Row;
use uuid::Uuid;

use crate::{Store, StoreError, time::now};

/// A document that this worker alone works on until the lease runs out.
#[derive(Debug, Clone, Copy)]
pub struct Job {
    pub document: DocumentId,
    /// Counted from 1, this one included.
    pub attempt: u32,
}

impl Store {
    /// Leases the job that has waited longest, if any is due.
    pub async fn lease_job(&self, worker: Uuid, lease_ms: i64) -> Result<Option<Job>, StoreError> {
        let row = sqlx::query(
            "UPDATE jobs SET leased_by = $1, leased_until = $2 + $3, attempts = attempts + 1
             WHERE document_id = (SELECT document_id FROM jobs WHERE run_after <= $2 AND leased_until < $2
                                  ORDER BY run_after, document_id LIMIT 1)
             RETURNING document_id, attempts",
        )
        .bind(worker)
        .bind(now())
        .bind(lease_ms)
        .fetch_optional(&self.writes)
        .await?;
        row.map(|row| {
            Ok(Job {
                document: DocumentId(row.try_get("document_id")?),
                attempt: row.try_get("attempts")?,
            })
        })
        .transpose()
    }

    /// Renews a lease. False when the job is gone (cancelled, deleted) or somebody else's.
    pub async fn renew_lease(&self, worker: Uuid, document: DocumentId, lease_ms: i64) -> Result<bool, StoreError> {
        let renewed = sqlx::query("UPDATE jobs SET leased_until = $3 WHERE document_id = $1 AND leased_by = $2")
            .bind(document.0)
            .bind(worker)
            .bind(now() + lease_ms)
            .execute(&self.writes)
            .await?;
        Ok(renewed.rows_affected() > 0)
    }

    /// Puts a job back to be tried again after a pause.
    pub async fn put_job_back(&self, document: DocumentId, pause_ms: i64) -> Result<(), StoreError> {
        sqlx::query("UPDATE jobs SET leased_by = NULL, leased_until = 0, run_after = $2 WHERE document_id = $1")
            .bind(document.0)
            .bind(now() + pause_ms)
            .execute(&self.writes)
            .await?;
        Ok(())
    }

    /// Ends every lease: called at start, when no worker of this installation can be alive.
    pub async fn release_all_leases(&self) -> Result<(), StoreError> {
        sqlx::query("UPDATE jobs SET leased_by = NULL, leased_until = 0")
            .execute(&self.writes)
            .await?;
        Ok(())
    }
}
