//! Times as the database keeps them: milliseconds since 1970-01-01 UTC.

use chrono::{DateTime, Utc};

pub(crate) fn now() -> i64 {
    Utc::now().timestamp_millis()
}

pub(crate) fn from_millis(millis: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_millis(millis).unwrap_or_default()
}
