//! Files fetched from an address that a user gives.

use api::{Access, KnowledgeBaseId, UploadFromUrl, Uploads};
use axum::{
    Json,
    extract::{Path, State},
    http::{HeaderMap, StatusCode, header},
};
use futures::TryStreamExt;
use url::Url;

use super::{
    idempotency::once,
    intake::{Incoming, take_in},
    name::safe_name,
    upload::uploaded,
};
use crate::{
    http::{ApiError, ApiJson, Caller},
    outbound::{OutboundError, describe},
    state::AppState,
};

/// Upload the file at a web address. It is fetched once; what changes there later is not followed.
///
/// With an `Idempotency-Key`, a repeated request returns what the first one returned.
#[utoipa::path(post, path = "/knowledge-bases/{id}/documents/from-url", tag = "Documents", params(("id" = uuid::Uuid, Path)),
    request_body = UploadFromUrl, responses((status = 202, body = Uploads)))]
pub async fn from_url(
    State(state): State<AppState>,
    caller: Caller,
    Path(knowledge_base): Path<KnowledgeBaseId>,
    headers: HeaderMap,
    ApiJson(request): ApiJson<UploadFromUrl>,
) -> Result<(StatusCode, Json<Uploads>), ApiError> {
    state
        .store
        .require_access(caller.user.id, knowledge_base, Access::Editor)
        .await?;
    let url = web_address(&request.url)?;
    let taking = fetch(&state, &caller, knowledge_base, url);
    let uploads = once(&state, caller.user.id, knowledge_base, &headers, taking).await?;
    Ok((StatusCode::ACCEPTED, Json(uploads)))
}

fn web_address(given: &str) -> Result<Url, ApiError> {
    let url = Url::parse(given.trim()).map_err(|_| {
        ApiError::invalid(
            "url",
            "This is no web address. Give one that begins with http:// or https://.",
        )
    })?;
    if !url.username().is_empty() || url.password().is_some() {
        let message = "Leave name and password out of the address: everybody who sees the document sees it.";
        return Err(ApiError::invalid("url", message));
    }
    Ok(url)
}

async fn fetch(
    state: &AppState,
    caller: &Caller,
    knowledge_base: KnowledgeBaseId,
    url: Url,
) -> Result<Uploads, ApiError> {
    let (found_at, response) = state.outbound.open(url.clone()).await.map_err(not_fetched)?;
    let stated = response
        .headers()
        .get(header::CONTENT_DISPOSITION)
        .map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned());
    let name = stated
        .as_deref()
        .and_then(stated_name)
        .unwrap_or_else(|| name_in_address(&found_at));
    let file = Incoming {
        name: &safe_name(&name),
        source_url: Some(url.as_str()),
    };
    let bytes = response
        .bytes_stream()
        .map_err(|error| not_fetched(describe(&found_at, &error)));
    let upload = take_in(state, caller.user.id, knowledge_base, file, bytes).await?;
    uploaded(vec![upload])
}

fn not_fetched(error: OutboundError) -> ApiError {
    let mut detail = error.to_string();
    // An address at the beginning stays as it is.
    if !detail.starts_with("http")
        && let Some(first) = detail.get_mut(..1)
    {
        first.make_ascii_uppercase();
    }
    ApiError::new(
        StatusCode::UNPROCESSABLE_ENTITY,
        "not_fetched",
        "The file could not be fetched",
        detail + ".",
    )
}

/// The file name of a `Content-Disposition` header (RFC 6266): `filename*` rather than `filename`.
fn stated_name(header: &str) -> Option<String> {
    let parameter = |wanted: &str| {
        header.split(';').skip(1).find_map(|parameter| {
            let (name, value) = parameter.split_once('=')?;
            name.trim()
                .eq_ignore_ascii_case(wanted)
                .then(|| value.trim().trim_matches('"'))
        })
    };
    let extended = parameter("filename*").and_then(|value| {
        let (charset, rest) = value.split_once('\'')?;
        let encoded = rest.split_once('\'')?.1;
        charset.eq_ignore_ascii_case("utf-8").then(|| percent_decoded(encoded))
    });
    extended
        .or_else(|| parameter("filename").map(str::to_owned))
        .filter(|name| !name.trim().is_empty())
}

/// The last part of the path, or the server's name where the path has none.
fn name_in_address(url: &Url) -> String {
    let last = url
        .path_segments()
        .and_then(|mut parts| parts.rfind(|part| !part.is_empty()));
    last.map_or_else(|| url.host_str().unwrap_or_default().to_owned(), percent_decoded)
}

fn percent_decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        let decoded = (*first == b'%').then(|| hex::decode(after.get(..2)?).ok()).flatten();
        match decoded {
            Some(byte) => {
                bytes.extend(byte);
                rest = &after[2..];
            }
            None => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_comes_from_the_header_or_else_from_the_address() {
        let stated = |header| stated_name(header);
        assert_eq!(stated("attachment; filename=\"a b.pdf\"").as_deref(), Some("a b.pdf"));
        assert_eq!(
            stated("attachment; filename=x.pdf; filename*=UTF-8''Gr%C3%B6%C3%9Fe.pdf").as_deref(),
            Some("Größe.pdf")
        );
        assert_eq!(stated("inline"), None);
        assert_eq!(stated("attachment; filename=\"\""), None);
        let named = |url: &str| name_in_address(&url.parse().unwrap());
        assert_eq!(
            named("https://a.example/files/Jahres%20bericht.pdf?x=1"),
            "Jahres bericht.pdf"
        );
        assert_eq!(named("https://a.example/docs/"), "docs");
        assert_eq!(named("https://a.example"), "a.example");
        assert_eq!(percent_decoded("100%"), "100%");
        assert_eq!(percent_decoded("%zz%41"), "%zzA");
    }

    #[test]
    fn addresses_with_a_password_in_them_are_refused() {
        assert!(web_address("https://ada:secret@a.example/x").is_err());
        assert!(web_address("not an address").is_err());
        assert!(web_address(" https://a.example/x ").is_ok());
    }
}
