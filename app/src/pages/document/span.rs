//! Which characters of a block are the cited ones.

use std::ops::Range;

/// A run of text that is cited as a whole, or not at all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    pub text: String,
    pub cited: bool,
    /// Whether it is the first cited one of all that is shown.
    pub is_first: bool,
}

/// Cuts the text of a block that begins at character `start` of the document where the cited `span` begins and ends.
pub fn runs(text: &str, start: u64, span: &Range<u64>) -> Vec<Run> {
    runs_of(text.chars().zip(start..), span)
}

/// Cuts characters, each with its position in the document, where the cited `span` begins and ends.
pub fn runs_of(characters: impl Iterator<Item = (char, u64)>, span: &Range<u64>) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::new();
    for (character, position) in characters {
        let cited = span.contains(&position);
        match runs.last_mut() {
            Some(last) if last.cited == cited => last.text.push(character),
            _ => runs.push(Run {
                text: character.to_string(),
                cited,
                is_first: false,
            }),
        }
    }
    runs
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cited(runs: &[Run]) -> Vec<&str> {
        runs.iter()
            .filter(|run| run.cited)
            .map(|run| run.text.as_str())
            .collect()
    }

    #[test]
    fn a_span_within_a_block_is_cut_out_of_it() {
        let found = runs("Größe und Gewicht", 100, &(106..109));
        let shown: Vec<_> = found.iter().map(|run| (run.text.as_str(), run.cited)).collect();
        assert_eq!(shown, [("Größe ", false), ("und", true), (" Gewicht", false)]);
    }

    #[test]
    fn positions_are_characters_not_bytes_or_what_looks_like_one_character() {
        assert_eq!(cited(&runs("👩‍🚀 flies", 0, &(4..9))), ["flies"]);
        assert_eq!(cited(&runs("日本語の文書", 10, &(12..14))), ["語の"]);
    }

    #[test]
    fn a_span_over_several_blocks_marks_the_end_of_the_first_and_the_start_of_the_last() {
        let span = 6..25;
        assert_eq!(cited(&runs("Hello world", 0, &span)), ["world"]);
        assert_eq!(cited(&runs("in between", 13, &span)), ["in between"]);
        assert_eq!(cited(&runs("the end", 22, &span)), ["the"]);
    }

    #[test]
    fn a_span_elsewhere_or_without_length_marks_nothing() {
        assert!(cited(&runs("Hello", 0, &(5..9))).is_empty());
        assert!(cited(&runs("Hello", 50, &(5..9))).is_empty());
        assert!(cited(&runs("Hello", 0, &(2..2))).is_empty());
        assert!(runs("", 0, &(0..1)).is_empty());
    }
}
