//! A document's text to passages: pieces small enough to embed, that begin and end where the text does.

use std::ops::Range;

use unicode_segmentation::UnicodeSegmentation;

use crate::document::{Block, BlockKind, ExtractedText};

/// How a knowledge base wants its documents cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChunkSettings {
    /// Most tokens of a passage's text, as the embedder counts them. What it stands under (title, headings) is
    /// embedded with it and needs room of its own.
    pub max_tokens: usize,
    /// Sentences (or rows) of the passage before that a passage begins with, within one section.
    pub overlap_sentences: usize,
}

impl Default for ChunkSettings {
    fn default() -> Self {
        Self {
            max_tokens: 200,
            overlap_sentences: 0,
        }
    }
}

/// A retrievable piece of a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Passage {
    /// Exactly the document's text in `range`.
    pub text: String,
    /// Byte range in the document's text.
    pub range: Range<usize>,
    /// The same range in characters (Unicode scalar values).
    pub characters: Range<u64>,
    /// Counted from 1.
    pub first_page: u32,
    pub last_page: u32,
    /// The headings it stands under, outermost first.
    pub heading_path: Vec<String>,
    /// The head of the table in whose middle it begins.
    pub table_head: Option<String>,
}

/// Characters of title and headings that are embedded with a passage: about 50 tokens, what [`ChunkSettings`] leaves.
const LONGEST_CONTEXT: usize = 200;

impl Passage {
    /// What is embedded and indexed: where the passage stands, then what it says.
    pub fn with_context(&self, title: &str) -> String {
        let mut context: Vec<&str> = Vec::new();
        let mut room = LONGEST_CONTEXT;
        // The nearest heading says most about the passage, so it is the last to be left out.
        let inner_to_outer = self.heading_path.iter().rev().map(String::as_str).chain([title]);
        for part in inner_to_outer {
            let known = part.is_empty() || context.contains(&part) || self.text.starts_with(part);
            if known || part.len() > room {
                continue;
            }
            room -= part.len();
            context.push(part);
        }
        context.reverse();
        context.extend(self.table_head.as_deref());
        context.push(&self.text);
        context.join("\n")
    }
}

/// The heads of a document's tables.
pub struct TableHeads(Vec<(Range<u64>, String)>);

impl TableHeads {
    pub fn of(document: &ExtractedText) -> Self {
        let (mut byte, mut character) = (0, 0);
        let mut characters_before = |at: usize| {
            character += document.text[byte..at].chars().count() as u64;
            byte = at;
            character
        };
        let tables = document.blocks.iter().filter(|block| block.kind == BlockKind::Table);
        let heads = tables.map(|table| {
            let head = document.text[table.range.clone()].lines().next().unwrap_or_default();
            let range = characters_before(table.range.start)..characters_before(table.range.end);
            (range, head.to_owned())
        });
        Self(heads.collect())
    }

    /// The head of the table in whose middle a passage begins, `start` characters after the beginning of the text.
    pub fn above(&self, start: u64) -> Option<&str> {
        let begun = self.0.partition_point(|(table, _)| table.start < start);
        let (table, head) = self.0[..begun].last()?;
        (start < table.end).then_some(head)
    }
}

/// Cuts a document into passages of at most `max_tokens`, as `count_tokens` counts them.
///
/// A heading begins a new passage unless what it heads is short. Longer sections are cut between sentences, rows or
/// lines, into passages of like length, rather between paragraphs than inside one. Only a sentence or row that is
/// itself too long is cut, between words where it has any.
pub fn split(document: &ExtractedText, settings: &ChunkSettings, count_tokens: impl Fn(&str) -> usize) -> Vec<Passage> {
    let max_tokens = settings.max_tokens.max(1);
    let mut passages = Passages {
        document,
        table_heads: TableHeads::of(document),
        cut: Vec::new(),
        character: (0, 0),
    };
    for section in joined(sections(document, max_tokens, &count_tokens), max_tokens) {
        let mut start = 0;
        for end in best_ends(&section.units, max_tokens) {
            let mut first = start;
            let mut tokens: usize = section.units[start..end].iter().map(|unit| unit.tokens).sum();
            while first > start.saturating_sub(settings.overlap_sentences)
                && start > 0
                && tokens + section.units[first - 1].tokens <= max_tokens
            {
                first -= 1;
                tokens += section.units[first].tokens;
            }
            passages.push(&section, first..end);
            start = end;
        }
    }
    passages.cut
}

/// What is best kept whole: a heading, a sentence, a row, a line.
struct Unit {
    range: Range<usize>,
    tokens: usize,
    /// Whether a paragraph, list item, table or heading begins here.
    begins_block: bool,
    after_heading: bool,
}

/// The text under a heading, with the heading itself.
struct Section {
    heading_path: Vec<String>,
    units: Vec<Unit>,
    /// Its heading alone: nothing stands between it and the next one.
    bare: bool,
}

impl Section {
    fn tokens(&self) -> usize {
        self.units.iter().map(|unit| unit.tokens).sum()
    }
}

fn sections(document: &ExtractedText, max_tokens: usize, count: &impl Fn(&str) -> usize) -> Vec<Section> {
    let text = &document.text;
    let mut sections: Vec<Section> = Vec::new();
    let mut headings: Vec<(u8, String)> = Vec::new();
    for block in &document.blocks {
        if let BlockKind::Heading(level) = block.kind {
            headings.retain(|(above, _)| *above < level);
            let words: Vec<&str> = text[block.range.clone()].split_whitespace().collect();
            headings.push((level, words.join(" ")));
        }
        let is_heading = matches!(block.kind, BlockKind::Heading(_));
        if is_heading || sections.is_empty() {
            sections.push(Section {
                heading_path: headings.iter().map(|(_, text)| text.clone()).collect(),
                units: Vec::new(),
                bare: is_heading,
            });
        }
        let section = sections.last_mut().expect("one was pushed for the first block");
        section.bare &= is_heading;
        let mut begins_block = true;
        for unit in units(document, block) {
            for range in cut_to_size(text, unit, max_tokens, count) {
                section.units.push(Unit {
                    tokens: count(&text[range.clone()]),
                    after_heading: section.units.len() == 1 && !is_heading && headings.last().is_some(),
                    begins_block,
                    range,
                });
                begins_block = false;
            }
        }
    }
    sections
}

/// The pieces of a block that are best kept whole: sentences, or lines of tables and code.
fn units(document: &ExtractedText, block: &Block) -> Vec<Range<usize>> {
    let text = &document.text[block.range.clone()];
    let ranges = match block.kind {
        BlockKind::Heading(_) => std::iter::once(0..text.len()).collect(),
        BlockKind::Paragraph | BlockKind::ListItem => sentences(text),
        BlockKind::Table => rows(text),
        BlockKind::Code => lines(text),
    };
    let at = block.range.start;
    ranges
        .into_iter()
        .map(|range| at + range.start..at + range.end)
        .collect()
}

/// The sentences of a text as byte ranges, without the space around them. A line break is not the end of one.
pub fn sentences(text: &str) -> Vec<Range<usize>> {
    // A space has the same length in bytes as the line break it stands for.
    let unwrapped = text.replace('\n', " ");
    trimmed(&unwrapped, unwrapped.split_sentence_bounds())
}

fn lines(text: &str) -> Vec<Range<usize>> {
    trimmed(text, text.split_inclusive('\n'))
}

/// The lines of a pipe table, the first three (head, rule and first row) as one.
fn rows(text: &str) -> Vec<Range<usize>> {
    let mut rows = lines(text);
    if let [head, _, first_row, ..] = &rows[..] {
        let begin = head.start..first_row.end;
        rows.splice(..3, [begin]);
    }
    rows
}

fn trimmed<'a>(text: &str, pieces: impl Iterator<Item = &'a str>) -> Vec<Range<usize>> {
    let mut start = 0;
    let mut ranges = Vec::new();
    for piece in pieces {
        let trimmed_end = start + piece.trim_end().len();
        let trimmed_start = start + (piece.len() - piece.trim_start().len());
        if trimmed_start < trimmed_end {
            ranges.push(trimmed_start..trimmed_end);
        }
        start += piece.len();
    }
    debug_assert_eq!(start, text.len());
    ranges
}

/// Bytes; longer words are a single unknown token to WordPiece, and no passage should be made of such.
const LONGEST_TOKEN: usize = 100;

/// A unit as it is, or in halves cut at a space (else between characters) until each fits.
fn cut_to_size(text: &str, unit: Range<usize>, max_tokens: usize, count: &impl Fn(&str) -> usize) -> Vec<Range<usize>> {
    let piece = &text[unit.clone()];
    // A token has at least one byte, so short pieces need no counting; counting a file without a single full stop over
    // and over while it is halved would take minutes.
    let surely_too_long = piece.len() > LONGEST_TOKEN * max_tokens;
    if piece.len() <= max_tokens || (!surely_too_long && count(piece) <= max_tokens) {
        return vec![unit];
    }
    let between_words = nearest_to_the_middle(piece, |before, after| before.is_whitespace() != after.is_whitespace());
    let Some(cut) = between_words.or_else(|| nearest_to_the_middle(piece, |_, _| true)) else {
        return vec![unit];
    };
    let (left, right) = piece.split_at(cut);
    let left_end = unit.start + left.trim_end().len();
    let right_start = unit.end - right.trim_start().len();
    let mut parts = cut_to_size(text, unit.start..left_end, max_tokens, count);
    parts.extend(cut_to_size(text, right_start..unit.end, max_tokens, count));
    parts
}

/// The place nearest to the middle of a text between two characters that satisfy a condition.
fn nearest_to_the_middle(text: &str, between: impl Fn(char, char) -> bool) -> Option<usize> {
    let places = text.char_indices().skip(1).zip(text.chars());
    places
        .filter(|((_, after), before)| between(*before, *after))
        .map(|((at, _), _)| at)
        .min_by_key(|at| at.abs_diff(text.len() / 2))
}

/// A section shorter than this share of a passage is joined with the one after it.
const SHORT: f32 = 0.25;

/// Joins headings that head nothing with what follows, and short sections with each other: a line or two say too
/// little to be found by.
fn joined(sections: Vec<Section>, max_tokens: usize) -> Vec<Section> {
    let short = |section: &Section| (section.tokens() as f32) < SHORT * max_tokens as f32;
    let mut joined: Vec<Section> = Vec::new();
    for section in sections {
        if let Some(last) = joined.last_mut()
            && (last.bare || (short(last) && short(&section)))
        {
            // What stands below a bare heading is under it; of two siblings only what is above both holds for both.
            if last.bare && section.heading_path.starts_with(&last.heading_path) {
                last.heading_path = section.heading_path;
            } else {
                let common = std::iter::zip(&last.heading_path, &section.heading_path).take_while(|(a, b)| a == b);
                last.heading_path.truncate(common.count());
            }
            last.bare &= section.bare;
            last.units.extend(section.units);
        } else {
            joined.push(section);
        }
    }
    joined
}

/// What a cut inside a paragraph costs, beside the squared share of a passage that stays empty.
const INSIDE_BLOCK: f32 = 0.02;
/// What a cut between a heading and its first sentence costs.
const AFTER_HEADING: f32 = 1.0;

/// Where passages end (as unit counts) so that all together cost least, found over every way to cut, as lines of a
/// paragraph are broken by Knuth and Plass, "Breaking paragraphs into lines", 1981.
fn best_ends(units: &[Unit], max_tokens: usize) -> Vec<usize> {
    // For each number of units cut: the least cost, and where the passage before begins.
    let mut best: Vec<(f32, usize)> = vec![(0.0, 0)];
    for end in 1..=units.len() {
        let cut_cost = match units.get(end) {
            None => 0.0,
            Some(next) if next.after_heading => AFTER_HEADING,
            Some(next) if next.begins_block => 0.0,
            Some(_) => INSIDE_BLOCK,
        };
        let mut tokens = 0;
        let mut least = (f32::INFINITY, end - 1);
        for start in (0..end).rev() {
            tokens += units[start].tokens;
            if tokens > max_tokens && start + 1 < end {
                break;
            }
            let empty = 1.0 - (tokens as f32 / max_tokens as f32).min(1.0);
            let cost = best[start].0 + empty * empty + cut_cost;
            if cost < least.0 {
                least = (cost, start);
            }
        }
        best.push(least);
    }
    let mut ends = Vec::new();
    let mut end = units.len();
    while end > 0 {
        ends.push(end);
        end = best[end].1;
    }
    ends.reverse();
    ends
}

struct Passages<'a> {
    document: &'a ExtractedText,
    table_heads: TableHeads,
    cut: Vec<Passage>,
    /// A position reached before, in bytes and in characters, so that counting goes on from there.
    character: (usize, u64),
}

impl Passages<'_> {
    fn push(&mut self, section: &Section, units: Range<usize>) {
        let [first, ..] = &section.units[units.clone()] else {
            return;
        };
        let range = first.range.start..section.units[units.end - 1].range.end;
        let start = self.characters_before(range.start);
        let end = self.characters_before(range.end);
        self.cut.push(Passage {
            text: self.document.text[range.clone()].to_owned(),
            first_page: self.page_at(range.start),
            last_page: self.page_at(range.end - 1),
            heading_path: section.heading_path.clone(),
            table_head: self.table_heads.above(start).map(str::to_owned),
            characters: start..end,
            range,
        });
    }

    fn characters_before(&mut self, byte: usize) -> u64 {
        let (known, count) = self.character;
        let text = &self.document.text;
        let count = if byte >= known {
            count + text[known..byte].chars().count() as u64
        } else {
            count - text[byte..known].chars().count() as u64
        };
        self.character = (byte, count);
        count
    }

    fn page_at(&self, byte: usize) -> u32 {
        let after = self.document.pages.partition_point(|page| page.range.start <= byte);
        u32::try_from(after.max(1)).unwrap_or(u32::MAX)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::document::PageSpan;

    fn words(text: &str) -> usize {
        text.split_whitespace().count()
    }

    fn document(blocks: &[(BlockKind, &str)]) -> ExtractedText {
        let mut document = ExtractedText::default();
        for (kind, text) in blocks {
            let start = document.text.len();
            document.text.push_str(text);
            document.blocks.push(Block {
                kind: *kind,
                range: start..document.text.len(),
            });
            document.text.push_str("\n\n");
        }
        document.pages.push(PageSpan {
            label: "1".to_owned(),
            range: 0..document.text.len(),
        });
        document
    }

    fn of_at_most(max_tokens: usize) -> ChunkSettings {
        ChunkSettings {
            max_tokens,
            overlap_sentences: 0,
        }
    }

    fn texts(passages: &[Passage]) -> Vec<&str> {
        passages.iter().map(|passage| passage.text.as_str()).collect()
    }

    #[test]
    fn passages_end_between_sentences_and_know_their_headings() {
        let text = document(&[
            (BlockKind::Heading(1), "Leave"),
            (
                BlockKind::Paragraph,
                "Everyone gets thirty\ndays. They expire in March. Ask early.",
            ),
            (BlockKind::Heading(2), "Carry-over"),
            (BlockKind::Paragraph, "Ten days may be kept."),
        ]);
        let passages = split(&text, &of_at_most(8), words);
        assert_eq!(
            texts(&passages),
            [
                "Leave\n\nEveryone gets thirty\ndays.",
                "They expire in March. Ask early.",
                "Carry-over\n\nTen days may be kept."
            ]
        );
        assert_eq!(passages[2].heading_path, ["Leave", "Carry-over"]);
        assert_eq!(
            passages[1].with_context("Handbook"),
            "Handbook\nLeave\nThey expire in March. Ask early."
        );
        assert_eq!(
            passages[2].with_context("Handbook"),
            "Handbook\nLeave\nCarry-over\n\nTen days may be kept."
        );
    }

    #[test]
    fn a_long_paragraph_is_cut_into_passages_of_like_length() {
        let sentence = "One two three four five. ";
        let text = document(&[(BlockKind::Paragraph, sentence.repeat(6).trim_end())]);
        let lengths: Vec<usize> = split(&text, &of_at_most(20), words)
            .iter()
            .map(|passage| words(&passage.text))
            .collect();
        assert_eq!(lengths, [15, 15]);
    }

    #[test]
    fn paragraphs_are_kept_whole_when_that_costs_little() {
        let text = document(&[
            (BlockKind::Paragraph, "One two three. Four five six."),
            (BlockKind::Paragraph, "Seven eight nine ten. Eleven twelve."),
        ]);
        assert_eq!(
            texts(&split(&text, &of_at_most(9), words)),
            ["One two three. Four five six.", "Seven eight nine ten. Eleven twelve."]
        );
    }

    #[test]
    fn headings_without_text_and_short_sections_are_joined_with_what_follows() {
        let text = document(&[
            (BlockKind::Heading(1), "Handbook"),
            (BlockKind::Heading(2), "Monday"),
            (BlockKind::Paragraph, "Open."),
            (BlockKind::Heading(2), "Tuesday"),
            (BlockKind::Paragraph, "Closed."),
        ]);
        let passages = split(&text, &of_at_most(40), words);
        assert_eq!(texts(&passages), ["Handbook\n\nMonday\n\nOpen.\n\nTuesday\n\nClosed."]);
        assert_eq!(passages[0].heading_path, ["Handbook"]);
    }

    #[test]
    fn rows_stay_whole_and_later_ones_are_embedded_with_the_tables_head() {
        let table = "| Item | Price |\n| --- | --- |\n| Tea | 3 |\n| Milk | 2 |\n| Salt | 1 |";
        let passages = split(&document(&[(BlockKind::Table, table)]), &of_at_most(15), words);
        assert_eq!(
            texts(&passages),
            [&table[..table.find("\n| Milk").unwrap()], "| Milk | 2 |\n| Salt | 1 |"]
        );
        assert_eq!(
            passages[1].with_context(""),
            "| Item | Price |\n| Milk | 2 |\n| Salt | 1 |"
        );
    }

    #[test]
    fn passages_overlap_by_the_sentences_asked_for() {
        let text = document(&[(BlockKind::Paragraph, "A b c d. E f. G h i j. K l.")]);
        let settings = ChunkSettings {
            max_tokens: 8,
            overlap_sentences: 1,
        };
        assert_eq!(
            texts(&split(&text, &settings, words)),
            ["A b c d. E f.", "E f. G h i j. K l."]
        );
    }

    #[test]
    fn a_sentence_too_long_for_a_passage_is_cut_between_words() {
        let text = document(&[(BlockKind::Paragraph, "one two three four five six seven")]);
        for passage in split(&text, &of_at_most(3), words) {
            assert!(words(&passage.text) <= 3, "{passage:?}");
        }
    }

    proptest! {
        #[test]
        fn passages_are_slices_of_the_text_and_miss_no_word(
            paragraphs in prop::collection::vec(("[a-zäß. \n漢]{0,200}[a-z漢]", 0_u8..4), 1..8), max in 1_usize..30,
        ) {
            let kind = |n| match n {
                0 => BlockKind::Code,
                1 => BlockKind::ListItem,
                _ => BlockKind::Paragraph,
            };
            let blocks: Vec<_> = paragraphs.iter().map(|(text, n)| (kind(*n), text.as_str())).collect();
            let text = document(&blocks);
            let passages = split(&text, &of_at_most(max), words);
            let characters: Vec<char> = text.text.chars().collect();
            let mut kept = String::new();
            for passage in &passages {
                prop_assert_eq!(&passage.text, &text.text[passage.range.clone()]);
                let by_characters: String =
                    characters[passage.characters.start as usize..passage.characters.end as usize].iter().collect();
                prop_assert_eq!(&passage.text, &by_characters);
                prop_assert!(words(&passage.text) <= max);
                kept.push_str(&passage.text);
            }
            let letters = |text: &str| text.chars().filter(|c| !c.is_whitespace()).collect::<String>();
            prop_assert_eq!(letters(&kept), letters(&text.text));
        }
    }
}
