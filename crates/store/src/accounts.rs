//! Users, sessions and API keys.

use api::{
    ApiKey, ApiKeyId, AssistantSettings, DocumentId, KnowledgeBaseId, Page, PageQuery, Role, Scope, Session, SessionId,
    UpdateUser, User, UserId,
};
use chrono::{DateTime, Utc};
use tracing::instrument;
use uuid::Uuid;

use crate::{
    Store, StoreError, assistants,
    cursor::Cursor,
    database::{Row, Transaction, statement},
    error::taken,
    time::{from_millis, now},
};

pub struct NewUser<'a> {
    pub email: &'a str,
    pub name: &'a str,
    pub password_hash: &'a str,
    /// None: admin if this is the first account, else member.
    pub role: Option<Role>,
}

pub struct NewSession<'a> {
    pub user: UserId,
    pub token_hash: &'a [u8],
    pub user_agent: &'a str,
}

/// A user with what is needed to check a password.
pub struct StoredUser {
    pub user: User,
    pub password_hash: String,
}

fn role_name(role: Role) -> &'static str {
    match role {
        Role::Admin => "admin",
        Role::Member => "member",
    }
}

fn user(row: &Row) -> Result<User, sqlx::Error> {
    Ok(User {
        id: UserId(row.get("id")?),
        email: row.get("email")?,
        name: row.get("name")?,
        role: if row.get::<String>("role")? == "admin" {
            Role::Admin
        } else {
            Role::Member
        },
        disabled: row.get("disabled")?,
        created_at: from_millis(row.get("created_at")?),
    })
}

fn api_key(row: &Row) -> Result<ApiKey, sqlx::Error> {
    Ok(ApiKey {
        id: ApiKeyId(row.get("id")?),
        name: row.get("name")?,
        prefix: row.get("prefix")?,
        scope: scope(row)?,
        created_at: from_millis(row.get("created_at")?),
        expires_at: row.get::<Option<i64>>("expires_at")?.map(from_millis),
        last_used_at: row.get::<Option<i64>>("last_used_at")?.map(from_millis),
    })
}

fn scope(row: &Row) -> Result<Scope, sqlx::Error> {
    Ok(if row.get::<String>("scope")? == "write" {
        Scope::Write
    } else {
        Scope::Read
    })
}

/// Held by whoever changes who administers the installation.
const WHO_ADMINISTERS: &str = "who administers";

/// How many accounts there are, and how many of them are in use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct People {
    pub accounts: u64,
    pub active: u64,
}

impl Store {
    #[instrument(target = "store", skip_all)]
    pub async fn any_user_exists(&self) -> Result<bool, StoreError> {
        let row = statement("SELECT EXISTS (SELECT 1 FROM users)")
            .fetch_one(&self.reads)
            .await?;
        Ok(row.get(0)?)
    }

    /// Creates a user with an assistant, so that the first question needs no set-up.
    ///
    /// # Errors
    /// [`StoreError::Taken`] when the e-mail address has an account.
    #[instrument(target = "store", skip_all)]
    pub async fn create_user(&self, new: NewUser<'_>) -> Result<User, StoreError> {
        let mut tx = self.writes.begin().await?;
        tx.lock(WHO_ADMINISTERS).await?;
        let row = statement(
            "INSERT INTO users (id, email, name, role, password_hash, created_at)
             VALUES ($1, $2, $3,
                     coalesce($4, CASE WHEN EXISTS (SELECT 1 FROM users) THEN 'member' ELSE 'admin' END), $5, $6)
             RETURNING *",
        )
        .bind(Uuid::now_v7())
        .bind(new.email)
        .bind(new.name)
        .bind(new.role.map(role_name))
        .bind(new.password_hash)
        .bind(now())
        .fetch_one(&mut tx)
        .await
        .map_err(taken("e-mail address"))?;
        let user = user(&row)?;
        assistants::insert(&mut tx, user.id, &AssistantSettings::default()).await?;
        tx.commit().await?;
        Ok(user)
    }

    #[instrument(target = "store", skip_all)]
    pub async fn user_by_email(&self, email: &str) -> Result<Option<StoredUser>, StoreError> {
        let row = statement("SELECT * FROM users WHERE email = $1")
            .bind(email)
            .fetch_optional(&self.reads)
            .await?;
        Ok(row
            .map(|row| {
                Ok::<_, sqlx::Error>(StoredUser {
                    user: user(&row)?,
                    password_hash: row.get("password_hash")?,
                })
            })
            .transpose()?)
    }

    #[instrument(target = "store", skip_all)]
    pub async fn users(&self, query: &PageQuery) -> Result<Page<User>, StoreError> {
        let limit = page_limit(query.limit);
        let after = Cursor::parse_optional(query.cursor.as_deref())?;
        let rows = statement(
            "SELECT * FROM users
             WHERE ($1 IS NULL OR id > $1)
               AND ($2 IS NULL OR instr(lower(name), lower($2)) > 0 OR instr(lower(email), lower($2)) > 0)
             ORDER BY id LIMIT $3",
        )
        .bind(after.map(|after| after.id))
        .bind(&query.search)
        .bind(limit + 1)
        .fetch_all(&self.reads)
        .await?;
        let users = rows.iter().map(user).collect::<Result<Vec<_>, _>>()?;
        Ok(page(users, limit, |user| Cursor::at(user.id.0)))
    }

    /// Changes a user; the last active admin stays one.
    #[instrument(target = "store", skip_all)]
    pub async fn update_user(
        &self,
        id: UserId,
        change: &UpdateUser,
        password_hash: Option<&str>,
    ) -> Result<User, StoreError> {
        let mut tx = self.writes.begin().await?;
        tx.lock(WHO_ADMINISTERS).await?;
        let row = statement(
            "UPDATE users SET name = coalesce($2, name), role = coalesce($3, role), disabled = coalesce($4, disabled),
                              password_hash = coalesce($5, password_hash)
             WHERE id = $1 RETURNING *",
        )
        .bind(id.0)
        .bind(&change.name)
        .bind(change.role.map(role_name))
        .bind(change.disabled)
        .bind(password_hash)
        .fetch_optional(&mut tx)
        .await?
        .ok_or(StoreError::NotFound("user"))?;
        require_an_admin(&mut tx).await?;
        if change.disabled == Some(true) || password_hash.is_some() {
            statement("DELETE FROM sessions WHERE user_id = $1")
                .bind(id.0)
                .execute(&mut tx)
                .await?;
        }
        tx.commit().await?;
        Ok(user(&row)?)
    }

    /// Deletes a user with everything that is theirs, and says which knowledge bases and documents went along.
    #[instrument(target = "store", skip_all)]
    pub async fn delete_user(&self, id: UserId) -> Result<(Vec<KnowledgeBaseId>, Vec<DocumentId>), StoreError> {
        let mut tx = self.writes.begin().await?;
        tx.lock(WHO_ADMINISTERS).await?;
        let knowledge_bases = statement("SELECT id FROM knowledge_bases WHERE owner_id = $1")
            .bind(id.0)
            .fetch_column(&mut tx)
            .await?;
        let documents = statement(
            "SELECT documents.id FROM documents JOIN knowledge_bases ON knowledge_bases.id = knowledge_base_id
             WHERE owner_id = $1",
        )
        .bind(id.0)
        .fetch_column(&mut tx)
        .await?;
        let deleted = statement("DELETE FROM users WHERE id = $1")
            .bind(id.0)
            .execute(&mut tx)
            .await?;
        if deleted == 0 {
            return Err(StoreError::NotFound("user"));
        }
        require_an_admin(&mut tx).await?;
        tx.commit().await?;
        Ok((
            knowledge_bases.into_iter().map(KnowledgeBaseId).collect(),
            documents.into_iter().map(DocumentId).collect(),
        ))
    }

    #[instrument(target = "store", skip_all)]
    pub async fn create_session(&self, new: NewSession<'_>) -> Result<(), StoreError> {
        statement(
            "INSERT INTO sessions (id, user_id, token_hash, user_agent, created_at, last_seen_at)
             VALUES ($1, $2, $3, $4, $5, $5)",
        )
        .bind(Uuid::now_v7())
        .bind(new.user.0)
        .bind(new.token_hash)
        .bind(new.user_agent)
        .bind(now())
        .execute(&self.writes)
        .await?;
        Ok(())
    }

    /// How many accounts there are, and how many of them were used within so many milliseconds.
    #[instrument(target = "store", skip_all)]
    pub async fn people(&self, within_ms: i64) -> Result<People, StoreError> {
        let row = statement(
            "SELECT (SELECT count(*) FROM users) AS accounts,
                    (SELECT count(*) FROM (SELECT user_id FROM sessions WHERE last_seen_at > $1
                                           UNION SELECT user_id FROM api_keys WHERE last_used_at > $1) AS seen) AS active",
        )
        .bind(now() - within_ms)
        .fetch_one(&self.reads)
        .await?;
        let count = |column: &str| row.get::<i64>(column).map(i64::unsigned_abs);
        Ok(People {
            accounts: count("accounts")?,
            active: count("active")?,
        })
    }

    /// The session and its user, unless it is older than `max_age_ms`, revoked, or its user disabled.
    #[instrument(target = "store", skip_all)]
    pub async fn session(&self, token_hash: &[u8], max_age_ms: i64) -> Result<Option<(SessionId, User)>, StoreError> {
        let row = statement(
            "SELECT users.*, sessions.id AS session_id, sessions.last_seen_at
             FROM sessions JOIN users ON users.id = sessions.user_id
             WHERE token_hash = $1 AND NOT disabled AND sessions.created_at > $2",
        )
        .bind(token_hash)
        .bind(now() - max_age_ms)
        .fetch_optional(&self.reads)
        .await?;
        let Some(row) = row else { return Ok(None) };
        let session: Uuid = row.get("session_id")?;
        // Once a minute is exact enough for "last seen" and spares a write on every request.
        if row.get::<i64>("last_seen_at")? < now() - 60_000 {
            statement("UPDATE sessions SET last_seen_at = $2 WHERE id = $1")
                .bind(session)
                .bind(now())
                .execute(&self.writes)
                .await?;
        }
        Ok(Some((SessionId(session), user(&row)?)))
    }

    /// The sessions that are not older than `max_age_ms`, the last seen first.
    #[instrument(target = "store", skip_all)]
    pub async fn sessions(
        &self,
        owner: UserId,
        current: Option<SessionId>,
        max_age_ms: i64,
    ) -> Result<Vec<Session>, StoreError> {
        let rows = statement(
            "SELECT id, user_agent, created_at, last_seen_at FROM sessions
             WHERE user_id = $1 AND created_at > $2 ORDER BY last_seen_at DESC, id DESC",
        )
        .bind(owner.0)
        .bind(now() - max_age_ms)
        .fetch_all(&self.reads)
        .await?;
        let session = |row: &Row| {
            let id = SessionId(row.get("id")?);
            Ok::<_, sqlx::Error>(Session {
                id,
                user_agent: row.get("user_agent")?,
                created_at: from_millis(row.get("created_at")?),
                last_seen_at: from_millis(row.get("last_seen_at")?),
                current: current == Some(id),
            })
        };
        Ok(rows.iter().map(session).collect::<Result<_, _>>()?)
    }

    #[instrument(target = "store", skip_all)]
    pub async fn delete_session(&self, owner: UserId, id: SessionId) -> Result<(), StoreError> {
        let deleted = statement("DELETE FROM sessions WHERE id = $1 AND user_id = $2")
            .bind(id.0)
            .bind(owner.0)
            .execute(&self.writes)
            .await?;
        if deleted == 0 {
            Err(StoreError::NotFound("session"))
        } else {
            Ok(())
        }
    }

    /// Ends every session of the owner but one.
    #[instrument(target = "store", skip_all)]
    pub async fn delete_other_sessions(&self, owner: UserId, kept: SessionId) -> Result<(), StoreError> {
        statement("DELETE FROM sessions WHERE user_id = $1 AND id <> $2")
            .bind(owner.0)
            .bind(kept.0)
            .execute(&self.writes)
            .await?;
        Ok(())
    }

    #[instrument(target = "store", skip_all)]
    pub async fn create_api_key(
        &self,
        owner: UserId,
        name: &str,
        prefix: &str,
        key_hash: &[u8],
        scope: Scope,
        expires_at: Option<DateTime<Utc>>,
    ) -> Result<ApiKey, StoreError> {
        let row = statement(
            "INSERT INTO api_keys (id, user_id, name, prefix, key_hash, scope, created_at, expires_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8) RETURNING *",
        )
        .bind(Uuid::now_v7())
        .bind(owner.0)
        .bind(name)
        .bind(prefix)
        .bind(key_hash)
        .bind(if scope == Scope::Write { "write" } else { "read" })
        .bind(now())
        .bind(expires_at.map(|at| at.timestamp_millis()))
        .fetch_one(&self.writes)
        .await?;
        Ok(api_key(&row)?)
    }

    #[instrument(target = "store", skip_all)]
    pub async fn api_keys(&self, owner: UserId) -> Result<Vec<ApiKey>, StoreError> {
        let rows = statement("SELECT * FROM api_keys WHERE user_id = $1 ORDER BY id DESC")
            .bind(owner.0)
            .fetch_all(&self.reads)
            .await?;
        Ok(rows.iter().map(api_key).collect::<Result<_, _>>()?)
    }

    #[instrument(target = "store", skip_all)]
    pub async fn delete_api_key(&self, owner: UserId, id: ApiKeyId) -> Result<(), StoreError> {
        let deleted = statement("DELETE FROM api_keys WHERE id = $1 AND user_id = $2")
            .bind(id.0)
            .bind(owner.0)
            .execute(&self.writes)
            .await?;
        if deleted == 0 {
            Err(StoreError::NotFound("API key"))
        } else {
            Ok(())
        }
    }

    /// The user a key belongs to and what the key may do, unless it is expired or its user disabled.
    #[instrument(target = "store", skip_all)]
    pub async fn user_by_api_key(&self, key_hash: &[u8]) -> Result<Option<(User, Scope)>, StoreError> {
        let row = statement(
            "SELECT users.*, scope, api_keys.id AS key_id, last_used_at
             FROM api_keys JOIN users ON users.id = api_keys.user_id
             WHERE key_hash = $1 AND NOT disabled AND (expires_at IS NULL OR expires_at > $2)",
        )
        .bind(key_hash)
        .bind(now())
        .fetch_optional(&self.reads)
        .await?;
        let Some(row) = row else { return Ok(None) };
        if row
            .get::<Option<i64>>("last_used_at")?
            .is_none_or(|at| at < now() - 60_000)
        {
            statement("UPDATE api_keys SET last_used_at = $2 WHERE id = $1")
                .bind(row.get::<Uuid>("key_id")?)
                .bind(now())
                .execute(&self.writes)
                .await?;
        }
        Ok(Some((user(&row)?, scope(&row)?)))
    }
}

/// Refuses a change that would leave nobody to administer the installation.
async fn require_an_admin(tx: &mut Transaction<'_>) -> Result<(), StoreError> {
    let row = statement("SELECT EXISTS (SELECT 1 FROM users WHERE role = 'admin' AND NOT disabled)")
        .fetch_one(tx)
        .await?;
    if row.get(0)? {
        Ok(())
    } else {
        Err(StoreError::LastAdmin)
    }
}

/// How many items a page holds.
pub(crate) fn page_limit(asked: Option<u32>) -> i64 {
    i64::from(asked.unwrap_or(50).clamp(1, 200))
}

/// Cuts the one item that was read past the limit and makes the cursor from the last that is left.
pub(crate) fn page<T>(mut items: Vec<T>, limit: i64, cursor: impl Fn(&T) -> String) -> Page<T> {
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let more = items.len() > limit;
    items.truncate(limit);
    let next_cursor = if more { items.last().map(cursor) } else { None };
    Page { items, next_cursor }
}
