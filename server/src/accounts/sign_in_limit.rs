//! Slows down guessing of passwords.

use std::num::NonZeroU32;

use axum::http::StatusCode;
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};

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
        self.by_email.check_key(&email.to_lowercase()).map_err(|_| {
            ApiError::new(
                StatusCode::TOO_MANY_REQUESTS,
                "too_many_attempts",
                "Too many attempts",
                "Wait a minute before you try to sign in again.",
            )
        })
    }
}

impl Default for SignInLimit {
    fn default() -> Self {
        Self::new()
    }
}
