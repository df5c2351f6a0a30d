//! Rich text: paragraphs, headings by style, tables, in any of the code pages and Unicode forms RTF has.

use std::collections::HashMap;

use encoding_rs::Encoding;

use super::plain::list_marker;
use super::{ExtractError, writer::TextWriter};

/// Groups open inside each other; real files stay below 50.
const MAX_GROUPS: usize = 1000;

pub(super) fn write(bytes: &[u8], writer: &mut TextWriter) -> Result<(), ExtractError> {
    let mut reader = Reader::new(writer);
    let mut rest = bytes;
    while let Some((token, after)) = next_token(rest) {
        rest = after;
        reader.take(token)?;
        // Pictures and other objects may carry raw bytes.
        if let Token::Word("bin", Some(length)) = token {
            rest = rest.get(usize::try_from(length).unwrap_or(0)..).unwrap_or_default();
        }
    }
    reader.end_paragraph()?;
    reader.end_table()
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Token<'b> {
    Open,
    Close,
    /// A control word and its number.
    Word(&'b str, Option<i32>),
    /// A control symbol such as `~` or `*`.
    Symbol(u8),
    /// A character by its number in the current code page: `\'e4`.
    Escaped(u8),
    Byte(u8),
}

fn next_token(bytes: &[u8]) -> Option<(Token<'_>, &[u8])> {
    let (&first, rest) = bytes.split_first()?;
    match first {
        b'{' => Some((Token::Open, rest)),
        b'}' => Some((Token::Close, rest)),
        b'\\' => Some(control(rest)),
        other => Some((Token::Byte(other), rest)),
    }
}

fn control(bytes: &[u8]) -> (Token<'_>, &[u8]) {
    let letters = bytes.iter().take_while(|byte| byte.is_ascii_alphabetic()).count();
    if letters == 0 {
        return match bytes {
            [b'\'', high, low, rest @ ..] => {
                let digit = |byte: &u8| char::from(*byte).to_digit(16);
                match (digit(high), digit(low)) {
                    (Some(high), Some(low)) => (Token::Escaped((high * 16 + low) as u8), rest),
                    _ => (Token::Symbol(b'\''), &bytes[1..]),
                }
            }
            [symbol, rest @ ..] => (Token::Symbol(*symbol), rest),
            [] => (Token::Symbol(b' '), bytes),
        };
    }
    let (word, rest) = bytes.split_at(letters);
    let sign = usize::from(rest.first() == Some(&b'-'));
    let digits = rest[sign..].iter().take_while(|byte| byte.is_ascii_digit()).count();
    let (number, rest) = if digits > 0 {
        rest.split_at(sign + digits)
    } else {
        (&rest[..0], rest)
    };
    let rest = rest.strip_prefix(b" ").unwrap_or(rest);
    let number = std::str::from_utf8(number).ok().and_then(|number| number.parse().ok());
    (Token::Word(std::str::from_utf8(word).unwrap_or_default(), number), rest)
}

/// Where text goes.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Destination {
    Body,
    Fonts,
    Styles,
    Title,
    Nowhere,
}

/// What a group inherits from the one around it.
#[derive(Debug, Clone)]
struct Group {
    destination: Destination,
    encoding: &'static Encoding,
    /// Characters that follow a `\u` for older readers.
    fallback_length: usize,
    /// The next token is the first of its group, where destinations are named.
    is_ignorable: bool,
    is_hidden: bool,
    style: i32,
    outline_level: Option<u8>,
    is_in_table: bool,
}

struct Reader<'w, 'l> {
    writer: &'w mut TextWriter<'l>,
    groups: Vec<Group>,
    group: Group,
    default_encoding: &'static Encoding,
    fonts: HashMap<i32, &'static Encoding>,
    font: i32,
    /// Style number to heading level.
    heading_styles: HashMap<i32, u8>,
    /// Bytes whose code page is that of the group; a character may be two of them.
    bytes: Vec<u8>,
    /// UTF-16 units from `\u`; a character may be two of them.
    units: Vec<u16>,
    to_skip: usize,
    text: String,
    /// Text of another destination than the body.
    aside: String,
    row: Vec<String>,
    rows: Vec<Vec<String>>,
}

impl<'w, 'l> Reader<'w, 'l> {
    fn new(writer: &'w mut TextWriter<'l>) -> Self {
        let group = Group {
            destination: Destination::Body,
            encoding: encoding_rs::WINDOWS_1252,
            fallback_length: 1,
            is_ignorable: false,
            is_hidden: false,
            style: 0,
            outline_level: None,
            is_in_table: false,
        };
        Self {
            writer,
            groups: Vec::new(),
            group,
            default_encoding: encoding_rs::WINDOWS_1252,
            fonts: HashMap::new(),
            font: 0,
            heading_styles: HashMap::new(),
            bytes: Vec::new(),
            units: Vec::new(),
            to_skip: 0,
            text: String::new(),
            aside: String::new(),
            row: Vec::new(),
            rows: Vec::new(),
        }
    }

    fn take(&mut self, token: Token) -> Result<(), ExtractError> {
        match token {
            Token::Open => {
                self.flush();
                self.to_skip = 0;
                if self.groups.len() >= MAX_GROUPS {
                    return Err(ExtractError::TooLarge {
                        what: "nesting".to_owned(),
                        limit: format!("{MAX_GROUPS} levels"),
                    });
                }
                self.groups.push(self.group.clone());
            }
            Token::Close => {
                self.flush();
                self.to_skip = 0;
                self.close_group();
            }
            Token::Byte(b'\r' | b'\n') => {}
            Token::Byte(byte) | Token::Escaped(byte) => {
                if self.to_skip > 0 {
                    self.to_skip -= 1;
                } else {
                    self.flush_units();
                    self.bytes.push(byte);
                }
            }
            Token::Symbol(symbol) => self.take_symbol(symbol)?,
            Token::Word(word, number) => self.take_word(word, number)?,
        }
        Ok(())
    }

    fn take_symbol(&mut self, symbol: u8) -> Result<(), ExtractError> {
        match symbol {
            b'*' => self.group.is_ignorable = true,
            b'~' => self.push('\u{a0}'),
            b'_' => self.push('-'),
            b'\\' | b'{' | b'}' => self.push(char::from(symbol)),
            b'\r' | b'\n' => self.end_paragraph()?,
            _ => {}
        }
        Ok(())
    }

    fn take_word(&mut self, word: &str, number: Option<i32>) -> Result<(), ExtractError> {
        if word != "u" && word != "uc" {
            self.flush();
        }
        let is_ignorable = std::mem::take(&mut self.group.is_ignorable);
        match word {
            "u" => {
                self.flush_bytes();
                // The number is signed where the character is above 32,767.
                self.units.push(number.unwrap_or(0) as u16);
                self.to_skip = self.group.fallback_length;
            }
            "uc" => self.group.fallback_length = usize::try_from(number.unwrap_or(1)).unwrap_or(1),
            "ansicpg" => {
                self.default_encoding = code_page(number.unwrap_or(0)).unwrap_or(self.default_encoding);
                self.group.encoding = self.default_encoding;
            }
            "mac" => {
                self.default_encoding = encoding_rs::MACINTOSH;
                self.group.encoding = self.default_encoding;
            }
            "fonttbl" => self.group.destination = Destination::Fonts,
            "stylesheet" => self.group.destination = Destination::Styles,
            "title" if self.group.destination == Destination::Nowhere => self.group.destination = Destination::Title,
            "f" => {
                self.font = number.unwrap_or(0);
                if self.group.destination != Destination::Fonts {
                    self.group.encoding = self.fonts.get(&self.font).copied().unwrap_or(self.default_encoding);
                }
            }
            "fcharset" => {
                let encoding = character_set(number.unwrap_or(1)).unwrap_or(self.default_encoding);
                self.fonts.insert(self.font, encoding);
                self.group.encoding = encoding;
            }
            "s" => self.group.style = number.unwrap_or(0),
            "outlinelevel" => self.group.outline_level = number.and_then(|level| u8::try_from(level).ok()),
            "v" => self.group.is_hidden = number != Some(0),
            "plain" => self.group.is_hidden = false,
            "pard" => {
                self.group.style = 0;
                self.group.outline_level = None;
                self.group.is_in_table = false;
            }
            "intbl" => self.group.is_in_table = true,
            "par" | "sect" | "page" => self.end_paragraph()?,
            "line" => self.push('\n'),
            "tab" => self.push('\t'),
            "cell" | "nestcell" if self.group.destination == Destination::Body => {
                self.row.push(std::mem::take(&mut self.text));
            }
            "row" | "nestrow" if self.group.destination == Destination::Body => {
                self.rows.push(std::mem::take(&mut self.row));
            }
            "emdash" => self.push('—'),
            "endash" => self.push('–'),
            "bullet" => self.push('•'),
            "lquote" => self.push('‘'),
            "rquote" => self.push('’'),
            "ldblquote" => self.push('“'),
            "rdblquote" => self.push('”'),
            "info" | "colortbl" | "pict" | "object" | "header" | "headerl" | "headerr" | "headerf" | "footer"
            | "footerl" | "footerr" | "footerf" | "themedata" | "colorschememapping" | "datastore" | "latentstyles"
            | "listtable" | "listoverridetable" | "revtbl" | "rsidtbl" | "generator" | "fldinst" | "bkmkstart"
            | "bkmkend" | "xmlnstbl" | "annotation" | "atnid" | "atnauthor" | "tc" | "xe" | "nonshppict" => {
                self.group.destination = Destination::Nowhere;
            }
            // Destinations that text belongs to although older readers may ignore them.
            "shptxt" | "fldrslt" | "shpinst" | "shppict" | "upr" | "ud" | "nesttableprops" => {}
            _ if is_ignorable => self.group.destination = Destination::Nowhere,
            _ => {}
        }
        Ok(())
    }

    fn close_group(&mut self) {
        let Some(outer) = self.groups.pop() else { return };
        match self.group.destination {
            Destination::Styles => {
                let name = std::mem::take(&mut self.aside).to_lowercase();
                let level = name
                    .trim()
                    .trim_end_matches(';')
                    .strip_prefix("heading ")
                    .and_then(|n| n.parse().ok());
                if let Some(level) = level {
                    self.heading_styles.insert(self.group.style, level);
                }
            }
            Destination::Title if outer.destination != Destination::Title => {
                let title = std::mem::take(&mut self.aside);
                self.writer.title(&title);
            }
            Destination::Fonts => self.aside.clear(),
            _ => {}
        }
        self.group = outer;
    }

    fn push(&mut self, c: char) {
        self.flush();
        self.push_str(c.encode_utf8(&mut [0; 4]));
    }

    fn push_str(&mut self, text: &str) {
        match self.group.destination {
            Destination::Body if !self.group.is_hidden => self.text.push_str(text),
            Destination::Styles | Destination::Title => self.aside.push_str(text),
            _ => {}
        }
    }

    fn flush(&mut self) {
        self.flush_bytes();
        self.flush_units();
    }

    fn flush_bytes(&mut self) {
        if !self.bytes.is_empty() {
            let bytes = std::mem::take(&mut self.bytes);
            let text = self.group.encoding.decode_without_bom_handling(&bytes).0;
            self.push_str(&text);
        }
    }

    fn flush_units(&mut self) {
        if !self.units.is_empty() {
            let units = std::mem::take(&mut self.units);
            self.push_str(&String::from_utf16_lossy(&units));
        }
    }

    fn end_paragraph(&mut self) -> Result<(), ExtractError> {
        self.flush();
        if self.group.destination != Destination::Body {
            return Ok(());
        }
        if self.group.is_in_table {
            // A cell may hold several paragraphs.
            self.text.push('\n');
            return Ok(());
        }
        let text = std::mem::take(&mut self.text);
        if text.trim().is_empty() {
            return Ok(());
        }
        self.end_table()?;
        let by_style = || self.heading_styles.get(&self.group.style).copied();
        match self
            .group
            .outline_level
            .filter(|&level| level < 9)
            .map(|level| level + 1)
            .or_else(by_style)
        {
            Some(level) => self.writer.heading(level, &text),
            None => match list_marker(&text.replacen('\t', " ", 1)) {
                Some((marker, item)) => self.writer.list_item(marker, item),
                None => self.writer.paragraph(&text),
            },
        }
    }

    fn end_table(&mut self) -> Result<(), ExtractError> {
        if !self.row.is_empty() {
            self.rows.push(std::mem::take(&mut self.row));
        }
        let rows = std::mem::take(&mut self.rows);
        self.writer.table(&rows)
    }
}

/// A Windows code page by its number.
fn code_page(number: i32) -> Option<&'static Encoding> {
    match number {
        932 => Some(encoding_rs::SHIFT_JIS),
        936 => Some(encoding_rs::GBK),
        949 => Some(encoding_rs::EUC_KR),
        950 => Some(encoding_rs::BIG5),
        10000 => Some(encoding_rs::MACINTOSH),
        65001 => Some(encoding_rs::UTF_8),
        _ => Encoding::for_label(format!("windows-{number}").as_bytes()),
    }
}

/// A font's character set by its number in the RTF specification, where it is not the document's own.
fn character_set(number: i32) -> Option<&'static Encoding> {
    let page = match number {
        77 => 10000,
        128 => 932,
        129 => 949,
        134 => 936,
        136 => 950,
        161 => 1253,
        162 => 1254,
        163 => 1258,
        177 => 1255,
        178 => 1256,
        186 => 1257,
        204 => 1251,
        222 => 874,
        238 => 1250,
        _ => return None,
    };
    code_page(page)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::ExtractedText;
    use crate::extract::Limits;

    fn read(rtf: &str) -> ExtractedText {
        let limits = Limits::default();
        let mut writer = TextWriter::new(&limits);
        write(rtf.as_bytes(), &mut writer).unwrap();
        let document = writer.finish().unwrap();
        document.validate().unwrap();
        document
    }

    #[test]
    fn text_in_any_encoding_is_read_and_the_rest_is_not() {
        let document = read(
            r"{\rtf1\ansi\ansicpg1252{\fonttbl{\f0\fswiss Arial;}{\f1\fcharset204 Arial Cyr;}}
            {\info{\title On tea}{\author Nobody}}{\stylesheet{\s1 heading 1;}}{\*\generator X;}
            \pard\s1 Chapter\par\pard Gr\'fcner \u26085?\u26412? {\b tea}\~\f1\'f7\'e0\'e9\par{\v hidden}Last}",
        );
        assert_eq!(document.title.as_deref(), Some("On tea"));
        assert_eq!(document.text, "Chapter\n\nGrüner 日本 tea чай\n\nLast");
    }

    #[test]
    fn rows_become_a_table() {
        let document =
            read(r"{\rtf1 Before\par\trowd\intbl A\cell B\cell\row\trowd\intbl 1\cell 2\cell\row\pard After\par}");
        assert_eq!(document.text, "Before\n\n| A | B |\n| --- | --- |\n| 1 | 2 |\n\nAfter");
    }
}
