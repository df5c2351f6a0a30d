//! Text as it may be stored and shown: composed, without control characters and without characters that reorder or hide.

use unicode_normalization::UnicodeNormalization;

/// NFC text with `\n` line ends, in which only `\n` and `\t` remain of the control characters.
///
/// Dropped besides: bidirectional embeddings, overrides and isolates (they can make a quote read differently from
/// what it says), tag characters (invisible instructions to a model), soft hyphens, byte order marks and
/// non-characters. Marks that only state a direction (U+200E, U+200F, U+061C) stay.
pub(super) fn lines(text: &str) -> String {
    let mut previous_was_return = false;
    text.chars()
        .filter_map(|c| {
            let after_return = std::mem::replace(&mut previous_was_return, c == '\r');
            match c {
                '\n' if after_return => None,
                '\n' | '\r' | '\u{0b}' | '\u{0c}' | '\u{85}' | '\u{2028}' | '\u{2029}' => Some('\n'),
                '\t' => Some(c),
                _ if is_unwanted(c) => None,
                _ => Some(c),
            }
        })
        .nfc()
        .collect()
}

/// Like [`lines`], with every run of white space inside a line made one space and blank lines dropped.
pub(super) fn flowing(text: &str) -> String {
    let text = lines(text);
    let mut out = String::with_capacity(text.len());
    for line in text.lines() {
        let mut words = line.split_whitespace();
        let Some(first) = words.next() else { continue };
        if !out.is_empty() {
            out.push('\n');
        }
        out.push_str(first);
        for word in words {
            out.push(' ');
            out.push_str(word);
        }
    }
    out
}

/// Like [`flowing`], on a single line.
pub(super) fn single_line(text: &str) -> String {
    flowing(text).replace('\n', " ")
}

fn is_unwanted(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}'
            | '\u{202a}'..='\u{202e}'
            | '\u{2066}'..='\u{2069}'
            | '\u{feff}'
            | '\u{fff9}'..='\u{fffb}'
            | '\u{fdd0}'..='\u{fdef}'
            | '\u{e0000}'..='\u{e007f}')
        || (c as u32) & 0xfffe == 0xfffe
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn line_ends_of_every_system_become_one_kind() {
        assert_eq!(lines("a\r\nb\rc\u{2028}d\u{85}e\n\nf"), "a\nb\nc\nd\ne\n\nf");
    }

    #[test]
    fn controls_overrides_and_hidden_tags_are_removed() {
        assert_eq!(
            lines("a\u{0}b\u{202e}c\u{2066}d\u{e0041}e\u{ad}f\u{fffe}g\u{1b}"),
            "abcdefg"
        );
        assert_eq!(lines("\u{200f}שלום"), "\u{200f}שלום");
    }

    #[test]
    fn letters_are_composed() {
        assert_eq!(lines("e\u{301}"), "é");
    }

    #[test]
    fn flowing_text_keeps_line_breaks_and_single_spaces() {
        assert_eq!(flowing("  a \u{a0} b\t c \n \n d "), "a b c\nd");
    }
}
