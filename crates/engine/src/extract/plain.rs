//! Plain text: paragraphs unwrapped, lists and underlined headings recognised, form feeds as page ends.

use super::{ExtractError, writer::TextWriter};

/// Lines are taken as wrapped by a program only when they end within these columns.
const WRAP_COLUMNS: std::ops::RangeInclusive<usize> = 40..=132;

pub(super) fn write(text: &str, writer: &mut TextWriter) -> Result<(), ExtractError> {
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    if !text.trim_matches('\u{0c}').contains('\u{0c}') {
        return write_page(&text, writer);
    }
    for page in text.trim_end_matches('\u{0c}').split('\u{0c}') {
        writer.page("")?;
        write_page(page, writer)?;
    }
    Ok(())
}

fn write_page(text: &str, writer: &mut TextWriter) -> Result<(), ExtractError> {
    let mut paragraph: Vec<&str> = Vec::new();
    for line in text.lines().chain([""]) {
        if let Some(level) = underline_level(line, &paragraph) {
            let heading = paragraph.pop().unwrap_or_default();
            write_paragraph(&paragraph, writer)?;
            paragraph.clear();
            writer.heading(level, heading)?;
        } else if line.trim().is_empty() {
            write_paragraph(&paragraph, writer)?;
            paragraph.clear();
        } else {
            paragraph.push(line);
        }
    }
    Ok(())
}

/// `====` or `----` under a line of about the same width makes that line a heading.
fn underline_level(line: &str, before: &[&str]) -> Option<u8> {
    let line = line.trim_end();
    let width = line.chars().count();
    let level = match line.chars().next()? {
        '=' if line.chars().all(|c| c == '=') => 1,
        '-' if line.chars().all(|c| c == '-') => 2,
        _ => return None,
    };
    let [heading] = before else { return None };
    let heading_width = heading.trim_end().chars().count();
    (width >= 3 && width.abs_diff(heading_width) <= 3).then_some(level)
}

fn write_paragraph(lines: &[&str], writer: &mut TextWriter) -> Result<(), ExtractError> {
    let mut pieces: Vec<(Option<&str>, Vec<&str>)> = Vec::new();
    for line in lines {
        match (list_marker(line), pieces.last_mut()) {
            (Some((marker, item)), _) => pieces.push((Some(marker), vec![item])),
            (None, Some((_, lines))) => lines.push(line),
            (None, None) => pieces.push((None, vec![line])),
        }
    }
    for (marker, lines) in pieces {
        let text = unwrap_lines(&lines);
        match marker {
            Some(marker) => writer.list_item(marker, &text)?,
            None => writer.paragraph(&text)?,
        }
    }
    Ok(())
}

/// The list marker a line starts with, as it is to be shown, and the rest of the line.
pub(super) fn list_marker(line: &str) -> Option<(&str, &str)> {
    let line = line.trim_start();
    for bullet in [
        "- ", "* ", "+ ", "• ", "‣ ", "◦ ", "▪ ", "● ", "– ", "·\t", "•\t", "-\t",
    ] {
        if let Some(item) = line.strip_prefix(bullet) {
            return Some(("-", item));
        }
    }
    let digits = line.bytes().take_while(u8::is_ascii_digit).count();
    let after = line.get(digits..)?;
    let item = after.strip_prefix(". ").or_else(|| after.strip_prefix(") "))?;
    // Longer numbers begin sentences ("1984. A year..").
    (1..=3).contains(&digits).then(|| (&line[..=digits], item))
}

/// Joins lines that were wrapped by a program; keeps breaks that somebody chose (addresses, verses).
pub(super) fn unwrap_lines(lines: &[&str]) -> String {
    let widths: Vec<usize> = lines.iter().map(|line| line.trim_end().chars().count()).collect();
    let widest = widths.iter().copied().max().unwrap_or(0);
    let all_but_last_are_full = widths
        .split_last()
        .is_some_and(|(_, full)| full.iter().all(|w| w * 10 >= widest * 6));
    if !WRAP_COLUMNS.contains(&widest) || !all_but_last_are_full {
        return lines.join("\n");
    }
    join_wrapped(lines)
}

/// Lines as one, where every break is a program's.
pub(super) fn join_wrapped(lines: &[&str]) -> String {
    let mut joined = String::new();
    for line in lines {
        let is_inside_compound = joined.ends_with('-') && !joined.ends_with(" -") && !joined.ends_with("--");
        if !joined.is_empty() && !is_inside_compound && !ends_in_unspaced_script(&joined) {
            joined.push(' ');
        }
        joined.push_str(line.trim());
    }
    joined
}

/// Chinese and Japanese are written without spaces: joining their lines must not add any.
pub(super) fn ends_in_unspaced_script(text: &str) -> bool {
    text.chars().next_back().is_some_and(|c| {
        matches!(c, '\u{3000}'..='\u{30ff}' | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{f900}'..='\u{faff}'
            | '\u{ff00}'..='\u{ffef}' | '\u{20000}'..='\u{3134f}')
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::BlockKind;
    use crate::extract::Limits;

    fn read(text: &str) -> crate::document::ExtractedText {
        let limits = Limits::default();
        let mut writer = TextWriter::new(&limits);
        write(text, &mut writer).unwrap();
        let document = writer.finish().unwrap();
        document.validate().unwrap();
        document
    }

    #[test]
    fn wrapped_lines_become_one_paragraph_and_chosen_breaks_stay() {
        let wrapped = "The quick brown fox jumps over the lazy dog and\nthen, having nothing better to do, sleeps in a well-\nkept hole.";
        assert_eq!(
            read(wrapped).text,
            "The quick brown fox jumps over the lazy dog and then, having nothing better to do, sleeps in a well-kept hole."
        );
        assert_eq!(read("Jane Doe\n1 Street\nTown").text, "Jane Doe\n1 Street\nTown");
    }

    #[test]
    fn lists_and_underlined_headings_are_recognised() {
        let document = read("Title\n=====\n\nIntro:\n- one\n- two\n3. three\n\nPart\n----\nEnd");
        let kinds: Vec<BlockKind> = document.blocks.iter().map(|block| block.kind).collect();
        use BlockKind::{Heading, ListItem, Paragraph};
        assert_eq!(
            kinds,
            [
                Heading(1),
                Paragraph,
                ListItem,
                ListItem,
                ListItem,
                Heading(2),
                Paragraph
            ]
        );
    }

    #[test]
    fn form_feeds_end_pages() {
        let document = read("one\u{0c}two\u{0c}");
        let labels: Vec<&str> = document.pages.iter().map(|page| page.label.as_str()).collect();
        assert_eq!(labels, ["1", "2"]);
    }
}
