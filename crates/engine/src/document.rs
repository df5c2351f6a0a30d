//! What extraction yields and everything later reads: one text in reading order, with its structure beside it.

use std::ops::Range;

use serde::{Deserialize, Serialize};

/// The text of a document in reading order.
///
/// `blocks` are in order, do not overlap, and each range lies on character boundaries of `text`; between
/// blocks `text` holds only blank lines. `pages` are in order and together cover every block.
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
