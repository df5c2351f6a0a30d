//! reStructuredText and AsciiDoc, line by line: headings, lists, literal blocks, tables; inline marks removed.

use super::plain::{join_wrapped, list_marker};
use super::{ExtractError, writer::TextWriter};

/// Collects the lines of a paragraph or list item until it ends.
struct Pending<'t> {
    marker: Option<String>,
    lines: Vec<&'t str>,
}

impl<'t> Pending<'t> {
    fn new() -> Self {
        Self {
            marker: None,
            lines: Vec::new(),
        }
    }

    fn start_item(&mut self, marker: &str, line: &'t str) {
        self.marker = Some(marker.to_owned());
        self.lines.push(line);
    }

    fn write(&mut self, plain: impl Fn(&str) -> String, writer: &mut TextWriter) -> Result<(), ExtractError> {
        let text = plain(&join_wrapped(&std::mem::take(&mut self.lines)));
        match self.marker.take() {
            Some(marker) => writer.list_item(&marker, &text),
            None => writer.paragraph(&text),
        }
    }
}

pub(super) fn write_restructuredtext(text: &str, writer: &mut TextWriter) -> Result<(), ExtractError> {
    let text = text.replace("\r\n", "\n").replace('\t', "        ");
    let lines: Vec<&str> = text.lines().collect();
    // The levels of headings are given by the order in which their underlines (and overlines) first appear.
    let mut styles: Vec<(char, bool)> = Vec::new();
    let mut pending = Pending::new();
    let mut at = 0;
    while at < lines.len() {
        let line = lines[at];
        let below = lines.get(at + 1).copied().unwrap_or_default();
        let has_overline = pending.lines.is_empty()
            && adornment(line).is_some()
            && adornment(line) == lines.get(at + 2).and_then(|l| adornment(l));
        if has_overline && !below.trim().is_empty() {
            let level = level_of(&mut styles, (line.chars().next().unwrap_or('='), true));
            writer.heading(level, &rst_inline(below))?;
            at += 3;
        } else if let Some(mark) = adornment(below).filter(|_| pending.lines.is_empty() && is_title_over(line, below)) {
            let level = level_of(&mut styles, (mark, false));
            writer.heading(level, &rst_inline(line))?;
            at += 2;
        } else if line.trim().is_empty() {
            pending.write(rst_inline, writer)?;
            at += 1;
        } else if line.starts_with("+-") || (adornment_columns(line) && pending.lines.is_empty()) {
            let end = at + table_length(&lines[at..]);
            writer.code(&lines[at..end].join("\n"))?;
            at = end;
        } else if let Some(directive) = line.trim_start().strip_prefix(".. ") {
            pending.write(rst_inline, writer)?;
            let end = at + 1 + indented_length(&lines[at + 1..], indent(line));
            write_directive(directive, &lines[at + 1..end], writer)?;
            at = end;
        } else if let Some((marker, item)) = list_marker(line) {
            pending.write(rst_inline, writer)?;
            pending.start_item(marker, item);
            at += 1;
        } else {
            pending.lines.push(line);
            at += 1;
            // A paragraph that ends with two colons announces a literal block.
            let next_is_blank = lines.get(at).is_none_or(|line| line.trim().is_empty());
            if line.trim_end().ends_with("::") && next_is_blank {
                pending.write(|text| rst_inline(text.trim_end().trim_end_matches(':')), writer)?;
                let end = at + indented_length(&lines[at..], indent(line));
                writer.code(&lines[at..end].join("\n"))?;
                at = end;
            }
        }
    }
    pending.write(rst_inline, writer)
}

/// The character of a line that consists of one mark only, at least three times.
fn adornment(line: &str) -> Option<char> {
    let line = line.trim_end();
    let mark = line.chars().next().filter(char::is_ascii_punctuation)?;
    (line.len() >= 3 && line.chars().all(|c| c == mark)).then_some(mark)
}

fn is_title_over(line: &str, underline: &str) -> bool {
    let is_text = !line.trim().is_empty() && !line.starts_with(' ') && adornment(line).is_none();
    is_text && underline.trim_end().len() * 2 >= line.trim_end().chars().count()
}

fn level_of(styles: &mut Vec<(char, bool)>, style: (char, bool)) -> u8 {
    let position = styles.iter().position(|&known| known == style).unwrap_or_else(|| {
        styles.push(style);
        styles.len() - 1
    });
    u8::try_from(position + 1).unwrap_or(6)
}

/// `==== ====`: the rule of a simple table.
fn adornment_columns(line: &str) -> bool {
    let line = line.trim();
    line.contains("= =") && line.chars().all(|c| c == '=' || c == ' ')
}

/// Tables end at a blank line, simple ones only after a rule.
fn table_length(lines: &[&str]) -> usize {
    let is_simple = adornment_columns(lines[0]);
    for (at, line) in lines.iter().enumerate().skip(1) {
        if line.trim().is_empty() && (!is_simple || adornment_columns(lines[at - 1]) && at > 2) {
            return at;
        }
    }
    lines.len()
}

fn indent(line: &str) -> usize {
    line.len() - line.trim_start().len()
}

/// How many lines from here are blank or indented more than `outer`.
fn indented_length(lines: &[&str], outer: usize) -> usize {
    let length = lines
        .iter()
        .take_while(|line| line.trim().is_empty() || indent(line) > outer)
        .count();
    // Blank lines at the end belong to what follows.
    lines[..length]
        .iter()
        .rposition(|line| !line.trim().is_empty())
        .map_or(0, |last| last + 1)
}

fn write_directive(directive: &str, body: &[&str], writer: &mut TextWriter) -> Result<(), ExtractError> {
    let Some((name, argument)) = directive.split_once("::") else {
        // A target, footnote, citation or comment: only notes are text.
        return match directive.strip_prefix('[').and_then(|note| note.split_once(']')) {
            Some((label, text)) => {
                let lines: Vec<&str> = std::iter::once(text)
                    .chain(body.iter().copied())
                    .map(str::trim)
                    .collect();
                writer.list_item(&format!("[{label}]"), &rst_inline(&lines.join(" ")))
            }
            None => Ok(()),
        };
    };
    let is_option = |line: &&&str| line.trim_start().starts_with(':') && line.trim()[1..].contains(':');
    let content: Vec<&str> = body
        .iter()
        .skip_while(|line| line.trim().is_empty() || is_option(line))
        .copied()
        .collect();
    match name.trim() {
        "code" | "code-block" | "sourcecode" | "highlight" | "parsed-literal" | "math" | "literalinclude"
        | "doctest" => writer.code(&unindented(&content)),
        "image" | "figure" | "raw" | "contents" | "toctree" | "include" | "index" | "only" | "meta" | "role" => Ok(()),
        _ => {
            writer.paragraph(&rst_inline(argument))?;
            write_restructuredtext(&unindented(&content), writer)
        }
    }
}

fn unindented(lines: &[&str]) -> String {
    let common = lines
        .iter()
        .filter(|line| !line.trim().is_empty())
        .map(|line| indent(line))
        .min()
        .unwrap_or(0);
    lines
        .iter()
        .map(|line| line.get(common..).unwrap_or_default())
        .collect::<Vec<_>>()
        .join("\n")
}

/// Text without the marks of reStructuredText: ``literal``, *emphasis*, :role:`x`, `link <target>`_.
fn rst_inline(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(['`', '*', ':', '|']) {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        if let Some((inner, after)) = enclosed(rest, "``", "``").or_else(|| enclosed(rest, "**", "**")) {
            out.push_str(inner);
            rest = after;
        } else if let Some((inner, after)) = enclosed(rest, "`", "`") {
            out.push_str(
                inner
                    .rsplit_once(" <")
                    .filter(|_| inner.ends_with('>'))
                    .map_or(inner, |(label, _)| label),
            );
            rest = after
                .strip_prefix("__")
                .or_else(|| after.strip_prefix('_'))
                .unwrap_or(after);
        } else if let Some((inner, after)) = enclosed(rest, "*", "*").or_else(|| enclosed(rest, "|", "|")) {
            out.push_str(inner);
            rest = after;
        } else if let Some((role, after)) = enclosed(rest, ":", ":`")
            && role
                .chars()
                .all(|c| c.is_alphanumeric() || matches!(c, '-' | '_' | ':' | '+' | '.'))
        {
            // The backtick stays: it opens what the role is about.
            rest = &rest[rest.len() - after.len() - 1..];
        } else {
            let mark = rest.chars().next().map_or(0, char::len_utf8);
            out.push_str(&rest[..mark]);
            rest = &rest[mark..];
        }
    }
    out + rest
}

/// What stands between two marks at the start of `text`, without spaces at its ends, and what comes after.
fn enclosed<'t>(text: &'t str, open: &str, close: &str) -> Option<(&'t str, &'t str)> {
    let (inner, after) = text.strip_prefix(open)?.split_once(close)?;
    (!inner.is_empty() && !inner.starts_with(char::is_whitespace) && !inner.ends_with(char::is_whitespace))
        .then_some((inner, after))
}

pub(super) fn write_asciidoc(text: &str, writer: &mut TextWriter) -> Result<(), ExtractError> {
    let text = text.replace("\r\n", "\n");
    let lines: Vec<&str> = text.lines().collect();
    let mut pending = Pending::new();
    let mut at = 0;
    while at < lines.len() {
        let line = lines[at].trim_end();
        at += 1;
        if line.is_empty() || line == "+" {
            pending.write(asciidoc_inline, writer)?;
        } else if let Some((level, title)) = asciidoc_heading(line) {
            pending.write(asciidoc_inline, writer)?;
            writer.heading(level, &asciidoc_inline(title))?;
        } else if is_delimiter(line, &['-', '.', '+', '`']) || line.starts_with("|==") || line.starts_with("////") {
            pending.write(asciidoc_inline, writer)?;
            let length = lines[at..]
                .iter()
                .position(|l| l.trim_end() == line)
                .unwrap_or(lines.len() - at);
            let body = &lines[at..at + length];
            at = (at + length + 1).min(lines.len());
            if line.starts_with('|') {
                writer.table(&asciidoc_rows(body))?;
            } else if !line.starts_with('/') {
                writer.code(&body.join("\n"))?;
            }
        } else if is_asciidoc_setting(line) {
            pending.write(asciidoc_inline, writer)?;
        } else if let Some(caption) = line
            .strip_prefix('.')
            .filter(|c| c.starts_with(|c: char| c.is_alphanumeric()))
        {
            pending.write(asciidoc_inline, writer)?;
            writer.paragraph(&asciidoc_inline(caption))?;
        } else if let Some((marker, item)) = asciidoc_item(line) {
            pending.write(asciidoc_inline, writer)?;
            pending.start_item(&marker, item);
        } else {
            pending.lines.push(line);
        }
    }
    pending.write(asciidoc_inline, writer)
}

fn asciidoc_heading(line: &str) -> Option<(u8, &str)> {
    let marks = line.bytes().take_while(|&byte| byte == b'=').count();
    let title = line.get(marks..)?.strip_prefix(' ')?;
    (1..=6).contains(&marks).then_some((marks as u8, title))
}

fn is_delimiter(line: &str, marks: &[char]) -> bool {
    line.len() >= 4 && marks.iter().any(|&mark| line.chars().all(|c| c == mark))
}

/// Attributes, block attributes, comments, anchors and block fences: nothing a reader sees.
fn is_asciidoc_setting(line: &str) -> bool {
    let is_attribute = line
        .strip_prefix(':')
        .and_then(|rest| rest.split_once(':'))
        .is_some_and(|(name, value)| {
            !name.is_empty() && !name.contains(' ') && (value.is_empty() || value.starts_with(' '))
        });
    is_attribute
        || (line.starts_with('[') && line.ends_with(']'))
        || (line.starts_with("//") && !line.starts_with("///"))
        || line.starts_with("image::")
        || line.starts_with("include::")
        || line.starts_with("toc::")
        || line == "--"
        || line == "'''"
        || line == "<<<"
        || is_delimiter(line, &['=', '*', '_'])
}

fn asciidoc_item(line: &str) -> Option<(String, &str)> {
    let line = line.trim_start();
    for (mark, marker) in [('*', "-"), ('.', "1."), ('-', "-")] {
        let marks = line.chars().take_while(|&c| c == mark).count();
        if (1..=5).contains(&marks)
            && let Some(item) = line.get(marks..).and_then(|rest| rest.strip_prefix(' '))
        {
            return Some((marker.to_owned(), item));
        }
    }
    list_marker(line).map(|(marker, item)| (marker.to_owned(), item))
}

/// Rows of a table: a line of cells each, or a cell to a line with blank lines between rows.
fn asciidoc_rows(lines: &[&str]) -> Vec<Vec<String>> {
    let mut rows: Vec<Vec<String>> = Vec::new();
    let mut row: Vec<String> = Vec::new();
    let columns = lines
        .iter()
        .find(|line| !line.trim().is_empty())
        .map_or(0, |line| line.matches('|').count());
    for line in lines {
        if line.trim().is_empty() {
            rows.extend((!row.is_empty()).then(|| std::mem::take(&mut row)));
            continue;
        }
        let mut cells = line.split('|');
        // What comes before the first bar goes on with the cell above, or says how the next is shown.
        let before = cells.next().unwrap_or_default();
        if let Some(cell) = row.last_mut().filter(|_| !line.contains('|')) {
            cell.push(' ');
            cell.push_str(&asciidoc_inline(before));
        }
        row.extend(cells.map(|cell| asciidoc_inline(cell.trim())));
        if columns > 1 && row.len() >= columns {
            rows.push(std::mem::take(&mut row));
        }
    }
    rows.extend((!row.is_empty()).then_some(row));
    rows
}

/// Text without the marks of AsciiDoc: *strong*, _emphasis_, `code`, <<target,label>>, link:target[label].
fn asciidoc_inline(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let is_at_word_start = !out.ends_with(|c: char| c.is_alphanumeric());
        let mark = match c {
            '*' | '_' | '`' | '#' if is_at_word_start => enclosed(rest, &rest[..1], &rest[..1]),
            _ => None,
        };
        if let Some((inner, after)) = mark.filter(|(_, after)| !after.starts_with(|c: char| c.is_alphanumeric())) {
            out.push_str(inner);
            rest = after;
        } else if let Some((inner, after)) = enclosed(rest, "<<", ">>") {
            out.push_str(inner.split_once(',').map_or(inner, |(_, label)| label));
            rest = after;
        } else if let Some((label, after)) = is_at_word_start.then(|| macro_label(rest)).flatten() {
            out.push_str(label);
            rest = after;
        } else {
            out.push(c);
            rest = &rest[c.len_utf8()..];
        }
    }
    out
}

/// The label of `link:target[label]`, `https://target[label]` and their kind.
fn macro_label(text: &str) -> Option<(&str, &str)> {
    [
        "link:",
        "xref:",
        "mailto:",
        "image:",
        "footnote:",
        "https://",
        "http://",
    ]
    .iter()
    .find(|p| text.starts_with(**p))?;
    let open = text
        .find(|c: char| c == '[' || c.is_whitespace())
        .filter(|&at| text[at..].starts_with('['))?;
    let (label, after) = text[open + 1..].split_once(']')?;
    let label = label.trim_end_matches('^');
    Some((if label.is_empty() { &text[..open] } else { label }, after))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::{BlockKind, ExtractedText};
    use crate::extract::Limits;
    use BlockKind::{Code, Heading, ListItem, Paragraph, Table};

    fn read(
        text: &str,
        write: impl Fn(&str, &mut TextWriter) -> Result<(), ExtractError>,
    ) -> (ExtractedText, Vec<BlockKind>) {
        let limits = Limits::default();
        let mut writer = TextWriter::new(&limits);
        write(text, &mut writer).unwrap();
        let document = writer.finish().unwrap();
        document.validate().unwrap();
        let kinds = document.blocks.iter().map(|block| block.kind).collect();
        (document, kinds)
    }

    #[test]
    fn restructuredtext_keeps_its_structure() {
        let source = "====\nTea\n====\n\nGreen\n-----\n\nSee :ref:`here <there>` and `docs <http://a.example>`_,\nthen *drink* ``it``::\n\n    boil()\n    pour()\n\n.. note:: Hot.\n\n   Very.\n\n.. code-block:: python\n   :linenos:\n\n   x = 1\n\n- one\n- two\n\nBlack\n-----\n\nEnd.";
        let (document, kinds) = read(source, write_restructuredtext);
        let expected = [
            Heading(1),
            Heading(2),
            Paragraph,
            Code,
            Paragraph,
            Paragraph,
            Code,
            ListItem,
            ListItem,
            Heading(2),
            Paragraph,
        ];
        assert_eq!(kinds, expected, "{}", document.text);
        assert!(
            document.text.contains("See here and docs, then drink it"),
            "{}",
            document.text
        );
    }

    #[test]
    fn asciidoc_keeps_its_structure() {
        let source = "= Tea\n:toc:\n\n== Green *tea*\n\nA link:http://a.example[site] and `code`, see <<x,there>>.\n\n* one\n** two\n. three\n\n[source,rust]\n----\nfn a() {}\n----\n\n|===\n|a |b\n\n|1\n|2\n|===\n\n// gone\nsnake_case_stays";
        let (document, kinds) = read(source, write_asciidoc);
        assert_eq!(
            kinds,
            [
                Heading(1),
                Heading(2),
                Paragraph,
                ListItem,
                ListItem,
                ListItem,
                Code,
                Table,
                Paragraph
            ]
        );
        assert!(
            document.text.contains("Green tea\n\nA site and code, see there."),
            "{}",
            document.text
        );
        assert!(
            document
                .text
                .ends_with("| a | b |\n| --- | --- |\n| 1 | 2 |\n\nsnake_case_stays"),
            "{}",
            document.text
        );
    }
}
