//! The browser bundle: which files there are, and serving them.

use std::{
    collections::{BTreeMap, HashSet},
    path::{Path, PathBuf},
    sync::Arc,
};

use app::{AppFiles, Assets, ErrorReports};
use axum::{
    Router,
    extract::{Request, State},
    http::{HeaderValue, StatusCode, header},
    middleware::{self, Next},
    response::{IntoResponse, Response},
};
use serde::Deserialize;
use tower_http::services::ServeDir;

use crate::http::ApiError;

/// What `cargo xtask site` wrote: names that carry a hash of what the files hold.
#[derive(Debug, Deserialize)]
struct Manifest {
    js: String,
    wasm: String,
    css: String,
    #[serde(rename = "static")]
    fixed: BTreeMap<String, String>,
}

#[derive(Debug, thiserror::Error)]
pub enum BundleError {
    #[error("{} cannot be read ({source}). `cargo xtask dist` makes the folder site/ beside the program; --assets-dir names another place", path.display())]
    Unreadable { path: PathBuf, source: std::io::Error },
    #[error("{} is not what this version expects ({source}). Make it again with `cargo xtask dist`", path.display())]
    Invalid { path: PathBuf, source: serde_json::Error },
    #[error("{} names no {name}. Make it again with `cargo xtask dist`", path.display())]
    Incomplete { path: PathBuf, name: &'static str },
}

pub struct Bundle {
    folder: PathBuf,
    manifest: Manifest,
    icon: String,
}

impl Bundle {
    pub fn open(folder: &Path) -> Result<Self, BundleError> {
        let path = folder.join("manifest.json");
        let text = std::fs::read_to_string(&path).map_err(|source| BundleError::Unreadable {
            path: path.clone(),
            source,
        })?;
        let manifest: Manifest = serde_json::from_str(&text).map_err(|source| BundleError::Invalid {
            path: path.clone(),
            source,
        })?;
        let name = "favicon.svg";
        let icon = manifest.fixed.get(name).cloned();
        Ok(Self {
            folder: folder.to_owned(),
            icon: icon.ok_or(BundleError::Incomplete { path, name })?,
            manifest,
        })
    }

    /// Of the app's scripts; tells which ones an error came from.
    pub fn hash(&self) -> &str {
        let name = self.manifest.js.trim_end_matches(".js");
        name.rsplit_once('-').map_or(name, |(_, hash)| hash)
    }

    /// Where pages find the files, and where they report their errors.
    pub fn assets(&self, error_reports: Option<ErrorReports>) -> Assets {
        let address = |name: &str| format!("/site/{name}");
        Assets {
            css: address(&self.manifest.css),
            icon: address(&self.icon),
            app: Some(AppFiles {
                js: address(&self.manifest.js),
                wasm: address(&self.manifest.wasm),
                error_reports,
            }),
        }
    }

    /// Serves the files, compressed as the bundle brings them.
    pub fn into_router(self) -> Router {
        let Manifest { js, wasm, css, fixed } = self.manifest;
        let names: HashSet<String> = [js, wasm, css].into_iter().chain(fixed.into_values()).collect();
        Router::new()
            .fallback_service(ServeDir::new(self.folder).precompressed_br().precompressed_gzip())
            .layer(middleware::from_fn_with_state(Arc::new(names), for_ever))
    }
}

/// Serves nothing but what the manifest names, and that to be kept: a name never stands for anything else.
async fn for_ever(State(names): State<Arc<HashSet<String>>>, request: Request, next: Next) -> Response {
    let missing = || {
        ApiError::new(
            StatusCode::NOT_FOUND,
            "not_found",
            "Not found",
            "This version of Hyperion has no such file. Reload the page.",
        )
        .into_response()
    };
    if !names.contains(request.uri().path().trim_start_matches('/')) {
        return missing();
    }
    let mut response = next.run(request).await;
    if response.status() == StatusCode::NOT_FOUND {
        return missing();
    }
    let headers = response.headers_mut();
    headers.insert(
        header::CACHE_CONTROL,
        HeaderValue::from_static("public, max-age=31536000, immutable"),
    );
    headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    response
}
