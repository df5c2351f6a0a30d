//! OpenDocument texts and presentations; a slide is a page, a text has one.

use super::archive::Archive;
use super::xml_tree::{Child, Element};
use super::{ExtractError, FileKind, writer::TextWriter};

/// Spaces one element may stand for; more would be a way to grow a document.
const MAX_SPACES: usize = 100;

pub(super) fn write(kind: FileKind, bytes: &[u8], writer: &mut TextWriter) -> Result<(), ExtractError> {
    let mut archive = Archive::open(bytes, writer.limits())?;
    if archive
        .xml("META-INF/manifest.xml")?
        .is_some_and(|manifest| manifest.find("encryption-data").is_some())
    {
        return Err(ExtractError::Encrypted);
    }
    if let Some(title) = archive.xml("meta.xml")?.as_ref().and_then(|meta| meta.find("title")) {
        writer.title(&title.text());
    }
    let content = archive.required_xml("content.xml")?;
    let body = content
        .child("body")
        .ok_or_else(|| ExtractError::corrupt("the document has no body"))?;
    let mut notes = Vec::new();
    if kind == FileKind::Odp {
        for slide in body
            .child("presentation")
            .into_iter()
            .flat_map(|list| list.elements("page"))
        {
            writer.page("")?;
            write_slide(slide, &mut notes, writer)?;
        }
    } else {
        write_blocks(body, None, &mut notes, writer)?;
    }
    for (marker, text) in notes {
        writer.list_item(&marker, &text)?;
    }
    Ok(())
}

type Notes = Vec<(String, String)>;

fn write_slide(slide: &Element, notes: &mut Notes, writer: &mut TextWriter) -> Result<(), ExtractError> {
    for shape in slide.all_elements() {
        if shape.attribute("presentation:class") == Some("title") {
            let text_box = shape.child("text-box").unwrap_or(shape);
            writer.heading(1, &inline_text(text_box, notes))?;
        } else {
            write_blocks(shape, None, notes, writer)?;
        }
    }
    Ok(())
}

/// `marker` is set inside a list item until its first text.
fn write_blocks(
    parent: &Element,
    mut marker: Option<String>,
    notes: &mut Notes,
    writer: &mut TextWriter,
) -> Result<(), ExtractError> {
    for element in parent.all_elements() {
        match &*element.name {
            "h" => {
                let level = element
                    .attribute("outline-level")
                    .and_then(|level| level.parse().ok())
                    .unwrap_or(1);
                writer.heading(level, &inline_text(element, notes))?;
            }
            "p" => {
                let text = inline_text(element, notes);
                if !text.trim().is_empty() {
                    match marker.take() {
                        Some(marker) => writer.list_item(&marker, &text)?,
                        None => writer.paragraph(&text)?,
                    }
                }
                write_anchored(element, notes, writer)?;
            }
            "list" => {
                for item in element
                    .all_elements()
                    .filter(|e| matches!(&*e.name, "list-item" | "list-header"))
                {
                    write_blocks(item, Some("-".to_owned()), notes, writer)?;
                }
            }
            "table" => {
                let rows = table_rows(element, notes, writer)?;
                writer.table(&rows)?;
            }
            "tracked-changes" | "annotation" | "sequence-decls" | "forms" | "scripts" => {}
            _ => write_blocks(element, marker.take(), notes, writer)?,
        }
    }
    Ok(())
}

/// Text boxes and the like that hang on a paragraph come after it.
fn write_anchored(paragraph: &Element, notes: &mut Notes, writer: &mut TextWriter) -> Result<(), ExtractError> {
    for element in paragraph.all_elements() {
        match &*element.name {
            "text-box" => write_blocks(element, None, notes, writer)?,
            "note" | "annotation" => {}
            _ => write_anchored(element, notes, writer)?,
        }
    }
    Ok(())
}

fn inline_text(element: &Element, notes: &mut Notes) -> String {
    let mut text = String::new();
    append_inline(element, notes, &mut text);
    text
}

fn append_inline(parent: &Element, notes: &mut Notes, out: &mut String) {
    for child in &parent.children {
        let element = match child {
            Child::Text(text) => {
                // White space in the file is layout; what is meant has elements.
                out.push_str(&text.replace(['\n', '\r', '\t'], " "));
                continue;
            }
            Child::Element(element) => element,
        };
        match &*element.name {
            "s" => {
                let count = element.attribute("c").and_then(|count| count.parse().ok()).unwrap_or(1);
                out.extend(std::iter::repeat_n(' ', count.min(MAX_SPACES)));
            }
            "tab" => out.push('\t'),
            "line-break" => out.push('\n'),
            "note" => {
                let marker = format!(
                    "[{}]",
                    element.child("note-citation").map(Element::text).unwrap_or_default()
                );
                out.push_str(&marker);
                if let Some(body) = element.child("note-body") {
                    let mut text = String::new();
                    append_inline(body, notes, &mut text);
                    notes.push((marker, text));
                }
            }
            "p" | "h" => {
                append_inline(element, notes, out);
                out.push('\n');
            }
            "annotation" | "text-box" | "desc" | "title" => {}
            _ => append_inline(element, notes, out),
        }
    }
}

fn table_rows(table: &Element, notes: &mut Notes, writer: &TextWriter) -> Result<Vec<Vec<String>>, ExtractError> {
    let mut rows = Vec::new();
    for element in table.all_elements() {
        match &*element.name {
            "table-row" => {
                let mut row = Vec::new();
                for cell in element
                    .all_elements()
                    .filter(|e| matches!(&*e.name, "table-cell" | "covered-table-cell"))
                {
                    let repeated = cell
                        .attribute("number-columns-repeated")
                        .and_then(|n| n.parse().ok())
                        .unwrap_or(1);
                    if row.len() + repeated > writer.limits().max_table_columns {
                        return Err(ExtractError::TooLarge {
                            what: "table".to_owned(),
                            limit: format!("{} columns", writer.limits().max_table_columns),
                        });
                    }
                    row.extend(std::iter::repeat_n(inline_text(cell, notes), repeated));
                }
                rows.push(row);
            }
            "table-header-rows" | "table-rows" | "table-row-group" => rows.extend(table_rows(element, notes, writer)?),
            _ => {}
        }
    }
    Ok(rows)
}
