//! A document's text to passages: pieces small enough to embed, that begin and end where the text does.

use std::ops::Range;

use unicode_segmentation::UnicodeSegmentation;

use crate::document::{Block, BlockKind, ExtractedText};

/// A retrievable piece of a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Passage {
    /// Exactly the document's text in `range`.
    pub text: String,
    /// Byte range in the document's text.
    pub range: Range<usize>,
    /// The same range in characters.
    pub characters: Range<u64>,
    /// Counted from 1.
    pub first_page: u32,
    pub last_page: u32,
    /// The headings it stands under, outermost first.
    pub heading_path: Vec<String>,
}

impl Passage {
    /// What is embedded and indexed: where the passage stands, then what it says.
    pub fn with_context(&self, title: &str) -> String {
        let mut context = vec![title];
        context.extend(
            self.heading_path
                .iter()
                .map(String::as_str)
                .filter(|heading| *heading != title),
        );
        context.retain(|part| !part.is_empty());
        context.push(&self.text);
        context.join("\n")
    }
}

/// Cuts a document into passages of at most `max_tokens`, as `count_tokens` counts them.
///
/// Passages end between sentences or rows where that is possible; a heading starts a new one.
pub fn split(document: &ExtractedText, max_tokens: usize, count_tokens: impl Fn(&str) -> usize) -> Vec<Passage> {
    let mut splitter = Splitter {
        document,
        passages: Vec::new(),
        headings: Vec::new(),
        open: None,
        character: (0, 0),
    };
    for block in &document.blocks {
        if let BlockKind::Heading(level) = block.kind {
            splitter.close();
            splitter.enter_heading(level, &document.text[block.range.clone()]);
        }
        for unit in units(document, block) {
            for part in cut_to_size(&document.text, unit, max_tokens, &count_tokens) {
                let tokens = count_tokens(&document.text[part.clone()]);
                splitter.add(part, tokens, max_tokens);
            }
        }
    }
    splitter.close();
    splitter.passages
}

/// The pieces of a block that are best kept whole: sentences, or lines of tables and code.
fn units(document: &ExtractedText, block: &Block) -> Vec<Range<usize>> {
    let text = &document.text[block.range.clone()];
    // A line break inside a paragraph is no end of a sentence; a space has the same length in bytes.
    let unwrapped = text.replace('\n', " ");
    let pieces: Vec<&str> = match block.kind {
        BlockKind::Heading(_) => vec![text],
        BlockKind::Paragraph | BlockKind::ListItem => unwrapped.split_sentence_bounds().collect(),
        BlockKind::Table | BlockKind::Code => text.split_inclusive('\n').collect(),
    };
    let mut start = block.range.start;
    let mut ranges = Vec::with_capacity(pieces.len());
    for piece in pieces {
        let trimmed_end = start + piece.trim_end().len();
        let trimmed_start = start + (piece.len() - piece.trim_start().len());
        if trimmed_start < trimmed_end {
            ranges.push(trimmed_start..trimmed_end);
        }
        start += piece.len();
    }
    ranges
}

/// A unit as it is, or in halves cut at a space (else between characters) until each fits.
fn cut_to_size(text: &str, unit: Range<usize>, max_tokens: usize, count: &impl Fn(&str) -> usize) -> Vec<Range<usize>> {
    let piece = &text[unit.clone()];
    // A token has at least one byte, so short pieces need no counting.
    if piece.len() <= max_tokens || count(piece) <= max_tokens {
        return vec![unit];
    }
    let middle = (0..=piece.len() / 2)
        .rev()
        .find(|at| piece.is_char_boundary(*at))
        .unwrap_or(0);
    let cut = piece[..middle]
        .rfind(char::is_whitespace)
        .filter(|at| *at > 0)
        .unwrap_or(middle);
    let (left, right) = piece.split_at(cut);
    if left.trim().is_empty() || right.trim().is_empty() {
        return vec![unit];
    }
    let left_end = unit.start + left.trim_end().len();
    let right_start = unit.end - right.trim_start().len();
    let mut parts = cut_to_size(text, unit.start..left_end, max_tokens, count);
    parts.extend(cut_to_size(text, right_start..unit.end, max_tokens, count));
    parts
}

struct Splitter<'a> {
    document: &'a ExtractedText,
    passages: Vec<Passage>,
    /// Level and text of the headings above the current position.
    headings: Vec<(u8, String)>,
    /// Range and tokens of the passage being filled.
    open: Option<(Range<usize>, usize)>,
    /// A position reached before, in bytes and in characters, so that counting goes on from there.
    character: (usize, u64),
}

impl Splitter<'_> {
    fn enter_heading(&mut self, level: u8, text: &str) {
        self.headings.retain(|(above, _)| *above < level);
        self.headings
            .push((level, text.split_whitespace().collect::<Vec<_>>().join(" ")));
    }

    fn add(&mut self, part: Range<usize>, tokens: usize, max_tokens: usize) {
        match &mut self.open {
            Some((range, total)) if *total + tokens <= max_tokens => {
                range.end = part.end;
                *total += tokens;
            }
            _ => {
                self.close();
                self.open = Some((part, tokens));
            }
        }
    }

    fn close(&mut self) {
        let Some((range, _)) = self.open.take() else { return };
        let start = self.characters_before(range.start);
        let end = self.characters_before(range.end);
        self.passages.push(Passage {
            text: self.document.text[range.clone()].to_owned(),
            first_page: self.page_at(range.start),
            last_page: self.page_at(range.end - 1),
            heading_path: self.headings.iter().map(|(_, text)| text.clone()).collect(),
            characters: start..end,
            range,
        });
    }

    fn characters_before(&mut self, byte: usize) -> u64 {
        let (known, count) = self.character;
        let count = count + self.document.text[known..byte].chars().count() as u64;
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
        let passages = split(&text, 8, words);
        let texts: Vec<&str> = passages.iter().map(|passage| passage.text.as_str()).collect();
        assert_eq!(
            texts,
            [
                "Leave\n\nEveryone gets thirty\ndays.",
                "They expire in March. Ask early.",
                "Carry-over\n\nTen days may be kept."
            ]
        );
        assert_eq!(passages[2].heading_path, ["Leave", "Carry-over"]);
        assert_eq!(
            passages[2].with_context("Handbook"),
            "Handbook\nLeave\nCarry-over\nCarry-over\n\nTen days may be kept."
        );
    }

    #[test]
    fn a_sentence_too_long_for_a_passage_is_cut_between_words() {
        let text = document(&[(BlockKind::Paragraph, "one two three four five six seven")]);
        for passage in split(&text, 3, words) {
            assert!(words(&passage.text) <= 3, "{passage:?}");
        }
    }

    proptest! {
        #[test]
        fn passages_are_slices_of_the_text_and_miss_no_word(
            paragraphs in prop::collection::vec("[a-zäß. \n漢]{1,200}", 1..8), max in 1_usize..30,
        ) {
            let blocks: Vec<_> = paragraphs.iter().map(|text| (BlockKind::Paragraph, text.as_str())).collect();
            let text = document(&blocks);
            let passages = split(&text, max, words);
            let characters: Vec<char> = text.text.chars().collect();
            let mut kept = String::new();
            for passage in &passages {
                prop_assert_eq!(&passage.text, &text.text[passage.range.clone()]);
                let by_characters: String =
                    characters[passage.characters.start as usize..passage.characters.end as usize].iter().collect();
                prop_assert_eq!(&passage.text, &by_characters);
                kept.push_str(&passage.text);
            }
            let letters = |text: &str| text.chars().filter(|c| !c.is_whitespace()).collect::<String>();
            prop_assert_eq!(letters(&kept), letters(&text.text));
        }
    }
}
