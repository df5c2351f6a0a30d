//! Questions on a passage each, with the words of the passage that answer them, in SQuAD's form; and its measures.

use std::{collections::HashMap, error::Error, fs, ops::Range, path::Path};

use serde::Deserialize;

pub struct Question {
    pub text: String,
    pub title: String,
    /// The place of its passage in [`Questions::passages`].
    pub passage: usize,
    /// Bytes of the passage; none when it does not hold the answer.
    pub answers: Vec<Range<usize>>,
}

pub struct Questions {
    pub passages: Vec<String>,
    pub questions: Vec<Question>,
}

#[derive(Deserialize)]
struct Data {
    data: Vec<Article>,
}

#[derive(Deserialize)]
struct Article {
    title: String,
    paragraphs: Vec<Paragraph>,
}

#[derive(Deserialize)]
struct Paragraph {
    context: String,
    qas: Vec<Asked>,
}

#[derive(Deserialize)]
struct Asked {
    question: String,
    answers: Vec<Answer>,
}

#[derive(Deserialize)]
struct Answer {
    text: String,
    /// In characters.
    answer_start: usize,
}

impl Questions {
    pub fn read(file: &Path) -> Result<Self, Box<dyn Error>> {
        let data: Data = serde_json::from_str(&fs::read_to_string(file)?)?;
        let mut read = Self {
            passages: Vec::new(),
            questions: Vec::new(),
        };
        for article in data.data {
            for paragraph in article.paragraphs {
                let bytes = |characters: usize| paragraph.context.char_indices().nth(characters).map(|(at, _)| at);
                for asked in paragraph.qas {
                    let place = |answer: &Answer| {
                        let start = bytes(answer.answer_start)?;
                        Some(start..start + answer.text.len())
                    };
                    read.questions.push(Question {
                        answers: asked.answers.iter().filter_map(place).collect(),
                        text: asked.question,
                        title: article.title.replace('_', " "),
                        passage: read.passages.len(),
                    });
                }
                read.passages.push(paragraph.context);
            }
        }
        Ok(read)
    }
}

/// Whether two answers are the same, and how many words they share (F1), by SQuAD's rules: without case, punctuation
/// and articles; the best over all right answers.
pub fn compare(given: &str, right: &[&str]) -> (f64, f64) {
    let given = words(given);
    let scores = right.iter().map(|right| {
        let right = words(right);
        let exact = f64::from(u8::from(given == right));
        if given.is_empty() || right.is_empty() {
            return (exact, exact);
        }
        let mut left: HashMap<&str, usize> = HashMap::new();
        for word in &right {
            *left.entry(word).or_default() += 1;
        }
        let mut shared = 0;
        for word in &given {
            if let Some(count) = left.get_mut(word.as_str()).filter(|count| **count > 0) {
                *count -= 1;
                shared += 1;
            }
        }
        (exact, 2.0 * f64::from(shared) / (given.len() + right.len()) as f64)
    });
    scores.fold((0.0, 0.0), |best, score| {
        (f64::max(best.0, score.0), f64::max(best.1, score.1))
    })
}

fn words(answer: &str) -> Vec<String> {
    let plain: String = answer
        .to_lowercase()
        .chars()
        .filter(|c| !c.is_ascii_punctuation())
        .collect();
    let words = plain
        .split_whitespace()
        .filter(|word| !["a", "an", "the"].contains(word));
    words.map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_articles_and_punctuation_do_not_count() {
        assert_eq!(compare("The Denver Broncos!", &["denver broncos"]), (1.0, 1.0));
        assert_eq!(compare("", &[""]), (1.0, 1.0));
        assert_eq!(compare("", &["x"]), (0.0, 0.0));
    }

    #[test]
    fn shared_words_count_in_part() {
        let (exact, f1) = compare("the red house", &["red barn", "blue"]);
        assert_eq!((exact, f1), (0.0, 0.5));
    }
}
