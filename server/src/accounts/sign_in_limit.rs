//! Slows down guessing of passwords.

use std::{num::NonZeroU32, time::Duration};

use crate::{
    http::ApiError,
    replicas::{Redis, limit::Limit},
};

/// Attempts allowed at once for one e-mail address.
const AT_ONCE: NonZeroU32 = NonZeroU32::new(10).expect("ten is not zero");
/// One more comes back after this time.
const INTERVAL: Duration = Duration::from_secs(6);

pub struct SignInLimit {
    by_email: Limit<String>,
}

impl SignInLimit {
    pub fn new(redis: Option<&Redis>) -> Self {
        Self {
            by_email: Limit::new("sign-ins", AT_ONCE, INTERVAL, redis),
        }
    }

    pub async fn check(&self, email: &str) -> Result<(), ApiError> {
        let email = email.trim().to_lowercase();
        self.by_email.take(&email).await.map_err(ApiError::too_many)
    }
}
