//! What a snapshot is called: when it was made, so that names are in the order of time.

use std::{fmt, str::FromStr};

use chrono::{DateTime, NaiveDateTime, TimeDelta, Utc};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

const FORMAT: &str = "%Y%m%dT%H%M%SZ";

/// Two made in the same second differ in this many random digits.
const DIGITS: usize = 8;

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SnapshotId(String);

impl SnapshotId {
    /// One for now, or for a moment after `newest` where the clock says that is still to come.
    pub fn new(now: DateTime<Utc>, newest: Option<&Self>) -> Self {
        let after = newest.map(|newest| newest.time() + TimeDelta::seconds(1));
        let time = after.map_or(now, |after| after.max(now));
        Self(format!("{}-{:0DIGITS$x}", time.format(FORMAT), rand::random::<u32>()))
    }

    fn time(&self) -> DateTime<Utc> {
        let (time, _) = self.0.split_once('-').unwrap_or((&self.0, ""));
        NaiveDateTime::parse_from_str(time, FORMAT).map_or_else(|_| DateTime::default(), |time| time.and_utc())
    }
}

impl fmt::Display for SnapshotId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[derive(Debug, thiserror::Error)]
#[error("{0} names no snapshot: names look like 20261128T184500Z-1a2b3c4d")]
pub struct NotAnId(String);

impl FromStr for SnapshotId {
    type Err = NotAnId;

    fn from_str(text: &str) -> Result<Self, NotAnId> {
        let parts = text.split_once('-').filter(|(time, digits)| {
            let is_digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
            let time =
                NaiveDateTime::parse_from_str(time, FORMAT).is_ok_and(|read| read.format(FORMAT).to_string() == *time);
            time && digits.len() == DIGITS && digits.bytes().all(is_digit)
        });
        parts
            .map(|_| Self(text.to_owned()))
            .ok_or_else(|| NotAnId(text.to_owned()))
    }
}

impl Serialize for SnapshotId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for SnapshotId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_name_reads_back_and_names_are_in_the_order_of_time(
            earlier in 0_i64..4_000_000_000, later in 0_i64..4_000_000_000,
        ) {
            let at = |seconds| DateTime::from_timestamp(seconds, 0).unwrap();
            let (one, other) = (SnapshotId::new(at(earlier), None), SnapshotId::new(at(later), None));
            prop_assert_eq!(&one.to_string().parse::<SnapshotId>().unwrap(), &one);
            prop_assert_eq!(one.time(), at(earlier));
            if earlier != later {
                prop_assert_eq!(one < other, earlier < later);
            }
            // Whatever the clock says, the next is the newest.
            prop_assert!(SnapshotId::new(at(later), Some(&one)) > one);
        }

        #[test]
        fn what_is_no_name_is_refused(text in "\\PC*") {
            prop_assert!(text.parse::<SnapshotId>().is_err());
        }
    }

    #[test]
    fn no_name_leads_out_of_its_folder() {
        for text in [
            "..",
            "../20261128T184500Z-1a2b3c4d",
            "20261128T184500Z-1a2b3c4/",
            "20261328T184500Z-1a2b3c4d",
            "",
        ] {
            assert!(text.parse::<SnapshotId>().is_err(), "{text}");
        }
    }
}
