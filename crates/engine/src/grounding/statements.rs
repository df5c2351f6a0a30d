//! What a generated answer says, sentence by sentence, and which passages it names for it.

use std::ops::Range;

use crate::sentences::{ends_sentence, is_closer, sentences, trim};

/// A sentence, list item or table row of an answer.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Statement {
    /// Bytes in the answer; what closes after the end of the sentence is inside, markers behind it are not.
    pub range: Range<usize>,
    /// In order; the last ones may stand behind the sentence.
    pub markers: Vec<Marker>,
    /// What it says, without markers.
    pub said: String,
    pub form: Form,
    /// Whether text that may still come can change it.
    pub settled: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    Sentence,
    TableRow,
    /// Headings, and the first row of a table.
    Heading,
    /// A paragraph above a rule: a heading when it is a single sentence, else what it was while the rule was unknown.
    Underlined,
}

impl Statement {
    /// The start of the statement with a marker that stands before it.
    pub fn start(&self) -> usize {
        let first = self
            .markers
            .first()
            .map_or(self.range.start, |marker| marker.range.start);
        first.min(self.range.start)
    }

    /// The end of the statement with the markers that stand behind it.
    pub fn end(&self) -> usize {
        self.markers
            .last()
            .map_or(0, |marker| marker.range.end)
            .max(self.range.end)
    }
}

/// `[1]`, `[1, 2]`, `【1】` and the like.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Marker {
    pub range: Range<usize>,
    pub numbers: Vec<u32>,
}

/// What an answer is made of.
pub(super) struct Answer {
    /// In order. Code has none.
    pub statements: Vec<Statement>,
    /// Where the last block of code ends; what looks like a marker before may be code.
    pub code_until: usize,
    /// What follows may yet become a marker.
    pub read_until: usize,
}

/// Reads an answer, which may still grow unless it is finished.
pub(super) fn read(answer: &str, finished: bool) -> Answer {
    // The letters of an open `[passage 1` must not pass for the next sentence, and only as many backticks as opened a
    // piece of code end it: more of them may come.
    let answer = if finished {
        answer
    } else {
        before_open_marker(answer).trim_end_matches('`')
    };
    let blocks = blocks(answer);
    // A block is settled by the first letter after it: by then it is clear that the block is over.
    let last_letter = blocks.iter().rposition(|block| has_letter(answer, block));
    let mut statements: Vec<Statement> = Vec::new();
    let mut code_until = 0;
    let mut after_code = false;
    for (at, block) in blocks.iter().enumerate() {
        let settled = finished || last_letter.is_some_and(|last| at < last);
        match block.kind {
            Kind::Code => {
                code_until = block.range.end;
                after_code |= has_letter(answer, block);
            }
            Kind::Statements(form) => {
                let (found, orphans) = statements_of(answer, block.range.clone(), form, settled);
                after_code &= found.is_empty();
                statements.extend(found);
                for marker in orphans {
                    match statements.last_mut() {
                        // It stands on a line of its own, below what it belongs to.
                        Some(last) if !after_code => last.markers.push(marker),
                        _ => statements.push(Statement {
                            range: marker.range.start..marker.range.start,
                            said: String::new(),
                            form: Form::Heading,
                            settled,
                            markers: vec![marker],
                        }),
                    }
                }
            }
        }
    }
    Answer {
        statements,
        code_until,
        read_until: answer.len(),
    }
}

/// Whether a block says anything; the letters of `[passage 1]` do not.
fn has_letter(answer: &str, block: &Block) -> bool {
    let markers = match block.kind {
        Kind::Code => Vec::new(),
        Kind::Statements(_) => markers(answer, block.range.clone()).0,
    };
    let mut at = block.range.start;
    let ends = markers.iter().map(|marker| marker.range.clone());
    ends.chain(std::iter::once(block.range.end..block.range.end))
        .any(|marker| {
            let between = &answer[at..marker.start];
            at = marker.end;
            between.contains(char::is_alphabetic)
        })
}

/// The text without what may yet become a marker at its end.
fn before_open_marker(answer: &str) -> &str {
    let window = answer.ceil_char_boundary(answer.len().saturating_sub(LONGEST_MARKER));
    let closed = answer.rfind([']', '】', '］']).map_or(window, |at| at.max(window));
    match answer[answer.ceil_char_boundary(closed)..].find(opens_marker) {
        Some(open) => &answer[..answer.ceil_char_boundary(closed) + open],
        None => answer,
    }
}

/// Where a piece of text that may still grow can begin to be a marker.
pub(super) fn opens_marker(c: char) -> bool {
    matches!(c, '[' | '【' | '［')
}

struct Block {
    range: Range<usize>,
    kind: Kind,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Statements(Form),
    Code,
}

/// The parts of the Markdown that hold sentences, and those that hold code.
fn blocks(answer: &str) -> Vec<Block> {
    let mut blocks: Vec<Block> = Vec::new();
    let mut fence: Option<&str> = None;
    let mut goes_on = false;
    let mut in_paragraph = false;
    let mut in_table = false;
    let mut start = 0;
    for line in answer.split_inclusive('\n') {
        let range = trim(answer, start..start + line.len());
        start += line.len();
        let text = &answer[range.clone()];
        let marks = fence_of(text);
        if let Some(open) = fence {
            blocks.push(Block {
                range,
                kind: Kind::Code,
            });
            if marks.is_some_and(|marks| marks.starts_with(open) && marks == text) {
                fence = None;
            }
            continue;
        }
        let table_before = std::mem::take(&mut in_table);
        let paragraph_before = std::mem::take(&mut in_paragraph);
        if let Some(marks) = marks {
            fence = Some(marks);
            blocks.push(Block {
                range,
                kind: Kind::Code,
            });
            goes_on = false;
        } else if text.is_empty() || is_rule(text) {
            // A rule below a line makes a heading of it.
            if let Some(last) = blocks.last_mut()
                && paragraph_before
                && text.starts_with(['-', '='])
                && !answer[last.range.clone()]
                    .trim_end_matches(is_closer)
                    .ends_with(ends_sentence)
            {
                last.kind = Kind::Statements(Form::Underlined);
            }
            goes_on = false;
        } else if text.starts_with('|') {
            in_table = true;
            let form = if table_before { Form::TableRow } else { Form::Heading };
            blocks.push(Block {
                range,
                kind: Kind::Statements(form),
            });
            goes_on = false;
        } else if let Some(heading) = heading(text) {
            let range = range.end - heading.len()..range.end;
            blocks.push(Block {
                range,
                kind: Kind::Statements(Form::Heading),
            });
            goes_on = false;
        } else if let Some(item) = list_item(text) {
            let range = range.end - item.len()..range.end;
            blocks.push(Block {
                range,
                kind: Kind::Statements(Form::Sentence),
            });
            goes_on = true;
        } else {
            match blocks.last_mut() {
                Some(last) if goes_on => last.range.end = range.end,
                _ => {
                    blocks.push(Block {
                        range,
                        kind: Kind::Statements(Form::Sentence),
                    });
                    in_paragraph = true;
                }
            }
            in_paragraph |= paragraph_before;
            goes_on = true;
        }
    }
    blocks
}

/// The marks that open or close a block of code.
fn fence_of(line: &str) -> Option<&str> {
    let mark = line.chars().next().filter(|c| matches!(c, '`' | '~'))?;
    let marks = &line[..line.len() - line.trim_start_matches(mark).len()];
    let one_line_code = mark == '`' && line[marks.len()..].contains('`');
    (marks.len() >= 3 && !one_line_code).then_some(marks)
}

fn is_rule(line: &str) -> bool {
    line.len() >= 2
        && ['-', '=', '*', '_']
            .iter()
            .any(|mark| line.chars().all(|c| c == *mark || c == ' '))
}

fn heading(line: &str) -> Option<&str> {
    let rest = line.trim_start_matches('#');
    (rest.len() < line.len() && line.len() - rest.len() <= 6)
        .then(|| rest.strip_prefix(' '))
        .flatten()
        .map(str::trim_start)
}

/// What follows `-`, `*`, `+`, `1.` or `1)` at the start of a line.
fn list_item(line: &str) -> Option<&str> {
    let after_bullet = line.strip_prefix(['-', '*', '+', '•']);
    let digits = line.len() - line.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let after_number = (1..=9)
        .contains(&digits)
        .then(|| line[digits..].strip_prefix(['.', ')']))
        .flatten();
    let rest = after_bullet.or(after_number)?.strip_prefix([' ', '\t'])?.trim_start();
    let unchecked = rest.strip_prefix("[ ] ").or_else(|| rest.strip_prefix("[x] "));
    Some(unchecked.unwrap_or(rest))
}

/// The statements of a block, and its markers when it has no statement.
fn statements_of(answer: &str, block: Range<usize>, form: Form, settled: bool) -> (Vec<Statement>, Vec<Marker>) {
    let (markers, open_code) = markers(answer, block.clone());
    // The text without its markers, and where its bytes come from.
    let mut plain = String::new();
    let mut kept: Vec<(usize, usize)> = Vec::new();
    let mut at = block.start;
    for range in markers
        .iter()
        .map(|marker| marker.range.clone())
        .chain(std::iter::once(block.end..block.end))
    {
        kept.push((plain.len(), at));
        plain.push_str(&answer[at..range.start]);
        at = range.end;
    }
    let pieces = match form {
        Form::Sentence | Form::Underlined => sentences(&plain),
        Form::TableRow | Form::Heading => {
            let whole = trim(&plain, 0..plain.len());
            if plain.contains(char::is_alphanumeric) {
                vec![whole]
            } else {
                Vec::new()
            }
        }
    };
    let form = match (form, pieces.len()) {
        (Form::Underlined, 1) => Form::Heading,
        (Form::Underlined, _) => Form::Sentence,
        _ => form,
    };
    // The end of a piece belongs to the text before a marker, its start to the text behind one.
    let raw_start = |plain_at: usize| {
        let (from, raw) = kept
            .iter()
            .rev()
            .find(|(from, _)| *from <= plain_at)
            .copied()
            .unwrap_or((0, block.start));
        raw + (plain_at - from)
    };
    let raw_end = |plain_at: usize| {
        let (from, raw) = kept
            .iter()
            .rev()
            .find(|(from, _)| *from < plain_at)
            .copied()
            .unwrap_or((0, block.start));
        raw + (plain_at - from)
    };
    let letter_after = |end: usize| plain[end..].contains(char::is_alphabetic);
    let mut found: Vec<Statement> = pieces
        .iter()
        .map(|piece| {
            let range = raw_start(piece.start)..raw_end(piece.end);
            Statement {
                settled: settled || (letter_after(piece.end) && open_code.is_none_or(|open| range.end < open)),
                said: plain[piece.clone()].to_owned(),
                markers: Vec::new(),
                range,
                form,
            }
        })
        .collect();
    if found.is_empty() {
        return (found, markers);
    }
    // Some write the number first; then every number belongs to the sentence behind it.
    let leading = match (markers.first(), found.first()) {
        (Some(marker), Some(first)) => marker.range.end <= first.range.start,
        _ => false,
    };
    for marker in markers {
        let inside = found
            .iter()
            .rposition(|statement| statement.range.start < marker.range.end);
        let inside = inside.filter(|at| marker.range.start < found[*at].range.end);
        let before = found
            .iter()
            .rposition(|statement| statement.range.end <= marker.range.start);
        let after = found
            .iter()
            .position(|statement| statement.range.start >= marker.range.end);
        let owner = inside.or(if leading { after.or(before) } else { before.or(after) });
        if let Some(owner) = owner {
            found[owner].markers.push(marker);
        }
    }
    (found, Vec::new())
}

/// The markers of a block that stand outside code, and where code begins that does not end in the block.
fn markers(answer: &str, block: Range<usize>) -> (Vec<Marker>, Option<usize>) {
    let mut found = Vec::new();
    let mut open_code = None;
    let mut at = block.start;
    while let Some(c) = answer[at..block.end].chars().next() {
        let rest = &answer[at..block.end];
        if c == '`' {
            let marks = rest.len() - rest.trim_start_matches('`').len();
            match end_of_code(&rest[marks..], marks) {
                Some(length) => at += marks + length,
                None => {
                    open_code = open_code.or(Some(at));
                    at += marks;
                }
            }
        } else if c == '\\' {
            at += 1 + rest[1..].chars().next().map_or(0, char::len_utf8);
        } else if let Some((length, numbers)) = opens_marker(c).then(|| marker(rest)).flatten() {
            found.push(Marker {
                range: at..at + length,
                numbers,
            });
            at += length;
        } else {
            at += c.len_utf8();
        }
    }
    (found, open_code)
}

/// Bytes up to and with the run of exactly so many backticks that ends a piece of code.
fn end_of_code(text: &str, marks: usize) -> Option<usize> {
    let mut at = 0;
    while let Some(next) = text[at..].find('`') {
        let run = text[at + next..].len() - text[at + next..].trim_start_matches('`').len();
        at += next + run;
        if run == marks {
            return Some(at);
        }
    }
    None
}

/// Longest inside of a marker, in bytes.
const LONGEST_MARKER: usize = 60;

/// The length and the numbers of the marker a text begins with. A range of numbers means all of them; `[?]` has none.
fn marker(text: &str) -> Option<(usize, Vec<u32>)> {
    let open = text.chars().next()?;
    let close = match open {
        '[' => ']',
        '【' => '】',
        '［' => '］',
        _ => return None,
    };
    let inside_at = open.len_utf8();
    let length = text[inside_at..]
        .find(close)
        .filter(|length| *length <= LONGEST_MARKER)?;
    let end = inside_at + length + close.len_utf8();
    // A link keeps its text.
    if open == '[' && text[end..].starts_with('(') {
        return None;
    }
    let inside = &text[inside_at..inside_at + length];
    if inside == "?" {
        return Some((end, Vec::new()));
    }
    // Some models add what they were told of the source: `【1†lease.pdf】`.
    let inside = inside.split('†').next().unwrap_or_default().to_lowercase();
    let mut numbers = Vec::new();
    for part in inside.split([',', ';', '，', '、', '；']) {
        let part = part.trim().trim_start_matches('^');
        let named = [
            "passages",
            "passage",
            "sources",
            "source",
            "documents",
            "document",
            "doc",
            "ref",
        ];
        let part = named
            .iter()
            .find_map(|name| part.strip_prefix(name))
            .unwrap_or(part)
            .trim();
        let bounds: Option<Vec<u32>> = part.split(['-', '–']).map(number).collect();
        match bounds?[..] {
            [number] => numbers.push(number),
            [first, last] if first <= last && last - first < 20 => numbers.extend(first..=last),
            _ => return None,
        }
    }
    Some((end, numbers))
}

/// A number in ASCII or full-width digits.
fn number(text: &str) -> Option<u32> {
    let plain: Option<String> = text
        .trim()
        .chars()
        .map(|c| match c {
            '０'..='９' => char::from_digit(u32::from(c) - u32::from('０'), 10),
            c => c.is_ascii_digit().then_some(c),
        })
        .collect();
    plain.filter(|digits| digits.len() <= 4)?.parse().ok()
}
