//! When something was last done that operators count on, and what the installation is known by.

use chrono::{DateTime, Utc};

use crate::{
    Store, StoreError,
    database::statement,
    time::{from_millis, now},
};

/// What is remembered when it went well.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Milestone {
    /// A snapshot was made that lacks nothing.
    Backup,
    /// The database of a snapshot was restored elsewhere and was the same.
    Drill,
}

impl Milestone {
    fn name(self) -> &'static str {
        match self {
            Self::Backup => "backup",
            Self::Drill => "drill",
        }
    }
}

impl Store {
    /// Notes that it has just gone well.
    pub async fn reach(&self, milestone: Milestone) -> Result<(), StoreError> {
        statement(
            "INSERT INTO milestones (name, reached_at) VALUES ($1, $2)
             ON CONFLICT (name) DO UPDATE SET reached_at = excluded.reached_at",
        )
        .bind(milestone.name())
        .bind(now())
        .execute(&self.writes)
        .await?;
        Ok(())
    }

    /// When it last went well; none when it never did.
    pub async fn reached(&self, milestone: Milestone) -> Result<Option<DateTime<Utc>>, StoreError> {
        let row = statement("SELECT reached_at FROM milestones WHERE name = $1")
            .bind(milestone.name())
            .fetch_optional(&self.reads)
            .await?;
        let millis: Option<i64> = row.map(|row| row.get(0)).transpose()?;
        Ok(millis.map(from_millis))
    }

    /// What this installation is known by, wherever its database is.
    pub async fn installation_id(&self) -> Result<String, StoreError> {
        let row = statement("SELECT id FROM installation").fetch_one(&self.reads);
        Ok(row.await?.get(0)?)
    }

    /// Makes this database that of another installation.
    pub(crate) async fn become_installation(&self, id: &str) -> Result<(), StoreError> {
        statement("UPDATE installation SET id = $1")
            .bind(id)
            .execute(&self.writes)
            .await?;
        Ok(())
    }
}
