//! Which sentences of an answer claim something that a document must carry.

use unicode_segmentation::UnicodeSegmentation;

use super::statements::{Form, Statement};
use crate::{lexical::terms, sentences::is_closer};

/// Words of sentences that only greet, agree or lead over.
const SMALL_TALK: [&str; 30] = [
    "hello",
    "hi",
    "hey",
    "welcome",
    "thanks",
    "thank",
    "sure",
    "certainly",
    "course",
    "yes",
    "ok",
    "okay",
    "great",
    "glad",
    "happy",
    "help",
    "sorry",
    "please",
    "here",
    "answer",
    "question",
    "good",
    "hallo",
    "danke",
    "gerne",
    "ja",
    "nein",
    "hola",
    "gracias",
    "bonjour",
];

/// How answers begin that speak of the conversation and not of the documents.
const ABOUT_THE_CONVERSATION: [&str; 10] = [
    "let me know",
    "i hope",
    "feel free",
    "please let",
    "if you have",
    "if you need",
    "would you like",
    "i can help",
    "i'm happy",
    "i am happy",
];

/// What is said to be silent.
const DOCUMENTS: [&str; 27] = [
    "document",
    "passage",
    "source",
    "text",
    "context",
    "information",
    "excerpt",
    "material",
    "dokument",
    "unterlagen",
    "quelle",
    "textstelle",
    "documento",
    "fuente",
    "fragmento",
    "información",
    "texto",
    "passage",
    "contexte",
    "informations",
    "文档",
    "文件",
    "文中",
    "资料",
    "документ",
    "источник",
    "текст",
];

const NEGATIONS: [&str; 10] = [
    " not ", "n't ", " no ", "cannot ", " nicht", " kein", " ne ", " не ", "нет ", "without ",
];

const SILENCE: [&str; 14] = [
    "没有",
    "未提",
    "并未",
    "不包含",
    "无法",
    "no dice",
    "no menciona",
    "no contiene",
    "no hay",
    "aucune",
    "n'indique",
    "n'y a",
    "n'mention",
    "keine",
];

/// Whether a sentence must rest on a document. Headings, questions, small talk, lead-ins and "the documents do not say"
/// need not.
pub(super) fn needs_support(statement: &Statement) -> bool {
    let said = statement.said.trim().trim_end_matches(is_closer);
    let words = terms(said);
    statement.form != Form::Heading
        && !said.ends_with(['?', '？', '؟', ':', '：'])
        && words.iter().any(|word| !is_small_talk(word))
        && !is_about_the_conversation(said)
        && !says_that_documents_are_silent(said)
}

fn is_small_talk(term: &str) -> bool {
    SMALL_TALK
        .iter()
        .any(|word| terms(word).iter().any(|small| small == term))
}

/// Whether a term says no more than yes or no.
pub(super) fn is_agreement(term: &str) -> bool {
    matches!(
        term,
        "yes"
            | "ye"
            | "no"
            | "correct"
            | "right"
            | "true"
            | "fals"
            | "ja"
            | "nein"
            | "si"
            | "oui"
            | "non"
            | "да"
            | "нет"
    )
}

fn is_about_the_conversation(said: &str) -> bool {
    let said = said.to_lowercase();
    ABOUT_THE_CONVERSATION
        .iter()
        .any(|beginning| said.starts_with(beginning))
}

fn says_that_documents_are_silent(said: &str) -> bool {
    let said = format!(" {} ", said.to_lowercase().replace('’', "'"));
    let any = |list: &[&str]| list.iter().any(|part| said.contains(part));
    any(&DOCUMENTS) && (any(&NEGATIONS) || any(&SILENCE))
}

/// Whether a text denies something.
pub(super) fn denies(text: &str) -> bool {
    const WORDS: [&str; 26] = [
        "not", "no", "never", "none", "neither", "nor", "cannot", "without", "nobody", "nothing", "nicht", "kein",
        "keine", "keinen", "keiner", "nie", "niemals", "ohne", "nunca", "sin", "jamais", "sans", "aucun", "aucune",
        "не", "нет",
    ];
    let text = text.to_lowercase().replace('’', "'");
    text.unicode_words()
        .any(|word| WORDS.contains(&word) || word.ends_with("n't"))
        || text.contains(['不', '没', '無', '无', '非'])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn needs(said: &str) -> bool {
        needs_support(&Statement {
            range: 0..said.len(),
            markers: Vec::new(),
            said: said.to_owned(),
            form: Form::Sentence,
            settled: true,
        })
    }

    #[test]
    fn claims_need_support() {
        for said in [
            "The rent is 900 euros.",
            "Paris.",
            "42",
            "Die Miete beträgt 900 Euro.",
            "天空是蓝的。",
        ] {
            assert!(needs(said), "{said}");
        }
    }

    #[test]
    fn talk_does_not() {
        for said in [
            "Hello!",
            "Sure, here is the answer:",
            "Would you like more?",
            "The documents do not say.",
            "The passages don't mention the price of tea.",
            "There is no information about this in the documents.",
            "Die Dokumente sagen dazu nichts, es steht nicht im Text.",
            "文档没有提到这一点。",
            "I hope this helps.",
            "Yes.",
        ] {
            assert!(!needs(said), "{said}");
        }
    }

    #[test]
    fn denial_is_seen_in_some_languages() {
        assert!(denies("Pets are not allowed.") && denies("Pets aren’t allowed.") && denies("Keine Haustiere."));
        assert!(!denies("Pets are allowed in November."));
    }
}
