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
    pub temperature: RwSignal<String>,
    pub top_p: RwSignal<String>,
    pub max_tokens: RwSignal<String>,
    pub writer: RwSignal<Writer>,
    pub connection: RwSignal<String>,
    pub model: RwSignal<String>,
}

impl Draft {
    pub fn new(settings: &AssistantSettings) -> Self {
        let text = |value: &str| RwSignal::new(value.to_owned());
        let (writer, connection, model) = match &settings.model {
            ModelChoice::Automatic => (Writer::Automatic, String::new(), ""),
            ModelChoice::Extractive => (Writer::Extractive, String::new(), ""),
            ModelChoice::Connection { connection_id, model } => {
                (Writer::Connection, connection_id.to_string(), model.as_str())
            }
        };
        let (retrieval, generation) = (&settings.retrieval, &settings.generation);
        Self {
            name: text(&settings.name),
            description: text(&settings.description),
            instructions: text(&settings.instructions),
            prompt_template: text(&settings.prompt_template),
            knowledge_base_ids: RwSignal::new(settings.knowledge_base_ids.clone()),
            passages: RwSignal::new(retrieval.passages.to_string()),
            min_score: RwSignal::new(retrieval.min_score.to_string()),
            lexical_weight: RwSignal::new(retrieval.lexical_weight.to_string()),
            neighbours: RwSignal::new(retrieval.neighbours.to_string()),
            temperature: RwSignal::new(generation.temperature.to_string()),
            top_p: RwSignal::new(generation.top_p.to_string()),
            max_tokens: RwSignal::new(generation.max_tokens.to_string()),
            writer: RwSignal::new(writer),
            connection: RwSignal::new(connection),
            model: text(model),
        }
    }

    /// # Errors
    /// Names the first field that holds no value of its kind.
    pub fn read(self) -> Result<AssistantSettings, Problem> {
        Ok(AssistantSettings {
            name: self.name.get_untracked(),
            description: self.description.get_untracked(),
            instructions: self.instructions.get_untracked(),
            prompt_template: self.prompt_template.get_untracked(),
            knowledge_base_ids: self.knowledge_base_ids.get_untracked(),
            retrieval: RetrievalSettings {
                passages: number("passages", self.passages)?,
                min_score: number("min_score", self.min_score)?,
                lexical_weight: number("lexical_weight", self.lexical_weight)?,
                neighbours: number("neighbours", self.neighbours)?,
            },
            generation: GenerationSettings {
                temperature: number("temperature", self.temperature)?,
                top_p: number("top_p", self.top_p)?,
                max_tokens: number("max_tokens", self.max_tokens)?,
            },
            model: self.model_choice()?,
        })
    }

    fn model_choice(self) -> Result<ModelChoice, Problem> {
        match self.writer.get_untracked() {
            Writer::Automatic => Ok(ModelChoice::Automatic),
            Writer::Extractive => Ok(ModelChoice::Extractive),
            Writer::Connection => {
                let connection_id: ConnectionId = self
                    .connection
                    .with_untracked(|id| id.parse())
                    .map_err(|_| invalid("connection_id", "Choose a connection."))?;
                Ok(ModelChoice::Connection {
                    connection_id,
                    model: self.model.get_untracked(),
                })
            }
        }
    }
}

fn number<N: std::str::FromStr>(field: &str, typed: RwSignal<String>) -> Result<N, Problem> {
    typed
        .with_untracked(|typed| typed.trim().parse())
        .map_err(|_| invalid(field, "Enter a number."))
}

fn invalid(field: &str, message: &str) -> Problem {
    Problem::new(422, "invalid_request", "Something in the form is not valid")
        .with_detail(message)
        .with_field(field, message)
}
