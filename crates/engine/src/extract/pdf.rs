//! PDF through the pdfium library: characters with their place and font, handed to the layout line by line.

use std::path::Path;
use std::sync::OnceLock;

use pdfium_render::prelude::*;

use super::pdf_layout::{self, Line};
use super::{ExtractError, writer::TextWriter};

/// What pdfium reports for the hyphen at the end of a line that continues in the next.
const LINE_END_HYPHEN: u32 = 0xfffe;

static LIBRARY: OnceLock<Pdfium> = OnceLock::new();

/// Loads the pdfium library from this file, once for the process; later calls change nothing.
pub fn load_library(path: &Path) -> Result<(), ExtractError> {
    if LIBRARY.get().is_none() {
        let bindings = Pdfium::bind_to_library(path).map_err(|cause| ExtractError::Unavailable {
            detail: format!("the PDF library {} cannot be loaded: {cause}", path.display()),
        })?;
        // Another thread may have been faster; then its library stays.
        let _ = LIBRARY.set(Pdfium::new(bindings));
    }
    Ok(())
}

pub(super) fn write(bytes: &[u8], writer: &mut TextWriter) -> Result<(), ExtractError> {
    let library = LIBRARY.get().ok_or_else(|| ExtractError::Unavailable {
        detail: "the PDF library has not been loaded".to_owned(),
    })?;
    let document = library.load_pdf_from_byte_slice(bytes, None).map_err(open_error)?;
    if document.pages().is_empty() {
        return Err(ExtractError::corrupt("the document has no pages"));
    }
    if let Some(title) = document.metadata().get(PdfDocumentMetadataTagType::Title)
        && is_meant_for_people(title.value())
    {
        writer.title(title.value());
    }

    let mut labels = Vec::new();
    let mut pages = Vec::new();
    let mut unreadable = Vec::new();
    let mut text_bytes = 0;
    let mut has_pictures = false;
    for index in document.pages().as_range() {
        // One broken page must not cost the others.
        let lines = document.pages().get(index).and_then(|page| {
            labels.push(page.label().unwrap_or_default().to_owned());
            has_pictures |= !page.objects().is_empty();
            page_lines(&page)
        });
        let lines = lines.unwrap_or_else(|cause| {
            unreadable.push(format!("page {}: {cause}", index + 1));
            Vec::new()
        });
        labels.resize(pages.len() + 1, String::new());
        text_bytes += lines.iter().map(|line| line.text.len()).sum::<usize>();
        if text_bytes > writer.limits().max_text_bytes {
            return Err(ExtractError::too_large("text", writer.limits().max_text_bytes));
        }
        pages.push(lines);
    }
    if text_bytes == 0 {
        return Err(match unreadable.first() {
            Some(cause) => ExtractError::corrupt(cause),
            None if has_pictures => ExtractError::Scanned,
            None => ExtractError::Empty,
        });
    }
    pdf_layout::write(&labels, &pages, writer)
}

fn open_error(cause: PdfiumError) -> ExtractError {
    match cause {
        PdfiumError::PdfiumLibraryInternalError(
            PdfiumInternalError::PasswordError | PdfiumInternalError::SecurityError,
        ) => ExtractError::Encrypted,
        other => ExtractError::corrupt(other),
    }
}

/// Programs that print to PDF leave file names and placeholders as titles.
fn is_meant_for_people(title: &str) -> bool {
    let title = title.trim().to_lowercase();
    let is_file_name = title.rsplit_once('.').is_some_and(|(_, extension)| {
        matches!(
            extension,
            "doc" | "docx" | "dvi" | "tex" | "indd" | "qxd" | "pdf" | "ppt" | "pptx" | "xls" | "xlsx"
        )
    });
    !is_file_name && !title.starts_with("microsoft word -") && !title.starts_with("untitled")
}

/// Characters of a line as they come, before it is known where the line ends.
#[derive(Default)]
struct OpenLine {
    /// UTF-16, as pdfium may report characters beyond the basic plane as surrogate pairs.
    units: Vec<u16>,
    first: Option<usize>,
    last: usize,
}

fn page_lines(page: &PdfPage) -> Result<Vec<Line>, PdfiumError> {
    let text = page.text()?;
    let chars = text.chars();
    let mut lines = Vec::new();
    let mut open = OpenLine::default();
    for (index, char) in chars.iter().enumerate() {
        match char.unicode_value() {
            0x0a | 0x0d => lines.extend(close(std::mem::take(&mut open), &chars)),
            LINE_END_HYPHEN => {}
            value => {
                let Some(c) = char::from_u32(value) else {
                    open.units.extend(u16::try_from(value));
                    continue;
                };
                open.units.extend_from_slice(c.encode_utf16(&mut [0; 2]));
                if !c.is_whitespace() {
                    open.first.get_or_insert(index);
                    open.last = index;
                }
            }
        }
    }
    lines.extend(close(open, &chars));
    Ok(lines)
}

fn close(line: OpenLine, chars: &PdfPageTextChars) -> Option<Line> {
    let first = chars.get(line.first?).ok()?;
    let last = chars.get(line.last).ok()?;
    let bounds = |char: &PdfPageTextChar| {
        char.loose_bounds()
            .map_or((0.0, 0.0), |b| (b.left().value, b.right().value))
    };
    let baseline = |char: &PdfPageTextChar| char.origin_y().map_or(0.0, |y| y.value);
    Some(Line {
        text: String::from_utf16_lossy(&line.units).trim().to_owned(),
        size: font_size(&first).max(font_size(&last)),
        is_bold: is_bold(&first) && is_bold(&last),
        left: bounds(&first).0,
        right: bounds(&last).1,
        first_baseline: baseline(&first),
        last_baseline: baseline(&last),
    })
}

fn font_size(char: &PdfPageTextChar) -> f32 {
    match char.scaled_font_size().value.abs() {
        // Text turned by a quarter has no vertical scale.
        size if size < 0.5 || !size.is_finite() => char.unscaled_font_size().value.abs(),
        size => size,
    }
}

fn is_bold(char: &PdfPageTextChar) -> bool {
    let by_name = || {
        let name = char.font_name().to_lowercase();
        ["bold", "black", "heavy", "cmbx"]
            .iter()
            .any(|word| name.contains(word))
    };
    char.font_is_bold_reenforced() || by_name()
}
