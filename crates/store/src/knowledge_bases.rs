//! Knowledge bases and whom they are shared with.

use api::{
    Access, CreateKnowledgeBase, DocumentCounts, DocumentId, KnowledgeBase, KnowledgeBaseId, Member, Page, PageQuery,
    Person, UpdateKnowledgeBase, UserId,
};
use tracing::instrument;
use uuid::Uuid;

use crate::{
    Store, StoreError,
    accounts::{page, page_limit},
    cursor::Cursor,
    database::{Row, Transaction, statement},
    error::taken,
    time::{from_millis, now},
};

/// Everything a [`KnowledgeBase`] needs, for the caller `$1`.
const SELECT: &str = "
    SELECT kb.*, users.email, users.name AS owner_name, held.access,
           (SELECT count(*) FROM documents WHERE knowledge_base_id = kb.id) AS total,
           (SELECT count(*) FROM documents WHERE knowledge_base_id = kb.id AND status = 'ready') AS ready,
           (SELECT count(*) FROM documents WHERE knowledge_base_id = kb.id AND status IN ('queued', 'processing')) AS underway,
           (SELECT count(*) FROM documents WHERE knowledge_base_id = kb.id AND status = 'failed') AS failed
    FROM knowledge_bases kb
    JOIN knowledge_base_access held ON held.knowledge_base_id = kb.id AND held.user_id = $1
    JOIN users ON users.id = kb.owner_id";

fn access(level: i64) -> Access {
    match level {
        3 => Access::Owner,
        2 => Access::Editor,
        _ => Access::Viewer,
    }
}

fn level(access: Access) -> i64 {
    match access {
        Access::Viewer => 1,
        Access::Editor => 2,
        Access::Owner => 3,
    }
}

fn knowledge_base(row: &Row) -> Result<KnowledgeBase, sqlx::Error> {
    let count = |column: &str| row.get::<i64>(column).map(i64::unsigned_abs);
    Ok(KnowledgeBase {
        id: KnowledgeBaseId(row.get("id")?),
        name: row.get("name")?,
        description: row.get("description")?,
        access: access(row.get("access")?),
        owner: Person {
            id: UserId(row.get("owner_id")?),
            email: row.get("email")?,
            name: row.get("owner_name")?,
        },
        documents: DocumentCounts {
            total: count("total")?,
            ready: count("ready")?,
            underway: count("underway")?,
            failed: count("failed")?,
        },
        created_at: from_millis(row.get("created_at")?),
        updated_at: from_millis(row.get("updated_at")?),
    })
}

/// Notes that something else can be found in a knowledge base from now on.
pub(crate) async fn note_change(tx: &mut Transaction<'_>, id: KnowledgeBaseId) -> Result<(), StoreError> {
    statement("UPDATE knowledge_bases SET revision = revision + 1 WHERE id = $1")
        .bind(id.0)
        .execute(tx)
        .await?;
    Ok(())
}

impl Store {
    #[instrument(target = "store", skip_all)]
    pub async fn create_knowledge_base(
        &self,
        caller: UserId,
        new: &CreateKnowledgeBase,
    ) -> Result<KnowledgeBase, StoreError> {
        let id = KnowledgeBaseId(Uuid::now_v7());
        statement(
            "INSERT INTO knowledge_bases (id, owner_id, name, description, created_at, updated_at)
             VALUES ($1, $2, $3, $4, $5, $5)",
        )
        .bind(id.0)
        .bind(caller.0)
        .bind(&new.name)
        .bind(&new.description)
        .bind(now())
        .execute(&self.writes)
        .await
        .map_err(taken("knowledge base name"))?;
        self.knowledge_base(caller, id).await
    }

    #[instrument(target = "store", skip_all)]
    pub async fn knowledge_base(&self, caller: UserId, id: KnowledgeBaseId) -> Result<KnowledgeBase, StoreError> {
        let row = statement(format!("{SELECT} WHERE kb.id = $2"))
            .bind(caller.0)
            .bind(id.0)
            .fetch_optional(&self.reads)
            .await?
            .ok_or(StoreError::NotFound("knowledge base"))?;
        Ok(knowledge_base(&row)?)
    }

    #[instrument(target = "store", skip_all)]
    pub async fn knowledge_bases(&self, caller: UserId, query: &PageQuery) -> Result<Page<KnowledgeBase>, StoreError> {
        let limit = page_limit(query.limit);
        let after = Cursor::parse_optional(query.cursor.as_deref())?;
        let rows = statement(format!(
            "{SELECT} WHERE ($2 IS NULL OR kb.id < $2)
                        AND ($3 IS NULL OR instr(lower(kb.name), lower($3)) > 0)
             ORDER BY kb.id DESC LIMIT $4"
        ))
        .bind(caller.0)
        .bind(after.map(|after| after.id))
        .bind(&query.search)
        .bind(limit + 1)
        .fetch_all(&self.reads)
        .await?;
        let items = rows.iter().map(knowledge_base).collect::<Result<Vec<_>, _>>()?;
        Ok(page(items, limit, |item| Cursor::at(item.id.0)))
    }

    #[instrument(target = "store", skip_all)]
    pub async fn update_knowledge_base(
        &self,
        caller: UserId,
        id: KnowledgeBaseId,
        change: &UpdateKnowledgeBase,
    ) -> Result<KnowledgeBase, StoreError> {
        self.require_access(caller, id, Access::Owner).await?;
        statement(
            "UPDATE knowledge_bases SET name = coalesce($2, name), description = coalesce($3, description), updated_at = $4
             WHERE id = $1",
        )
        .bind(id.0)
        .bind(&change.name)
        .bind(&change.description)
        .bind(now())
        .execute(&self.writes)
        .await
        .map_err(taken("knowledge base name"))?;
        self.knowledge_base(caller, id).await
    }

    /// Deletes a knowledge base with everything in it, and says which documents were.
    #[instrument(target = "store", skip_all)]
    pub async fn delete_knowledge_base(
        &self,
        caller: UserId,
        id: KnowledgeBaseId,
    ) -> Result<Vec<DocumentId>, StoreError> {
        self.require_access(caller, id, Access::Owner).await?;
        let mut tx = self.writes.begin().await?;
        let documents = statement("SELECT id FROM documents WHERE knowledge_base_id = $1")
            .bind(id.0)
            .fetch_column(&mut tx)
            .await?;
        statement("DELETE FROM knowledge_bases WHERE id = $1")
            .bind(id.0)
            .execute(&mut tx)
            .await?;
        tx.commit().await?;
        Ok(documents.into_iter().map(DocumentId).collect())
    }

    /// Whether the caller may do this much with the knowledge base.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] without any access, [`StoreError::Forbidden`] with too little.
    #[instrument(target = "store", skip_all)]
    pub async fn require_access(&self, caller: UserId, id: KnowledgeBaseId, needed: Access) -> Result<(), StoreError> {
        let held = statement("SELECT access FROM knowledge_base_access WHERE knowledge_base_id = $1 AND user_id = $2")
            .bind(id.0)
            .bind(caller.0)
            .fetch_optional(&self.reads)
            .await?;
        let held: Option<i64> = held.map(|row| row.get(0)).transpose()?;
        match held.map(access) {
            None => Err(StoreError::NotFound("knowledge base")),
            Some(held) if held < needed => Err(StoreError::Forbidden("knowledge base")),
            Some(_) => Ok(()),
        }
    }

    /// Of these knowledge bases (of all, when empty), those the caller may read.
    #[instrument(target = "store", skip_all)]
    pub async fn readable(&self, caller: UserId, of: &[KnowledgeBaseId]) -> Result<Vec<KnowledgeBaseId>, StoreError> {
        let ids: Vec<Uuid> = statement("SELECT knowledge_base_id FROM knowledge_base_access WHERE user_id = $1")
            .bind(caller.0)
            .fetch_column(&self.reads)
            .await?;
        Ok(ids
            .into_iter()
            .map(KnowledgeBaseId)
            .filter(|id| of.is_empty() || of.contains(id))
            .collect())
    }

    /// These knowledge bases, each with a number that grows with every change to what can be found in it.
    #[instrument(target = "store", skip_all)]
    pub async fn revisions(&self, of: &[KnowledgeBaseId]) -> Result<Vec<(KnowledgeBaseId, i64)>, StoreError> {
        let rows = statement("SELECT id, revision FROM knowledge_bases WHERE id IN ")
            .push_list(of.iter().map(|id| id.0))
            .fetch_all(&self.reads)
            .await?;
        rows.iter()
            .map(|row| Ok((KnowledgeBaseId(row.get("id")?), row.get("revision")?)))
            .collect()
    }

    #[instrument(target = "store", skip_all)]
    pub async fn members(&self, caller: UserId, id: KnowledgeBaseId) -> Result<Vec<Member>, StoreError> {
        self.require_access(caller, id, Access::Viewer).await?;
        let rows = statement(
            "SELECT users.id, email, name, access FROM knowledge_base_access
             JOIN users ON users.id = user_id WHERE knowledge_base_id = $1 ORDER BY access DESC, name",
        )
        .bind(id.0)
        .fetch_all(&self.reads)
        .await?;
        let member = |row: &Row| {
            Ok::<_, sqlx::Error>(Member {
                person: Person {
                    id: UserId(row.get("id")?),
                    email: row.get("email")?,
                    name: row.get("name")?,
                },
                access: access(row.get("access")?),
            })
        };
        Ok(rows.iter().map(member).collect::<Result<_, _>>()?)
    }

    /// Shares with somebody, or changes what they may do. False when they own it and so have all access already.
    #[instrument(target = "store", skip_all)]
    pub async fn share(
        &self,
        caller: UserId,
        id: KnowledgeBaseId,
        with: UserId,
        given: Access,
    ) -> Result<bool, StoreError> {
        self.require_access(caller, id, Access::Owner).await?;
        let shared = statement(
            "INSERT INTO knowledge_base_members (knowledge_base_id, user_id, access)
             SELECT id, $2, $3 FROM knowledge_bases WHERE id = $1 AND owner_id != $2
             ON CONFLICT (knowledge_base_id, user_id) DO UPDATE SET access = excluded.access",
        )
        .bind(id.0)
        .bind(with.0)
        .bind(level(given.min(Access::Editor)))
        .execute(&self.writes)
        .await?;
        Ok(shared > 0)
    }

    /// Takes a share back; members may also leave by themselves. False when it was not shared with them: the owner
    /// cannot leave.
    #[instrument(target = "store", skip_all)]
    pub async fn unshare(&self, caller: UserId, id: KnowledgeBaseId, with: UserId) -> Result<bool, StoreError> {
        let needed = if caller == with { Access::Viewer } else { Access::Owner };
        self.require_access(caller, id, needed).await?;
        let ended = statement("DELETE FROM knowledge_base_members WHERE knowledge_base_id = $1 AND user_id = $2")
            .bind(id.0)
            .bind(with.0)
            .execute(&self.writes)
            .await?;
        Ok(ended > 0)
    }
}
