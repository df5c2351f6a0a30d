//! `hyperion ask`.

use std::{process::ExitCode, time::Duration};

use api::{
    AnswerEvent, AnswerKind, Asked, Assistant, AssistantId, Citation, Message, MessageId, MessageStatus,
    StartConversation,
};
use axum::{
    body::Body,
    http::{HeaderName, Method},
};
use eventsource_stream::Eventsource;
use futures::StreamExt;

use super::{
    Failure,
    door::{Answer, Door, DoorError, Whereabouts},
    names, output,
    plain::{self, PlainStream},
};
use crate::config::Config;

/// Streams that break off are taken up again so often.
const MOST_RECONNECTS: u32 = 5;

#[derive(clap::Args)]
pub struct AskQuestion {
    question: String,
    /// Answer from this knowledge base alone (name or id); may be given several times
    #[arg(long, value_name = "NAME")]
    knowledge_base: Vec<String>,
    /// Ask this assistant (name or id); your first one unless given
    #[arg(long, value_name = "NAME")]
    assistant: Option<String>,
    /// Print one JSON object: the answer as the API gives it
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    to: Whereabouts,
}

impl AskQuestion {
    pub async fn run(self, config: Config) -> Result<ExitCode, Failure> {
        let door = Door::open(config, &self.to, "hyperion ask", false).await?;
        let answered = self.ask(&door).await;
        door.close().await?;
        answered
    }

    async fn ask(&self, door: &Door) -> Result<ExitCode, Failure> {
        let start = StartConversation {
            question: self.question.clone(),
            assistant_id: match &self.assistant {
                Some(wanted) => Some(assistant(door, wanted).await?),
                None => None,
            },
            knowledge_base_ids: names::knowledge_bases(door, &self.knowledge_base).await?,
        };
        let asked: Asked = door.post("/conversations", &start).await?;
        let mut printer = (!self.json).then(PlainStream::default);
        let answer = follow(door, asked.answer.id, |text| {
            if let Some(printer) = &mut printer {
                output::print(printer.push(text));
            }
        })
        .await?;
        match printer {
            Some(printer) => {
                output::print(printer.finish(&answer.content));
                print_sources(&answer);
            }
            None => output::print_line(serde_json::to_string(&answer)?),
        }
        Ok(match &answer.error {
            Some(problem) => {
                eprintln!("hyperion: the answer is not complete: {}", problem.message());
                ExitCode::FAILURE
            }
            None if answer.status == MessageStatus::Failed => ExitCode::FAILURE,
            None => ExitCode::SUCCESS,
        })
    }
}

/// The assistant of this name or id.
async fn assistant(door: &Door, wanted: &str) -> Result<AssistantId, Failure> {
    let all: Vec<Assistant> = door.get("/assistants").await?;
    let found = all
        .iter()
        .find(|assistant| assistant.settings.name == wanted || assistant.id.to_string() == wanted);
    match found {
        Some(assistant) => Ok(assistant.id),
        None => {
            let names = all.iter().map(|assistant| assistant.settings.name.as_str());
            Err(names::unknown("assistant", wanted, names).into())
        }
    }
}

/// Passes on what is written of an answer until it is done, then gives it whole.
async fn follow(door: &Door, id: MessageId, mut written: impl FnMut(&str)) -> Result<Message, Failure> {
    let path = format!("/messages/{id}/events");
    let mut last = String::from("0");
    for _ in 0..=MOST_RECONNECTS {
        let header = (HeaderName::from_static("last-event-id"), last.clone());
        let response = match door.request(Method::GET, &path, [header], Body::empty()).await? {
            Answer::Given(response) => response,
            Answer::Later(pause) => {
                tokio::time::sleep(pause).await;
                continue;
            }
        };
        let mut events = response.into_body().into_data_stream().eventsource();
        while let Some(Ok(event)) = events.next().await {
            last = event.id;
            match serde_json::from_str(&event.data).map_err(|error| DoorError::Unreadable(error.to_string()))? {
                AnswerEvent::Delta { text } => written(&text),
                AnswerEvent::Done { message } => return Ok(*message),
                _ => {}
            }
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    Err("the answer's events broke off again and again: look the answer up in the app".into())
}

fn print_sources(answer: &Message) {
    if !answer.citations.is_empty() {
        output::print_line("\nSources");
    }
    for citation in &answer.citations {
        output::print_line(source(citation));
    }
    if answer.answer_kind == Some(AnswerKind::Extractive) {
        eprintln!("\nNo language model wrote this: these are the documents' own words.");
    }
}

/// `[1] handbook.pdf, page 3: "the words"`, on one line.
fn source(citation: &Citation) -> String {
    let quote = citation.quote.split_whitespace().collect::<Vec<_>>().join(" ");
    let line = format!(
        "[{}] {}, page {}: \"{quote}\"",
        citation.number, citation.document_name, citation.page
    );
    plain::without_control_characters(&line)
}
