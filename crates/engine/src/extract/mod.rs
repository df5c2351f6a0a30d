//! A file's bytes to its text in reading order, with pages, headings, lists, tables and code.
//!
//! [`extract`] reads in this process; [`child::Extractor`] does the same in a confined child process, which is what
//! everything that handles files of unknown origin must use: no parser here is trusted with them.

pub mod child;
mod clean;
mod detect;
mod encoding;
mod error;
mod html;
mod html_tree;
mod kind;
mod limits;
mod markdown;
mod pdf;
mod pdf_layout;
mod plain;
mod writer;

pub use detect::detect;
pub use error::ExtractError;
pub use kind::FileKind;
pub use limits::Limits;
pub use pdf::load_library as load_pdf_library;

use serde::{Deserialize, Serialize};

use crate::document::ExtractedText;
use writer::TextWriter;

/// What a file turned out to be, and what it says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Extracted {
    pub kind: FileKind,
    pub document: ExtractedText,
}

/// Reads a file in this process.
///
/// `name` is only consulted where the content leaves the format open. PDFs need [`load_pdf_library`] to have been
/// called. Hostile bytes can make parsers hang, exhaust memory or crash: see [`child::Extractor`].
pub fn extract(name: &str, bytes: &[u8], limits: &Limits) -> Result<Extracted, ExtractError> {
    if bytes.len() > limits.max_file_bytes {
        return Err(ExtractError::too_large("file", limits.max_file_bytes));
    }
    let kind = detect(name, bytes)?;
    let mut writer = TextWriter::new(limits);
    match kind {
        FileKind::Pdf => pdf::write(bytes, &mut writer)?,
        FileKind::Html => html::write(&encoding::decode(bytes)?, &mut writer)?,
        FileKind::Markdown => markdown::write(&encoding::decode(bytes)?, &mut writer)?,
        FileKind::PlainText => plain::write(&encoding::decode(bytes)?, &mut writer)?,
        FileKind::Json | FileKind::JsonLines | FileKind::SourceCode => writer.code(&encoding::decode(bytes)?)?,
        other => {
            return Err(ExtractError::Unsupported {
                what: format!("of the kind {}", other.label()),
            });
        }
    }
    Ok(Extracted {
        kind,
        document: writer.finish()?,
    })
}
