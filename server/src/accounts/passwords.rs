//! Passwords: what is accepted, and argon2id.

use argon2::{
    Argon2,
    password_hash::{PasswordHasher, PasswordVerifier, phc::PasswordHash},
};

use crate::http::ApiError;

const SHORTEST: usize = 10;
/// Longer ones only cost time to hash.
const LONGEST: usize = 256;

/// Refuses what is short or easily guessed (zxcvbn score under 2 of 4), naming the reason.
pub fn check_strength(password: &str, about: &[&str]) -> Result<(), ApiError> {
    let length = password.chars().count();
    if length < SHORTEST {
        return Err(ApiError::invalid(
            "password",
            format!("Use a password of at least {SHORTEST} characters."),
        ));
    }
    if length > LONGEST {
        return Err(ApiError::invalid(
            "password",
            format!("Use a password of at most {LONGEST} characters."),
        ));
    }
    let estimate = zxcvbn::zxcvbn(password, about);
    if estimate.score() < zxcvbn::Score::Two {
        let why = estimate
            .feedback()
            .and_then(|feedback| feedback.warning())
            .map(|warning| warning.to_string());
        let why = why.unwrap_or_else(|| "It is among the first that would be tried.".to_owned());
        return Err(ApiError::invalid(
            "password",
            format!("This password is easily guessed. {why}"),
        ));
    }
    Ok(())
}

/// Hashes on a thread that may block.
pub async fn hash(password: String) -> Result<String, ApiError> {
    tokio::task::spawn_blocking(move || {
        Argon2::default()
            .hash_password(password.as_bytes())
            .map(|hash| hash.to_string())
            .map_err(ApiError::internal)
    })
    .await
    .map_err(ApiError::internal)?
}

/// Whether the password fits the hash. Without a hash it takes as long and says no, so that the time tells nobody
/// whether an account exists.
pub async fn verify(password: String, hash: Option<String>) -> Result<bool, ApiError> {
    tokio::task::spawn_blocking(move || match hash {
        Some(hash) => {
            let hash = PasswordHash::new(&hash).map_err(ApiError::internal)?;
            Ok(Argon2::default().verify_password(password.as_bytes(), &hash).is_ok())
        }
        None => {
            Argon2::default()
                .hash_password(password.as_bytes())
                .map_err(ApiError::internal)?;
            Ok(false)
        }
    })
    .await
    .map_err(ApiError::internal)?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_password_verifies_against_its_own_hash_only() {
        let stored = hash("correct horse battery".to_owned()).await.unwrap();
        assert!(stored.starts_with("$argon2id$"));
        assert!(
            verify("correct horse battery".to_owned(), Some(stored.clone()))
                .await
                .unwrap()
        );
        assert!(!verify("wrong horse battery".to_owned(), Some(stored)).await.unwrap());
        assert!(!verify("anything".to_owned(), None).await.unwrap());
    }

    #[test]
    fn weak_passwords_are_refused_with_a_reason() {
        assert!(
            check_strength("short", &[])
                .unwrap_err()
                .0
                .message()
                .contains("at least 10")
        );
        assert!(
            check_strength("password12", &[])
                .unwrap_err()
                .0
                .message()
                .contains("guessed")
        );
        assert!(check_strength("plover-anvil-tundra", &[]).is_ok());
    }
}
