//! PowerPoint presentations: each slide a page, its title a heading, its speaker notes at its end.

use super::archive::{Archive, relationships};
use super::xml_tree::{Child, Element};
use super::{ExtractError, writer::TextWriter};

const MAIN_PART: &str = "ppt/presentation.xml";

pub(super) fn write(bytes: &[u8], writer: &mut TextWriter) -> Result<(), ExtractError> {
    let mut archive = Archive::open(bytes, writer.limits())?;
    if let Some(title) = archive
        .xml("docProps/core.xml")?
        .as_ref()
        .and_then(|core| core.child("title"))
    {
        // What the program puts there by itself.
        match title.text() {
            title if title == "PowerPoint Presentation" => {}
            title => writer.title(&title),
        }
    }
    let presentation = archive.required_xml(MAIN_PART)?;
    let targets = relationships(&mut archive, MAIN_PART)?;
    let slides = presentation
        .child("sldIdLst")
        .into_iter()
        .flat_map(|list| list.elements("sldId"));
    let paths: Vec<String> = slides
        .filter_map(|slide| targets.get(slide.attribute("r:id")?).map(|(_, path)| path.clone()))
        .collect();
    for path in paths {
        writer.page("")?;
        let slide = archive.required_xml(&path)?;
        if let Some(shapes) = slide.at(&["cSld", "spTree"]) {
            write_shapes(shapes, writer)?;
        }
        let notes = relationships(&mut archive, &path)?
            .into_values()
            .find(|(kind, _)| kind == "notesSlide");
        if let Some((_, notes)) = notes
            && let Some(notes) = archive.xml(&notes)?
            && let Some(shapes) = notes.at(&["cSld", "spTree"])
        {
            for shape in shapes.elements("sp").filter(|shape| placeholder(shape) == Some("body")) {
                write_paragraphs(shape, false, writer)?;
            }
        }
    }
    Ok(())
}

fn write_shapes(parent: &Element, writer: &mut TextWriter) -> Result<(), ExtractError> {
    for shape in parent.all_elements() {
        match &*shape.name {
            "sp" => match placeholder(shape) {
                Some("title" | "ctrTitle") => writer.heading(1, &shape_text(shape))?,
                Some("sldNum" | "dt" | "ftr" | "hdr") => {}
                Some("body" | "obj" | "") => write_paragraphs(shape, true, writer)?,
                _ => write_paragraphs(shape, false, writer)?,
            },
            "graphicFrame" => match shape.find("tbl") {
                Some(table) => {
                    let rows: Vec<Vec<String>> = table
                        .elements("tr")
                        .map(|row| row.elements("tc").map(shape_text).collect())
                        .collect();
                    writer.table(&rows)?;
                }
                None => writer.paragraph(&shape_text(shape))?,
            },
            "grpSp" => write_shapes(shape, writer)?,
            "AlternateContent" => {
                if let Some(alternative) = shape.child("Choice").or_else(|| shape.child("Fallback")) {
                    write_shapes(alternative, writer)?;
                }
            }
            _ => {}
        }
    }
    Ok(())
}

/// What a shape is on the slide's layout; empty for a place of no particular type, `None` for a free shape.
fn placeholder(shape: &Element) -> Option<&str> {
    let place = shape.at(&["nvSpPr", "nvPr", "ph"])?;
    Some(place.attribute("type").unwrap_or_default())
}

fn write_paragraphs(shape: &Element, is_outline: bool, writer: &mut TextWriter) -> Result<(), ExtractError> {
    let Some(body) = shape.child("txBody") else {
        return Ok(());
    };
    let paragraphs: Vec<(&Element, String)> = body
        .elements("p")
        .map(|paragraph| (paragraph, shape_text(paragraph)))
        .filter(|(_, text)| !text.trim().is_empty())
        .collect();
    let is_list = is_outline && paragraphs.len() > 1;
    let mut ordinal = 0;
    for (paragraph, text) in paragraphs {
        let properties = paragraph.child("pPr");
        let has = |name| properties.is_some_and(|p| p.child(name).is_some());
        if has("buAutoNum") {
            ordinal += 1;
            writer.list_item(&format!("{ordinal}."), &text)?;
        } else if has("buChar") || (is_list && !has("buNone")) {
            writer.list_item("-", &text)?;
        } else {
            writer.paragraph(&text)?;
        }
    }
    Ok(())
}

/// The text of a shape, cell or paragraph.
fn shape_text(shape: &Element) -> String {
    let mut text = String::new();
    append_text(shape, &mut text);
    text
}

fn append_text(parent: &Element, out: &mut String) {
    for child in &parent.children {
        let Child::Element(element) = child else { continue };
        match &*element.name {
            "t" => out.push_str(&element.text()),
            "br" => out.push('\n'),
            "p" => {
                append_text(element, out);
                out.push('\n');
            }
            _ => append_text(element, out),
        }
    }
}
