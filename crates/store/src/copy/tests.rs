//! That nothing is forgotten: whoever adds a table or a column says here what becomes of it.

use std::collections::{BTreeMap, BTreeSet};

use super::tables::TABLES;
use crate::{Location, Store, database::statement};

/// Tables that are not copied: what is made from others, what is the database's own, which index is in use, for the copy
/// has its own, what programs are doing now, for none runs, and when snapshots of the source were made. What the
/// installation is known by is told the copy at the beginning.
const LEFT_OUT: [&str; 8] = [
    "_sqlx_migrations",
    "copies",
    "sqlite_sequence",
    "passage_vocabulary",
    "passage_index",
    "upload_claims",
    "milestones",
    "installation",
];

/// Columns that are not copied: who works on a job, what trace it belongs to, and the contents of the index of words.
const NOT_COPIED: [(&str, &[&str]); 2] = [
    ("jobs", &["leased_by", "leased_until", "trace"]),
    ("passage_terms", &["owner", "terms"]),
];

#[tokio::test]
async fn every_column_of_every_table_is_copied_or_said_not_to_be() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&Location::File(folder.path().join("test.db")))
        .await
        .unwrap();
    let columns = statement(
        "SELECT tables.name AS of_table, columns.name AS of_column
         FROM sqlite_master AS tables JOIN pragma_table_info(tables.name) AS columns WHERE tables.type = 'table'",
    );
    let mut found: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for row in columns.fetch_all(&store.reads).await.unwrap() {
        let table: String = row.get("of_table").unwrap();
        // FTS5 keeps the index of words in tables of its own.
        if !table.starts_with("passage_terms_") && !LEFT_OUT.contains(&table.as_str()) {
            found.entry(table).or_default().insert(row.get("of_column").unwrap());
        }
    }
    let mut said: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for table in TABLES {
        let copied = table.columns.iter().map(|(name, _)| (*name).to_owned());
        said.entry(table.name.to_owned()).or_default().extend(copied);
    }
    for (table, columns) in NOT_COPIED {
        let columns = columns.iter().map(|name| (*name).to_owned());
        said.entry(table.to_owned()).or_default().extend(columns);
    }
    // In SQLite the number of a passage in the index is that of its row.
    said.entry("passage_terms".to_owned()).or_default().remove("seq");
    assert_eq!(found, said);
}
