//! Builds an [`ExtractedText`] block by block so that its invariants hold whatever the parsers hand over.

use super::{ExtractError, Limits, clean};
use crate::document::{Block, BlockKind, ExtractedText, PageSpan};

/// Rows of a long table after which its header is repeated in a new block, so that each piece can be read alone.
const TABLE_ROWS_PER_BLOCK: usize = 50;

/// Collects blocks in reading order. Every method cleans what it is given and ignores what is blank.
pub(super) struct TextWriter<'l> {
    limits: &'l Limits,
    title: Option<String>,
    text: String,
    blocks: Vec<Block>,
    pages: Vec<PageSpan>,
}

impl<'l> TextWriter<'l> {
    pub fn new(limits: &'l Limits) -> Self {
        Self {
            limits,
            title: None,
            text: String::new(),
            blocks: Vec::new(),
            pages: Vec::new(),
        }
    }

    pub fn limits(&self) -> &'l Limits {
        self.limits
    }

    /// States the title; the first statement counts.
    pub fn title(&mut self, title: &str) {
        let title = clean::single_line(title);
        if self.title.is_none() && !title.is_empty() {
            self.title = Some(title);
        }
    }

    /// What follows is on a new page of this name; a blank name becomes the page's number.
    pub fn page(&mut self, label: &str) -> Result<(), ExtractError> {
        if self.pages.len() >= self.limits.max_pages {
            return Err(ExtractError::TooLarge {
                what: "length".to_owned(),
                limit: format!("{} pages", self.limits.max_pages),
            });
        }
        let label = match clean::single_line(label) {
            label if label.is_empty() => (self.pages.len() + 1).to_string(),
            label => label,
        };
        // Pages meet where the text so far ends; what separates the next block from it belongs to the new page.
        let start = self.text.len();
        self.pages.push(PageSpan {
            label,
            range: start..start,
        });
        Ok(())
    }

    /// `level` is 1 (topmost) to 6; others are brought into that range.
    pub fn heading(&mut self, level: u8, text: &str) -> Result<(), ExtractError> {
        self.push(BlockKind::Heading(level.clamp(1, 6)), &clean::single_line(text))
    }

    /// A line break in `text` is a wanted one; wrapped lines must have been joined before.
    pub fn paragraph(&mut self, text: &str) -> Result<(), ExtractError> {
        self.push(BlockKind::Paragraph, &clean::flowing(text))
    }

    /// `marker` is "-" or an ordinal such as "3.".
    pub fn list_item(&mut self, marker: &str, text: &str) -> Result<(), ExtractError> {
        match clean::flowing(text) {
            text if text.is_empty() => Ok(()),
            text => self.push(BlockKind::ListItem, &format!("{} {text}", clean::single_line(marker))),
        }
    }

    /// Verbatim lines; blank lines around them are dropped.
    pub fn code(&mut self, text: &str) -> Result<(), ExtractError> {
        let text = clean::lines(text);
        let text = text.trim_end();
        let blank_lines = text.len() - text.trim_start().len();
        let start = text[..blank_lines].rfind('\n').map_or(0, |newline| newline + 1);
        self.push(BlockKind::Code, &text[start..])
    }

    /// A table whose first row is its header. Columns and rows without any text are left out; a single cell is a
    /// paragraph.
    pub fn table(&mut self, rows: &[Vec<String>]) -> Result<(), ExtractError> {
        let rows: Vec<Vec<String>> = rows
            .iter()
            .map(|row| row.iter().map(|cell| clean::single_line(cell)).collect::<Vec<_>>())
            .filter(|row| row.iter().any(|cell| !cell.is_empty()))
            .collect();
        let width = rows.iter().map(Vec::len).max().unwrap_or(0);
        let mut used = vec![false; width];
        for row in &rows {
            for (column, cell) in row.iter().enumerate() {
                used[column] |= !cell.is_empty();
            }
        }
        let columns: Vec<usize> = (0..width).filter(|&column| used[column]).collect();
        let Some((header, body)) = rows.split_first() else {
            return Ok(());
        };
        if let ([column], []) = (columns.as_slice(), body) {
            return self.push(BlockKind::Paragraph, &header[*column]);
        }
        if columns.len() > self.limits.max_table_columns {
            return Err(ExtractError::TooLarge {
                what: "table".to_owned(),
                limit: format!("{} columns", self.limits.max_table_columns),
            });
        }
        // Padding short rows is what can grow here: three bytes a cell.
        if rows.len().saturating_mul(columns.len()).saturating_mul(3) > self.limits.max_text_bytes {
            return Err(self.too_much_text());
        }

        let mut head = String::new();
        write_row(&mut head, header, &columns);
        head.push_str("\n|");
        head.push_str(&" --- |".repeat(columns.len()));
        if body.is_empty() {
            return self.push(BlockKind::Table, &head);
        }
        for rows in body.chunks(TABLE_ROWS_PER_BLOCK) {
            let mut table = head.clone();
            for row in rows {
                table.push('\n');
                write_row(&mut table, row, &columns);
            }
            self.push(BlockKind::Table, &table)?;
        }
        Ok(())
    }

    /// The text, which must have at least one block. Without a stated title the only top heading is the title.
    pub fn finish(mut self) -> Result<ExtractedText, ExtractError> {
        if self.blocks.is_empty() {
            return Err(ExtractError::Empty);
        }
        let ends = self
            .pages
            .iter()
            .skip(1)
            .map(|page| page.range.start)
            .chain([self.text.len()])
            .collect::<Vec<_>>();
        for (page, end) in self.pages.iter_mut().zip(ends) {
            page.range.end = end;
        }
        let title = self.title.or_else(|| {
            let mut top = self.blocks.iter().filter(|block| block.kind == BlockKind::Heading(1));
            match (top.next(), top.next()) {
                (Some(only), None) => Some(self.text[only.range.clone()].to_owned()),
                _ => None,
            }
        });
        Ok(ExtractedText {
            title,
            text: self.text,
            blocks: self.blocks,
            pages: self.pages,
        })
    }

    fn push(&mut self, kind: BlockKind, text: &str) -> Result<(), ExtractError> {
        if text.trim().is_empty() {
            return Ok(());
        }
        if self.pages.is_empty() {
            self.page("")?;
        }
        if let Some(last) = self.blocks.last() {
            let in_one_list = last.kind == BlockKind::ListItem && kind == BlockKind::ListItem;
            self.text.push_str(if in_one_list { "\n" } else { "\n\n" });
        }
        if self.text.len() + text.len() > self.limits.max_text_bytes {
            return Err(self.too_much_text());
        }
        let start = self.text.len();
        self.text.push_str(text);
        self.blocks.push(Block {
            kind,
            range: start..self.text.len(),
        });
        Ok(())
    }

    fn too_much_text(&self) -> ExtractError {
        ExtractError::too_large("text", self.limits.max_text_bytes)
    }
}

fn write_row(out: &mut String, row: &[String], columns: &[usize]) {
    out.push('|');
    for &column in columns {
        out.push(' ');
        out.push_str(&row.get(column).map_or(String::new(), |cell| cell.replace('|', "\\|")));
        out.push_str(" |");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(cells: &[&str]) -> Vec<String> {
        cells.iter().map(|cell| (*cell).to_owned()).collect()
    }

    #[test]
    fn blocks_are_separated_by_blank_lines_and_list_items_by_line_ends() {
        let limits = Limits::default();
        let mut writer = TextWriter::new(&limits);
        writer.heading(1, "Tea").unwrap();
        writer.list_item("-", "green").unwrap();
        writer.list_item("-", "black").unwrap();
        writer.code("\n\n  a\n b  \n\n").unwrap();
        let document = writer.finish().unwrap();
        document.validate().unwrap();
        assert_eq!(document.text, "Tea\n\n- green\n- black\n\n  a\n b");
        assert_eq!(document.title.as_deref(), Some("Tea"));
        assert_eq!(
            document.pages,
            [PageSpan {
                label: "1".to_owned(),
                range: 0..document.text.len()
            }]
        );
    }

    #[test]
    fn a_long_table_repeats_its_header() {
        let limits = Limits::default();
        let mut writer = TextWriter::new(&limits);
        let mut rows = vec![row(&["n", "", "a|b"])];
        rows.extend((0..60).map(|n| row(&[&n.to_string()])));
        writer.table(&rows).unwrap();
        let document = writer.finish().unwrap();
        document.validate().unwrap();
        assert_eq!(document.blocks.len(), 2);
        let second = &document.text[document.blocks[1].range.clone()];
        assert!(
            second.starts_with("| n | a\\|b |\n| --- | --- |\n| 50 |  |\n"),
            "{second}"
        );
    }

    #[test]
    fn text_beyond_the_limit_is_too_large() {
        let limits = Limits {
            max_text_bytes: 10,
            ..Limits::default()
        };
        let mut writer = TextWriter::new(&limits);
        writer.paragraph("0123456789").unwrap();
        assert_eq!(writer.paragraph("x").unwrap_err().code(), "too_large");
    }

    #[test]
    fn pages_without_text_keep_their_place() {
        let limits = Limits::default();
        let mut writer = TextWriter::new(&limits);
        writer.page("i").unwrap();
        writer.page("").unwrap();
        writer.paragraph("text").unwrap();
        let document = writer.finish().unwrap();
        document.validate().unwrap();
        assert_eq!(
            document.pages[0],
            PageSpan {
                label: "i".to_owned(),
                range: 0..0
            }
        );
        assert_eq!(
            document.pages[1],
            PageSpan {
                label: "2".to_owned(),
                range: 0..4
            }
        );
    }
}
