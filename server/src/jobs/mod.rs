//! Reading documents in the background.

mod read;

use std::time::Duration;

use api::{DocumentError, DocumentEvent};
use store::Job;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use self::read::{ReadError, read};
use crate::state::AppState;

/// A worker that dies is replaced after so long at most.
const LEASE: Duration = Duration::from_secs(30);
/// How often a lease is renewed, and so how soon a worker notices that its document was deleted or cancelled.
const HEARTBEAT: Duration = Duration::from_millis(500);
/// Jobs that were put back are looked for this often; new ones are announced.
const POLL: Duration = Duration::from_secs(2);
const MOST_ATTEMPTS: u32 = 5;

/// The workers of this process.
pub struct Workers {
    stop: CancellationToken,
    running: JoinSet<()>,
}

impl Workers {
    pub fn start(state: &AppState) -> Self {
        let stop = CancellationToken::new();
        let mut running = JoinSet::new();
        for _ in 0..state.config.workers {
            running.spawn(work(state.clone(), stop.clone()));
        }
        Self { stop, running }
    }

    /// Stops all workers; what they were reading is read again by whoever starts next.
    pub async fn stop(self) {
        self.stop.cancel();
        self.running.join_all().await;
    }
}

async fn work(state: AppState, stop: CancellationToken) {
    let worker = Uuid::now_v7();
    let lease_ms = i64::try_from(LEASE.as_millis()).unwrap_or(i64::MAX);
    while !stop.is_cancelled() {
        let job = state.store.lease_job(worker, lease_ms).await.unwrap_or_else(|error| {
            tracing::error!(%error, "no job could be leased");
            None
        });
        let Some(job) = job else {
            tokio::select! {
                () = state.jobs_due.notified() => {}
                () = tokio::time::sleep(POLL) => {}
                () = stop.cancelled() => {}
            }
            continue;
        };
        // Others may have been announced while every worker was busy.
        state.jobs_due.notify_one();
        // Dropping the reading kills its child process.
        tokio::select! {
            outcome = read(&state, job.document) => settle(&state, job, outcome).await,
            () = lease_lost(&state, worker, &job, lease_ms) => {}
            () = stop.cancelled() => put_back(&state, &job, Duration::ZERO).await,
        }
    }
}

/// Returns when the job is no longer this worker's: cancelled, deleted, or taken over.
async fn lease_lost(state: &AppState, worker: Uuid, job: &Job, lease_ms: i64) {
    loop {
        tokio::time::sleep(HEARTBEAT).await;
        match state.store.renew_lease(worker, job.document, lease_ms).await {
            Ok(true) => {}
            Ok(false) => return,
            Err(error) => tracing::warn!(document = %job.document, %error, "a lease could not be renewed"),
        }
    }
}

async fn settle(state: &AppState, job: Job, outcome: Result<(), ReadError>) {
    let error = match outcome {
        Ok(()) => return,
        Err(ReadError::Gone) => return,
        Err(error) => error,
    };
    if error.may_pass() && job.attempt < MOST_ATTEMPTS {
        tracing::warn!(document = %job.document, attempt = job.attempt, %error, "reading a document will be tried again");
        put_back(state, &job, Duration::from_secs(1 << job.attempt)).await;
        return;
    }
    tracing::info!(document = %job.document, %error, "a document could not be read");
    let reason = DocumentError {
        code: error.code().to_owned(),
        message: error.to_string(),
        remedy: error.remedy().to_owned(),
    };
    match state.store.fail_document(job.document, &reason).await {
        Ok(Some(document)) => {
            let (to, document) = (document.knowledge_base_id, Box::new(document));
            state.changes.tell(to, DocumentEvent::Changed { document }).await;
        }
        Ok(None) => {}
        // The lease runs out, and the job is tried again.
        Err(error) => tracing::error!(document = %job.document, %error, "a failure could not be noted"),
    }
}

async fn put_back(state: &AppState, job: &Job, pause: Duration) {
    let pause_ms = i64::try_from(pause.as_millis()).unwrap_or(i64::MAX);
    if let Err(error) = state.store.put_job_back(job.document, pause_ms).await {
        // The lease runs out, and the job is tried again.
        tracing::error!(document = %job.document, %error, "a job could not be put back");
    }
}
