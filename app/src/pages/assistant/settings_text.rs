//! Settings as people read them, field by field, and where two versions differ.

use std::collections::HashMap;

use api::{AssistantSettings, Connection, ConnectionId, KnowledgeBase, KnowledgeBaseId, ModelChoice};

/// What the things that settings refer to are called.
#[derive(Clone, Default)]
pub struct Names {
    pub knowledge_bases: HashMap<KnowledgeBaseId, String>,
    pub connections: HashMap<ConnectionId, String>,
}

impl Names {
    pub fn new(knowledge_bases: &[KnowledgeBase], connections: &[Connection]) -> Self {
        Self {
            knowledge_bases: knowledge_bases
                .iter()
                .map(|base| (base.id, base.name.clone()))
                .collect(),
            connections: connections
                .iter()
                .map(|connection| (connection.id, connection.name.clone()))
                .collect(),
        }
    }
}

/// A field that is not the same in two versions.
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

fn fields(settings: &AssistantSettings, names: &Names) -> [(&'static str, String); 13] {
    let (retrieval, generation) = (&settings.retrieval, &settings.generation);
    [
        ("Name", settings.name.clone()),
        ("Description", settings.description.clone()),
        ("Instructions", settings.instructions.clone()),
        ("Prompt template", settings.prompt_template.clone()),
        ("Knowledge bases", knowledge_bases(&settings.knowledge_base_ids, names)),
        ("Passages", retrieval.passages.to_string()),
        ("Least relevance", retrieval.min_score.to_string()),
        ("Weight of words", retrieval.lexical_weight.to_string()),
        ("Neighbours", retrieval.neighbours.to_string()),
        ("Model", model(&settings.model, names)),
        ("Temperature", generation.temperature.to_string()),
        ("Top p", generation.top_p.to_string()),
        ("Longest answer", format!("{} tokens", generation.max_tokens)),
    ]
}

fn knowledge_bases(ids: &[KnowledgeBaseId], names: &Names) -> String {
    if ids.is_empty() {
        return "Every one its user may read".to_owned();
    }
    let mut named: Vec<String> = ids
        .iter()
        .map(|id| {
            names
                .knowledge_bases
                .get(id)
                .cloned()
                .unwrap_or_else(|| format!("One you may not read ({id})"))
        })
        .collect();
    named.sort();
    named.join(", ")
}

fn model(choice: &ModelChoice, names: &Names) -> String {
    match choice {
        ModelChoice::Automatic => "Automatic".to_owned(),
        ModelChoice::Extractive => "The documents' own sentences".to_owned(),
        ModelChoice::Connection { connection_id, model } => {
            let connection = names
                .connections
                .get(connection_id)
                .map_or("A connection you may not use", String::as_str);
            if model.is_empty() {
                connection.to_owned()
            } else {
                format!("{model} on {connection}")
            }
        }
    }
}

#[cfg(test)]
mod tests {
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
                    right: "The documents' own sentences".to_owned()
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
}
