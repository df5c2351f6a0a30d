//! What the things that settings refer to are called.

use std::collections::HashMap;

use api::{Client, Connection, ConnectionId, KnowledgeBase, KnowledgeBaseId, ModelChoice, Page, Problem};

use crate::format;

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

    /// What a choice of knowledge bases says, in no particular order of theirs.
    pub fn sources(&self, ids: &[KnowledgeBaseId]) -> String {
        if ids.is_empty() {
            return "Every knowledge base you may read".to_owned();
        }
        let mut named: Vec<String> = ids
            .iter()
            .map(|id| match self.knowledge_bases.get(id) {
                Some(name) => name.clone(),
                None => format!("One you may not read ({id})"),
            })
            .collect();
        named.sort();
        named.join(", ")
    }

    pub fn model(&self, choice: &ModelChoice) -> String {
        match choice {
            ModelChoice::Automatic => "Automatic".to_owned(),
            ModelChoice::Extractive => "The documents’ own sentences".to_owned(),
            ModelChoice::Connection { connection_id, model } => {
                let connection = self
                    .connections
                    .get(connection_id)
                    .map_or("a connection you may not use", String::as_str);
                if model.is_empty() {
                    format!("The model of {connection}")
                } else {
                    format!("{model} on {connection}")
                }
            }
        }
    }
}

/// Every knowledge base the caller may read.
pub async fn all_knowledge_bases(client: &Client) -> Result<Vec<KnowledgeBase>, Problem> {
    let (mut all, mut cursor) = (Vec::new(), String::new());
    loop {
        let query = format::query(&[("limit", "200"), ("cursor", &cursor)]);
        let page: Page<KnowledgeBase> = client.get(&format!("/knowledge-bases{query}")).await?;
        all.extend(page.items);
        match page.next_cursor {
            Some(next) => cursor = next,
            None => return Ok(all),
        }
    }
}
