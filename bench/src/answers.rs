//! How good extractive answers are: each question is asked of its own passage.

use std::{error::Error, path::Path};

use engine::{embed::Embedder, evidence::Source, extractive};

use crate::{
    retrieval::progress,
    squad::{Questions, compare},
};

#[derive(Default, Clone, Copy)]
pub struct Answers {
    questions: usize,
    answered: usize,
    /// The quoted sentence as the answer.
    f1: f64,
    exact: f64,
    /// Of the answered questions that have an answer, those whose first quote holds it.
    answerable: usize,
    holding: usize,
}

pub struct Measured {
    pub name: &'static str,
    pub answers: Answers,
    /// What saying nothing to every question reaches.
    pub never: f64,
}

const SETS: [(&str, &str); 2] = [
    ("SQuAD v1.1-A", "squad1.1-dev-A.json"),
    ("SQuAD v2.0-A", "squad2.0-dev-A.json"),
];

/// Measures every set that is there; says which are not.
pub fn measure(embedder: &dyn Embedder, eval: &Path) -> Result<Vec<Measured>, Box<dyn Error>> {
    let mut measured = Vec::new();
    for (name, file) in SETS {
        let file = eval.join("qa").join(file);
        if !file.is_file() {
            eprintln!("{name}: skipped, {} is not there", file.display());
            continue;
        }
        let set = Questions::read(&file)?;
        let mut answers = Answers::default();
        let bar = progress(set.questions.len(), &format!("Answering {name}"))?;
        for question in &set.questions {
            let passage = &set.passages[question.passage];
            let source = Source {
                text: passage.clone(),
                title: question.title.clone(),
                headings: Vec::new(),
            };
            let first = extractive::answer(embedder, &question.text, &[source])?
                .into_iter()
                .next();
            let given = first.as_ref().map_or("", |quote| &passage[quote.range.clone()]);
            let mut right: Vec<&str> = question.answers.iter().map(|answer| &passage[answer.clone()]).collect();
            if right.is_empty() {
                right.push("");
            }
            let (exact, f1) = compare(given, &right);
            answers.questions += 1;
            answers.exact += exact;
            answers.f1 += f1;
            if let Some(quote) = first {
                answers.answered += 1;
                let holds = |answer: &std::ops::Range<usize>| {
                    quote.range.start <= answer.start && answer.end <= quote.range.end
                };
                answers.answerable += usize::from(!question.answers.is_empty());
                answers.holding += usize::from(question.answers.iter().any(holds));
            }
            bar.inc(1);
        }
        bar.finish_and_clear();
        let silent = set
            .questions
            .iter()
            .filter(|question| question.answers.is_empty())
            .count();
        measured.push(Measured {
            name,
            answers,
            never: silent as f64 / set.questions.len() as f64,
        });
    }
    Ok(measured)
}

/// The figures as a Markdown table.
pub fn table(measured: &[Measured]) -> String {
    let mut table = String::from(
        "| questions | answered | exact | F1 | F1 of never answering | citation precision |\n|---|---|---|---|---|---|\n",
    );
    for Measured { name, answers, never } in measured {
        let of = |part: f64, whole: usize| 100.0 * part / whole.max(1) as f64;
        table.push_str(&format!(
            "| {name} | {:.0} % | {:.1} | {:.1} | {:.1} | {:.1} % |\n",
            of(answers.answered as f64, answers.questions),
            of(answers.exact, answers.questions),
            of(answers.f1, answers.questions),
            100.0 * never,
            of(answers.holding as f64, answers.answerable),
        ));
    }
    table
}
