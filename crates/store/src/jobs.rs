//! The queue of documents to be read. A lease that is not renewed runs out, and another worker takes over.

use api::DocumentId;
use tracing::instrument;
use uuid::Uuid;

use crate::{Store, StoreError, database::statement, time::now};

/// Bytes from which on a file counts as large: some can take an hour.
const LARGE: i64 = 16 << 20;

/// Ends a statement that puts jobs into the queue: one that is there already begins anew.
pub(crate) const OR_BEGIN_ANEW: &str = "
    ON CONFLICT (document_id) DO UPDATE SET starts = 0, failures = 0, run_after = excluded.run_after,
                                            leased_by = NULL, leased_until = 0";

/// A document that this worker alone works on until the lease runs out.
///
/// What a worker writes about its document is written only while the lease is its own: a worker that was overtaken
/// (its document was cancelled and retried, or its lease ran out) changes nothing any more.
#[derive(Debug, Clone)]
pub struct Job {
    pub document: DocumentId,
    pub worker: Uuid,
    /// How often work on it began, this time included.
    pub starts: u32,
    /// How often it ended in an error that may pass.
    pub failures: u32,
    /// The trace of the upload, as the header `traceparent` has it.
    pub trace: Option<String>,
}

/// What waits to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Queue {
    /// Jobs that are due and that nobody works on.
    pub waiting: u64,
    /// Jobs that somebody works on.
    pub running: u64,
    /// Jobs that are tried again later.
    pub postponed: u64,
    /// For how many milliseconds the oldest of those that wait has been due.
    pub lag_ms: u64,
}

impl Store {
    /// How much there is to do, and how late it is.
    #[instrument(target = "store", skip_all)]
    pub async fn queue(&self) -> Result<Queue, StoreError> {
        let row = statement(
            "SELECT count(*) FILTER (WHERE leased_until >= $1) AS running,
                    count(*) FILTER (WHERE leased_until < $1 AND run_after <= $1) AS waiting,
                    count(*) FILTER (WHERE leased_until < $1 AND run_after > $1) AS postponed,
                    coalesce($1 - min(run_after) FILTER (WHERE leased_until < $1 AND run_after <= $1), 0) AS lag
             FROM jobs",
        )
        .bind(now())
        .fetch_one(&self.reads)
        .await?;
        let count = |column: &str| row.get::<i64>(column).map(i64::unsigned_abs);
        Ok(Queue {
            waiting: count("waiting")?,
            running: count("running")?,
            postponed: count("postponed")?,
            lag_ms: count("lag")?,
        })
    }

    /// Leases the job that has waited longest, if any is due. Of large files at most `most_large` are read at a time,
    /// so that a small one need not wait for hours until they have ended.
    #[instrument(target = "store", skip_all)]
    pub async fn lease_job(&self, worker: Uuid, lease_ms: i64, most_large: u32) -> Result<Option<Job>, StoreError> {
        let row = statement(
            "UPDATE jobs SET leased_by = $1, leased_until = $2 + $3, starts = starts + 1
             WHERE document_id = (
                 SELECT document_id FROM jobs JOIN documents ON documents.id = document_id
                 WHERE run_after <= $2 AND leased_until < $2
                   AND (size <= $4 OR $5 > (SELECT count(*) FROM jobs AS other JOIN documents ON documents.id = other.document_id
                                            WHERE other.leased_by IS NOT NULL AND other.leased_until >= $2 AND size > $4))
                 ORDER BY run_after, document_id LIMIT 1",
        )
        .push_for_postgres(" FOR UPDATE OF jobs SKIP LOCKED")
        .push(") RETURNING document_id, starts, failures, trace")
        .bind(worker)
        .bind(now())
        .bind(lease_ms)
        .bind(LARGE)
        .bind(most_large)
        .fetch_optional(&self.writes)
        .await?;
        row.map(|row| {
            Ok(Job {
                document: DocumentId(row.get("document_id")?),
                worker,
                starts: row.get("starts")?,
                failures: row.get("failures")?,
                trace: row.get("trace")?,
            })
        })
        .transpose()
    }

    /// Renews a lease. False when the job is gone (cancelled, deleted) or somebody else's.
    #[instrument(target = "store", skip_all)]
    pub async fn renew_lease(&self, job: &Job, lease_ms: i64) -> Result<bool, StoreError> {
        let renewed = statement("UPDATE jobs SET leased_until = $3 WHERE document_id = $1 AND leased_by = $2")
            .bind(job.document.0)
            .bind(job.worker)
            .bind(now() + lease_ms)
            .execute(&self.writes)
            .await?;
        Ok(renewed > 0)
    }

    /// Gives a job back that was not finished for no fault of its own; it does not count as begun.
    #[instrument(target = "store", skip_all)]
    pub async fn give_job_back(&self, job: &Job, pause_ms: i64) -> Result<(), StoreError> {
        statement(
            "UPDATE jobs SET leased_by = NULL, leased_until = 0, run_after = $3, starts = starts - 1
             WHERE document_id = $1 AND leased_by = $2",
        )
        .bind(job.document.0)
        .bind(job.worker)
        .bind(now() + pause_ms)
        .execute(&self.writes)
        .await?;
        Ok(())
    }

    /// Puts a job back that ended in an error which may pass, to be tried again after a pause.
    #[instrument(target = "store", skip_all)]
    pub async fn postpone_job(&self, job: &Job, pause_ms: i64) -> Result<(), StoreError> {
        statement(
            "UPDATE jobs SET leased_by = NULL, leased_until = 0, run_after = $3, failures = failures + 1
             WHERE document_id = $1 AND leased_by = $2",
        )
        .bind(job.document.0)
        .bind(job.worker)
        .bind(now() + pause_ms)
        .execute(&self.writes)
        .await?;
        Ok(())
    }

    /// Ends every lease: called at start, when no worker of this installation can be alive.
    #[instrument(target = "store", skip_all)]
    pub async fn release_all_leases(&self) -> Result<(), StoreError> {
        statement("UPDATE jobs SET leased_by = NULL, leased_until = 0")
            .execute(&self.writes)
            .await?;
        Ok(())
    }
}
