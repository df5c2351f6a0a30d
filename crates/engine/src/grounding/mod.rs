//! Ties what a model wrote to the passages it was given: exact words, and whether they carry what is said.

mod claims;
mod statements;
mod support;

use std::ops::Range;

use crate::{
    embed::{EmbedError, Embedder},
    evidence::{Source, Words},
    sentences::trim,
};

use claims::needs_support;
use statements::{Answer, Form, Marker, Statement, opens_marker};
use support::{Support, Witnesses};

/// Whether the cited words carry the sentence that cites them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Check {
    Unsupported,
    Weak,
    Supported,
}

/// Words of a source that a sentence of an answer rests on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cited {
    /// As it stands in the grounded answer, counted from 1 in order of appearance.
    pub number: u32,
    /// The source it stands in, counted from 0.
    pub source: usize,
    /// Bytes in the source's text.
    pub range: Range<usize>,
    pub check: Check,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Grounded {
    /// The answer with a `[number]` for each citation, and [`UNSUPPORTED`] after sentences that nothing carries.
    pub text: String,
    /// In order of their numbers. One number stands for the same words with the same check.
    pub citations: Vec<Cited>,
}

/// Stands after a sentence of a grounded answer that names no passage and that none carries.
pub const UNSUPPORTED: &str = "[?]";

/// Grounds one answer as it grows.
pub struct Grounder {
    witnesses: Witnesses,
    /// What the statements came to that no more text can change.
    settled: Vec<Vec<Replacement>>,
    /// Bytes of the answer that were shown; they are never taken back.
    shown: usize,
    citations: Vec<Cited>,
}

/// What stands in the place of a marker, or at the end of a statement.
struct Replacement {
    /// Bytes of the answer; empty where something is added.
    place: Range<usize>,
    with: String,
}

impl Grounder {
    /// Sources in the order in which the model was given them: `[1]` in its answer means the first.
    pub fn new(question: &str, sources: &[Source]) -> Self {
        Self {
            witnesses: Witnesses::new(question, sources),
            settled: Vec::new(),
            shown: 0,
            citations: Vec::new(),
        }
    }

    /// Grounds what the model has written so far, from its beginning. Each call continues the text of the one before.
    ///
    /// Until the answer is finished, the result ends before anything that more words may change: the result of every
    /// later call begins with it. Blocks the thread for some milliseconds a sentence.
    pub fn ground(&mut self, embedder: &dyn Embedder, answer: &str, finished: bool) -> Result<Grounded, EmbedError> {
        let Answer {
            statements,
            code_until,
            read_until,
        } = statements::read(answer, finished);
        let settled = statements.iter().take_while(|statement| statement.settled).count();
        for statement in statements.iter().take(settled).skip(self.settled.len()) {
            let replacements = self.resolve(embedder, statement, answer)?;
            self.settled.push(replacements);
        }
        let settled_until = statements[..settled].last().map_or(0, Statement::end);
        let until = match statements.get(settled) {
            _ if finished => answer.len(),
            // What a row rests on stands inside its last cell.
            Some(row) if row.form == Form::TableRow => row.range.start,
            Some(open) => before_marker(answer, open.start()..open.range.end),
            None => before_marker(answer, settled_until.max(code_until)..read_until),
        }
        .max(self.shown);
        self.shown = until;
        let mut text = String::with_capacity(answer.len() + 64);
        let mut at = 0;
        for replacement in self.settled.iter().flatten() {
            let before = &answer[at..replacement.place.start];
            let dropped =
                replacement.with.is_empty() && !answer[replacement.place.end..].starts_with(char::is_alphanumeric);
            text.push_str(if dropped { before.trim_end() } else { before });
            text.push_str(&replacement.with);
            at = replacement.place.end;
        }
        let rest = &answer[at..until.max(at)];
        text.push_str(if finished { rest } else { rest.trim_end() });
        Ok(Grounded {
            text,
            citations: self.citations.clone(),
        })
    }

    fn resolve(
        &mut self,
        embedder: &dyn Embedder,
        statement: &Statement,
        answer: &str,
    ) -> Result<Vec<Replacement>, EmbedError> {
        let mut replacements = Vec::new();
        let mut any = false;
        for group in groups(&statement.markers, answer) {
            let said = clause(statement, group, answer);
            let named = group.iter().flat_map(|marker| marker.numbers.iter());
            let mut named: Vec<usize> = named.filter_map(|number| (*number as usize).checked_sub(1)).collect();
            named.retain(|source| *source < self.witnesses.len());
            let mut seen = Vec::new();
            named.retain(|source| {
                !seen.contains(source) && {
                    seen.push(*source);
                    true
                }
            });
            let supports = self.witnesses.of_each(embedder, &said, &named)?;
            any |= !supports.is_empty();
            let with: String = supports
                .iter()
                .map(|support| format!("[{}]", self.number(support)))
                .collect();
            for (at, marker) in group.iter().enumerate() {
                replacements.push(Replacement {
                    place: marker.range.clone(),
                    with: if at == 0 { with.clone() } else { String::new() },
                });
            }
        }
        if !any && needs_support(statement) {
            let found = self.witnesses.of_any(embedder, &statement.said)?;
            let mark = match found {
                Some(support) if support.check > Check::Unsupported => format!("[{}]", self.number(&support)),
                _ => UNSUPPORTED.to_owned(),
            };
            let end = end_for_citation(statement, answer);
            let unspaced = answer[..end].ends_with(['。', '！', '？', '｡']);
            replacements.push(Replacement {
                place: end..end,
                with: if unspaced { mark } else { format!(" {mark}") },
            });
            replacements.sort_by_key(|replacement| (replacement.place.start, replacement.place.end));
        }
        Ok(replacements)
    }

    /// The number of these words with this check: that of their first citation, or the next.
    fn number(&mut self, support: &Support) -> u32 {
        let same = |cited: &&Cited| {
            cited.source == support.source && cited.range == support.range && cited.check == support.check
        };
        if let Some(cited) = self.citations.iter().find(same) {
            return cited.number;
        }
        let number = u32::try_from(self.citations.len())
            .unwrap_or(u32::MAX)
            .saturating_add(1);
        self.citations.push(Cited {
            number,
            source: support.source,
            range: support.range.clone(),
            check: support.check,
        });
        number
    }
}

/// The end of the range, or the place before it where a marker may begin.
fn before_marker(answer: &str, range: Range<usize>) -> usize {
    answer[range.clone()]
        .find(opens_marker)
        .map_or(range.end, |at| range.start + at)
}

/// Markers with nothing between them, which cite for the same words.
fn groups<'m>(markers: &'m [Marker], answer: &'m str) -> impl Iterator<Item = &'m [Marker]> {
    markers.chunk_by(|a, b| answer[a.range.end..b.range.start].trim().is_empty())
}

/// Terms that a part of a sentence must have to be checked by itself.
const CLAUSE_TERMS: usize = 3;

/// What a group of markers cites for: the words since the group before when there are several, else the statement.
fn clause(statement: &Statement, group: &[Marker], answer: &str) -> String {
    let (Some(first), Some(last)) = (group.first(), group.last()) else {
        return statement.said.clone();
    };
    let before = statement
        .markers
        .iter()
        .rev()
        .find(|marker| marker.range.end <= first.range.start);
    let after = statement
        .markers
        .iter()
        .find(|marker| marker.range.start >= last.range.end);
    let start = before.map_or(statement.range.start, |marker| marker.range.end);
    let end = if after.is_some() {
        first.range.start
    } else {
        statement.range.end
    };
    let mut said = answer[start.min(end)..end].to_owned();
    if after.is_none() && last.range.end <= end && first.range.start >= start {
        said = format!("{}{}", &answer[start..first.range.start], &answer[last.range.end..end]);
    }
    let whole = before.is_none() && after.is_none();
    if whole || Words::of(&said).terms.len() < CLAUSE_TERMS {
        statement.said.clone()
    } else {
        said
    }
}

/// Where a citation is added to a statement.
fn end_for_citation(statement: &Statement, answer: &str) -> usize {
    let row = &answer[statement.range.clone()];
    match (statement.form, row.strip_suffix('|')) {
        (Form::TableRow, Some(cells)) => trim(answer, statement.range.start..statement.range.start + cells.len()).end,
        _ => statement.range.end,
    }
}

#[cfg(test)]
mod tests {
    use std::{path::Path, sync::LazyLock};

    use proptest::prelude::*;

    use super::*;
    use crate::embed::MiniLm;

    static MODEL: LazyLock<MiniLm> = LazyLock::new(|| {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../models/all-MiniLM-L6-v2");
        MiniLm::load(&folder, 1).unwrap()
    });

    fn sources(texts: &[&str]) -> Vec<Source> {
        let source = |text: &&str| Source {
            text: (*text).to_owned(),
            title: "lease.txt".to_owned(),
            headings: Vec::new(),
        };
        texts.iter().map(source).collect()
    }

    const LEASE: [&str; 2] = [
        "Other matters are settled later.",
        "Grüße vorab. The notice period is three months. Pets are allowed. The rent is 900 euros a month.",
    ];

    fn grounded(answer: &str, texts: &[&str]) -> (String, Vec<(usize, String, Check)>) {
        let sources = sources(texts);
        let grounded = Grounder::new("What does the lease say?", &sources)
            .ground(&*MODEL, answer, true)
            .unwrap();
        let cited = |cited: Cited| {
            (
                cited.source,
                sources[cited.source].text[cited.range].to_owned(),
                cited.check,
            )
        };
        assert!(
            (1..)
                .zip(&grounded.citations)
                .all(|(number, cited)| cited.number == number)
        );
        (grounded.text, grounded.citations.into_iter().map(cited).collect())
    }

    #[test]
    fn one_passage_cited_for_two_sentences_yields_two_quotes() {
        let (text, cited) = grounded(
            "The notice period is 3 months [2]. Pets may be kept.[2] Notice: three months [2].",
            &LEASE,
        );
        assert_eq!(
            text,
            "The notice period is 3 months [1]. Pets may be kept.[2] Notice: three months [1]."
        );
        assert_eq!(
            cited[0],
            (1, "The notice period is three months.".to_owned(), Check::Supported)
        );
        assert_eq!(cited[1].1, "Pets are allowed.");
        assert_eq!(cited.len(), 2);
    }

    #[test]
    fn markers_are_read_in_every_form_and_those_of_no_passage_dropped() {
        let (text, _) = grounded(
            "Pets are allowed【2】. The rent is 900 euros a month [2, 9] [7]. Pets are allowed [9].",
            &LEASE,
        );
        assert_eq!(
            text,
            "Pets are allowed[1]. The rent is 900 euros a month [2]. Pets are allowed. [1]"
        );
    }

    #[test]
    fn figures_and_names_that_the_passage_lacks_count_against_a_sentence() {
        let check = |answer: &str| grounded(answer, &LEASE).1[0].2;
        assert_eq!(check("The rent is 900 euros a month [2]."), Check::Supported);
        assert_ne!(check("The rent is 950 euros a month [2]."), Check::Supported);
        assert_ne!(
            check("The rent of Anna Meier is 900 euros a month [2]."),
            Check::Supported
        );
        assert_ne!(check("Pets are not allowed [2]."), Check::Supported);
        assert_eq!(check("Parking costs forty euros weekly [1]."), Check::Unsupported);
    }

    #[test]
    fn a_sentence_without_a_number_gets_one_or_is_marked() {
        let (text, cited) = grounded(
            "Sure! The notice period is three months. The moon is made of green cheese.",
            &LEASE,
        );
        assert_eq!(
            text,
            "Sure! The notice period is three months. [1] The moon is made of green cheese. [?]"
        );
        assert_eq!(cited[0].1, "The notice period is three months.");
    }

    #[test]
    fn lists_tables_and_code_are_read_as_what_they_are() {
        let answer = "## Terms\n\nThe lease says:\n\n- Pets are allowed [2]\n- **Notice period:** three months\n\n\
            | What | How |\n|---|---|\n| Rent | 900 euros a month |\n\n```\nrent[2] = 900\n```\nUse `a[2]` then. [1]";
        let (text, cited) = grounded(answer, &LEASE);
        assert_eq!(
            text,
            "## Terms\n\nThe lease says:\n\n- Pets are allowed [1]\n- **Notice period:** three months [2]\n\n\
            | What | How |\n|---|---|\n| Rent | 900 euros a month [3] |\n\n```\nrent[2] = 900\n```\nUse `a[2]` then. [4]"
        );
        assert_eq!(cited[2].1, "The rent is 900 euros a month.");
        assert_eq!(cited[3].0, 0);
    }

    #[test]
    fn two_clauses_of_a_sentence_are_cited_each_for_itself() {
        let (text, cited) = grounded(
            "The rent is 900 euros a month [2] and the notice period is three months [2].",
            &LEASE,
        );
        assert_eq!(
            text,
            "The rent is 900 euros a month [1] and the notice period is three months [2]."
        );
        assert_eq!(cited[1].1, "The notice period is three months.");
    }

    #[test]
    fn chinese_sentences_are_grounded() {
        let (text, cited) = grounded(
            "租金为每月九百欧元【1】。允许养宠物。",
            &["允许养宠物。租金为每月九百欧元。"],
        );
        assert_eq!(text, "租金为每月九百欧元[1]。允许养宠物。[2]");
        assert_eq!(
            (cited[0].1.as_str(), cited[0].2),
            ("租金为每月九百欧元。", Check::Supported)
        );
    }

    #[test]
    fn that_the_documents_do_not_say_needs_no_citation() {
        let (text, cited) = grounded(
            "The documents do not say who pays for parking. Do you want to know more?",
            &LEASE,
        );
        assert!(cited.is_empty() && !text.contains('['), "{text}");
    }

    /// Stands for the model where only the parser is tried: every text has the same meaning.
    struct NoMeaning;

    impl Embedder for NoMeaning {
        fn id(&self) -> &str {
            "none"
        }

        fn dimension(&self) -> usize {
            1
        }

        fn count_tokens(&self, text: &str) -> usize {
            text.len()
        }

        fn embed(&self, texts: &[&str]) -> Result<Vec<Vec<f32>>, EmbedError> {
            Ok(texts.iter().map(|_| vec![0.3]).collect())
        }
    }

    fn pieces() -> impl Strategy<Value = String> {
        let piece = prop_oneof![
            4 => "[a-z]{1,5}",
            2 => "[A-Z][a-z]{0,4}",
            2 => Just(" ".to_owned()),
            1 => prop::sample::select(vec![
                "[1]", "[2]", "[passage 1]", "[1, 2]", " [1][2]", "【1】", "［2］", "[9]", "[?]", "[", "]", "[x](y)", "[1](z)", ". ", ".", "? ", "! ",
                "。", "\n", "\n\n", "- ", "1. ", "12", "# ", "| ", "|", "|---|---|\n", "```\n", "`", "**", "*", "\"", "(", ")", "...",
                "---\n", "===\n", "\\", "> ", "\n- ", "\n| ", "é", "天空", "Dr. ", "e.g. ", ":", "The rent is 900 euros. ", "~~~",
            ]).prop_map(str::to_owned),
        ];
        prop::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]
        #[test]
        fn what_was_shown_never_changes_as_the_answer_grows(answer in pieces()) {
            let sources = sources(&LEASE);
            let mut growing = Grounder::new("", &sources);
            let mut before = Grounded::default();
            for end in (1..=answer.len()).filter(|end| answer.is_char_boundary(*end)) {
                let now = growing.ground(&NoMeaning, &answer[..end], false).unwrap();
                prop_assert!(now.text.starts_with(&before.text), "{:?} then {:?} at {:?}", before.text, now.text, &answer[..end]);
                prop_assert!(now.citations.starts_with(&before.citations));
                before = now;
            }
            let end = growing.ground(&NoMeaning, &answer, true).unwrap();
            prop_assert!(end.text.starts_with(&before.text), "{:?} then {:?}", before.text, end.text);
            prop_assert!(end.citations.starts_with(&before.citations));
            let at_once = Grounder::new("", &sources).ground(&NoMeaning, &answer, true).unwrap();
            prop_assert_eq!(end, at_once);
        }

        #[test]
        fn nothing_but_markers_is_added_or_lost(answer in pieces()) {
            let grounded = Grounder::new("", &sources(&LEASE)).ground(&NoMeaning, &answer, true).unwrap();
            let letters = |text: &str| text.replace("[passage 1]", "").chars().filter(|c| c.is_alphabetic()).collect::<String>();
            prop_assert_eq!(letters(&grounded.text), letters(&answer));
            for cited in &grounded.citations {
                prop_assert!(LEASE[cited.source].get(cited.range.clone()).is_some_and(|quote| !quote.trim().is_empty()));
                let number = format!("[{}]", cited.number);
                prop_assert!(grounded.text.contains(&number));
            }
        }
    }
}
