//! The words that passages are found by, made again from what is stored of them.

use std::collections::{HashMap, hash_map::Entry};

use api::KnowledgeBaseId;
use engine::{
    document::ExtractedText,
    lexical,
    split::{Passage, TableHeads},
};
use uuid::Uuid;

use crate::{
    Store, StoreError,
    database::{Statement, Value, statement},
    passages::{index_words, owner_token},
};

/// What a passage's words are made from beside the passage.
struct Surroundings {
    title: String,
    table_heads: TableHeads,
}

/// Keeps the surroundings of the documents of the last rows: a long document's passages are many batches.
#[derive(Default)]
pub struct Words {
    documents: HashMap<Uuid, Surroundings>,
}

impl Words {
    /// Puts these rows of the index of words into another.
    pub async fn index(&mut self, source: &Store, rows: &[Vec<Value>]) -> Result<Statement, StoreError> {
        let seqs = rows.iter().flatten().cloned();
        let passages = statement(
            "SELECT seq, document_id, knowledge_base_id, heading_path, start_char, text FROM passages WHERE seq IN ",
        )
        .push_list(seqs)
        .push(" ORDER BY seq")
        .fetch_all(&source.reads)
        .await?;
        let named: Result<Vec<Uuid>, sqlx::Error> = passages.iter().map(|row| row.get("document_id")).collect();
        let named = named?;
        self.documents.retain(|id, _| named.contains(id));
        for id in named {
            if let Entry::Vacant(unknown) = self.documents.entry(id) {
                unknown.insert(surroundings(source, id).await?);
            }
        }

        let places = (0..passages.len())
            .map(|at| format!("(${}, ${}, ${}, ${})", 4 * at + 1, 4 * at + 2, 4 * at + 3, 4 * at + 4));
        let mut indexing = index_words(&format!(
            "WITH made (seq, knowledge_base_id, owner, terms) AS (VALUES {}) SELECT * FROM made",
            places.collect::<Vec<_>>().join(", ")
        ));
        for row in passages {
            let surroundings = &self.documents[&row.get("document_id")?];
            let start = row.get::<i64>("start_char")?.unsigned_abs();
            let passage = Passage {
                text: row.get("text")?,
                heading_path: serde_json::from_str(&row.get::<String>("heading_path")?)?,
                table_head: surroundings.table_heads.above(start).map(str::to_owned),
                // Not among what the words are made from.
                range: 0..0,
                characters: 0..0,
                first_page: 0,
                last_page: 0,
            };
            let knowledge_base: Uuid = row.get("knowledge_base_id")?;
            indexing = indexing
                .bind(row.get::<i64>("seq")?)
                .bind(knowledge_base)
                .bind(owner_token(KnowledgeBaseId(knowledge_base)))
                .bind(lexical::terms(&passage.with_context(&surroundings.title)).join(" "));
        }
        Ok(indexing)
    }
}

async fn surroundings(source: &Store, document: Uuid) -> Result<Surroundings, StoreError> {
    let row = statement(
        "SELECT name, extracted FROM documents LEFT JOIN document_texts ON document_id = documents.id WHERE id = $1",
    )
    .bind(document)
    .fetch_one(&source.reads)
    .await?;
    let extracted: Option<String> = row.get("extracted")?;
    let text: ExtractedText = match extracted {
        Some(extracted) => serde_json::from_str(&extracted)?,
        None => ExtractedText::default(),
    };
    Ok(Surroundings {
        table_heads: TableHeads::of(&text),
        title: match text.title {
            Some(title) => title,
            None => row.get("name")?,
        },
    })
}
