//! What extraction yields and everything later reads: one text in reading order, with its structure beside it.

use std::ops::Range;

use serde::{Deserialize, Serialize};
use unicode_normalization::is_nfc;

/// The text of a document in reading order.
///
/// `blocks` are in order, do not overlap, and each range lies on character boundaries of `text`; between
/// blocks `text` holds only line ends. `pages` are in order and together cover every block.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ExtractedText {
    /// The title the document states about itself (metadata or its only top heading), if any.
    pub title: Option<String>,
    /// All text. Tables are Markdown pipe tables, everything else is plain (a heading carries no `#`).
    pub text: String,
    pub blocks: Vec<Block>,
    pub pages: Vec<PageSpan>,
}

/// One structural piece of the text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Block {
    pub kind: BlockKind,
    /// Byte range in [`ExtractedText::text`].
    pub range: Range<usize>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BlockKind {
    /// A heading of level 1 (topmost) to 6.
    Heading(u8),
    Paragraph,
    ListItem,
    /// A Markdown pipe table whose second line is the `| --- |` rule.
    Table,
    /// Verbatim lines: source code, preformatted text, JSON.
    Code,
}

/// A page, sheet, slide or chapter; formats without any have exactly one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PageSpan {
    /// What people call it: "12", "iv", a sheet's or chapter's name.
    pub label: String,
    /// Byte range in [`ExtractedText::text`].
    pub range: Range<usize>,
}

/// Which invariant of [`ExtractedText`] does not hold, and where.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct BrokenInvariant(String);

impl ExtractedText {
    /// Checks every invariant that later stages rely on; the cost is linear in the text.
    pub fn validate(&self) -> Result<(), BrokenInvariant> {
        let broken = |what: String| Err(BrokenInvariant(what));

        if let Some(c) = self.text.chars().find(|&c| c.is_control() && c != '\n' && c != '\t') {
            return broken(format!("the text holds the control character {c:?}"));
        }
        if !is_nfc(&self.text) {
            return broken("the text is not in NFC".to_owned());
        }

        let mut end = 0;
        for (at, block) in self.blocks.iter().enumerate() {
            let Some(between) = self.text.get(end..block.range.start) else {
                return broken(format!(
                    "block {at} begins before the end of the one before it, or inside a character"
                ));
            };
            let Some(text) = self.text.get(block.range.clone()) else {
                return broken(format!("block {at} has a range that is not of the text"));
            };
            if between.chars().any(|c| c != '\n') || (at > 0 && between.is_empty()) {
                return broken(format!("between block {at} and the one before it is {between:?}"));
            }
            if text.trim().is_empty() || text.starts_with('\n') || text.ends_with('\n') {
                return broken(format!("block {at} is blank or has blank lines around it"));
            }
            match block.kind {
                BlockKind::Heading(level) if !(1..=6).contains(&level) || text.contains('\n') => {
                    return broken(format!("block {at} is a heading of level {level}: {text:?}"));
                }
                BlockKind::Table if !is_pipe_table(text) => {
                    return broken(format!("block {at} is not a table: {text:?}"));
                }
                _ => {}
            }
            end = block.range.end;
        }
        if self.text.len() != end {
            return broken(format!(
                "text follows the last block, which ends at {end} of {}",
                self.text.len()
            ));
        }

        let mut blocks = self.blocks.iter().peekable();
        let mut end = 0;
        for (at, page) in self.pages.iter().enumerate() {
            if page.label.trim().is_empty() {
                return broken(format!("page {at} has no label"));
            }
            if page.range.start < end
                || page.range.end < page.range.start
                || self.text.get(page.range.clone()).is_none()
            {
                return broken(format!("page {at} overlaps the one before it or is not of the text"));
            }
            while blocks
                .next_if(|b| page.range.start <= b.range.start && b.range.end <= page.range.end)
                .is_some()
            {}
            end = page.range.end;
        }
        match blocks.next() {
            Some(block) => broken(format!("no page holds the block at {:?}", block.range)),
            None => Ok(()),
        }
    }
}

fn is_pipe_table(text: &str) -> bool {
    let mut lines = text.lines();
    let header = lines.next().unwrap_or_default();
    let rule = lines.next().unwrap_or_default();
    header.starts_with('|')
        && rule.len() > 1
        && rule
            .strip_prefix('|')
            .is_some_and(|cells| cells.replace(" --- |", "").is_empty())
        && lines.all(|line| line.starts_with('|') && line.ends_with('|'))
}
