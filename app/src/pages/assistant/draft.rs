//! The settings as they stand in the form.

use api::{
    AssistantSettings, ConnectionId, GenerationSettings, KnowledgeBaseId, ModelChoice, Problem, RetrievalSettings,
};
use leptos::prelude::*;

/// Which of the three kinds of model choice is ticked.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Writer {
    Automatic,
    Extractive,
    Connection,
}

/// One signal per field; numbers as they are typed.
#[derive(Clone, Copy)]
pub struct Draft {
    pub name: RwSignal<String>,
    pub description: RwSignal<String>,
    pub instructions: RwSignal<String>,
    pub prompt_template: RwSignal<String>,
    pub knowledge_base_ids: RwSignal<Vec<KnowledgeBaseId>>,
    pub passages: RwSignal<String>,
    pub min_score: RwSignal<String>,
    pub lexical_weight: RwSignal<String>,
    pub neighbours: RwSignal<String>,
    pub context_tokens: RwSignal<String>,
    pub temperature: RwSignal<String>,
    pub top_p: RwSignal<String>,
    pub max_tokens: RwSignal<String>,
    pub writer: RwSignal<Writer>,
    pub connection: RwSignal<String>,
    pub model: RwSignal<String>,
}

impl Draft {
    pub fn new(settings: &AssistantSettings) -> Self {
        let empty = || RwSignal::new(String::new());
        let draft = Self {
            name: empty(),
            description: empty(),
            instructions: empty(),
            prompt_template: empty(),
            knowledge_base_ids: RwSignal::new(Vec::new()),
            passages: empty(),
            min_score: empty(),
            lexical_weight: empty(),
            neighbours: empty(),
            context_tokens: empty(),
            temperature: empty(),
            top_p: empty(),
            max_tokens: empty(),
            writer: RwSignal::new(Writer::Automatic),
            connection: empty(),
            model: empty(),
        };
        draft.fill(settings);
        draft
    }

    /// Replaces everything in the form.
    pub fn fill(self, settings: &AssistantSettings) {
        let (writer, connection, model) = match &settings.model {
            ModelChoice::Automatic => (Writer::Automatic, String::new(), ""),
            ModelChoice::Extractive => (Writer::Extractive, String::new(), ""),
            ModelChoice::Connection { connection_id, model } => {
                (Writer::Connection, connection_id.to_string(), model.as_str())
            }
        };
        let (retrieval, generation) = (&settings.retrieval, &settings.generation);
        self.name.set(settings.name.clone());
        self.description.set(settings.description.clone());
        self.instructions.set(settings.instructions.clone());
        self.prompt_template.set(settings.prompt_template.clone());
        self.knowledge_base_ids.set(settings.knowledge_base_ids.clone());
        self.passages.set(retrieval.passages.to_string());
        self.min_score.set(retrieval.min_score.to_string());
        self.lexical_weight.set(retrieval.lexical_weight.to_string());
        self.neighbours.set(retrieval.neighbours.to_string());
        self.context_tokens.set(retrieval.context_tokens.to_string());
        self.temperature.set(generation.temperature.to_string());
        self.top_p.set(generation.top_p.to_string());
        self.max_tokens.set(generation.max_tokens.to_string());
        self.writer.set(writer);
        self.connection.set(connection);
        self.model.set(model.to_owned());
    }

    /// # Errors
    /// Names every field that holds no value of its kind.
    pub fn read(self) -> Result<AssistantSettings, Problem> {
        let mut wrong = Problem::new(
            422,
            "incomplete",
            "Something in the form is not filled in as it should be",
        );
        let settings = AssistantSettings {
            name: self.name.get(),
            description: self.description.get(),
            instructions: self.instructions.get(),
            prompt_template: self.prompt_template.get(),
            knowledge_base_ids: self.knowledge_base_ids.get(),
            retrieval: RetrievalSettings {
                passages: number("passages", self.passages, &mut wrong),
                min_score: number("min_score", self.min_score, &mut wrong),
                lexical_weight: number("lexical_weight", self.lexical_weight, &mut wrong),
                neighbours: number("neighbours", self.neighbours, &mut wrong),
                context_tokens: number("context_tokens", self.context_tokens, &mut wrong),
            },
            generation: GenerationSettings {
                temperature: number("temperature", self.temperature, &mut wrong),
                top_p: number("top_p", self.top_p, &mut wrong),
                max_tokens: number("max_tokens", self.max_tokens, &mut wrong),
            },
            model: self.model_choice(&mut wrong),
        };
        if wrong.fields.is_empty() {
            Ok(settings)
        } else {
            Err(wrong)
        }
    }

    fn model_choice(self, wrong: &mut Problem) -> ModelChoice {
        match self.writer.get() {
            Writer::Automatic => ModelChoice::Automatic,
            Writer::Extractive => ModelChoice::Extractive,
            Writer::Connection => match self.connection.read().parse::<ConnectionId>() {
                Ok(connection_id) => ModelChoice::Connection {
                    connection_id,
                    model: self.model.get(),
                },
                Err(_) => {
                    *wrong = wrong.clone().with_field("connection_id", "Choose a connection.");
                    ModelChoice::Automatic
                }
            },
        }
    }
}

fn number<N: std::str::FromStr + Default>(field: &str, typed: RwSignal<String>, wrong: &mut Problem) -> N {
    typed.read().trim().parse().unwrap_or_else(|_| {
        *wrong = wrong.clone().with_field(field, "Enter a number.");
        N::default()
    })
}
