//! Slows down guessing of passwords.

use std::num::NonZeroU32;

use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter, clock::Clock};

use crate::http::ApiError;

/// Attempts allowed at once for one e-mail address; one more comes back every 6 seconds.
const BURST: NonZeroU32 = NonZeroU32::new(10).expect("ten is not zero");

pub struct SignInLimit {
    by_email: DefaultKeyedRateLimiter<String>,
}

impl SignInLimit {
    pub fn new() -> Self {
        Self {
            by_email: RateLimiter::keyed(Quota::per_minute(BURST)),
        }
    }

    pub fn check(&self, email: &str) -> Result<(), ApiError> {
        self.by_email.retain_recent();
        self.by_email
            .check_key(&email.trim().to_lowercase())
            .map_err(|not_yet| ApiError::too_many(not_yet.wait_time_from(self.by_email.clock().now())))
    }
}

impl Default for SignInLimit {
    fn default() -> Self {
        Self::new()
    }
}
