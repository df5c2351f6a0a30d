//! Web pages: what a reader of the page sees, without navigation, scripts and hidden parts.

use super::html_tree::{Content, NodeId, Tree};
use super::{ExtractError, writer::TextWriter};

/// Columns and rows one cell may span (the HTML standard's limit for columns).
const MAX_SPAN: usize = 1000;

pub(super) fn write(html: &str, writer: &mut TextWriter) -> Result<(), ExtractError> {
    let tree = Tree::parse(html);
    if let Some(title) = find(&tree, "title") {
        writer.title(&text_of(&tree, title));
    }
    write_tree(&tree, writer)
}

/// Like [`write`] for HTML inside another document, whose title it does not state.
pub(super) fn write_fragment(html: &str, writer: &mut TextWriter) -> Result<(), ExtractError> {
    write_tree(&Tree::parse(html), writer)
}

/// A chapter of a book: a page of its own, named by its first heading.
pub(super) fn write_chapter(html: &str, writer: &mut TextWriter) -> Result<(), ExtractError> {
    let tree = Tree::parse(html);
    let heading = ["h1", "h2", "h3"].into_iter().find_map(|name| find(&tree, name));
    writer.page(&heading.map(|heading| text_of(&tree, heading)).unwrap_or_default())?;
    write_tree(&tree, writer)
}

fn write_tree(tree: &Tree, writer: &mut TextWriter) -> Result<(), ExtractError> {
    let mut page = Page {
        tree,
        inline: String::new(),
        marker: None,
    };
    page.write_children(Tree::ROOT, 0, writer)?;
    page.flush(writer)
}

struct Page<'t> {
    tree: &'t Tree,
    /// Text since the last block began or ended; `\n` stands for `<br>` only.
    inline: String,
    /// Set while the first text of a list item is awaited.
    marker: Option<String>,
}

impl Page<'_> {
    fn write_children(&mut self, id: NodeId, depth: usize, writer: &mut TextWriter) -> Result<(), ExtractError> {
        let mut ordinal: usize = match self.tree.name(id) {
            "ol" => self
                .tree
                .attribute(id, "start")
                .and_then(|start| start.trim().parse().ok())
                .unwrap_or(1),
            _ => 0,
        };
        for &child in &self.tree.node(id).children {
            if self.tree.name(child) == "li" {
                self.flush(writer)?;
                self.marker = Some(match self.tree.name(id) {
                    "ol" => format!("{ordinal}."),
                    _ => "-".to_owned(),
                });
                ordinal = ordinal.saturating_add(1);
            }
            self.write_node(child, depth + 1, writer)?;
        }
        Ok(())
    }

    fn write_node(&mut self, id: NodeId, depth: usize, writer: &mut TextWriter) -> Result<(), ExtractError> {
        match &self.tree.node(id).content {
            Content::Text(text) => {
                self.inline.push_str(&text.replace(['\n', '\r'], " "));
                return Ok(());
            }
            Content::Other => return Ok(()),
            Content::Element { .. } if is_hidden(self.tree, id) => return Ok(()),
            Content::Element { .. } if depth > writer.limits().max_depth => {
                self.inline.push_str(&text_of(self.tree, id));
                return Ok(());
            }
            Content::Element { .. } => {}
        }
        match self.tree.name(id) {
            "br" => self.inline.push('\n'),
            name @ ("h1" | "h2" | "h3" | "h4" | "h5" | "h6") => {
                self.flush(writer)?;
                self.marker = None;
                let level = name.as_bytes()[1] - b'0';
                writer.heading(level, &text_of(self.tree, id))?;
            }
            "pre" | "listing" | "xmp" => {
                self.flush(writer)?;
                self.marker = None;
                writer.code(&text_of(self.tree, id))?;
            }
            "table" if is_data_table(self.tree, id) => {
                self.flush(writer)?;
                self.marker = None;
                if let Some(caption) = self
                    .tree
                    .node(id)
                    .children
                    .iter()
                    .find(|&&c| self.tree.name(c) == "caption")
                {
                    writer.paragraph(&text_of(self.tree, *caption))?;
                }
                let rows = table_rows(self.tree, id, writer.limits().max_text_bytes)?;
                writer.table(&rows)?;
            }
            name if is_block(name) => {
                self.flush(writer)?;
                self.write_children(id, depth, writer)?;
                self.flush(writer)?;
            }
            "td" | "th" => {
                self.write_children(id, depth, writer)?;
                self.inline.push('\n');
            }
            _ => self.write_children(id, depth, writer)?,
        }
        Ok(())
    }

    fn flush(&mut self, writer: &mut TextWriter) -> Result<(), ExtractError> {
        let text = std::mem::take(&mut self.inline);
        if text.trim().is_empty() {
            return Ok(());
        }
        match self.marker.take() {
            Some(marker) => writer.list_item(&marker, &text),
            None => writer.paragraph(&text),
        }
    }
}

/// All text in an element as it is shown; blocks in it are separated by line ends.
fn text_of(tree: &Tree, id: NodeId) -> String {
    enum Step {
        Enter(NodeId),
        Leave,
    }
    let mut text = String::new();
    let mut steps = vec![Step::Enter(id)];
    while let Some(step) = steps.pop() {
        let Step::Enter(id) = step else {
            text.push('\n');
            continue;
        };
        match &tree.node(id).content {
            Content::Text(content) => text.push_str(content),
            Content::Other => {}
            Content::Element { .. } if is_hidden(tree, id) => {}
            Content::Element { .. } => {
                let name = tree.name(id);
                if name == "br" {
                    text.push('\n');
                } else if is_block(name) || matches!(name, "td" | "th") {
                    if !text.is_empty() && !text.ends_with('\n') {
                        text.push('\n');
                    }
                    steps.push(Step::Leave);
                }
                steps.extend(tree.node(id).children.iter().rev().map(|&child| Step::Enter(child)));
            }
        }
    }
    text
}

fn find(tree: &Tree, name: &str) -> Option<NodeId> {
    let mut open = vec![Tree::ROOT];
    while let Some(id) = open.pop() {
        if tree.name(id) == name {
            return Some(id);
        }
        // An SVG picture has titles of its own.
        if tree.name(id) != "svg" {
            open.extend(tree.node(id).children.iter().rev());
        }
    }
    None
}

fn is_hidden(tree: &Tree, id: NodeId) -> bool {
    let by_name = matches!(
        tree.name(id),
        "script"
            | "style"
            | "template"
            | "noscript"
            | "nav"
            | "head"
            | "iframe"
            | "svg"
            | "canvas"
            | "object"
            | "select"
            | "datalist"
            | "textarea"
            | "button"
            | "audio"
            | "video"
            | "dialog"
            | "noframes"
    );
    by_name
        || tree.attribute(id, "hidden").is_some()
        || tree.attribute(id, "role") == Some("navigation")
        || tree.attribute(id, "style").is_some_and(|style| {
            let style: String = style
                .chars()
                .filter(|c| !c.is_whitespace())
                .collect::<String>()
                .to_ascii_lowercase();
            style.contains("display:none") || style.contains("visibility:hidden")
        })
}

fn is_block(name: &str) -> bool {
    matches!(
        name,
        "address"
            | "article"
            | "aside"
            | "blockquote"
            | "body"
            | "caption"
            | "center"
            | "dd"
            | "details"
            | "dir"
            | "div"
            | "dl"
            | "dt"
            | "fieldset"
            | "figcaption"
            | "figure"
            | "footer"
            | "form"
            | "h1"
            | "h2"
            | "h3"
            | "h4"
            | "h5"
            | "h6"
            | "header"
            | "hgroup"
            | "hr"
            | "html"
            | "legend"
            | "li"
            | "main"
            | "menu"
            | "ol"
            | "option"
            | "p"
            | "pre"
            | "search"
            | "section"
            | "summary"
            | "table"
            | "tbody"
            | "tfoot"
            | "thead"
            | "tr"
            | "ul"
    )
}

/// Tables that hold headings or other tables lay a page out; they are read as its blocks.
fn is_data_table(tree: &Tree, table: NodeId) -> bool {
    let mut open = tree.node(table).children.clone();
    while let Some(id) = open.pop() {
        if matches!(tree.name(id), "table" | "h1" | "h2" | "h3" | "pre") {
            return false;
        }
        open.extend(&tree.node(id).children);
    }
    true
}

/// The cells of a table as a grid: a cell that spans columns or rows is repeated in each, so that every row and
/// column can be understood alone.
fn table_rows(tree: &Tree, table: NodeId, max_bytes: usize) -> Result<Vec<Vec<String>>, ExtractError> {
    let mut rows: Vec<Vec<String>> = Vec::new();
    // For each column, the text that reaches down from a cell above and for how many more rows.
    let mut from_above: Vec<(usize, String)> = Vec::new();
    let mut bytes = 0;
    for row_id in row_ids(tree, table) {
        let mut row: Vec<String> = Vec::new();
        let cells = tree
            .node(row_id)
            .children
            .iter()
            .copied()
            .filter(|&c| matches!(tree.name(c), "td" | "th"));
        for cell in cells {
            take_from_above(&mut from_above, &mut row);
            let text = text_of(tree, cell);
            let span = |name| {
                tree.attribute(cell, name)
                    .and_then(|span| span.trim().parse().ok())
                    .unwrap_or(1)
                    .clamp(1, MAX_SPAN)
            };
            let rows_below = span("rowspan") - 1;
            for _ in 0..span("colspan") {
                bytes += text.len() + 3;
                if bytes > max_bytes {
                    return Err(ExtractError::too_large("text", max_bytes));
                }
                if rows_below > 0 {
                    from_above.resize(from_above.len().max(row.len() + 1), (0, String::new()));
                    from_above[row.len()] = (rows_below, text.clone());
                }
                row.push(text.clone());
            }
        }
        take_from_above(&mut from_above, &mut row);
        bytes += row.iter().map(String::len).sum::<usize>();
        if bytes > max_bytes {
            return Err(ExtractError::too_large("text", max_bytes));
        }
        rows.push(row);
    }
    Ok(rows)
}

/// Fills the next places of `row` with cells that reach down into it.
fn take_from_above(from_above: &mut [(usize, String)], row: &mut Vec<String>) {
    while let Some((rows_left, text)) = from_above.get_mut(row.len())
        && *rows_left > 0
    {
        *rows_left -= 1;
        row.push(text.clone());
    }
}

fn row_ids(tree: &Tree, table: NodeId) -> Vec<NodeId> {
    let mut rows = Vec::new();
    for &child in &tree.node(table).children {
        match tree.name(child) {
            "tr" => rows.push(child),
            "thead" | "tbody" | "tfoot" => {
                rows.extend(tree.node(child).children.iter().filter(|&&row| tree.name(row) == "tr"));
            }
            _ => {}
        }
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::ExtractedText;
    use crate::extract::Limits;

    fn read(html: &str) -> ExtractedText {
        let limits = Limits::default();
        let mut writer = TextWriter::new(&limits);
        write(html, &mut writer).unwrap();
        let document = writer.finish().unwrap();
        document.validate().unwrap();
        document
    }

    #[test]
    fn what_is_shown_is_kept_and_the_rest_is_not() {
        let document = read(
            "<title>Tea &amp; more</title><nav>Home</nav><script>bad()</script><p hidden>no</p>
             <h2>Green\n tea</h2><p>First\n line<br>second <b>bold</b>.</p><p style='display: none'>no</p>
             <ol start=3><li>three<li><p>four</p><ul><li>nested</ul></ol><pre>a\n  b</pre>",
        );
        assert_eq!(document.title.as_deref(), Some("Tea & more"));
        assert_eq!(
            document.text,
            "Green tea\n\nFirst line\nsecond bold.\n\n3. three\n4. four\n- nested\n\na\n  b"
        );
    }

    #[test]
    fn spanning_cells_are_repeated() {
        let document = read(
            "<table><tr><th rowspan=2>Year<th colspan=2>Sales<tr><td>North<td>South<tr><td>2024<td>1<td>2</table>",
        );
        assert_eq!(
            document.text,
            "| Year | Sales | Sales |\n| --- | --- | --- |\n| Year | North | South |\n| 2024 | 1 | 2 |"
        );
    }

    #[test]
    fn tables_that_lay_out_a_page_are_read_as_blocks() {
        let document = read("<table><tr><td>Menu<td><h1>News</h1><p>Rain.</table>");
        assert_eq!(document.text, "Menu\n\nNews\n\nRain.");
    }

    #[test]
    fn endless_nesting_and_huge_spans_stay_within_limits() {
        assert_eq!(read(&format!("{}deep", "<div>".repeat(2_000))).text, "deep");
        let limits = Limits {
            max_text_bytes: 100_000,
            ..Limits::default()
        };
        let mut writer = TextWriter::new(&limits);
        let cell = "<tr><td colspan=1000 rowspan=1000>0123456789";
        let html = format!("<table>{}</table>", cell.repeat(50));
        assert_eq!(write(&html, &mut writer).unwrap_err().code(), "too_large");
    }
}
