//! The formats that can be read.

use serde::{Deserialize, Serialize};

/// A format that can be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FileKind {
    Pdf,
    Docx,
    Pptx,
    Xlsx,
    Xls,
    Ods,
    Odt,
    Odp,
    Epub,
    Html,
    Markdown,
    ReStructuredText,
    AsciiDoc,
    PlainText,
    Csv,
    Tsv,
    Json,
    JsonLines,
    Xml,
    Email,
    Rtf,
    SourceCode,
}

impl FileKind {
    /// What people call it.
    pub fn label(self) -> &'static str {
        match self {
            Self::Pdf => "PDF",
            Self::Docx => "Word document",
            Self::Pptx => "PowerPoint presentation",
            Self::Xlsx => "Excel workbook",
            Self::Xls => "Excel 97–2003 workbook",
            Self::Ods => "OpenDocument spreadsheet",
            Self::Odt => "OpenDocument text",
            Self::Odp => "OpenDocument presentation",
            Self::Epub => "EPUB book",
            Self::Html => "Web page",
            Self::Markdown => "Markdown",
            Self::ReStructuredText => "reStructuredText",
            Self::AsciiDoc => "AsciiDoc",
            Self::PlainText => "Text",
            Self::Csv => "CSV table",
            Self::Tsv => "TSV table",
            Self::Json => "JSON",
            Self::JsonLines => "JSON lines",
            Self::Xml => "XML",
            Self::Email => "Email",
            Self::Rtf => "Rich text",
            Self::SourceCode => "Source code",
        }
    }

    /// The registered media type, without parameters.
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Pdf => "application/pdf",
            Self::Docx => "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
            Self::Pptx => "application/vnd.openxmlformats-officedocument.presentationml.presentation",
            Self::Xlsx => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            Self::Xls => "application/vnd.ms-excel",
            Self::Ods => "application/vnd.oasis.opendocument.spreadsheet",
            Self::Odt => "application/vnd.oasis.opendocument.text",
            Self::Odp => "application/vnd.oasis.opendocument.presentation",
            Self::Epub => "application/epub+zip",
            Self::Html => "text/html",
            Self::Markdown => "text/markdown",
            Self::ReStructuredText => "text/x-rst",
            Self::AsciiDoc => "text/asciidoc",
            Self::PlainText | Self::SourceCode => "text/plain",
            Self::Csv => "text/csv",
            Self::Tsv => "text/tab-separated-values",
            Self::Json => "application/json",
            Self::JsonLines => "application/jsonl",
            Self::Xml => "application/xml",
            Self::Email => "message/rfc822",
            Self::Rtf => "application/rtf",
        }
    }
}
