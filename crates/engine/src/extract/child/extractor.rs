//! The parent's side.

use std::io;
use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, ChildStdin, Command};

use super::protocol::{Request, Response, SUBCOMMAND};
use crate::extract::{ExtractError, Extracted, Limits};

/// How much of what the child says about its own end is kept, in bytes.
const MAX_LAST_WORDS: u64 = 4096;
/// JSON escapes at most this many bytes for one byte of text (`\n` is two, `\u001b` cannot occur), and every block
/// of text has a few dozen bytes of its own.
const ANSWER_BYTES_PER_TEXT_BYTE: usize = 64;

/// Reads files, each in a child process of its own that is confined and limited.
#[derive(Debug, Clone)]
pub struct Extractor {
    /// A program that calls [`super::run_child`] when its first argument is `extract-child`; usually this one.
    pub program: PathBuf,
    /// The pdfium library (`libpdfium.so`). Without it only PDFs fail.
    pub pdfium: PathBuf,
    pub limits: Limits,
}

impl Extractor {
    /// Reads a file. Dropping the future kills the child at once, and so does the end of the thread that polls it first:
    /// call this from a thread of the runtime's own, not from one that blocks.
    ///
    /// `file` is read as the child takes it, so it is never whole in this process.
    pub async fn extract(&self, name: &str, file: impl AsyncRead + Unpin) -> Result<Extracted, ExtractError> {
        let request = Request {
            name: name.to_owned(),
            limits: self.limits.clone(),
            pdfium: self.pdfium.clone(),
        };
        let mut child = self.start().map_err(|cause| ExtractError::Unavailable {
            detail: format!("{} cannot be started: {cause}", self.program.display()),
        })?;
        let wall = Duration::from_secs(self.limits.max_wall_seconds);
        match tokio::time::timeout(wall, self.converse(&mut child, &request, file)).await {
            Ok(outcome) => outcome,
            Err(_) => {
                // Waits for its end too, so that a busy loop does not outlive the answer.
                let _ = child.kill().await;
                Err(ExtractError::TimedOut {
                    seconds: self.limits.max_wall_seconds,
                })
            }
        }
    }

    fn start(&self) -> io::Result<Child> {
        Command::new(&self.program)
            .arg(SUBCOMMAND)
            // Secrets travel in the environment; the child is to have none.
            .env_clear()
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
    }

    async fn converse(
        &self,
        child: &mut Child,
        request: &Request,
        file: impl AsyncRead + Unpin,
    ) -> Result<Extracted, ExtractError> {
        let unavailable = |detail: String| ExtractError::Unavailable { detail };
        let (Some(input), Some(output), Some(errors)) = (child.stdin.take(), child.stdout.take(), child.stderr.take())
        else {
            return Err(unavailable("the child has no pipes".to_owned()));
        };
        let frame = request
            .to_frame()
            .map_err(|cause| unavailable(format!("the request: {cause}")))?;

        let max_answer = self.limits.max_text_bytes.saturating_mul(ANSWER_BYTES_PER_TEXT_BYTE) as u64;
        let (fed, answer, last_words) = tokio::join!(
            feed(input, &frame, file),
            read_up_to(output, max_answer),
            read_up_to(errors, MAX_LAST_WORDS)
        );
        fed.map_err(|cause| unavailable(format!("the file cannot be read: {cause}")))?;
        let status = child
            .wait()
            .await
            .map_err(|cause| unavailable(format!("waiting for the child: {cause}")))?;
        let answer = answer.map_err(|cause| unavailable(format!("reading the answer: {cause}")))?;
        let last_words = String::from_utf8_lossy(&last_words.unwrap_or_default())
            .trim()
            .to_owned();
        if !status.success() {
            return Err(self.ended_badly(status, &last_words));
        }
        // Many megabytes take a while to parse.
        let parsed = tokio::task::spawn_blocking(move || serde_json::from_slice::<Response>(&answer)).await;
        let broken = |cause: &dyn std::fmt::Display| {
            Err(ExtractError::Crashed {
                detail: format!("the answer is broken: {cause}"),
            })
        };
        match parsed {
            Ok(Ok(response)) => response,
            Ok(Err(cause)) => broken(&cause),
            Err(cause) => broken(&cause),
        }
    }

    /// Why a child without an answer ended.
    fn ended_badly(&self, status: ExitStatus, last_words: &str) -> ExtractError {
        #[cfg(unix)]
        let signal = std::os::unix::process::ExitStatusExt::signal(&status);
        #[cfg(not(unix))]
        let signal: Option<i32> = None;

        let detail = format!("{status}: {last_words}");
        let ran_out_of_memory = last_words.contains("memory allocation of") || last_words.contains("Out of memory");
        match signal {
            _ if ran_out_of_memory => ExtractError::OutOfMemory,
            #[cfg(target_os = "linux")]
            Some(libc::SIGXCPU) => ExtractError::TimedOut {
                seconds: self.limits.max_cpu_seconds,
            },
            // The kernel's own killer when the machine runs out of memory; nobody else here uses it on the child.
            #[cfg(target_os = "linux")]
            Some(libc::SIGKILL) => ExtractError::OutOfMemory,
            None if last_words.starts_with("extract-child: confinement") => ExtractError::Unavailable { detail },
            _ => ExtractError::Crashed { detail },
        }
    }
}

/// Hands over the request and the file and closes the pipe. Fails only when the file cannot be read: a child that
/// stops taking it has answered already or died, and its end says which.
async fn feed(mut input: ChildStdin, frame: &[u8], mut file: impl AsyncRead + Unpin) -> io::Result<()> {
    if input.write_all(frame).await.is_err() {
        return Ok(());
    }
    let mut chunk = vec![0; 64 * 1024];
    loop {
        let length = file.read(&mut chunk).await?;
        if length == 0 || input.write_all(&chunk[..length]).await.is_err() {
            return Ok(());
        }
    }
}

/// Reads to the end but keeps only the first `limit` bytes, so that the other side never blocks.
async fn read_up_to(mut source: impl AsyncRead + Unpin, limit: u64) -> io::Result<Vec<u8>> {
    let mut kept = Vec::new();
    (&mut source).take(limit).read_to_end(&mut kept).await?;
    tokio::io::copy(&mut source, &mut tokio::io::sink()).await?;
    Ok(kept)
}
