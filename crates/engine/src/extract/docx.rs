//! Word documents: headings by style, numbered and bulleted lists, tables, text boxes, footnotes.

use std::collections::HashMap;

use super::archive::Archive;
use super::xml_tree::{Child, Element};
use super::{ExtractError, writer::TextWriter};

pub(super) fn write(bytes: &[u8], writer: &mut TextWriter) -> Result<(), ExtractError> {
    let mut archive = Archive::open(bytes, writer.limits())?;
    if let Some(title) = archive
        .xml("docProps/core.xml")?
        .as_ref()
        .and_then(|core| core.child("title"))
    {
        writer.title(&title.text());
    }
    let main = main_part(&mut archive)?;
    let root = archive.required_xml(&main)?;
    let folder = main.rsplit_once('/').map_or("", |(folder, _)| folder);
    let styles = archive.xml(&format!("{folder}/styles.xml"))?;
    let numbering = archive.xml(&format!("{folder}/numbering.xml"))?;
    let mut document = Document {
        styles: styles.as_ref().map(read_styles).unwrap_or_default(),
        numbering: numbering.as_ref().map(Numbering::read).unwrap_or_default(),
    };
    let body = root
        .child("body")
        .ok_or_else(|| ExtractError::corrupt("the document has no body"))?;
    document.write_blocks(body, writer)?;
    for part in ["footnotes", "endnotes"] {
        let Some(notes) = archive.xml(&format!("{folder}/{part}.xml"))? else {
            continue;
        };
        // Notes with a type are the lines that separate them from the text.
        for note in notes.all_elements().filter(|note| note.attribute("type").is_none()) {
            let marker = format!("[{}]", note.attribute("id").unwrap_or_default());
            writer.list_item(&marker, &cell_text(note))?;
        }
    }
    Ok(())
}

fn main_part(archive: &mut Archive) -> Result<String, ExtractError> {
    let stated = super::archive::relationships(archive, "")?
        .into_values()
        .find(|(kind, _)| kind == "officeDocument")
        .map(|(_, target)| target);
    Ok(stated.unwrap_or_else(|| "word/document.xml".to_owned()))
}

#[derive(Default)]
struct Style {
    name: String,
    based_on: Option<String>,
    /// 0 for the topmost heading.
    outline_level: Option<u8>,
    /// Number list and level in it.
    list: Option<(String, usize)>,
}

struct Document {
    styles: HashMap<String, Style>,
    numbering: Numbering,
}

impl Document {
    fn write_blocks(&mut self, parent: &Element, writer: &mut TextWriter) -> Result<(), ExtractError> {
        for element in parent.all_elements() {
            match &*element.name {
                "p" => self.write_paragraph(element, writer)?,
                "tbl" => self.write_table(element, writer)?,
                "sectPr" | "del" | "moveFrom" => {}
                _ => self.write_blocks(element, writer)?,
            }
        }
        Ok(())
    }

    fn write_paragraph(&mut self, paragraph: &Element, writer: &mut TextWriter) -> Result<(), ExtractError> {
        let mut inline = Inline::default();
        inline.read(paragraph);
        let properties = paragraph.child("pPr");
        let style_id = properties
            .and_then(|p| p.child("pStyle"))
            .and_then(|style| style.attribute("val"));
        let own_list = properties.and_then(|p| p.child("numPr")).and_then(list_reference);
        if let Some(level) = self.heading_level(properties, style_id) {
            writer.heading(level, &inline.text)?;
        } else if let Some((list, level)) = own_list.or_else(|| self.inherited(style_id, |style| style.list.clone()))
            && !inline.text.trim().is_empty()
            && list != "0"
        {
            let marker = self.numbering.next_marker(&list, level);
            writer.list_item(&marker, &inline.text)?;
        } else {
            writer.paragraph(&inline.text)?;
        }
        for text_box in inline.text_boxes {
            self.write_blocks(text_box, writer)?;
        }
        Ok(())
    }

    fn heading_level(&self, properties: Option<&Element>, style_id: Option<&str>) -> Option<u8> {
        let own = properties.and_then(|p| p.child("outlineLvl")).and_then(outline_level);
        let level = own.or_else(|| {
            self.inherited(style_id, |style| {
                let by_name = || match style.name.to_lowercase().as_str() {
                    "title" => Some(0),
                    name => name.strip_prefix("heading ")?.parse::<u8>().ok()?.checked_sub(1),
                };
                style.outline_level.or_else(by_name)
            })
        })?;
        // Nine and above mean body text.
        (level < 9).then_some(level + 1)
    }

    /// What a style, or the nearest one it is based on, says.
    fn inherited<T>(&self, style_id: Option<&str>, find: impl Fn(&Style) -> Option<T>) -> Option<T> {
        let mut id = style_id?;
        // Styles may be based on each other in a circle.
        for _ in 0..16 {
            let style = self.styles.get(id)?;
            if let Some(found) = find(style) {
                return Some(found);
            }
            id = style.based_on.as_deref()?;
        }
        None
    }

    fn write_table(&mut self, table: &Element, writer: &mut TextWriter) -> Result<(), ExtractError> {
        let rows = descendants(table, "tr");
        let cells: Vec<Vec<&Element>> = rows.iter().map(|row| descendants(row, "tc")).collect();
        // A table of one cell is a frame around ordinary text.
        if let [row] = cells.as_slice()
            && let [cell] = row.as_slice()
        {
            return self.write_blocks(cell, writer);
        }
        let mut grid: Vec<Vec<String>> = Vec::new();
        for row in cells {
            let mut texts: Vec<String> = Vec::new();
            for cell in row {
                let properties = cell.child("tcPr");
                let merged = properties.and_then(|p| p.child("vMerge"));
                let continues = merged.is_some_and(|m| m.attribute("val").is_none_or(|value| value == "continue"));
                let text = match grid.last().and_then(|above| above.get(texts.len())) {
                    Some(above) if continues => above.clone(),
                    _ => cell_text(cell),
                };
                let span = properties
                    .and_then(|p| p.child("gridSpan"))
                    .and_then(|span| span.attribute("val"));
                let span = span
                    .and_then(|span| span.parse().ok())
                    .unwrap_or(1)
                    .clamp(1, writer.limits().max_table_columns);
                texts.extend(std::iter::repeat_n(text, span));
            }
            grid.push(texts);
        }
        writer.table(&grid)
    }
}

/// Elements of a name below, without going into found ones or into nested tables.
fn descendants<'e>(parent: &'e Element, name: &str) -> Vec<&'e Element> {
    let mut found = Vec::new();
    for element in parent.all_elements() {
        if &*element.name == name {
            found.push(element);
        } else if &*element.name != "tbl" && &*element.name != "del" {
            found.extend(descendants(element, name));
        }
    }
    found
}

fn cell_text(cell: &Element) -> String {
    let mut texts = Vec::new();
    for element in cell.all_elements() {
        match &*element.name {
            "p" => {
                let mut inline = Inline::default();
                inline.read(element);
                texts.push(inline.text);
                texts.extend(inline.text_boxes.into_iter().map(cell_text));
            }
            "del" | "moveFrom" => {}
            _ => texts.push(cell_text(element)),
        }
    }
    texts.retain(|text| !text.trim().is_empty());
    texts.join("\n")
}

/// The text of a paragraph, and the boxes anchored in it.
#[derive(Default)]
struct Inline<'e> {
    text: String,
    text_boxes: Vec<&'e Element>,
}

impl<'e> Inline<'e> {
    fn read(&mut self, parent: &'e Element) {
        for child in &parent.children {
            let Child::Element(element) = child else { continue };
            match &*element.name {
                "t" => self.text.push_str(&element.text()),
                "tab" | "ptab" => self.text.push('\t'),
                "br" | "cr" => self.text.push('\n'),
                "noBreakHyphen" => self.text.push('-'),
                "footnoteReference" | "endnoteReference" => {
                    self.text
                        .push_str(&format!("[{}]", element.attribute("id").unwrap_or_default()));
                }
                // The same content twice, for newer and for older programs.
                "AlternateContent" => {
                    if let Some(alternative) = element.child("Choice").or_else(|| element.child("Fallback")) {
                        self.read(alternative);
                    }
                }
                "txbxContent" => self.text_boxes.push(element),
                "pPr" | "rPr" | "del" | "moveFrom" | "instrText" | "delText" => {}
                _ => self.read(element),
            }
        }
    }
}

fn outline_level(element: &Element) -> Option<u8> {
    element.attribute("val")?.parse().ok()
}

fn list_reference(properties: &Element) -> Option<(String, usize)> {
    let list = properties.child("numId")?.attribute("val")?;
    let level = properties
        .child("ilvl")
        .and_then(|level| level.attribute("val")?.parse().ok())
        .unwrap_or(0);
    Some((list.to_owned(), level))
}

fn read_styles(root: &Element) -> HashMap<String, Style> {
    root.elements("style")
        .filter_map(|style| {
            let value = |name| {
                style
                    .child(name)
                    .and_then(|element| element.attribute("val"))
                    .map(str::to_owned)
            };
            let properties = style.child("pPr");
            Some((
                style.attribute("styleId")?.to_owned(),
                Style {
                    name: value("name").unwrap_or_default(),
                    based_on: value("basedOn"),
                    outline_level: properties.and_then(|p| p.child("outlineLvl")).and_then(outline_level),
                    list: properties.and_then(|p| p.child("numPr")).and_then(list_reference),
                },
            ))
        })
        .collect()
}

/// Deepest list level Word knows.
const MAX_LIST_LEVEL: usize = 8;

#[derive(Default)]
struct Numbering {
    /// List to its levels; a level without a pattern has bullets.
    lists: HashMap<String, Vec<ListLevel>>,
    /// Where each level of each list has come to.
    counters: HashMap<String, Vec<u64>>,
}

#[derive(Default, Clone)]
struct ListLevel {
    /// Such as "%1.%2.", where the numbers are levels counted from one.
    pattern: Option<String>,
    format: String,
    start: u64,
}

impl Numbering {
    fn read(root: &Element) -> Self {
        let kinds: HashMap<&str, Vec<ListLevel>> = root
            .elements("abstractNum")
            .filter_map(|kind| {
                Some((
                    kind.attribute("abstractNumId")?,
                    kind.elements("lvl").map(list_level).collect(),
                ))
            })
            .collect();
        let lists = root
            .elements("num")
            .filter_map(|list| {
                let kind = list.child("abstractNumId")?.attribute("val")?;
                Some((list.attribute("numId")?.to_owned(), kinds.get(kind)?.clone()))
            })
            .collect();
        Self {
            lists,
            counters: HashMap::new(),
        }
    }

    fn next_marker(&mut self, list: &str, level: usize) -> String {
        let level = level.min(MAX_LIST_LEVEL);
        let Some(levels) = self.lists.get(list) else {
            return "-".to_owned();
        };
        let start = |level: usize| levels.get(level).map_or(1, |l: &ListLevel| l.start);
        let counters = self.counters.entry(list.to_owned()).or_default();
        counters.truncate(level + 1);
        while counters.len() < level {
            counters.push(start(counters.len()));
        }
        match counters.get_mut(level) {
            Some(counter) => *counter += 1,
            None => counters.push(start(level)),
        }
        let Some(pattern) = levels.get(level).and_then(|l| l.pattern.as_ref()) else {
            return "-".to_owned();
        };
        let mut marker = pattern.clone();
        for (at, &counter) in counters.iter().enumerate() {
            let number = ordinal(counter, levels.get(at).map_or("decimal", |l| &l.format));
            marker = marker.replace(&format!("%{}", at + 1), &number);
        }
        marker
    }
}

fn list_level(level: &Element) -> ListLevel {
    let value = |name| level.child(name).and_then(|element| element.attribute("val"));
    let format = value("numFmt").unwrap_or("decimal");
    let is_counted = format != "bullet" && format != "none";
    ListLevel {
        pattern: value("lvlText")
            .filter(|pattern| is_counted && !pattern.is_empty())
            .map(str::to_owned),
        format: format.to_owned(),
        start: value("start").and_then(|start| start.parse().ok()).unwrap_or(1),
    }
}

fn ordinal(number: u64, format: &str) -> String {
    let letter = |first: u8| match number {
        1..=26 => char::from(first + (number - 1) as u8).to_string(),
        _ => number.to_string(),
    };
    match format {
        "lowerLetter" => letter(b'a'),
        "upperLetter" => letter(b'A'),
        "lowerRoman" => roman(number).to_lowercase(),
        "upperRoman" => roman(number),
        _ => number.to_string(),
    }
}

fn roman(number: u64) -> String {
    const SIGNS: [(u64, &str); 13] = [
        (1000, "M"),
        (900, "CM"),
        (500, "D"),
        (400, "CD"),
        (100, "C"),
        (90, "XC"),
        (50, "L"),
        (40, "XL"),
        (10, "X"),
        (9, "IX"),
        (5, "V"),
        (4, "IV"),
        (1, "I"),
    ];
    if !(1..4000).contains(&number) {
        return number.to_string();
    }
    let mut rest = number;
    let mut text = String::new();
    for (value, sign) in SIGNS {
        while rest >= value {
            text.push_str(sign);
            rest -= value;
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ordinals_are_written_as_the_list_says() {
        assert_eq!(ordinal(3, "lowerLetter"), "c");
        assert_eq!(ordinal(14, "upperRoman"), "XIV");
        assert_eq!(ordinal(7, "decimal"), "7");
    }
}
