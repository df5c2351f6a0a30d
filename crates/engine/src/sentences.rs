//! Where the sentences of a text are.

use std::ops::Range;

use unicode_segmentation::UnicodeSegmentation;

/// What ends with a full stop without ending a sentence, lower-case and without the stop.
const ABBREVIATIONS: [&str; 46] = [
    "adm", "al", "approx", "art", "bzw", "ca", "cf", "col", "corp", "dr", "e.g", "ed", "eq", "etc", "fig", "figs",
    "gen", "gov", "hr", "i.e", "inc", "jr", "lt", "ltd", "messrs", "mr", "mrs", "ms", "mt", "nr", "par", "pp", "prof",
    "ref", "rep", "rev", "sec", "sen", "sgt", "sr", "st", "u.s", "u.k", "vol", "vs", "z.b",
];

/// A line this long without an end of a sentence may go on in the next one.
const WRAPPED_LINE: usize = 50;

/// Signs that close what a sentence is part of, and belong to it when they follow its end.
pub(crate) fn is_closer(c: char) -> bool {
    matches!(
        c,
        '*' | '_' | '`' | '~' | '"' | '\'' | ')' | ']' | '”' | '’' | '»' | '“' | '）' | '」' | '』' | '》'
    )
}

pub(crate) fn ends_sentence(c: char) -> bool {
    matches!(
        c,
        '.' | '!' | '?' | '…' | '。' | '！' | '？' | '｡' | '।' | '॥' | '؟' | '۔' | '։' | '။'
    )
}

/// The sentences of a text as byte ranges without the space around them, each with a letter or digit in it.
///
/// A line ends a sentence unless it is long and the next one goes on in small letters. Whether a sentence has ended
/// depends on the text up to the first letter after it and on nothing beyond.
pub fn sentences(text: &str) -> Vec<Range<usize>> {
    let mut found: Vec<Range<usize>> = Vec::new();
    let mut goes_on = false;
    for (start, segment) in text.split_sentence_bound_indices() {
        let end = start + segment.len();
        let mut start = start;
        // Emphasis and quotation marks that close right after the full stop begin the next segment.
        if let Some(last) = found.last_mut()
            && last.end == start
        {
            start += segment.len() - segment.trim_start_matches(is_closer).len();
            last.end = start;
        }
        let trimmed = trim(text, start..end);
        if !text[trimmed.clone()].contains(char::is_alphanumeric) {
            continue;
        }
        match found.last_mut() {
            Some(last)
                if goes_on
                    || continues(
                        &text[last.clone()],
                        &text[last.end..trimmed.start],
                        &text[trimmed.clone()],
                    ) =>
            {
                last.end = trimmed.end;
            }
            _ => found.push(trimmed.clone()),
        }
        goes_on = ends_with_abbreviation(&text[trimmed]);
    }
    found
}

/// The range without the space at its ends.
pub(crate) fn trim(text: &str, range: Range<usize>) -> Range<usize> {
    let piece = &text[range.clone()];
    let start = range.start + (piece.len() - piece.trim_start().len());
    start..(start + piece.trim().len())
}

/// Whether a line goes on in the next.
fn continues(before: &str, between: &str, after: &str) -> bool {
    let one_line_end = between.trim_matches(' ') == "\n";
    let long = before
        .rsplit('\n')
        .next()
        .is_some_and(|line| line.chars().count() >= WRAPPED_LINE);
    let open = !before.trim_end_matches(is_closer).ends_with(ends_sentence);
    one_line_end
        && long
        && open
        && after
            .chars()
            .find(|c| c.is_alphabetic())
            .is_some_and(char::is_lowercase)
}

fn ends_with_abbreviation(sentence: &str) -> bool {
    let Some(rest) = sentence.strip_suffix('.') else {
        return false;
    };
    let word = rest
        .rsplit(|c: char| c.is_whitespace() || "([\"“„".contains(c))
        .next()
        .unwrap_or_default();
    let mut characters = word.chars();
    let initial = matches!((characters.next(), characters.next()), (Some(c), None) if c.is_uppercase() && c != 'I');
    initial || ABBREVIATIONS.contains(&word.to_lowercase().as_str())
}

/// Words a line may have and still be a heading.
const LONGEST_HEADING: usize = 12;

/// Whether a sentence of a passage is a heading in it: one of those it stands under, or a short line between blank
/// ones that ends like no sentence and has something below it.
pub fn is_heading(text: &str, sentence: &Range<usize>, known: &[String]) -> bool {
    let words: Vec<&str> = text[sentence.clone()].split_whitespace().collect();
    if known
        .iter()
        .any(|heading| heading.split_whitespace().eq(words.iter().copied()))
    {
        return true;
    }
    let (before, after) = (&text[..sentence.start], &text[sentence.end..]);
    let alone = (before.trim().is_empty() || before.ends_with("\n\n")) && after.starts_with("\n\n");
    let begins_list = |text: &str| text.starts_with(['-', '*', '•', '|']);
    alone
        && !after.trim().is_empty()
        && words.len() <= LONGEST_HEADING
        && !begins_list(words[0])
        && !text[sentence.clone()]
            .trim_end_matches(is_closer)
            .ends_with(|c| ends_sentence(c) || c == ':' || c == ',')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of(text: &str) -> Vec<&str> {
        sentences(text).into_iter().map(|range| &text[range]).collect()
    }

    #[test]
    fn titles_and_initials_end_no_sentence() {
        assert_eq!(
            of("Dr. Smith met J. R. Ewing in the U.S. Senate. They agreed."),
            ["Dr. Smith met J. R. Ewing in the U.S. Senate.", "They agreed."]
        );
        assert_eq!(
            of("It costs 3.5 euros, e.g. Monday. Done!"),
            ["It costs 3.5 euros, e.g. Monday.", "Done!"]
        );
    }

    #[test]
    fn chinese_needs_no_space_between_sentences() {
        assert_eq!(of("天空是蓝的。草是绿的。"), ["天空是蓝的。", "草是绿的。"]);
    }

    #[test]
    fn a_line_is_a_sentence_unless_it_is_wrapped() {
        assert_eq!(
            of("- Tea\n- Milk\n\nRent\n\nIt is due."),
            ["- Tea", "- Milk", "Rent", "It is due."]
        );
        let wrapped =
            "The notice period of this lease, as agreed between both, is\nthree months to the end of a quarter.";
        assert_eq!(of(wrapped), [wrapped]);
    }

    #[test]
    fn emphasis_that_closes_after_the_full_stop_belongs_to_the_sentence() {
        assert_eq!(
            of("**It is so.** \"And so.\" Then."),
            ["**It is so.**", "\"And so.\"", "Then."]
        );
    }

    #[test]
    fn headings_are_told_from_sentences_and_lists() {
        let text = "Handbook\n\nMonday\n\nOpen all day.\n\n- Closed\n\nNights\n\nCall 555";
        let headings: Vec<&str> = sentences(text)
            .into_iter()
            .filter(|range| is_heading(text, range, &["Handbook".to_owned()]))
            .map(|range| &text[range])
            .collect();
        assert_eq!(headings, ["Handbook", "Monday", "Nights"]);
    }

    proptest! {
        #[test]
        fn sentences_are_in_order_apart_and_hold_every_letter(text in "([A-Za-zäß。 .!?\n*\"'3-]|Dr\\. ){0,80}") {
            let found = sentences(&text);
            let mut end = 0;
            for range in &found {
                prop_assert!(!text[end..range.start].contains(char::is_alphanumeric));
                prop_assert!(range.start >= end && range.end > range.start);
                end = range.end;
            }
            prop_assert!(!text[end..].contains(char::is_alphanumeric));
        }
    }
}
