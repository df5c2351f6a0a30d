//! Which words of the sources carry a sentence, and how well.

use std::{
    collections::{HashMap, HashSet},
    ops::Range,
};

use whatlang::Lang;

use super::{Check, claims};
use crate::{
    embed::{EmbedError, Embedder},
    evidence::{Evidence, Source, Words, cosine, share},
};

/// Words of a source that carry a sentence.
#[derive(Debug, Clone)]
pub(super) struct Support {
    /// Counted from 0.
    pub source: usize,
    /// Bytes in the source's text.
    pub range: Range<usize>,
    pub check: Check,
    score: f32,
    words: Words,
    cosine: f32,
}

/// The sources, asked for what they say.
pub(super) struct Witnesses {
    question: String,
    question_words: Words,
    sources: Vec<Evidence>,
    /// In German every noun is capitalised, so that capitals tell no names.
    names_count: bool,
    claims: HashMap<String, Vec<f32>>,
}

/// Sources that are searched for a sentence that names none.
const SEARCHED: usize = 8;

/// Sentences that a citation spans at most.
const LONGEST_SPAN: usize = 3;

/// Share of a sentence's terms that a neighbour must add to be cited with what it stands beside.
const WORTH_ADDING: f32 = 0.2;

/// A claim with fewer terms is an answer that only makes sense with its question.
const SHORT_CLAIM: usize = 4;

impl Witnesses {
    pub fn new(question: &str, sources: &[Source]) -> Self {
        let texts: Vec<&str> = sources.iter().map(|source| source.text.as_str()).collect();
        Self {
            question: question.to_owned(),
            question_words: Words::of(question),
            sources: sources.iter().map(Evidence::new).collect(),
            names_count: whatlang::detect_lang(&texts.join("\n")) != Some(Lang::Deu),
            claims: HashMap::new(),
        }
    }

    pub fn len(&self) -> usize {
        self.sources.len()
    }

    /// What carries the words in each of these sources. Those that carry them together support them all.
    pub fn of_each(
        &mut self,
        embedder: &dyn Embedder,
        said: &str,
        sources: &[usize],
    ) -> Result<Vec<Support>, EmbedError> {
        let mut supports = Vec::new();
        for source in sources {
            supports.extend(self.of(embedder, said, *source)?);
        }
        if supports.len() > 1 {
            let mut together = Words::default();
            supports.iter().for_each(|support| together.add(&support.words));
            let closest = supports.iter().map(|support| support.cosine).fold(0.0, f32::max);
            let check = self.check(&Words::of(said), &together, closest);
            for support in &mut supports {
                if support.check == Check::Weak {
                    support.check = check.max(Check::Weak);
                }
            }
        }
        Ok(supports)
    }

    /// The best that carries the words in any source.
    pub fn of_any(&mut self, embedder: &dyn Embedder, said: &str) -> Result<Option<Support>, EmbedError> {
        let claim = Words::of(said);
        let mut by_words: Vec<(usize, f32)> = self
            .sources
            .iter()
            .map(|source| {
                let known = |term: &str| {
                    source
                        .sentences
                        .iter()
                        .any(|sentence| sentence.words.terms.contains(term))
                };
                share(&claim.terms, known)
            })
            .enumerate()
            .collect();
        by_words.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        let mut best: Option<Support> = None;
        for (source, _) in by_words.into_iter().take(SEARCHED) {
            let Some(support) = self.of(embedder, said, source)? else {
                continue;
            };
            let better = best
                .as_ref()
                .is_none_or(|best| (support.check, support.score) > (best.check, best.score));
            if better {
                best = Some(support);
            }
        }
        Ok(best)
    }

    fn of(&mut self, embedder: &dyn Embedder, said: &str, source: usize) -> Result<Option<Support>, EmbedError> {
        let own = Words::of(said);
        let agrees_only = own.terms.iter().all(|term| claims::is_agreement(term));
        // "Yes" says what the question asks.
        let claim = if agrees_only {
            self.question_words.clone()
        } else {
            own.clone()
        };
        if claim.terms.is_empty() {
            return Ok(None);
        }
        let meaning = if own.terms.len() < SHORT_CLAIM {
            format!("{} {said}", self.question)
        } else {
            said.to_owned()
        };
        let vector = match self.claims.get(&meaning) {
            Some(vector) => vector.clone(),
            None => {
                let vector = embedder.embed(&[&meaning])?.pop().unwrap_or_default();
                self.claims.insert(meaning, vector.clone());
                vector
            }
        };
        let evidence = &mut self.sources[source];
        let cosines: Vec<f32> = evidence
            .vectors(embedder)?
            .iter()
            .map(|other| cosine(&vector, other))
            .collect();
        let evidence = &self.sources[source];
        let covered = |words: &Words| share(&claim.terms, |term| words.terms.contains(term));
        let scores: Vec<f32> = evidence
            .sentences
            .iter()
            .zip(&cosines)
            .map(|(sentence, cosine)| {
                let asked = share(&self.question_words.terms, |term| sentence.words.terms.contains(term));
                covered(&sentence.words) + cosine + 0.1 * asked
            })
            .collect();
        let Some(best) = (0..scores.len()).max_by(|a, b| scores[*a].total_cmp(&scores[*b]).then(b.cmp(a))) else {
            return Ok(None);
        };

        let mut span = best..best + 1;
        let mut words = evidence.sentences[best].words.clone();
        while span.len() < LONGEST_SPAN {
            let before = span.start.checked_sub(1);
            let after = Some(span.end).filter(|after| *after < evidence.sentences.len());
            let gain = |at: usize| {
                let mut more = words.clone();
                more.add(&evidence.sentences[at].words);
                covered(&more) - covered(&words)
            };
            let candidates = [before, after].into_iter().flatten().map(|at| (at, gain(at)));
            match candidates.max_by(|a, b| a.1.total_cmp(&b.1)) {
                Some((at, gain)) if gain >= WORTH_ADDING => {
                    words.add(&evidence.sentences[at].words);
                    span = span.start.min(at)..span.end.max(at + 1);
                }
                _ => break,
            }
        }
        let range = evidence.sentences[span.start].range.start..evidence.sentences[span.end - 1].range.end;
        let cited = &evidence.text[range.clone()];
        words.add(&evidence.context);
        let mut check = self.check(&claim, &words, cosines[best]);
        if agrees_only || claims::denies(said) != claims::denies(cited) {
            check = check.min(Check::Weak);
        }
        Ok(Some(Support {
            source,
            range,
            check,
            score: scores[best],
            words,
            cosine: cosines[best],
        }))
    }

    /// Whether words so close in meaning carry the claim. A figure or name that they lack counts against it.
    fn check(&self, claim: &Words, words: &Words, cosine: f32) -> Check {
        let covered = share(&claim.terms, |term| words.terms.contains(term));
        let supported = (covered >= 0.6 && cosine >= 0.35)
            || covered >= 0.8
            || (covered >= 0.4 && cosine >= 0.65)
            || cosine >= 0.82;
        let weak = (covered >= 0.3 && cosine >= 0.2) || covered >= 0.5 || cosine >= 0.5;
        let by_meaning = match (supported, weak) {
            (true, _) => 2,
            (_, true) => 1,
            _ => 0,
        };
        let missing = |facts: &HashSet<String>, among: &HashSet<String>| {
            facts.iter().filter(|fact| !among.contains(*fact)).count()
        };
        let numbers = match missing(&claim.numbers, &words.numbers) {
            0 => 0,
            all if all == claim.numbers.len() => 2,
            _ => 1,
        };
        let names = usize::from(self.names_count && missing(&claim.names, &words.terms) > 0);
        match by_meaning - (numbers.max(names)).min(by_meaning) {
            2 => Check::Supported,
            1 => Check::Weak,
            _ => Check::Unsupported,
        }
    }
}
