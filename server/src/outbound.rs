//! The one HTTP client for addresses that users give.
//!
//! It reaches no private, loopback or link-local address unless the operator allows it, however the address is
//! written: literals are checked in the URL, names where they are resolved, and what was checked is what is connected to.

use std::{
    error::Error,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use futures::StreamExt;
use reqwest::{
    Client, Method, RequestBuilder, Response, StatusCode,
    dns::{Addrs, Name, Resolve, Resolving},
    header, redirect,
};
use url::{Host, Url};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// A file must arrive within this time.
const FETCH_TIMEOUT: Duration = Duration::from_secs(300);

const MOST_REDIRECTS: usize = 5;

#[derive(Debug, thiserror::Error)]
pub enum OutboundError {
    #[error("{0} is not a web address: give one that begins with http:// or https://")]
    NotWeb(String),
    #[error(
        "{0} is on this machine or a private network, which this server may not reach unless its operator allows it: \
         set allow_private_addresses = true in the configuration file, or HYPERION_ALLOW_PRIVATE_ADDRESSES=true"
    )]
    Private(String),
    #[error("there is no server called {0}: check the address for typing errors")]
    UnknownHost(String),
    #[error("{0} could not be connected to: check that the server runs, and that address and port are right")]
    Refused(String),
    #[error(
        "a secure connection to {0} could not be made ({1}): check that the server speaks https at this port and that \
         its certificate is valid"
    )]
    Tls(String, String),
    #[error("{0} did not answer in time: try again later")]
    TimedOut(String),
    #[error("{0} redirects too often or to nowhere: give the final address")]
    Redirects(String),
    #[error("{url} answered with status {status}: check that the address can be opened without signing in")]
    Status { url: String, status: u16 },
    #[error("what {0} sends is larger than {1} MiB, the most that is taken")]
    TooLarge(String, u64),
    #[error("the connection to {0} failed: {1}")]
    Broken(String, String),
}

/// What was found at an address.
pub struct Fetched {
    /// Where it was found after all redirects.
    pub url: Url,
    pub bytes: Vec<u8>,
}

#[derive(Clone)]
pub struct Outbound {
    client: Client,
    may_reach: fn(IpAddr) -> bool,
}

/// To be called before anything speaks TLS.
pub fn provide_cryptography() {
    // Fails only when a provider is installed already, which is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
}

impl Outbound {
    pub fn new(allow_private: bool) -> Result<Self, reqwest::Error> {
        Self::reaching(if allow_private { |_| true } else { is_public })
    }

    fn reaching(may_reach: fn(IpAddr) -> bool) -> Result<Self, reqwest::Error> {
        provide_cryptography();
        let builder = || {
            Client::builder()
                .no_proxy()
                .redirect(redirect::Policy::none())
                .connect_timeout(CONNECT_TIMEOUT)
                .dns_resolver(Arc::new(CheckedResolver { may_reach }))
        };
        // Without any root certificate on the machine http still works, and https fails where it is used.
        let client = builder().build().or_else(|_| builder().tls_certs_only([]).build())?;
        Ok(Self { client, may_reach })
    }

    /// Begins a request. It follows no redirect, so that no key is sent where it does not belong.
    pub fn request(&self, method: Method, url: Url) -> Result<RequestBuilder, OutboundError> {
        if !matches!(url.scheme(), "http" | "https") {
            return Err(OutboundError::NotWeb(url.to_string()));
        }
        let literal = match url.host() {
            Some(Host::Ipv4(address)) => Some(IpAddr::V4(address)),
            Some(Host::Ipv6(address)) => Some(IpAddr::V6(address)),
            Some(Host::Domain(_)) => None,
            None => return Err(OutboundError::NotWeb(url.to_string())),
        };
        if literal.is_some_and(|address| !(self.may_reach)(address)) {
            return Err(OutboundError::Private(place(&url)));
        }
        Ok(self.client.request(method, url))
    }

    /// Fetches a file of at most `limit_mib` MiB whole: see [`Self::open`].
    pub async fn fetch(&self, url: Url, limit_mib: u64) -> Result<Fetched, OutboundError> {
        let (url, response) = self.open(url).await?;
        read_all(url, response, limit_mib).await
    }

    /// Begins to fetch a file, following up to five redirects, each checked like the first address. Says where it was
    /// found; the file must arrive within five minutes.
    pub async fn open(&self, mut url: Url) -> Result<(Url, Response), OutboundError> {
        let first = place(&url);
        for _ in 0..=MOST_REDIRECTS {
            let response = self
                .request(Method::GET, url.clone())?
                .timeout(FETCH_TIMEOUT)
                .send()
                .await
                .map_err(|error| describe(&url, &error))?;
            if !response.status().is_redirection() || response.status() == StatusCode::NOT_MODIFIED {
                if !response.status().is_success() {
                    return Err(OutboundError::Status {
                        url: place(&url),
                        status: response.status().as_u16(),
                    });
                }
                return Ok((url, response));
            }
            let next = response
                .headers()
                .get(header::LOCATION)
                .and_then(|location| location.to_str().ok())
                .and_then(|location| url.join(location).ok());
            url = next.ok_or_else(|| OutboundError::Redirects(first.clone()))?;
        }
        Err(OutboundError::Redirects(first))
    }
}

async fn read_all(url: Url, response: Response, limit_mib: u64) -> Result<Fetched, OutboundError> {
    let mut bytes = Vec::new();
    let mut chunks = response.bytes_stream();
    while let Some(chunk) = chunks.next().await {
        bytes.extend_from_slice(&chunk.map_err(|error| describe(&url, &error))?);
        if bytes.len() as u64 > limit_mib << 20 {
            return Err(OutboundError::TooLarge(place(&url), limit_mib));
        }
    }
    Ok(Fetched { url, bytes })
}

/// What a failed request to this address means to the person who gave it.
pub fn describe(url: &Url, error: &reqwest::Error) -> OutboundError {
    let place = place(url);
    let mut source: Option<&(dyn Error + 'static)> = Some(error);
    while let Some(cause) = source {
        if let Some(refusal) = cause.downcast_ref::<Unresolved>() {
            return match refusal {
                Unresolved::Private => OutboundError::Private(place),
                Unresolved::Unknown => OutboundError::UnknownHost(place),
            };
        }
        if let Some(failure) = cause.downcast_ref::<std::io::Error>() {
            if failure.kind() == std::io::ErrorKind::ConnectionRefused {
                return OutboundError::Refused(place);
            }
            if let Some(failure) = tls_failure(failure) {
                return OutboundError::Tls(place, failure.to_string());
            }
        }
        source = cause.source();
    }
    if error.is_timeout() {
        return OutboundError::TimedOut(place);
    }
    let mut cause: &dyn Error = error;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    OutboundError::Broken(place, cause.to_string())
}

/// What an error of this kind wraps is not its source, but takes its place.
fn tls_failure(failure: &std::io::Error) -> Option<&rustls::Error> {
    let wrapped = failure.get_ref()?;
    match wrapped.downcast_ref::<std::io::Error>() {
        Some(deeper) => tls_failure(deeper),
        None => wrapped.downcast_ref(),
    }
}

/// Scheme, host and port: all of an address that may be shown or logged, since a path or query can hold secrets.
fn place(url: &Url) -> String {
    url.origin().ascii_serialization()
}

#[derive(Debug, thiserror::Error)]
enum Unresolved {
    #[error("the name leads to a private address")]
    Private,
    #[error("the name is not known")]
    Unknown,
}

struct CheckedResolver {
    may_reach: fn(IpAddr) -> bool,
}

impl Resolve for CheckedResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let may_reach = self.may_reach;
        Box::pin(async move {
            let found: Vec<SocketAddr> = tokio::net::lookup_host((name.as_str(), 0))
                .await
                .map_err(|_| Unresolved::Unknown)?
                .collect();
            if found.is_empty() {
                return Err(Unresolved::Unknown.into());
            }
            // One private address among public ones is enough to refuse: which one is tried first is not ours to say.
            if !found.iter().all(|address| may_reach(address.ip())) {
                return Err(Unresolved::Private.into());
            }
            Ok(Box::new(found.into_iter()) as Addrs)
        })
    }
}

/// Whether an address is one of the public internet (IANA special-purpose address registries, RFC 6890).
fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    let special = address.is_private()
        || address.is_loopback()
        || address.is_link_local()
        || address.is_documentation()
        || a == 0
        || a >= 224
        || (a == 100 && (64..128).contains(&b))
        || (a == 192 && b == 0 && c == 0)
        || (a == 192 && b == 88 && c == 99)
        || (a == 198 && (b == 18 || b == 19));
    !special
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    let [a, b, _, _, _, _, g, h] = address.segments();
    let [g_high, g_low] = g.to_be_bytes();
    let [h_high, h_low] = h.to_be_bytes();
    let embedded = Ipv4Addr::new(g_high, g_low, h_high, h_low);
    // NAT64 (RFC 6052): the IPv4 address at the end is what is reached.
    if address.segments()[..6] == [0x64, 0xff9b, 0, 0, 0, 0] {
        return is_public_v4(embedded);
    }
    // Mapped IPv4, loopback, local and multicast addresses all lie outside 2000::/3; within it are documentation,
    // 6to4 and the IETF's protocol assignments, Teredo among them.
    (a & 0xe000) == 0x2000 && a != 0x2002 && !(a == 0x2001 && (b < 0x200 || b == 0xdb8)) && !(a == 0x3fff && b < 0x1000)
}

#[cfg(test)]
mod tests {
    use axum::{Router, response::Redirect, routing::get};

    use super::*;

    fn url(text: &str) -> Url {
        text.parse().unwrap()
    }

    #[test]
    fn no_way_to_write_a_private_address_gets_through() {
        let outbound = Outbound::new(false).unwrap();
        for hostile in [
            "http://127.0.0.1/",
            "http://2130706433/",
            "http://0x7f.1/",
            "http://0177.0.0.1/",
            "http://[::1]/",
            "http://[::ffff:127.0.0.1]/",
            "http://[::ffff:a9fe:a9fe]/",
            "http://[64:ff9b::10.0.0.1]/",
            "http://[fd00::1]/",
            "http://[fe80::1]/",
            "http://0.0.0.0/",
            "http://10.1.2.3/",
            "http://172.16.0.1/",
            "http://192.168.1.1/",
            "http://169.254.169.254/latest/meta-data/",
            "http://100.64.0.1/",
            "http://①27.0.0.1/",
        ] {
            let refused = outbound.request(Method::GET, url(hostile));
            assert!(matches!(refused, Err(OutboundError::Private(_))), "{hostile}");
        }
        assert!(outbound.request(Method::GET, url("https://93.184.215.14/")).is_ok());
        assert!(
            outbound
                .request(Method::GET, url("https://[2606:2800:21f::1]/"))
                .is_ok()
        );
        assert!(matches!(
            outbound.request(Method::GET, url("file:///etc/passwd")),
            Err(OutboundError::NotWeb(_))
        ));
    }

    #[tokio::test]
    async fn a_name_that_leads_to_a_private_address_is_refused() {
        let outbound = Outbound::new(false).unwrap();
        let refused = outbound.fetch(url("http://localhost:9/"), 1).await;
        assert!(matches!(refused, Err(OutboundError::Private(_))));
    }

    async fn serve(router: Router) -> SocketAddr {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        address
    }

    #[tokio::test]
    async fn redirects_are_followed_but_not_for_ever() {
        let address = serve(
            Router::new()
                .route("/moved", get(|| async { Redirect::temporary("/file") }))
                .route("/file", get(|| async { "the file" }))
                .route("/loop", get(|| async { Redirect::temporary("/loop") }))
                .route("/odd", get(|| async { Redirect::temporary("file:///etc/passwd") })),
        )
        .await;
        let outbound = Outbound::new(true).unwrap();
        let fetched = outbound
            .fetch(url(&format!("http://{address}/moved")), 1)
            .await
            .unwrap();
        assert_eq!(fetched.bytes, b"the file");
        assert_eq!(fetched.url.path(), "/file");
        let looping = outbound.fetch(url(&format!("http://{address}/loop")), 1).await;
        assert!(matches!(looping, Err(OutboundError::Redirects(_))));
        let odd = outbound.fetch(url(&format!("http://{address}/odd")), 1).await;
        assert!(matches!(odd, Err(OutboundError::NotWeb(_))));
    }

    #[tokio::test]
    async fn every_redirect_is_checked_like_the_first_address() {
        let address = serve(
            Router::new()
                .route("/literal", get(|| async { Redirect::temporary("http://127.0.0.2:9/") }))
                .route(
                    "/mapped",
                    get(|| async { Redirect::temporary("http://[::ffff:127.0.0.2]:9/") }),
                ),
        )
        .await;
        // This one address stands for the public internet.
        let outbound = Outbound::reaching(|address| address == IpAddr::V4(Ipv4Addr::LOCALHOST)).unwrap();
        for path in ["literal", "mapped"] {
            let moved = outbound.fetch(url(&format!("http://{address}/{path}")), 1).await;
            assert!(
                matches!(moved, Err(OutboundError::Private(_))),
                "{path}: {:?}",
                moved.err()
            );
        }
    }

    #[tokio::test]
    async fn a_server_without_tls_where_https_was_asked_for_is_told() {
        let address = serve(Router::new()).await;
        let outbound = Outbound::new(true).unwrap();
        let refused = outbound.fetch(url(&format!("https://{address}/")), 1).await;
        assert!(matches!(refused, Err(OutboundError::Tls(..))), "{:?}", refused.err());
    }

    #[tokio::test]
    async fn a_name_that_does_not_exist_is_told() {
        let outbound = Outbound::new(true).unwrap();
        let unknown = outbound.fetch(url("http://no-such-host.invalid/"), 1).await;
        assert!(
            matches!(unknown, Err(OutboundError::UnknownHost(_))),
            "{:?}",
            unknown.err()
        );
    }

    #[tokio::test]
    async fn a_file_that_is_too_large_and_a_status_of_failure_are_told() {
        let address = serve(Router::new().route("/large", get(|| async { vec![0_u8; (1 << 20) + 1] }))).await;
        let outbound = Outbound::new(true).unwrap();
        let large = outbound.fetch(url(&format!("http://{address}/large")), 1).await;
        assert!(matches!(large, Err(OutboundError::TooLarge(_, 1))));
        let missing = outbound.fetch(url(&format!("http://{address}/missing")), 1).await;
        assert!(matches!(missing, Err(OutboundError::Status { status: 404, .. })));
    }
}
