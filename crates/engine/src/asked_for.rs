//! What kind of thing a question asks for, as far as its words show it.

use crate::evidence::Words;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum AskedFor {
    /// How many, how long, when.
    Figure,
    /// Who, where.
    Name,
}

const FIGURE: [&str; 58] = [
    "how many",
    "how much",
    "how long",
    "how old",
    "how far",
    "how tall",
    "how large",
    "how big",
    "how high",
    "how fast",
    "how often",
    "how heavy",
    "how wide",
    "how deep",
    "how late",
    "how early",
    "how soon",
    "when",
    "what year",
    "which year",
    "what date",
    "which date",
    "what day",
    "which day",
    "what time",
    "what month",
    "which month",
    "what century",
    "which century",
    "what decade",
    "which decade",
    "what percent",
    "what percentage",
    "what number",
    "what proportion",
    "what amount",
    "what age",
    "wann",
    "wie viel",
    "wie viele",
    "wieviel",
    "wie lange",
    "wie alt",
    "wie weit",
    "wie hoch",
    "wie oft",
    "welchem jahr",
    "welchem datum",
    "cuándo",
    "cuánto",
    "cuánta",
    "cuántos",
    "cuántas",
    "qué año",
    "qué fecha",
    "quand",
    "combien",
    "quelle année",
];

const NAME: [&str; 14] = [
    "who", "whom", "whose", "where", "wer", "wem", "wen", "wessen", "wo", "quién", "quiénes", "dónde", "qui", "où",
];

/// In languages without spaces between words.
const FIGURE_UNSPACED: [&str; 9] = [
    "多少",
    "什么时候",
    "什麼時候",
    "几年",
    "幾年",
    "哪一年",
    "哪年",
    "いつ",
    "いくつ",
];

impl AskedFor {
    pub fn of(question: &str) -> Option<Self> {
        let folded = question.to_lowercase();
        let words: Vec<&str> = folded
            .split(|c: char| !c.is_alphanumeric())
            .filter(|word| !word.is_empty())
            .collect();
        let spaced = format!(" {} ", words.join(" "));
        let asks = |phrase: &&str| spaced.contains(&format!(" {phrase} "));
        if FIGURE.iter().any(asks) || FIGURE_UNSPACED.iter().any(|phrase| folded.contains(phrase)) {
            Some(Self::Figure)
        } else if NAME.iter().any(asks) {
            Some(Self::Name)
        } else {
            None
        }
    }

    /// Whether words name such a thing that the question does not name itself.
    pub fn is_in(self, said: &Words, asked: &Words) -> bool {
        match self {
            Self::Figure => !said.numbers.is_subset(&asked.numbers),
            Self::Name => !said.names.is_subset(&asked.terms),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_and_names_are_asked_for_in_several_languages() {
        for question in [
            "How long is the notice period?",
            "In what year did it open?",
            "Wie viele Tage Urlaub gibt es?",
            "¿Cuándo vence el contrato?",
            "保修期是多少个月？",
        ] {
            assert_eq!(AskedFor::of(question), Some(AskedFor::Figure), "{question}");
        }
        for question in ["Who signed the lease?", "Wo liegt das Archiv?", "¿Quién firmó?"] {
            assert_eq!(AskedFor::of(question), Some(AskedFor::Name), "{question}");
        }
        for question in ["What is a lease?", "Why is it closed on Mondays?", ""] {
            assert_eq!(AskedFor::of(question), None, "{question}");
        }
    }

    #[test]
    fn what_the_question_names_itself_is_no_answer() {
        let is_in = |question: &str, sentence: &str| {
            AskedFor::of(question)
                .unwrap()
                .is_in(&Words::of(sentence), &Words::of(question))
        };
        assert!(is_in("When did Apollo 11 land?", "Apollo 11 landed in 1969."));
        assert!(!is_in("When did Apollo 11 land?", "Apollo 11 landed on the moon."));
        assert!(is_in("Who flew with Armstrong?", "With Armstrong flew Buzz Aldrin."));
        assert!(!is_in("Who flew with Armstrong?", "Nobody flew with Armstrong alone."));
    }
}
