//! Text to the terms that lexical search counts.
//!
//! Scripts that put spaces between words yield words: lower-case, without accents, stemmed. Scripts that do not (Chinese,
//! Japanese, Thai, Lao, Khmer, Burmese) yield pairs of neighbouring characters, for which no dictionary is needed.

use rust_stemmers::{Algorithm, Stemmer};
use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};
use unicode_segmentation::UnicodeSegmentation;

/// Words so common that they say nothing about a passage, in order.
const STOP_WORDS: [&str; 127] = [
    "a",
    "about",
    "above",
    "after",
    "again",
    "against",
    "all",
    "also",
    "am",
    "an",
    "and",
    "any",
    "are",
    "as",
    "at",
    "be",
    "because",
    "been",
    "before",
    "being",
    "below",
    "between",
    "both",
    "but",
    "by",
    "can",
    "could",
    "did",
    "do",
    "does",
    "doing",
    "down",
    "during",
    "each",
    "few",
    "for",
    "from",
    "further",
    "had",
    "has",
    "have",
    "having",
    "he",
    "her",
    "here",
    "hers",
    "herself",
    "him",
    "himself",
    "his",
    "how",
    "i",
    "if",
    "in",
    "into",
    "is",
    "it",
    "its",
    "itself",
    "just",
    "me",
    "more",
    "most",
    "must",
    "my",
    "myself",
    "no",
    "nor",
    "not",
    "of",
    "off",
    "on",
    "once",
    "only",
    "or",
    "other",
    "ought",
    "our",
    "ours",
    "ourselves",
    "out",
    "over",
    "same",
    "she",
    "should",
    "so",
    "some",
    "such",
    "than",
    "that",
    "the",
    "their",
    "theirs",
    "them",
    "themselves",
    "then",
    "there",
    "these",
    "they",
    "this",
    "those",
    "through",
    "to",
    "too",
    "under",
    "until",
    "up",
    "very",
    "was",
    "we",
    "were",
    "what",
    "when",
    "where",
    "which",
    "while",
    "who",
    "whom",
    "why",
    "will",
    "with",
    "would",
    "you",
    "your",
    "yours",
    "yourself",
    "yourselves",
];

/// Longer words are cut: nobody searches for them whole.
const LONGEST_WORD: usize = 64;

/// The terms of a text in order, repeated as often as they occur.
pub fn terms(text: &str) -> Vec<String> {
    let stemmer = Stemmer::create(Algorithm::English);
    let mut terms = Vec::new();
    for run in text
        .nfkc()
        .collect::<String>()
        .to_lowercase()
        .split(|c: char| !is_word_character(c))
    {
        for (unspaced, piece) in pieces(run) {
            if unspaced {
                push_pairs(piece, &mut terms);
            } else {
                piece
                    .unicode_words()
                    .for_each(|word| push_word(word, &stemmer, &mut terms));
            }
        }
    }
    terms
}

/// The terms of a question, each once.
pub fn query_terms(question: &str) -> Vec<String> {
    let mut seen = std::collections::HashSet::new();
    terms(question)
        .into_iter()
        .filter(|term| seen.insert(term.clone()))
        .collect()
}

fn is_word_character(c: char) -> bool {
    c.is_alphanumeric() || is_combining_mark(c)
}

/// Scripts written without spaces between words, by Unicode block.
fn is_unspaced(c: char) -> bool {
    matches!(c,
        '\u{0e00}'..='\u{0eff}'     // Thai, Lao
        | '\u{1000}'..='\u{109f}'   // Burmese
        | '\u{1780}'..='\u{17ff}'   // Khmer
        | '\u{3040}'..='\u{30ff}'   // Hiragana, Katakana
        | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3ffff}')
}

/// Cuts a run of word characters where the script changes between spaced and unspaced.
fn pieces(run: &str) -> impl Iterator<Item = (bool, &str)> {
    let mut rest = run;
    std::iter::from_fn(move || {
        let first = is_unspaced(rest.chars().next()?);
        let end = rest.find(|c| is_unspaced(c) != first).unwrap_or(rest.len());
        let (piece, after) = rest.split_at(end);
        rest = after;
        Some((first, piece))
    })
}

fn push_pairs(piece: &str, terms: &mut Vec<String>) {
    let characters: Vec<char> = piece.chars().filter(|c| !is_combining_mark(*c)).collect();
    if let [single] = characters[..] {
        terms.push(single.to_string());
    }
    terms.extend(characters.windows(2).map(|pair| pair.iter().collect()));
}

fn push_word(word: &str, stemmer: &Stemmer, terms: &mut Vec<String>) {
    if STOP_WORDS.binary_search(&word).is_ok() {
        return;
    }
    let folded: String = if word.is_ascii() {
        word.to_owned()
    } else {
        without_accents(word)
    };
    let cut: String = folded.chars().take(LONGEST_WORD).collect();
    // A lone accent is a word character but leaves nothing once accents are dropped.
    if cut.is_empty() {
        return;
    }
    terms.push(if cut.is_ascii() {
        stemmer.stem(&cut).into_owned()
    } else {
        cut
    });
}

/// Accents of Latin, Greek and Cyrillic letters are dropped; vowel signs of Indic scripts are letters' parts and stay.
fn without_accents(word: &str) -> String {
    let is_accent = |c: char| matches!(c, '\u{0300}'..='\u{036f}');
    word.nfd().filter(|c| !is_accent(*c)).nfc().collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn stop_words_are_in_order() {
        assert!(STOP_WORDS.is_sorted());
    }

    #[test]
    fn words_are_folded_and_stemmed_and_stop_words_dropped() {
        assert_eq!(
            terms("The Contracts were signed in Zürich"),
            ["contract", "sign", "zurich"]
        );
    }

    #[test]
    fn chinese_and_thai_become_pairs_of_characters() {
        assert_eq!(terms("北京大学"), ["北京", "京大", "大学"]);
        assert_eq!(terms("使用Rust语言"), ["使用", "rust", "语言"]);
        assert!(terms("ภาษาไทย").len() > 3);
    }

    #[test]
    fn devanagari_keeps_its_vowel_signs() {
        assert_eq!(terms("हिन्दी भाषा"), ["हिन्दी", "भाषा"]);
    }

    #[test]
    fn full_width_and_composed_forms_are_found_by_their_plain_ones() {
        assert_eq!(terms("Ｈｙｐｅｒｉｏｎ ﬁne"), terms("Hyperion fine"));
    }

    proptest! {
        #[test]
        fn a_term_never_holds_a_space_or_a_quote(text in "\\PC*") {
            for term in terms(&text) {
                prop_assert!(!term.is_empty());
                prop_assert!(!term.contains(|c: char| c.is_whitespace() || c == '"'));
            }
        }

        #[test]
        fn a_text_is_found_by_its_own_words(text in "[a-zäöü ]{1,80}") {
            let indexed = terms(&text);
            for term in query_terms(&text) {
                prop_assert!(indexed.contains(&term));
            }
        }
    }
}
