//! A file's bytes to its text in reading order, with pages, headings, lists, tables and code.
//!
//! [`extract`] reads in this process; [`child::Extractor`] does the same in a confined child process, which is what
//! everything that handles files of unknown origin must use: no parser here is trusted with them.

mod archive;
pub mod child;
mod clean;
mod delimited;
mod detect;
mod docx;
mod email;
mod encoding;
mod epub;
mod error;
mod html;
mod html_tree;
mod json;
mod kind;
mod legacy;
mod limits;
mod markdown;
mod markup;
mod opendocument;
mod pdf;
mod pdf_layout;
mod plain;
mod pptx;
mod rtf;
mod spreadsheet;
mod writer;
mod xml;
mod xml_tree;

pub use detect::{detect, media_type_by_start};
pub use encoding::decode as decode_text;
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
        FileKind::Docx => docx::write(bytes, &mut writer)?,
        FileKind::Pptx => pptx::write(bytes, &mut writer)?,
        FileKind::Xlsx | FileKind::Xls | FileKind::Ods => spreadsheet::write(kind, bytes, &mut writer)?,
        FileKind::Odt | FileKind::Odp => opendocument::write(kind, bytes, &mut writer)?,
        FileKind::Epub => epub::write(bytes, &mut writer)?,
        FileKind::Email => email::write(bytes, &mut writer)?,
        FileKind::Rtf => rtf::write(bytes, &mut writer)?,
        FileKind::Html => html::write(&encoding::decode(bytes)?, &mut writer)?,
        FileKind::Markdown => markdown::write(&encoding::decode(bytes)?, &mut writer)?,
        FileKind::ReStructuredText => markup::write_restructuredtext(&encoding::decode(bytes)?, &mut writer)?,
        FileKind::AsciiDoc => markup::write_asciidoc(&encoding::decode(bytes)?, &mut writer)?,
        FileKind::PlainText => plain::write(&encoding::decode(bytes)?, &mut writer)?,
        FileKind::Csv | FileKind::Tsv => delimited::write(kind, &encoding::decode(bytes)?, &mut writer)?,
        FileKind::Json => json::write(&encoding::decode(bytes)?, &mut writer)?,
        FileKind::JsonLines => json::write_lines(&encoding::decode(bytes)?, &mut writer)?,
        FileKind::Xml => xml::write(&encoding::decode(bytes)?, &mut writer)?,
        FileKind::SourceCode => writer.code(&encoding::decode(bytes)?)?,
    }
    Ok(Extracted {
        kind,
        document: writer.finish()?,
    })
}
