//! PostgreSQL as `scripts/servers.sh` starts it for tests.

use sqlx::{Connection, Executor, PgConnection};
use uuid::Uuid;

/// The address of a new database, whose last part is its name.
pub async fn empty_database() -> String {
    let server = std::env::var("TEST_POSTGRES_URL")
        .expect("TEST_POSTGRES_URL is not set: scripts/servers.sh starts PostgreSQL and S3 and sets it");
    let name = format!("test_{}", Uuid::now_v7().simple());
    let mut connection = PgConnection::connect(&server).await.unwrap();
    let create = sqlx::AssertSqlSafe(format!("CREATE DATABASE {name}"));
    connection.execute(create).await.unwrap();
    format!("{}/{name}", server.rsplit_once('/').unwrap().0)
}
