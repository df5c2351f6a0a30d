//! Where two settings differ, field by field.

use api::AssistantSettings;
use leptos::prelude::*;

use super::names::Names;

/// A field that is not the same in two settings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    pub field: &'static str,
    pub left: String,
    pub right: String,
}

/// The fields that differ, in the order of the form.
pub fn differences(left: &AssistantSettings, right: &AssistantSettings, names: &Names) -> Vec<Difference> {
    fields(left, names)
        .into_iter()
        .zip(fields(right, names))
        .filter(|(left, right)| left.1 != right.1)
        .map(|((field, left), (_, right))| Difference { field, left, right })
        .collect()
}

fn fields(settings: &AssistantSettings, names: &Names) -> [(&'static str, String); 14] {
    let (retrieval, generation) = (&settings.retrieval, &settings.generation);
    [
        ("Name", settings.name.clone()),
        ("Description", settings.description.clone()),
        ("Knowledge bases", names.sources(&settings.knowledge_base_ids)),
        ("Passages", retrieval.passages.to_string()),
        ("Neighbours", retrieval.neighbours.to_string()),
        ("Room for passages", format!("{} tokens", retrieval.context_tokens)),
        ("Least relevance", retrieval.min_score.to_string()),
        ("Weight of words", retrieval.lexical_weight.to_string()),
        ("Model", names.model(&settings.model)),
        ("Temperature", generation.temperature.to_string()),
        ("Top p", generation.top_p.to_string()),
        ("Longest answer", format!("{} tokens", generation.max_tokens)),
        ("Instructions", settings.instructions.clone()),
        ("Prompt template", settings.prompt_template.clone()),
    ]
}

/// The differing fields with both values, one beside the other where there is room.
#[component]
pub fn Differences(differences: Vec<Difference>, left: String, right: String) -> impl IntoView {
    if differences.is_empty() {
        return view! { <p class="hint">"There is no difference."</p> }.into_any();
    }
    let items = differences
        .into_iter()
        .map(|difference| {
            let (start, end) = common_ends(&difference.left, &difference.right);
            view! {
                <div class="difference">
                    <dt>{difference.field}</dt>
                    <dd>
                        <span class="hint">{left.clone()}</span>
                        <Value text=difference.left start end />
                    </dd>
                    <dd>
                        <span class="hint">{right.clone()}</span>
                        <Value text=difference.right start end />
                    </dd>
                </div>
            }
        })
        .collect_view();
    view! { <dl class="differences">{items}</dl> }.into_any()
}

/// One of two values; what lies between the ends they share is marked.
#[component]
fn Value(text: String, start: usize, end: usize) -> impl IntoView {
    if text.is_empty() {
        return view! { <p class="hint">"Empty"</p> }.into_any();
    }
    let (head, rest) = text.split_at(start);
    let (changed, tail) = rest.split_at(rest.len() - end);
    // An empty text would be sent as a space.
    let some = |part: &str| (!part.is_empty()).then(|| part.to_owned());
    view! { <p class="value">{some(head)} {some(changed).map(|changed| view! { <mark>{changed}</mark> })} {some(tail)}</p> }
        .into_any()
}

/// How many bytes two texts share at their beginnings and, of what is left, at their ends, in whole words.
fn common_ends(left: &str, right: &str) -> (usize, usize) {
    let words =
        |text: &'_ str| -> Vec<String> { text.split_inclusive(char::is_whitespace).map(str::to_owned).collect() };
    let shared = |left: &[String], right: &[String]| -> usize {
        left.iter()
            .zip(right)
            .take_while(|(left, right)| left == right)
            .map(|(word, _)| word.len())
            .sum()
    };
    let start = shared(&words(left), &words(right));
    let backwards = |text: &str| words(text).into_iter().rev().collect::<Vec<_>>();
    (start, shared(&backwards(&left[start..]), &backwards(&right[start..])))
}

#[cfg(test)]
mod tests {
    use api::{KnowledgeBaseId, ModelChoice};

    use super::*;

    #[test]
    fn a_version_does_not_differ_from_itself() {
        let settings = AssistantSettings::default();
        assert_eq!(differences(&settings, &settings, &Names::default()), []);
    }

    #[test]
    fn only_the_changed_fields_are_told_with_both_values() {
        let left = AssistantSettings::default();
        let mut right = left.clone();
        right.retrieval.passages = 12;
        right.model = ModelChoice::Extractive;
        let told = differences(&left, &right, &Names::default());
        assert_eq!(
            told,
            [
                Difference {
                    field: "Passages",
                    left: "8".to_owned(),
                    right: "12".to_owned()
                },
                Difference {
                    field: "Model",
                    left: "Automatic".to_owned(),
                    right: "The documents’ own sentences".to_owned()
                },
            ]
        );
    }

    #[test]
    fn the_order_in_which_knowledge_bases_were_ticked_is_no_difference() {
        let [one, two] = ["a", "b"].map(|_| KnowledgeBaseId(uuid::Uuid::now_v7()));
        let names = Names {
            knowledge_bases: [(one, "Contracts".to_owned()), (two, "Manuals".to_owned())].into(),
            ..Names::default()
        };
        let with = |ids: Vec<KnowledgeBaseId>| AssistantSettings {
            knowledge_base_ids: ids,
            ..AssistantSettings::default()
        };
        assert_eq!(differences(&with(vec![one, two]), &with(vec![two, one]), &names), []);
    }

    #[test]
    fn whole_words_that_two_texts_share_at_their_ends_are_not_marked() {
        let changed = |text: &'static str, (start, end): (usize, usize)| &text[start..text.len() - end];
        let (left, right) = ("Answer in German, shortly.", "Answer in plain English, shortly.");
        let ends = common_ends(left, right);
        assert_eq!(
            (changed(left, ends), changed(right, ends)),
            ("German, ", "plain English, ")
        );
        let (left, right) = ("Be brief. Be brief.", "Be brief.");
        let ends = common_ends(left, right);
        assert_eq!(
            changed(left, ends).len() - changed(right, ends).len(),
            left.len() - right.len()
        );
        assert_eq!(common_ends("", "new"), (0, 0));
    }
}
