//! Markdown (CommonMark with tables, task lists and front matter) to plain blocks.

use pulldown_cmark::{Event, HeadingLevel, MetadataBlockKind, Options, Parser, Tag, TagEnd};

use super::{ExtractError, writer::TextWriter};

pub(super) fn write(text: &str, writer: &mut TextWriter) -> Result<(), ExtractError> {
    let options = Options::ENABLE_TABLES
        | Options::ENABLE_TASKLISTS
        | Options::ENABLE_STRIKETHROUGH
        | Options::ENABLE_FOOTNOTES
        | Options::ENABLE_YAML_STYLE_METADATA_BLOCKS;
    let mut reader = Reader {
        writer,
        inline: String::new(),
        item_marker: None,
        lists: Vec::new(),
        rows: Vec::new(),
    };
    for event in Parser::new_ext(text, options) {
        reader.take(event)?;
    }
    reader.flush()
}

struct Reader<'w, 'l> {
    writer: &'w mut TextWriter<'l>,
    /// Text of the block being read.
    inline: String,
    /// Set while the first paragraph of a list item is being read.
    item_marker: Option<String>,
    /// The next ordinal of each open list; `None` for bullets.
    lists: Vec<Option<u64>>,
    /// Rows of the open table.
    rows: Vec<Vec<String>>,
}

impl Reader<'_, '_> {
    fn take(&mut self, event: Event) -> Result<(), ExtractError> {
        match event {
            Event::Start(tag) => self.start(tag)?,
            Event::End(tag) => self.end(tag)?,
            Event::Text(text) | Event::Code(text) | Event::InlineMath(text) | Event::DisplayMath(text) => {
                self.inline.push_str(&text);
            }
            Event::SoftBreak => self.inline.push(' '),
            Event::HardBreak => self.inline.push('\n'),
            Event::Html(html) => self.inline.push_str(&html),
            Event::InlineHtml(tag) if tag.starts_with("<br") => self.inline.push('\n'),
            Event::FootnoteReference(name) => self.inline.push_str(&format!("[{name}]")),
            Event::TaskListMarker(done) => self.inline.push_str(if done { "[x] " } else { "[ ] " }),
            Event::InlineHtml(_) | Event::Rule => {}
        }
        Ok(())
    }

    fn start(&mut self, tag: Tag) -> Result<(), ExtractError> {
        match tag {
            Tag::List(first) => {
                self.flush()?;
                self.lists.push(first);
            }
            Tag::Item => {
                self.flush()?;
                self.item_marker = Some(match self.lists.last_mut() {
                    Some(Some(ordinal)) => {
                        *ordinal += 1;
                        format!("{}.", *ordinal - 1)
                    }
                    _ => "-".to_owned(),
                });
            }
            Tag::Paragraph
            | Tag::Heading { .. }
            | Tag::CodeBlock(_)
            | Tag::HtmlBlock
            | Tag::Table(_)
            | Tag::MetadataBlock(_) => self.flush()?,
            Tag::FootnoteDefinition(name) => {
                self.flush()?;
                self.item_marker = Some(format!("[{name}]"));
            }
            Tag::TableHead | Tag::TableRow => self.rows.push(Vec::new()),
            _ => {}
        }
        Ok(())
    }

    fn end(&mut self, tag: TagEnd) -> Result<(), ExtractError> {
        match tag {
            TagEnd::Heading(level) => {
                let text = std::mem::take(&mut self.inline);
                self.item_marker = None;
                self.writer.heading(level_number(level), &text)?;
            }
            TagEnd::CodeBlock => {
                let text = std::mem::take(&mut self.inline);
                self.writer.code(&text)?;
            }
            TagEnd::HtmlBlock => {
                let html = std::mem::take(&mut self.inline);
                super::html::write_fragment(&html, self.writer)?;
            }
            TagEnd::MetadataBlock(kind) => self.front_matter(kind)?,
            TagEnd::TableCell => {
                let cell = std::mem::take(&mut self.inline);
                if let Some(row) = self.rows.last_mut() {
                    row.push(cell);
                }
            }
            TagEnd::Table => {
                let rows = std::mem::take(&mut self.rows);
                self.writer.table(&rows)?;
            }
            TagEnd::Paragraph | TagEnd::Item => self.flush()?,
            TagEnd::List(_) => {
                self.flush()?;
                self.lists.pop();
            }
            _ => {}
        }
        Ok(())
    }

    /// The document's statements about itself; `title` is one of them.
    fn front_matter(&mut self, kind: MetadataBlockKind) -> Result<(), ExtractError> {
        let text = std::mem::take(&mut self.inline);
        if kind == MetadataBlockKind::YamlStyle
            && let Some(title) = text.lines().find_map(|line| line.strip_prefix("title:"))
        {
            self.writer.title(title.trim().trim_matches(['"', '\'']));
        }
        self.writer.code(&text)
    }

    fn flush(&mut self) -> Result<(), ExtractError> {
        let text = std::mem::take(&mut self.inline);
        if text.trim().is_empty() {
            return Ok(());
        }
        match self.item_marker.take() {
            Some(marker) => self.writer.list_item(&marker, &text),
            None => self.writer.paragraph(&text),
        }
    }
}

fn level_number(level: HeadingLevel) -> u8 {
    match level {
        HeadingLevel::H1 => 1,
        HeadingLevel::H2 => 2,
        HeadingLevel::H3 => 3,
        HeadingLevel::H4 => 4,
        HeadingLevel::H5 => 5,
        HeadingLevel::H6 => 6,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::BlockKind::{Code, Heading, ListItem, Paragraph, Table};
    use crate::extract::Limits;

    #[test]
    fn every_block_is_kept_and_markup_is_not() {
        let limits = Limits::default();
        let mut writer = TextWriter::new(&limits);
        let source = "---\ntitle: Tea\n---\n# All *about* tea\n\nSee [here](http://a.example) for\nmore `code`.\n\n\
            2. two\n3. three\n   - nested\n\n```rust\nfn a() {\n}\n```\n\n| a | b |\n|---|---|\n| 1 | 2 |\n";
        write(source, &mut writer).unwrap();
        let document = writer.finish().unwrap();
        document.validate().unwrap();
        assert_eq!(document.title.as_deref(), Some("Tea"));
        let kinds: Vec<_> = document.blocks.iter().map(|block| block.kind).collect();
        assert_eq!(
            kinds,
            [Code, Heading(1), Paragraph, ListItem, ListItem, ListItem, Code, Table]
        );
        assert!(
            document
                .text
                .contains("All about tea\n\nSee here for more code.\n\n2. two\n3. three\n- nested\n\n")
        );
        assert!(
            document
                .text
                .ends_with("fn a() {\n}\n\n| a | b |\n| --- | --- |\n| 1 | 2 |"),
            "{}",
            document.text
        );
    }
}
