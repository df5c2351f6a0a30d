//! Whether the language models that users connected can be reached.

use api::PageQuery;
use store::{Schema, Store, StoreError, StoredConnection};

use super::finding::Finding;
use crate::{
    chat::llm::{Llm, Patience},
    config::Config,
    connections::{base_url, secrets::Secrets},
    outbound::Outbound,
};

pub async fn check(config: &Config) -> Vec<Finding> {
    let database = config.database();
    // Opening an older database would change it.
    if !matches!(Store::schema(&database).await, Ok(Schema::Current)) {
        return vec![Finding::ok(
            "connections",
            "there is no database of this version to look them up in",
        )];
    }
    let found = match Store::open(&database).await {
        Ok(store) => {
            let all = all(&store).await;
            store.close().await;
            all
        }
        Err(error) => Err(error),
    };
    let connections = match found {
        Ok(connections) => connections,
        Err(error) => return vec![Finding::fail("connections", error)],
    };
    let mut findings = Vec::new();
    for (email, stored) in connections {
        let what = format!("connection {} of {email}", stored.connection.name);
        findings.push(match reach(config, &stored).await {
            Ok(models) => Finding::ok(&what, format!("offers {models} models")),
            Err(message) => Finding::warn(&what, message),
        });
    }
    findings
}

/// Every connection, with its owner's e-mail address.
async fn all(store: &Store) -> Result<Vec<(String, StoredConnection)>, StoreError> {
    let mut all = Vec::new();
    let mut query = PageQuery::default();
    loop {
        let page = store.users(&query).await?;
        for user in page.items {
            let own = store
                .connections(user.id)
                .await?
                .into_iter()
                .filter(|stored| stored.owner == user.id);
            all.extend(own.map(|stored| (user.email.clone(), stored)));
        }
        match page.next_cursor {
            Some(cursor) => query.cursor = Some(cursor),
            None => return Ok(all),
        }
    }
}

/// How many models the endpoint offers, or what is wrong and what to do.
async fn reach(config: &Config, stored: &StoredConnection) -> Result<usize, String> {
    let outbound = Outbound::new(config.allow_private_addresses).map_err(|error| error.to_string())?;
    let secrets = Secrets::open(&config.data_dir).map_err(|error| error.to_string())?;
    let sealed = stored.sealed_key.as_ref();
    let key = sealed
        .map(|sealed| secrets.unseal(stored.owner, stored.connection.id, sealed))
        .transpose()
        .map_err(|error| error.to_string())?;
    let llm = Llm {
        outbound,
        base_url: base_url(&stored.connection.base_url).map_err(|error| error.0.message().to_owned())?,
        key,
        patience: Patience::default(),
    };
    llm.models()
        .await
        .map(|models| models.len())
        .map_err(|error| error.to_string())
}
