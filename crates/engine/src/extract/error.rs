//! Why a file could not be read, in words for the person who uploaded it.

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// Why a file yields no text. The display is one sentence for the uploader; [`ExtractError::remedy`] is the next.
#[derive(Debug, Clone, PartialEq, Eq, Error, Serialize, Deserialize)]
#[serde(tag = "code", rename_all = "snake_case")]
pub enum ExtractError {
    #[error("The file contains no text.")]
    Empty,
    #[error("The file is not text, although its name suggests that it is.")]
    NotText,
    /// `what` names the format in a few words ("a PNG image").
    #[error("The file is {what}, which cannot be read for text.")]
    Unsupported { what: String },
    #[error("The file is protected with a password.")]
    Encrypted,
    #[error("The file contains only pictures of pages, no text.")]
    Scanned,
    /// `detail` is the parser's own message, for the log.
    #[error("The file is damaged or incomplete.")]
    Corrupt { detail: String },
    /// `what` names what is too large ("file", "text"), `limit` the number allowed, with its unit.
    #[error("The file is too large: its {what} exceeds {limit}.")]
    TooLarge { what: String, limit: String },
    #[error("Reading the file took longer than {seconds} seconds.")]
    TimedOut { seconds: u64 },
    #[error("Reading the file needed more memory than is allowed.")]
    OutOfMemory,
    /// `detail` is how the reading process ended, for the log.
    #[error("The file made the reader stop unexpectedly.")]
    Crashed { detail: String },
    /// The file may be fine: the reader could not be started. `detail` says why, for the log.
    #[error("The reader for this file could not be started.")]
    Unavailable { detail: String },
}

impl ExtractError {
    /// A stable word for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Empty => "empty",
            Self::NotText => "not_text",
            Self::Unsupported { .. } => "unsupported",
            Self::Encrypted => "encrypted",
            Self::Scanned => "scanned",
            Self::Corrupt { .. } => "corrupt",
            Self::TooLarge { .. } => "too_large",
            Self::TimedOut { .. } => "timed_out",
            Self::OutOfMemory => "out_of_memory",
            Self::Crashed { .. } => "crashed",
            Self::Unavailable { .. } => "unavailable",
        }
    }

    /// What the person can do about it.
    pub fn remedy(&self) -> &'static str {
        match self {
            Self::Empty => "Check that the right file was chosen and that it has content.",
            Self::NotText => "Upload the document in its own format, or as UTF-8 text.",
            Self::Unsupported { .. } => {
                "Convert it to PDF, a current office format, HTML, Markdown or plain text and upload that."
            }
            Self::Encrypted => "Remove the password in the program that made the file and upload it again.",
            Self::Scanned => "Run text recognition (OCR) over it and upload the result.",
            Self::Corrupt { .. } => "Open it in the program that made it, save it again and upload the new file.",
            Self::TooLarge { .. } => "Split it into smaller files and upload those.",
            Self::TimedOut { .. } | Self::OutOfMemory => "Split it into smaller files, or save it as plain text.",
            Self::Crashed { .. } => "Save it again in another format and upload that.",
            Self::Unavailable { .. } => "Try again later; if it stays so, tell the operator to run `hyperion doctor`.",
        }
    }

    /// Whether the same file can succeed later: only when the fault was not the file's.
    pub fn may_pass_later(&self) -> bool {
        matches!(self, Self::Unavailable { .. })
    }

    pub(crate) fn corrupt(cause: impl std::fmt::Display) -> Self {
        Self::Corrupt {
            detail: cause.to_string(),
        }
    }

    /// `limit` in bytes.
    pub(crate) fn too_large(what: &str, limit: usize) -> Self {
        Self::TooLarge {
            what: what.to_owned(),
            limit: readable_size(limit),
        }
    }
}

fn readable_size(bytes: usize) -> String {
    const KIB: usize = 1024;
    const MIB: usize = 1024 * KIB;
    match bytes {
        MIB.. => format!("{} MiB", bytes / MIB),
        KIB.. => format!("{} KiB", bytes / KIB),
        _ => format!("{bytes} bytes"),
    }
}
