//! Markdown as plain text, for terminals and pipes.

use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

/// Markdown without its marks. Control characters, which could command a terminal, are left out.
pub fn text(markdown: &str) -> String {
    let mut out = String::new();
    // For each list that is open, the number of its next item; none in a list with bullets.
    let mut lists: Vec<Option<u64>> = Vec::new();
    let mut link: Option<String> = None;
    for event in Parser::new_ext(markdown, Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH) {
        match event {
            Event::Text(text) | Event::Code(text) | Event::Html(text) | Event::InlineHtml(text) => out.push_str(&text),
            Event::SoftBreak | Event::HardBreak => out.push('\n'),
            Event::Rule => out.push_str("---\n\n"),
            Event::Start(Tag::List(first)) => {
                end_line(&mut out);
                lists.push(first);
            }
            Event::End(TagEnd::List(_)) => {
                lists.pop();
                if lists.is_empty() {
                    out.push('\n');
                }
            }
            Event::Start(Tag::Item) => {
                end_line(&mut out);
                out.push_str(&"  ".repeat(lists.len().saturating_sub(1)));
                match lists.last_mut() {
                    Some(Some(number)) => {
                        out.push_str(&format!("{number}. "));
                        *number += 1;
                    }
                    _ => out.push_str("- "),
                }
            }
            Event::End(TagEnd::Item | TagEnd::TableHead | TagEnd::TableRow) => end_line(&mut out),
            Event::End(TagEnd::TableCell) => out.push_str("  "),
            Event::End(TagEnd::Table | TagEnd::CodeBlock | TagEnd::Heading(_)) => out.push_str("\n\n"),
            Event::End(TagEnd::Paragraph) if lists.is_empty() => out.push_str("\n\n"),
            Event::Start(Tag::Link { dest_url, .. }) => link = Some(dest_url.into_string()),
            Event::End(TagEnd::Link) => {
                if let Some(address) = link.take().filter(|address| !out.ends_with(address.as_str())) {
                    out.push_str(&format!(" ({address})"));
                }
            }
            _ => {}
        }
    }
    without_control_characters(out.trim_end())
}

fn end_line(out: &mut String) {
    if !out.is_empty() && !out.ends_with('\n') {
        out.push('\n');
    }
}

pub fn without_control_characters(text: &str) -> String {
    text.chars()
        .filter(|c| matches!(c, '\n' | '\t') || !c.is_control())
        .collect()
}

/// Markdown that arrives in pieces, given on as plain text as soon as nothing to come can change how it reads.
#[derive(Default)]
pub struct PlainStream {
    markdown: String,
    shown: String,
}

impl PlainStream {
    /// Takes the next piece and gives the text that is certain by now.
    pub fn push(&mut self, piece: &str) -> String {
        self.markdown.push_str(piece);
        let text = text(certain(&self.markdown));
        self.advance(text)
    }

    /// Gives the rest of the text, whose whole Markdown is this, and ends its line.
    pub fn finish(mut self, markdown: &str) -> String {
        let text = text(markdown);
        if text.starts_with(&self.shown) {
            self.advance(text) + "\n"
        } else {
            // Something that was shown reads otherwise in the end.
            format!("\n\n{text}\n")
        }
    }

    fn advance(&mut self, text: String) -> String {
        match text.strip_prefix(&self.shown).map(str::to_owned) {
            Some(more) => {
                self.shown = text;
                more
            }
            None => String::new(),
        }
    }
}

/// The beginning up to the last word before any mark that is still open in the last paragraph.
fn certain(markdown: &str) -> &str {
    let paragraph = markdown.rfind("\n\n").map_or(0, |at| at + 2);
    let is_mark = |c: char| {
        matches!(
            c,
            '*' | '_' | '`' | '[' | '\\' | '<' | '#' | '|' | '~' | '&' | '-' | '+'
        )
    };
    let tail = &markdown[paragraph..];
    let mut open: Option<(char, usize)> = None;
    for (at, c) in tail.char_indices() {
        match open {
            None if is_mark(c) => open = Some((c, at)),
            Some((mark, _)) if c == if mark == '[' { ']' } else { mark } => open = None,
            _ => {}
        }
    }
    let safe = open.map_or(tail.len(), |(_, at)| at);
    let safe = tail[..safe].rfind(char::is_whitespace).unwrap_or(0);
    &markdown[..paragraph + safe]
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn marks_are_gone_and_structure_stays() {
        let markdown = "## Leave\n\nIt is **thirty** days, see `leave.md` [1].\n\n- one\n- *two*\n\n1. a\n2. b\n\n\
                        | x | y |\n|---|---|\n| 1 | 2 |\n\n```\nlet a = 1;\n```\n\\*not bold\\* [site](https://a.example)";
        assert_eq!(
            text(markdown),
            "Leave\n\nIt is thirty days, see leave.md [1].\n\n- one\n- two\n\n1. a\n2. b\n\n\
             x  y  \n1  2  \n\n\nlet a = 1;\n\n\n*not bold* site (https://a.example)"
        );
    }

    #[test]
    fn a_terminal_cannot_be_commanded() {
        assert_eq!(text("safe\u{1b}[31m \u{9b}2J\u{7}text"), "safe[31m 2Jtext");
    }

    #[test]
    fn words_are_shown_before_the_answer_is_complete() {
        let mut stream = PlainStream::default();
        let shown: Vec<String> = ["The **fee", " is** ", "ten ", "euros [1", "].\n\nMore"]
            .map(|piece| stream.push(piece))
            .into();
        assert_eq!(shown.concat(), "The fee is ten euros [1].");
        assert!(shown[1].contains("fee"), "{shown:?}");
        let whole = "The **fee is** ten euros [1].\n\nMore";
        assert_eq!(stream.finish(whole), "\n\nMore\n");
    }

    proptest! {
        #[test]
        fn however_it_is_cut_the_end_of_what_is_shown_is_the_whole_text(
            words in prop::collection::vec("[a-z]{1,6}|\\*\\*[a-z]{1,6} [a-z]{1,6}\\*\\*|\\[[0-9]\\]|`[a-z]{1,4}`|\n\n|- [a-z]+\n", 0..30),
            cuts in prop::collection::vec(1_usize..9, 1..60),
        ) {
            let markdown = words.join(" ");
            let mut stream = PlainStream::default();
            let (mut shown, mut rest) = (String::new(), markdown.as_str());
            for cut in cuts.iter().cycle() {
                if rest.is_empty() { break; }
                let (piece, after) = rest.split_at((*cut).min(rest.len()));
                shown.push_str(&stream.push(piece));
                rest = after;
            }
            shown.push_str(&stream.finish(&markdown));
            prop_assert!(shown.ends_with(&format!("{}\n", text(&markdown))), "{shown:?}");
        }
    }
}
