//! One collection of passages.

use std::collections::{BTreeSet, HashMap};

use api::{DocumentId, KnowledgeBaseId, PassageId};
use engine::embed::from_f16_bytes;
use milvus_sdk::v2::prelude::{
    CollectionSchema, ConsistencyLevel, CreateCollectionRequest, CreateIndexRequest, DataType, DeleteRequest,
    DropCollectionRequest, FieldData, FieldSchema, Function, FunctionType, Ids, IndexParam, IndexType, InsertRequest,
    LoadCollectionRequest, MetricType, QueryRequest, SearchRequest, SearchRequestBuilder, SearchVectors,
};
use store::{CANDIDATES, IndexError, IndexedPassage};
use uuid::Uuid;

use crate::server::{Connected, SERVER, is_not_loaded, of_sdk};

const ID: &str = "id";
const KNOWLEDGE_BASE: &str = "knowledge_base";
const DOCUMENT: &str = "document";
const VECTOR: &str = "vector";
const TERMS: &str = "terms";
const WORDS: &str = "words";

/// Of a UUID without hyphens.
const ID_LENGTH: u32 = 32;
/// Bytes that a text of Milvus has at most.
const LONGEST_TERMS: usize = 65_535;

/// HNSW (Malkov and Yashunin 2016): neighbours of a node, and candidates while building and searching. With these, nearly
/// all of the hundred nearest are found.
const NEIGHBOURS: u32 = 16;
const WHILE_BUILDING: u32 = 200;
const WHILE_SEARCHING: u32 = 200;

pub(crate) struct Collection {
    server: Connected,
    pub generation: i64,
    name: String,
}

/// Passages that are counted.
pub(crate) enum Part {
    All,
    KnowledgeBase(KnowledgeBaseId),
    Document(DocumentId),
}

/// A passage that was found, with its document.
pub(crate) struct Found {
    pub passage: PassageId,
    pub document: DocumentId,
    pub score: f32,
}

impl Collection {
    pub fn new(server: Connected, generation: i64) -> Self {
        Self {
            server,
            generation,
            name: format!("hyperion_passages_{generation}"),
        }
    }

    /// Whether it is searched by words too.
    pub fn knows_words(&self) -> bool {
        self.server.full_text
    }

    /// Makes it, with its indexes, ready to be searched.
    pub async fn create(&self, dimension: usize) -> Result<(), IndexError> {
        let text = |name: &str, length: u32| {
            FieldSchema::new()
                .name(name)
                .data_type(DataType::VarChar)
                .max_length(length)
        };
        let mut schema = CollectionSchema::new()
            .add_field(text(ID, ID_LENGTH).primary_key(true))
            .add_field(text(KNOWLEDGE_BASE, ID_LENGTH).partition_key(true))
            .add_field(text(DOCUMENT, ID_LENGTH))
            .add_field(
                FieldSchema::new()
                    .name(VECTOR)
                    .data_type(DataType::FloatVector)
                    .dimension(u32::try_from(dimension).unwrap_or(u32::MAX)),
            );
        let mut indexes = vec![
            IndexParam::new()
                .field_name(VECTOR)
                .index_name(VECTOR)
                .index_type(IndexType::Hnsw)
                .metric_type(MetricType::Cosine)
                .extra_params(parameters(
                    serde_json::json!({ "M": NEIGHBOURS, "efConstruction": WHILE_BUILDING }),
                )),
        ];
        if self.server.full_text {
            let terms = text(TERMS, LONGEST_TERMS as u32)
                .enable_analyzer(true)
                // The terms are made by the same rules as everywhere else.
                .analyzer_params(serde_json::json!({ "tokenizer": "whitespace" }));
            schema = schema
                .add_field(terms)
                .add_field(FieldSchema::new().name(WORDS).data_type(DataType::SparseFloatVector))
                .add_function(
                    Function::new()
                        .name("bm25")
                        .function_type(FunctionType::Bm25)
                        .input_fields([TERMS])
                        .output_fields([WORDS]),
                );
            indexes.push(
                IndexParam::new()
                    .field_name(WORDS)
                    .index_name(WORDS)
                    .index_type(IndexType::SparseInvertedIndex)
                    .metric_type(MetricType::Bm25)
                    .extra_params(parameters(serde_json::json!({ "bm25_k1": 1.2, "bm25_b": 0.75 }))),
            );
        }
        let request = CreateCollectionRequest::builder()
            .collection_name(&self.name)
            .schema(schema)
            .build();
        self.server
            .client
            .create_collection(request.map_err(of_sdk)?)
            .await
            .map_err(of_sdk)?;
        let request = CreateIndexRequest::builder()
            .collection_name(&self.name)
            .index_params(indexes)
            .sync(false)
            .build();
        self.server
            .client
            .create_index(request.map_err(of_sdk)?)
            .await
            .map_err(of_sdk)?;
        self.load().await
    }

    /// Makes it ready to be searched, which some versions forget when they are started again.
    async fn load(&self) -> Result<(), IndexError> {
        let request = LoadCollectionRequest::builder().collection_name(&self.name).build();
        let loaded = self.server.client.load_collection(request.map_err(of_sdk)?);
        loaded.await.map_err(of_sdk)
    }

    pub async fn drop(&self) -> Result<(), IndexError> {
        let request = DropCollectionRequest::builder()
            .collection_name(&self.name)
            .build()
            .map_err(of_sdk)?;
        self.server.client.drop_collection(request).await.map_err(of_sdk)
    }

    pub async fn insert(&self, passages: &[IndexedPassage]) -> Result<(), IndexError> {
        let ids = |id: fn(&IndexedPassage) -> Uuid| passages.iter().map(|passage| hex(id(passage))).collect();
        let mut columns = vec![
            FieldData::varchar(ID, ids(|passage| passage.id.0)),
            FieldData::varchar(KNOWLEDGE_BASE, ids(|passage| passage.knowledge_base.0)),
            FieldData::varchar(DOCUMENT, ids(|passage| passage.document.0)),
            FieldData::float_vector(
                VECTOR,
                passages.iter().map(|passage| from_f16_bytes(&passage.vector)).collect(),
            ),
        ];
        if self.server.full_text {
            let terms = passages.iter().map(|passage| that_fit(&passage.terms).to_owned());
            columns.push(FieldData::varchar(TERMS, terms.collect()));
        }
        let request = InsertRequest::builder()
            .collection_name(&self.name)
            .columns(columns)
            .build()
            .map_err(of_sdk)?;
        let inserted = self.server.client.insert(request).await.map_err(of_sdk)?;
        if u64::try_from(inserted.insert_count()) == Ok(passages.len() as u64) {
            return Ok(());
        }
        Err(IndexError::Failed {
            server: SERVER,
            reason: format!("it took {} of {} passages", inserted.insert_count(), passages.len()),
        })
    }

    pub async fn remove_documents(&self, documents: impl IntoIterator<Item = DocumentId>) -> Result<(), IndexError> {
        self.remove(among(DOCUMENT, documents.into_iter().map(|id| id.0))).await
    }

    pub async fn remove_knowledge_base(&self, id: KnowledgeBaseId) -> Result<(), IndexError> {
        self.remove(among(KNOWLEDGE_BASE, [id.0])).await
    }

    async fn remove(&self, filter: String) -> Result<(), IndexError> {
        let request = DeleteRequest::builder()
            .collection_name(&self.name)
            .filter(filter)
            .build()
            .map_err(of_sdk)?;
        self.server.client.delete(request).await.map_err(of_sdk)?;
        Ok(())
    }

    /// How many passages it has; what was inserted before is counted.
    pub async fn count(&self, of: Part) -> Result<u64, IndexError> {
        let request = QueryRequest::builder()
            .collection_name(&self.name)
            .filter(match of {
                Part::All => String::new(),
                Part::KnowledgeBase(id) => among(KNOWLEDGE_BASE, [id.0]),
                Part::Document(id) => among(DOCUMENT, [id.0]),
            })
            .output_fields(["count(*)"])
            .consistency_level(ConsistencyLevel::Strong)
            .build()
            .map_err(of_sdk)?;
        let client = &self.server.client;
        let counted = match client.query(request.clone()).await {
            Err(error) if is_not_loaded(&error) => {
                self.load().await?;
                client.query(request).await
            }
            counted => counted,
        };
        let counted = counted.map_err(of_sdk)?;
        Ok(counted.results().get_row_count())
    }

    /// The nearest passages, best first.
    pub async fn nearest(
        &self,
        within: &[KnowledgeBaseId],
        without: &BTreeSet<DocumentId>,
        vector: &[f32],
    ) -> Result<Vec<Found>, IndexError> {
        let request = SearchRequest::builder()
            .vector_field(VECTOR)
            .vectors(SearchVectors::Float(vec![vector.to_vec()]))
            .metric_type(MetricType::Cosine)
            .extra_params(HashMap::from([("ef".to_owned(), WHILE_SEARCHING.to_string())]));
        self.search(request, within, without).await
    }

    /// The best passages by BM25, best first, with their scores.
    pub async fn with_words(
        &self,
        within: &[KnowledgeBaseId],
        without: &BTreeSet<DocumentId>,
        terms: &[String],
    ) -> Result<Vec<Found>, IndexError> {
        let request = SearchRequest::builder()
            .vector_field(WORDS)
            .vectors(SearchVectors::EmbeddedText(vec![terms.join(" ")]))
            .metric_type(MetricType::Bm25);
        self.search(request, within, without).await
    }

    async fn search(
        &self,
        request: SearchRequestBuilder,
        within: &[KnowledgeBaseId],
        without: &BTreeSet<DocumentId>,
    ) -> Result<Vec<Found>, IndexError> {
        let mut filter = among(KNOWLEDGE_BASE, within.iter().map(|id| id.0));
        if !without.is_empty() {
            filter.push_str(&format!(
                " and not ({})",
                among(DOCUMENT, without.iter().map(|id| id.0))
            ));
        }
        let request = request
            .collection_name(&self.name)
            .filter(filter)
            .output_fields([DOCUMENT])
            .limit(CANDIDATES.into())
            .consistency_level(ConsistencyLevel::Bounded)
            .build()
            .map_err(of_sdk)?;
        let client = &self.server.client;
        let response = match client.search(request.clone()).await {
            Err(error) if is_not_loaded(&error) => {
                self.load().await?;
                client.search(request).await
            }
            response => response,
        };
        let response = response.map_err(of_sdk)?;
        let Some(found) = response.results().get_results().first() else {
            return Ok(Vec::new());
        };
        let unexpected = || IndexError::Failed {
            server: SERVER,
            reason: "it answered with passages that are none of ours".to_owned(),
        };
        let Ids::VarChar(ids) = found.get_ids() else {
            return if found.get_ids().is_empty() {
                Ok(Vec::new())
            } else {
                Err(unexpected())
            };
        };
        let documents = match found.get_output_field(DOCUMENT).map(FieldData::inner) {
            Some(FieldData::VarChar { values, .. }) if values.len() == ids.len() => values,
            _ if ids.is_empty() => return Ok(Vec::new()),
            _ => return Err(unexpected()),
        };
        let read = ids
            .iter()
            .zip(documents)
            .zip(found.get_scores())
            .map(|((id, document), score)| {
                Some(Found {
                    passage: PassageId(Uuid::try_parse(id).ok()?),
                    document: DocumentId(Uuid::try_parse(document).ok()?),
                    // Milvus Lite gives what BM25 scores as distances, below zero.
                    score: score.abs(),
                })
            });
        read.collect::<Option<Vec<Found>>>().ok_or_else(unexpected)
    }
}

/// Of an index, in the one form that every version reads.
fn parameters(given: serde_json::Value) -> HashMap<String, String> {
    HashMap::from([("params".to_owned(), given.to_string())])
}

fn hex(id: Uuid) -> String {
    id.simple().to_string()
}

/// A filter; ids hold nothing that would have to be escaped.
fn among(field: &str, ids: impl IntoIterator<Item = Uuid>) -> String {
    let quoted: Vec<String> = ids.into_iter().map(|id| format!("\"{}\"", id.simple())).collect();
    format!("{field} in [{}]", quoted.join(", "))
}

/// As many whole terms as a field takes.
fn that_fit(terms: &str) -> &str {
    if terms.len() <= LONGEST_TERMS {
        return terms;
    }
    let end = terms.floor_char_boundary(LONGEST_TERMS);
    terms[..end].rsplit_once(' ').map_or("", |(fitting, _)| fitting)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn too_many_terms_are_cut_between_two_of_them() {
        assert_eq!(that_fit("some terms"), "some terms");
        let many = "京 ".repeat(LONGEST_TERMS / 4 + 9);
        let fitting = that_fit(&many);
        assert!(fitting.len() <= LONGEST_TERMS && fitting.len() > LONGEST_TERMS - 8);
        assert!(fitting.ends_with('京'));
    }
}
