//! Passages as answers see them: sentence by sentence, with their words, figures, names and meaning.

use std::{
    collections::{HashMap, HashSet},
    ops::Range,
    sync::LazyLock,
};

use unicode_segmentation::UnicodeSegmentation;

use crate::{
    embed::{EmbedError, Embedder},
    lexical::terms,
    sentences::{is_heading, sentences, trim},
};

/// A passage that an answer may be made from.
#[derive(Debug, Clone, Default)]
pub struct Source {
    pub text: String,
    /// The name of its document.
    pub title: String,
    /// The headings it stands under.
    pub headings: Vec<String>,
}

/// A source cut into its sentences; headings are left out.
pub(crate) struct Evidence {
    pub text: String,
    pub sentences: Vec<Sentence>,
    /// What is known from where the passage stands.
    pub context: Words,
    vectors: Option<Vec<Vec<f32>>>,
}

pub(crate) struct Sentence {
    /// Bytes in the source's text.
    pub range: Range<usize>,
    pub words: Words,
}

impl Evidence {
    pub fn new(source: &Source) -> Self {
        let text = source.text.clone();
        let mut ranges = sentences(&text);
        ranges.retain(|range| !is_heading(&text, range, &source.headings));
        // A passage of nothing but headings still says something.
        if ranges.is_empty() && !text.trim().is_empty() {
            ranges.push(trim(&text, 0..text.len()));
        }
        let sentences = ranges
            .into_iter()
            .map(|range| Sentence {
                words: Words::of(&text[range.clone()]),
                range,
            })
            .collect();
        let mut context = Words::of(&source.title);
        for heading in &source.headings {
            context.add(&Words::of(heading));
        }
        // Where there are several, headings inside the passage are context too.
        context.add(&Words::of(&headings_within(source)));
        Self {
            text,
            sentences,
            context,
            vectors: None,
        }
    }

    /// One vector for each sentence, computed when first asked for.
    pub fn vectors(&mut self, embedder: &dyn Embedder) -> Result<&[Vec<f32>], EmbedError> {
        let vectors = match self.vectors.take() {
            Some(vectors) => vectors,
            None => {
                let texts: Vec<&str> = self
                    .sentences
                    .iter()
                    .map(|sentence| &self.text[sentence.range.clone()])
                    .collect();
                embedder.embed(&texts)?
            }
        };
        Ok(self.vectors.insert(vectors))
    }
}

fn headings_within(source: &Source) -> String {
    let headings = sentences(&source.text)
        .into_iter()
        .filter(|range| is_heading(&source.text, range, &source.headings));
    headings.map(|range| &source.text[range]).collect::<Vec<_>>().join("\n")
}

/// What a text says, as far as words show it.
#[derive(Debug, Default, Clone)]
pub(crate) struct Words {
    pub terms: HashSet<String>,
    /// In one form for all: without leading zeros and separators of thousands, with a decimal point.
    pub numbers: HashSet<String>,
    /// The terms of capitalised words inside sentences.
    pub names: HashSet<String>,
}

impl Words {
    pub fn of(text: &str) -> Self {
        let mut numbers = numbers(text);
        let mut terms: HashSet<String> = terms(text).into_iter().collect();
        let spelled: Vec<&str> = terms
            .iter()
            .filter_map(|term| NUMBER_WORDS.get(term.as_str()).copied())
            .collect();
        numbers.extend(spelled.iter().map(|number| (*number).to_owned()));
        terms.extend(numbers.iter().cloned());
        terms.retain(|term| !NUMBER_WORDS.contains_key(term.as_str()));
        Self {
            names: names(text),
            terms,
            numbers,
        }
    }

    pub fn add(&mut self, other: &Self) {
        self.terms.extend(other.terms.iter().cloned());
        self.numbers.extend(other.numbers.iter().cloned());
        self.names.extend(other.names.iter().cloned());
    }
}

/// Spelled numbers by their term. "One" is left out: it is an article more often than a number.
static NUMBER_WORDS: LazyLock<HashMap<String, &'static str>> = LazyLock::new(|| {
    const WORDS: &str = "two 2 three 3 four 4 five 5 six 6 seven 7 eight 8 nine 9 ten 10 eleven 11 twelve 12 thirteen 13 \
        fourteen 14 fifteen 15 sixteen 16 seventeen 17 eighteen 18 nineteen 19 twenty 20 thirty 30 forty 40 fifty 50 \
        sixty 60 seventy 70 eighty 80 ninety 90 zwei 2 drei 3 vier 4 fünf 5 sechs 6 sieben 7 acht 8 neun 9 zehn 10 \
        zwölf 12 dos 2 tres 3 cuatro 4 cinco 5 seis 6 siete 7 ocho 8 nueve 9 diez 10 doce 12 deux 2 trois 3 quatre 4 \
        cinq 5 sept 7 huit 8 neuf 9 dix 10 douze 12";
    let words: Vec<&'static str> = WORDS.split_whitespace().collect();
    let pairs = words.as_chunks::<2>().0.iter();
    pairs
        .filter_map(|[word, number]| Some((terms(word).pop()?, *number)))
        .collect()
});

/// The figures in a text.
fn numbers(text: &str) -> HashSet<String> {
    let characters: Vec<char> = text.chars().collect();
    let digit = |at: usize| characters.get(at).and_then(|c| c.to_digit(10));
    let mut numbers = HashSet::new();
    let mut at = 0;
    while at < characters.len() {
        if digit(at).is_none() {
            at += 1;
            continue;
        }
        let mut number = String::new();
        while let Some(value) = digit(at) {
            number.extend(char::from_digit(value, 10));
            at += 1;
            let separator = characters
                .get(at)
                .copied()
                .filter(|c| ".,'’\u{a0}\u{202f}".contains(*c));
            if let Some(separator) = separator
                && digit(at + 1).is_some()
            {
                let digits = (at + 1..).take_while(|next| digit(*next).is_some()).count();
                if digits != 3 && ".,".contains(separator) {
                    number.push('.');
                }
                at += 1;
            }
        }
        let plain = number.trim_start_matches('0');
        numbers.insert(if plain.is_empty() || plain.starts_with('.') {
            format!("0{plain}")
        } else {
            plain.to_owned()
        });
    }
    numbers
}

/// The terms of words that are capitalised though they do not begin a sentence.
fn names(text: &str) -> HashSet<String> {
    let mut names = HashSet::new();
    for sentence in sentences(text) {
        let words = text[sentence].unicode_words();
        // The first word is capitalised anyway.
        for word in words
            .skip(1)
            .filter(|word| word.starts_with(char::is_uppercase) && word.chars().count() > 1)
        {
            names.extend(terms(word));
        }
    }
    names
}

/// Share of the terms that are among the others, 0 to 1.
pub(crate) fn share<'a>(of: &HashSet<String>, among: impl Fn(&str) -> bool + 'a) -> f32 {
    if of.is_empty() {
        return 0.0;
    }
    of.iter().filter(|term| among(term)).count() as f32 / of.len() as f32
}

pub(crate) fn cosine(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(items: &[&str]) -> HashSet<String> {
        items.iter().map(|item| (*item).to_owned()).collect()
    }

    #[test]
    fn numbers_are_the_same_however_they_are_written() {
        assert_eq!(numbers("1,200 1.200 1’200 1200"), set(&["1200"]));
        assert_eq!(numbers("3.5 and 3,5 on 2024-03-07"), set(&["3.5", "2024", "3", "7"]));
        assert_eq!(numbers("0.5 0 007"), set(&["0.5", "0", "7"]));
        assert_eq!(Words::of("three months").numbers, Words::of("3 months").numbers);
        assert_eq!(Words::of("three months").terms, Words::of("3 months").terms);
    }

    #[test]
    fn names_are_capitalised_inside_a_sentence() {
        assert_eq!(
            names("Rent in Berlin is due. Pay Anna Meier."),
            set(&["berlin", "anna", "meier"])
        );
    }

    #[test]
    fn headings_are_context_and_not_evidence() {
        let evidence = Evidence::new(&Source {
            text: "Handbook\n\nMonday\n\nOpen all day.".to_owned(),
            title: "rules.txt".to_owned(),
            headings: vec!["Handbook".to_owned()],
        });
        let said: Vec<&str> = evidence
            .sentences
            .iter()
            .map(|sentence| &evidence.text[sentence.range.clone()])
            .collect();
        assert_eq!(said, ["Open all day."]);
        assert!(
            ["handbook", "monday", "rule"]
                .iter()
                .all(|term| evidence.context.terms.contains(*term))
        );
    }
}
