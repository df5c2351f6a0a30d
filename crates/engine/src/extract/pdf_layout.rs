//! Lines of a printed page to paragraphs, list items and headings, by size, spacing and indentation.

use super::plain::{ends_in_unspaced_script, list_marker};
use super::{ExtractError, writer::TextWriter};

/// A line of text and where it stands, in points with the origin at the lower left.
#[derive(Debug, Clone)]
pub(super) struct Line {
    pub text: String,
    /// Font size.
    pub size: f32,
    pub is_bold: bool,
    pub left: f32,
    pub right: f32,
    /// Height of the baseline at the first and at the last character: a line that a hyphen joined to the next
    /// spans two.
    pub first_baseline: f32,
    pub last_baseline: f32,
}

/// A heading is at least this much larger than the body.
const HEADING_RATIO: f32 = 1.12;
/// Longer text is no heading, however large, in characters.
const LONGEST_HEADING: usize = 200;
/// A bold line of the body's size is a heading only when it is shorter than this, in characters.
const LONGEST_BOLD_HEADING: usize = 80;
/// Deepest level given by size; bold headings come one below.
const MAX_SIZE_LEVELS: usize = 4;

pub(super) fn write(labels: &[String], pages: &[Vec<Line>], writer: &mut TextWriter) -> Result<(), ExtractError> {
    let body = body_size(pages);
    let leading = usual_leading(pages, body);
    let heading_sizes = heading_sizes(pages, body);
    for (label, lines) in labels.iter().zip(pages) {
        writer.page(label)?;
        let mut rest = lines.as_slice();
        while let Some(first) = rest.first() {
            let length = 1 + rest
                .windows(2)
                .take_while(|pair| continues(&pair[0], &pair[1], leading))
                .count();
            let (paragraph, after) = rest.split_at(length);
            rest = after;
            let text = join(paragraph);
            match heading_level(paragraph, &text, body, &heading_sizes) {
                Some(level) => writer.heading(level, &text)?,
                None => match list_marker(&first.text) {
                    Some((marker, _)) => writer.list_item(marker, list_marker(&text).map_or(&*text, |(_, t)| t))?,
                    None => writer.paragraph(&text)?,
                },
            }
        }
    }
    Ok(())
}

/// Half points: sizes that differ by less come from rounding.
fn half_points(size: f32) -> i32 {
    (size * 2.0).round() as i32
}

/// The font size most characters have.
fn body_size(pages: &[Vec<Line>]) -> f32 {
    let mut characters = std::collections::BTreeMap::<i32, usize>::new();
    for line in pages.iter().flatten() {
        *characters.entry(half_points(line.size)).or_default() += line.text.len();
    }
    characters
        .into_iter()
        .max_by_key(|&(_, count)| count)
        .map_or(0.0, |(size, _)| size as f32 / 2.0)
}

/// The distance from one line of the body to the next.
fn usual_leading(pages: &[Vec<Line>], body: f32) -> f32 {
    let mut distances: Vec<f32> = pages
        .iter()
        .flat_map(|lines| lines.windows(2))
        .filter(|pair| pair.iter().all(|line| half_points(line.size) == half_points(body)))
        .map(|pair| pair[0].last_baseline - pair[1].first_baseline)
        .filter(|&distance| distance > 0.0 && distance < body * 3.0)
        .collect();
    distances.sort_by(f32::total_cmp);
    distances.get(distances.len() / 2).copied().unwrap_or(body * 1.2)
}

fn heading_sizes(pages: &[Vec<Line>], body: f32) -> Vec<i32> {
    let mut sizes: Vec<i32> = pages
        .iter()
        .flatten()
        .filter(|line| line.size > body * HEADING_RATIO)
        .map(|line| half_points(line.size))
        .collect();
    sizes.sort_unstable_by(|a, b| b.cmp(a));
    sizes.dedup();
    sizes
}

/// Whether `next` goes on with the paragraph that `line` belongs to.
fn continues(line: &Line, next: &Line, leading: f32) -> bool {
    if half_points(line.size).abs_diff(half_points(next.size)) > 1 || line.is_bold != next.is_bold {
        return false;
    }
    if list_marker(&next.text).is_some() {
        return false;
    }
    let ends_sentence = line
        .text
        .ends_with(['.', '!', '?', ':', '。', '！', '？', '”', '"', ')']);
    let distance = line.last_baseline - next.first_baseline;
    let usual = leading.max(line.size);
    if distance < -usual || next.left > line.right {
        // The next column, or something set apart: a sentence goes on only if its beginning is missing.
        return !ends_sentence && next.text.starts_with(char::is_lowercase);
    }
    if distance > usual * 1.35 {
        return false;
    }
    let indent = next.left - line.left;
    let starts_indented = indent > line.size * 0.8 && indent < line.size * 6.0 && list_marker(&line.text).is_none();
    let ends_short = line.right < next.right - (next.right - next.left) * 0.15;
    !(ends_sentence && (starts_indented || ends_short))
}

fn join(lines: &[Line]) -> String {
    let mut text = String::new();
    for line in lines {
        if !text.is_empty() && !ends_in_unspaced_script(&text) {
            text.push(' ');
        }
        text.push_str(&line.text);
    }
    text
}

fn heading_level(lines: &[Line], text: &str, body: f32, sizes: &[i32]) -> Option<u8> {
    let size = lines[0].size;
    let letters = text.chars().filter(|c| c.is_alphabetic()).count();
    if letters < 2 || text.ends_with([',', ';']) {
        return None;
    }
    let characters = text.chars().count();
    if size > body * HEADING_RATIO && characters <= LONGEST_HEADING {
        let position = sizes.iter().position(|&s| s == half_points(size)).unwrap_or(0);
        return Some(position.min(MAX_SIZE_LEVELS - 1) as u8 + 1);
    }
    let is_bold_line = lines.len() == 1 && lines[0].is_bold && size > body * 0.95;
    let is_sentence = text.ends_with(['.', ':', '!', '?']);
    (is_bold_line && characters <= LONGEST_BOLD_HEADING && !is_sentence)
        .then(|| sizes.len().min(MAX_SIZE_LEVELS) as u8 + 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::BlockKind::{Heading, ListItem, Paragraph};
    use crate::extract::Limits;

    fn line(text: &str, size: f32, left: f32, right: f32, baseline: f32) -> Line {
        Line {
            text: text.to_owned(),
            size,
            is_bold: false,
            left,
            right,
            first_baseline: baseline,
            last_baseline: baseline,
        }
    }

    #[test]
    fn lines_become_headings_paragraphs_and_items() {
        let page = vec![
            line("Chapter One", 18.0, 50.0, 160.0, 800.0),
            line("The first line of a paragraph that runs on", 10.0, 50.0, 300.0, 770.0),
            line("and ends here.", 10.0, 50.0, 120.0, 758.0),
            line(
                "Another begins indented and has one line only.",
                10.0,
                62.0,
                300.0,
                746.0,
            ),
            line("• an item that is long enough to be", 10.0, 60.0, 300.0, 720.0),
            line("continued", 10.0, 70.0, 110.0, 708.0),
            line("• a second", 10.0, 60.0, 110.0, 696.0),
        ];
        let limits = Limits::default();
        let mut writer = TextWriter::new(&limits);
        write(&["iv".to_owned()], &[page], &mut writer).unwrap();
        let document = writer.finish().unwrap();
        document.validate().unwrap();
        let kinds: Vec<_> = document.blocks.iter().map(|block| block.kind).collect();
        assert_eq!(kinds, [Heading(1), Paragraph, Paragraph, ListItem, ListItem]);
        assert!(document.text.contains("that runs on and ends here.\n\nAnother"));
        assert!(
            document
                .text
                .ends_with("- an item that is long enough to be continued\n- a second")
        );
        assert_eq!(document.pages[0].label, "iv");
    }

    #[test]
    fn a_sentence_goes_on_in_the_next_column() {
        let left = line("It flows from the bottom of the left column", 10.0, 50.0, 280.0, 60.0);
        let right = line("into the right one.", 10.0, 300.0, 400.0, 780.0);
        assert!(continues(&left, &right, 12.0));
        assert!(!continues(
            &left,
            &line("New thought.", 10.0, 300.0, 400.0, 780.0),
            12.0
        ));
    }
}
