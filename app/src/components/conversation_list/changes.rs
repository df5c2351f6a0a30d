//! How pages and the list of conversations keep each other up to date.

use api::{Conversation, ConversationId, MessageId};
use leptos::prelude::*;

#[derive(Clone)]
pub enum Change {
    /// Begun, gone on with, renamed, pinned or unpinned.
    Saved(Box<Conversation>),
    Deleted(ConversationId),
}

/// The last change to any conversation that was made on these pages.
#[derive(Clone, Copy, Default)]
pub struct ConversationChanges(RwSignal<Option<Change>>);

impl ConversationChanges {
    pub fn saved(self, conversation: Conversation) {
        self.0.set(Some(Change::Saved(Box::new(conversation))));
    }

    pub fn deleted(self, id: ConversationId) {
        self.0.set(Some(Change::Deleted(id)));
    }

    /// Whether the last thing that was done was to ask what this answers.
    pub fn was_just_asked(self, answer: MessageId) -> bool {
        let last = self.0.read_untracked();
        matches!(&*last, Some(Change::Saved(conversation)) if conversation.active_message_id == Some(answer))
    }

    /// Calls `on_change` with every change from now on, until the calling scope ends.
    pub fn listen(self, on_change: impl Fn(Change) + 'static) {
        Effect::new(move |earlier: Option<()>| {
            let change = self.0.get();
            // The first run sees what was there before.
            if earlier.is_some()
                && let Some(change) = change
            {
                on_change(change);
            }
        });
    }
}
