//! The state of the conversation that is shown, and what can be done to it.

use api::{
    AnswerKind, Ask, Asked, Conversation, ConversationId, ConversationTree, Feedback, Message, MessageId,
    MessageStatus, Problem, UpdateConversation,
};
use leptos::{prelude::*, task::spawn_local};

use crate::{
    components::{Change, ConversationChanges},
    format, transport,
};

#[derive(Clone, Copy)]
pub struct Thread {
    id: ConversationId,
    tree: RwSignal<ConversationTree>,
    assistant: StoredValue<Option<String>>,
    /// What happened last, for those who do not see it.
    said: RwSignal<String>,
    /// What could not be done with the conversation as a whole.
    problem: RwSignal<Option<Problem>>,
    changes: ConversationChanges,
}

/// Where a message stands among those that were written in its place.
#[derive(Clone, PartialEq)]
pub struct Place {
    /// Counted from 0.
    pub at: usize,
    pub alternatives: Vec<MessageId>,
}

impl Thread {
    pub fn new(tree: ConversationTree, assistant: Option<String>, changes: ConversationChanges) -> Self {
        let id = tree.conversation.id;
        let tree = RwSignal::new(tree);
        changes.listen(move |change| {
            if let Change::Saved(conversation) = change
                && conversation.id == id
            {
                tree.update(|tree| tree.conversation.title = conversation.title);
            }
        });
        let thread = Self {
            id,
            tree,
            assistant: StoredValue::new(assistant),
            said: RwSignal::new(String::new()),
            problem: RwSignal::new(None),
            changes,
        };
        // An answer may be complete before its page is there to follow it.
        Effect::new(move |_| {
            if let Some(last) = untrack(|| thread.last())
                && last.status != MessageStatus::Streaming
                && changes.was_just_asked(last.id)
            {
                thread.say(ending(&last));
            }
        });
        thread
    }

    pub fn id(self) -> ConversationId {
        self.id
    }

    pub fn title(self) -> String {
        self.tree.read().conversation.title.clone()
    }

    /// Whether the title only repeats the question that is shown first.
    pub fn is_titled_by_its_question(self) -> bool {
        let tree = self.tree.read();
        let branch = tree.active_branch();
        branch
            .first()
            .is_some_and(|first| begins_with_title(&first.content, &tree.conversation.title))
    }

    /// The name of the assistant, unless it was deleted.
    pub fn assistant(self) -> Option<String> {
        self.assistant.get_value()
    }

    pub fn said(self) -> String {
        self.said.get()
    }

    pub fn say(self, text: impl Into<String>) {
        self.said.set(text.into());
    }

    pub fn problem(self) -> Option<Problem> {
        self.problem.get()
    }

    /// The messages that are shown, first question first.
    pub fn branch(self) -> Vec<Message> {
        self.tree.read().active_branch().into_iter().cloned().collect()
    }

    pub fn last(self) -> Option<Message> {
        self.tree.read().active_branch().last().copied().cloned()
    }

    /// The answer of the branch that is being written.
    pub fn answering(self) -> Option<MessageId> {
        let last = self.last()?;
        (last.status == MessageStatus::Streaming).then_some(last.id)
    }

    /// A message as it is now; `first` is what it was.
    pub fn message(self, first: Message) -> Memo<Message> {
        Memo::new(move |_| {
            let tree = self.tree.read();
            let now = tree.messages.iter().find(|message| message.id == first.id);
            now.unwrap_or(&first).clone()
        })
    }

    pub fn place(self, id: MessageId) -> Place {
        let tree = self.tree.read();
        let message = tree.messages.iter().find(|message| message.id == id);
        let alternatives: Vec<MessageId> = message.map_or(vec![id], |message| {
            tree.siblings(message).into_iter().map(|sibling| sibling.id).collect()
        });
        let at = alternatives.iter().position(|other| *other == id).unwrap_or(0);
        Place { at, alternatives }
    }

    /// Asks after the answer `parent`.
    pub async fn ask(self, question: String, parent: Option<MessageId>) -> Result<(), Problem> {
        self.send(Ask {
            question,
            parent_id: parent,
            edits: None,
        })
        .await
    }

    /// Asks in the place of a question, in a branch of its own.
    pub async fn edit(self, asked: MessageId, question: String) -> Result<(), Problem> {
        self.send(Ask {
            question,
            parent_id: None,
            edits: Some(asked),
        })
        .await
    }

    async fn send(self, ask: Ask) -> Result<(), Problem> {
        let path = format!("/conversations/{}/messages", self.id);
        self.take(transport::in_browser().post(&path, &ask).await?);
        Ok(())
    }

    /// Answers the same question again, beside this answer.
    pub async fn regenerate(self, answer: MessageId) -> Result<(), Problem> {
        let path = format!("/messages/{answer}/regenerate");
        self.take(transport::in_browser().post(&path, &()).await?);
        Ok(())
    }

    fn take(self, asked: Asked) {
        self.tree.update(|tree| {
            put(&mut tree.messages, asked.question);
            put(&mut tree.messages, asked.answer);
            tree.conversation = asked.conversation.clone();
        });
        self.problem.set(None);
        self.changes.saved(asked.conversation);
    }

    /// Ends an answer early. It then changes as any answer does that has ended.
    pub fn stop(self, answer: MessageId) {
        spawn_local(async move {
            match transport::in_browser()
                .post(&format!("/messages/{answer}/stop"), &())
                .await
            {
                Ok(message) => self.ended(message),
                Err(problem) => self.problem.set(Some(problem)),
            }
        });
    }

    /// Shows the branch through this message that was gone on with last.
    pub fn show(self, message: MessageId) {
        let leaf = self.tree.with_untracked(|tree| tree.newest_leaf(message));
        self.tree
            .update(|tree| tree.conversation.active_message_id = Some(leaf));
        spawn_local(async move {
            let change = UpdateConversation {
                active_message_id: Some(leaf),
                ..Default::default()
            };
            let path = format!("/conversations/{}", self.id);
            match transport::in_browser().patch::<Conversation>(&path, &change).await {
                Ok(_) => self.problem.set(None),
                Err(problem) => self.problem.set(Some(problem)),
            }
        });
    }

    pub async fn rate(self, answer: MessageId, feedback: Feedback) -> Result<(), Problem> {
        let path = format!("/messages/{answer}/feedback");
        let message: Message = transport::in_browser().put(&path, &feedback).await?;
        self.tree.update(|tree| put(&mut tree.messages, message));
        Ok(())
    }

    /// Takes everything from the server again.
    pub async fn reload(self) -> Result<(), Problem> {
        let path = format!("/conversations/{}", self.id);
        self.tree.set(transport::in_browser().get(&path).await?);
        Ok(())
    }

    /// Keeps an answer that has ended, and says so once.
    pub fn ended(self, message: Message) {
        let was_being_written = self.tree.with_untracked(|tree| {
            let known = tree.messages.iter().find(|known| known.id == message.id);
            known.is_some_and(|known| known.status == MessageStatus::Streaming)
        });
        if was_being_written {
            self.say(ending(&message));
        }
        self.tree.update(|tree| put(&mut tree.messages, message));
    }
}

/// Whether the title is the question on one line, or its first words.
fn begins_with_title(question: &str, title: &str) -> bool {
    let question = question.split_whitespace().collect::<Vec<_>>().join(" ");
    match title.strip_suffix('…') {
        Some(beginning) => question.starts_with(beginning.trim_end()),
        None => question == title,
    }
}

/// Replaces the message with the same identifier, or adds it.
fn put(messages: &mut Vec<Message>, message: Message) {
    match messages.iter_mut().find(|known| known.id == message.id) {
        Some(known) => *known = message,
        None => messages.push(message),
    }
}

/// How an answer ended, in a sentence to be heard.
fn ending(answer: &Message) -> String {
    match answer.status {
        MessageStatus::Streaming => "Answering…".to_owned(),
        MessageStatus::Stopped => "Answer stopped".to_owned(),
        MessageStatus::Failed => match &answer.error {
            Some(problem) => format!("No answer: {}", problem.message()),
            None => "The answer failed".to_owned(),
        },
        MessageStatus::Complete if answer.answer_kind == Some(AnswerKind::NotFound) => {
            "Answer complete: the documents do not say".to_owned()
        }
        MessageStatus::Complete => {
            let sources = format::count(answer.citations.len() as u64, "source", "sources");
            format!("Answer complete, {sources}")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::begins_with_title;

    #[test]
    fn a_title_made_from_the_question_is_told_from_a_name_given_to_the_conversation() {
        assert!(begins_with_title("What is\nthe rent?", "What is the rent?"));
        assert!(begins_with_title(
            "What is the rent of the house?",
            "What is the rent …"
        ));
        assert!(!begins_with_title("What is the rent?", "Rent"));
        assert!(!begins_with_title("What is the rent?", "What is"));
    }
}
