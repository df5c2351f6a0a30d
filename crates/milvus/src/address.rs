//! Where Milvus is.

use percent_encoding::percent_decode_str;
use url::Url;

/// `http://user:password@host:19530/database?ca_certificate=/path/of.pem`, where all but scheme and host may be left out.
/// With `https` the connection is encrypted.
#[derive(Clone)]
pub struct Address {
    pub(crate) uri: String,
    pub(crate) user: Option<(String, String)>,
    pub(crate) database: Option<String>,
    pub(crate) ca_certificate: Option<String>,
}

#[derive(Debug, thiserror::Error)]
#[error("not an address like http://user:password@host:19530/database")]
pub struct AddressError;

impl Address {
    pub fn parse(text: &str) -> Result<Self, AddressError> {
        let (scheme, rest) = text.split_once("://").ok_or(AddressError)?;
        let scheme = scheme.to_ascii_lowercase();
        if !matches!(&*scheme, "http" | "https") {
            return Err(AddressError);
        }
        // Under a scheme that has no port of its own: 80 and 443 are kept where they are written.
        let url = Url::parse(&format!("milvus://{rest}")).map_err(|_| AddressError)?;
        let host = url.host_str().filter(|host| !host.is_empty()).ok_or(AddressError)?;
        let mut ca_certificate = None;
        for (key, value) in url.query_pairs() {
            match &*key {
                "ca_certificate" => ca_certificate = Some(value.into_owned()),
                _ => return Err(AddressError),
            }
        }
        let decoded = |part: &str| percent_decode_str(part).decode_utf8_lossy().into_owned();
        let database = decoded(url.path().trim_matches('/'));
        Ok(Self {
            uri: format!("{scheme}://{host}:{}", url.port().unwrap_or(19_530)),
            user: (!url.username().is_empty())
                .then(|| (decoded(url.username()), decoded(url.password().unwrap_or_default()))),
            database: (!database.is_empty()).then_some(database),
            ca_certificate,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_may_name_user_database_and_certificate() {
        let whole = Address::parse("https://me:p%40ss@milvus.local:8443/docs?ca_certificate=/etc/ca.pem").unwrap();
        assert_eq!(whole.uri, "https://milvus.local:8443");
        assert_eq!(whole.user, Some(("me".to_owned(), "p@ss".to_owned())));
        assert_eq!(whole.database.as_deref(), Some("docs"));
        assert_eq!(whole.ca_certificate.as_deref(), Some("/etc/ca.pem"));
        assert_eq!(
            Address::parse("https://milvus:443/docs").unwrap().uri,
            "https://milvus:443"
        );
        let short = Address::parse("http://127.0.0.1").unwrap();
        assert_eq!(
            (short.uri.as_str(), short.user, short.database),
            ("http://127.0.0.1:19530", None, None)
        );
    }

    #[test]
    fn other_addresses_are_refused() {
        for text in ["milvus:19530", "tcp://milvus", "http://", "http://host/?timeout=3"] {
            assert!(Address::parse(text).is_err(), "{text}");
        }
    }
}
