//! The servers that several replicas share, where `scripts/servers.sh` started them.

use std::{env, error::Error};

use milvus::Address;
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection};
use store::Location;
use uuid::Uuid;

/// Connections of one measurement.
const CONNECTIONS: u32 = 8;

/// Where they are, as far as there are any.
pub struct Servers {
    /// As a user who may create databases.
    pub postgres: Option<String>,
    /// Finds words too.
    pub milvus_lite: Option<Address>,
    /// A whole server of version 2.3, which finds vectors only, and its port.
    pub milvus: Option<(Address, u16)>,
}

impl Servers {
    /// Those that the environment names; says which it does not.
    pub fn of_environment() -> Result<Self, Box<dyn Error>> {
        let milvus = match named("TEST_MILVUS_URL") {
            Some(url) => {
                let port = url::Url::parse(&url)?.port().ok_or("TEST_MILVUS_URL names no port")?;
                Some((Address::parse(&url)?, port))
            }
            None => None,
        };
        Ok(Self {
            postgres: named("TEST_POSTGRES_URL"),
            milvus_lite: named("TEST_MILVUS_LITE_URL")
                .map(|url| Address::parse(&url))
                .transpose()?,
            milvus,
        })
    }
}

fn named(variable: &str) -> Option<String> {
    let url = env::var(variable).ok().filter(|url| !url.is_empty());
    if url.is_none() {
        eprintln!("{variable} is not set: what needs it is skipped; scripts/servers.sh starts the servers and sets it");
    }
    url
}

/// A new database on this PostgreSQL.
pub async fn empty_database(server: &str) -> Result<Location, Box<dyn Error>> {
    let name = format!("bench_{}", Uuid::now_v7().simple());
    let mut connection = PgConnection::connect(server).await?;
    connection
        .execute(AssertSqlSafe(format!("CREATE DATABASE {name}")))
        .await?;
    connection.close().await?;
    let (server, _) = server.rsplit_once('/').ok_or("TEST_POSTGRES_URL names no database")?;
    location(&format!("{server}/{name}"))
}

/// The database at an address of PostgreSQL, or in a file.
pub fn location(database: &str) -> Result<Location, Box<dyn Error>> {
    if database.starts_with("postgres") {
        let location = Location::postgres(database, CONNECTIONS);
        return location.ok_or_else(|| format!("{database} is no address of PostgreSQL").into());
    }
    Ok(Location::File(database.into()))
}

/// Has PostgreSQL look over what was just stored, as it does by itself after a while.
pub async fn analyze(location: &Location) -> Result<(), Box<dyn Error>> {
    if let Location::Postgres { options, .. } = location {
        let mut connection = PgConnection::connect_with(options).await?;
        connection.execute("VACUUM ANALYZE").await?;
        connection.close().await?;
    }
    Ok(())
}
