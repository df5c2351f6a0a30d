//! Reading documents in the background.

mod read;

use std::{panic::AssertUnwindSafe, time::Duration};

use api::DocumentError;
use futures::FutureExt;
use store::{Job, StoreError};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tracing::{Instrument, field::Empty};
use uuid::Uuid;

use self::read::{ReadError, read};
use crate::{
    documents::leftovers,
    state::AppState,
    telemetry::{METRICS, traces},
};

/// A worker that dies is replaced after so long at most.
const LEASE: Duration = Duration::from_secs(15);
/// How often a lease is renewed, and so how soon a worker notices that its document was deleted or cancelled.
const HEARTBEAT: Duration = Duration::from_millis(500);
/// Jobs that were put back are looked for this often; new ones are announced.
const POLL: Duration = Duration::from_secs(2);
/// How long work rests that failed because the disk or the database cannot be used; it does not count as an attempt.
const STORAGE_PAUSE: Duration = Duration::from_secs(10);
const MOST_FAILURES: u32 = 5;
/// A document whose reading was begun so often without an end stops the server each time.
const MOST_STARTS: u32 = 50;

const LEFTOVERS: Duration = Duration::from_secs(60 * 60);
/// How long it is remembered what an upload under an idempotency key returned.
const RESPONSES: Duration = Duration::from_secs(7 * 24 * 60 * 60);

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
        running.spawn(clean(state.clone(), stop.clone()));
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
    // One worker is left for small files, where there is more than one.
    let most_large = u32::try_from(state.config.workers.saturating_sub(1).max(1)).unwrap_or(u32::MAX);
    while !stop.is_cancelled() {
        let job = state
            .store
            .lease_job(worker, millis(LEASE), most_large)
            .await
            .unwrap_or_else(|error| {
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
            biased;
            outcome = attempt(&state, &job) => settle(&state, &job, outcome).await,
            () = lease_lost(&state, &job) => METRICS.attempt_ended("cancelled"),
            () = stop.cancelled() => give_back(&state, &job, Duration::ZERO).await,
        }
    }
}

/// Reads the document of a job. A fault in the program ends the attempt and not the worker.
async fn attempt(state: &AppState, job: &Job) -> Result<(), ReadError> {
    if job.starts > MOST_STARTS {
        return Err(ReadError::CutOff { starts: job.starts - 1 });
    }
    let span = tracing::info_span!("read", document = %job.document, trace = Empty);
    traces::continue_from(&span, job.trace.as_deref());
    traces::name_trace(&span);
    let caught = AssertUnwindSafe(read(state, job)).catch_unwind().instrument(span).await;
    caught.unwrap_or_else(|panic| {
        let message = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
        let message = message.or_else(|| panic.downcast_ref::<String>().cloned());
        Err(ReadError::Panicked(message.unwrap_or_default()))
    })
}

/// Returns when the job is no longer this worker's: cancelled, deleted, or taken over.
async fn lease_lost(state: &AppState, job: &Job) {
    loop {
        tokio::time::sleep(HEARTBEAT).await;
        match state.store.renew_lease(job, millis(LEASE)).await {
            Ok(true) => {}
            Ok(false) => return,
            Err(error) => tracing::warn!(document = %job.document, %error, "a lease could not be renewed"),
        }
    }
}

async fn settle(state: &AppState, job: &Job, outcome: Result<(), ReadError>) {
    let error = match outcome {
        Ok(()) => return METRICS.attempt_ended("done"),
        Err(ReadError::Gone) => return METRICS.attempt_ended("cancelled"),
        Err(error) => error,
    };
    if error.is_of_storage() {
        METRICS.attempt_ended("retried");
        tracing::error!(document = %job.document, %error, "reading a document waits for storage");
        return give_back(state, job, STORAGE_PAUSE).await;
    }
    let failures = job.failures + 1;
    if error.may_pass() && failures < MOST_FAILURES {
        METRICS.attempt_ended("retried");
        tracing::warn!(document = %job.document, failures, %error, "reading a document will be tried again");
        let pause = Duration::from_secs(1 << failures);
        return log_if_not_noted(job, state.store.postpone_job(job, millis(pause)).await);
    }
    METRICS.attempt_ended("failed");
    tracing::info!(document = %job.document, %error, "a document could not be read");
    let reason = DocumentError {
        code: error.code().to_owned(),
        message: error.to_string(),
        remedy: error.remedy().to_owned(),
    };
    match state.store.fail_document(job, &reason).await {
        Ok(Some(document)) => state.changes.document_changed(&document).await,
        Ok(None) => {}
        Err(error) => log_if_not_noted(job, Err(error)),
    }
}

async fn give_back(state: &AppState, job: &Job, pause: Duration) {
    log_if_not_noted(job, state.store.give_job_back(job, millis(pause)).await);
}

/// When the end of an attempt cannot be noted the lease runs out, and the job is tried again.
fn log_if_not_noted(job: &Job, noted: Result<(), StoreError>) {
    if let Err(error) = noted {
        tracing::error!(document = %job.document, %error, "the end of an attempt could not be noted");
    }
}

/// Removes now and then what nobody needs any more.
async fn clean(state: AppState, stop: CancellationToken) {
    loop {
        leftovers::remove(&state).await;
        if let Err(error) = state.store.forget_responses_older_than(millis(RESPONSES)).await {
            tracing::warn!(%error, "old idempotency keys could not be removed");
        }
        tokio::select! {
            () = tokio::time::sleep(LEFTOVERS) => {}
            () = stop.cancelled() => return,
        }
    }
}

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}
