//! The data folder and what is in it.

use std::{fs, os::unix::fs::PermissionsExt, path::Path, time::Duration};

use futures::StreamExt;
use object_store::ObjectStore;

use store::{Location, Schema, Store};

use super::finding::Finding;
use crate::{
    config::Config,
    connections::secrets::{KEY_VARIABLE, Secrets},
    replicas::Redis,
    state::{self, OpenError},
};

/// Below this, uploads begin to fail soon.
const LITTLE_SPACE_MIB: u64 = 1024;
const NO_SPACE_MIB: u64 = 100;

/// A bucket that has not answered by then is not reached.
const BUCKET_PATIENCE: Duration = Duration::from_secs(10);

pub fn folder(config: &Config) -> Finding {
    const WHAT: &str = "data folder";
    let folder = &config.data_dir;
    let (written, note) = if folder.exists() {
        (folder.as_path(), "is writable")
    } else {
        (nearest(folder), "is not there yet and can be made")
    };
    match tempfile::tempfile_in(written) {
        Ok(_) => Finding::ok(WHAT, format!("{} {note}", folder.display())),
        Err(error) => Finding::fail(
            WHAT,
            format!(
                "{} cannot be written: {error}. Make it writable or choose another folder with --data-dir",
                written.display()
            ),
        ),
    }
}

/// The folder itself, or the one above it that is there.
fn nearest(folder: &Path) -> &Path {
    let there = folder.ancestors().find(|above| above.is_dir());
    there.unwrap_or(Path::new("."))
}

pub fn space(config: &Config) -> Finding {
    const WHAT: &str = "disk space";
    let folder = nearest(&config.data_dir);
    let free = match rustix::fs::statvfs(folder) {
        Ok(disk) => disk.f_bavail.saturating_mul(disk.f_frsize) >> 20,
        Err(error) => {
            return Finding::warn(
                WHAT,
                format!("{} does not tell how much is free: {error}", folder.display()),
            );
        }
    };
    let message = format!("{free} MiB are free in {}", folder.display());
    match free {
        ..NO_SPACE_MIB => Finding::fail(
            WHAT,
            format!("only {message}. Free some, or choose another folder with --data-dir"),
        ),
        NO_SPACE_MIB..LITTLE_SPACE_MIB => Finding::warn(WHAT, format!("only {message}. Free some before uploads fail")),
        _ => Finding::ok(WHAT, message),
    }
}

pub async fn database(config: &Config) -> Finding {
    const WHAT: &str = "database";
    let location = config.database();
    match Store::schema(&location).await {
        Ok(Schema::Missing) => Finding::ok(WHAT, "there is none yet; the first start makes it"),
        Ok(Schema::Current) => Finding::ok(WHAT, "opens, and its schema is this version's"),
        Ok(Schema::Older) => Finding::warn(
            WHAT,
            "an older version made it; the next start brings it up to date. Copy the data folder before that",
        ),
        Ok(Schema::Newer) => Finding::fail(
            WHAT,
            "a newer version of Hyperion made it. Use that version, or restore a copy made with this one",
        ),
        Ok(Schema::Unfinished) => Finding::fail(
            WHAT,
            "a copy into it was not finished. Run `hyperion migrate-storage` again, or use an empty database",
        ),
        Ok(Schema::HalfRestored) => Finding::fail(
            WHAT,
            "a snapshot was not restored whole into it. Run `hyperion restore` again",
        ),
        Err(error) => Finding::fail(
            WHAT,
            match location {
                Location::File(file) => format!("{} cannot be opened: {error}. Restore it from a copy", file.display()),
                Location::Postgres { .. } => error.to_string(),
            },
        ),
    }
}

/// Redis, where there is one.
pub async fn redis(config: &Config) -> Option<Finding> {
    const WHAT: &str = "Redis";
    let checked = match Redis::new(config.redis_url.as_ref()?.expose()) {
        Ok(redis) => redis.check().await,
        Err(error) => Err(error),
    };
    Some(match checked {
        Ok(version) => Finding::ok(WHAT, format!("answers, version {version}")),
        Err(error) => Finding::warn(WHAT, format!("{error}. Until then replicas hear of each other late")),
    })
}

/// The place of the original files.
pub async fn originals(config: &Config) -> Finding {
    const WHAT: &str = "original files";
    if config.originals_url.is_none() {
        let folder = config.originals_dir();
        if config.database_url.is_some() {
            let message = format!(
                "{} must be a folder that every replica shares; originals_url names a bucket instead",
                folder.display()
            );
            return Finding::warn(WHAT, message);
        }
        return Finding::ok(WHAT, format!("are kept in {}", folder.display()));
    }
    let bucket = match state::originals(config) {
        Ok(bucket) => bucket,
        Err(error) => return Finding::fail(WHAT, error),
    };
    let looked = tokio::time::timeout(BUCKET_PATIENCE, async { bucket.list(None).next().await.transpose() });
    match looked.await {
        Ok(Ok(_)) => Finding::ok(WHAT, "the bucket answers"),
        Ok(Err(error)) => Finding::fail(
            WHAT,
            format!("the bucket cannot be used: {error}. Check originals_url and the AWS_ variables"),
        ),
        Err(_) => Finding::fail(
            WHAT,
            "the bucket does not answer. Check the address in AWS_ENDPOINT_URL, and that the server runs",
        ),
    }
}

pub fn secret_key(config: &Config) -> Finding {
    const WHAT: &str = "secret key";
    let file = config.data_dir.join("secret.key");
    let in_environment = std::env::var_os(KEY_VARIABLE).is_some();
    if config.database_url.is_some() && !in_environment {
        return Finding::fail(WHAT, OpenError::OwnSecretKey);
    }
    if !in_environment && !file.exists() {
        return Finding::ok(WHAT, "there is none yet; the first start makes it");
    }
    // It is there, so that nothing is made by opening it.
    if let Err(error) = Secrets::open(&config.data_dir) {
        return Finding::fail(
            WHAT,
            format!("{error}. Restore it: without it the keys of connections are lost"),
        );
    }
    if in_environment {
        return Finding::ok(WHAT, "is given by HYPERION_SECRET_KEY");
    }
    let mode = fs::metadata(&file).map_or(0, |file| file.permissions().mode() & 0o777);
    if mode & 0o077 == 0 {
        Finding::ok(WHAT, format!("{} is readable by its owner alone", file.display()))
    } else {
        Finding::warn(
            WHAT,
            format!(
                "others of this machine may read {0} (mode {mode:o}): chmod 600 {0}",
                file.display()
            ),
        )
    }
}
