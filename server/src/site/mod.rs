//! The pages: rendered by the server, with the files of the browser bundle beside them.

mod bundle;
mod in_process;
mod page;
mod refused;

use axum::{Router, middleware, routing::get};

use crate::{state::AppState, telemetry::sentry};
use app::ErrorReports;
use bundle::Bundle;
use page::Pages;
pub use refused::Refused;

/// Adds the pages and the bundle's files to what `api` answers.
///
/// Without a bundle the API goes on alone, and whoever opens a page is told what is missing.
pub fn with_pages(state: &AppState, api: Router) -> Router {
    let folder = state.config.assets().join("site");
    let bundle = match Bundle::open(&folder) {
        Ok(bundle) => bundle,
        Err(error) => {
            tracing::warn!("no pages are served, only the API: {error}");
            let message = format!("Hyperion cannot show its pages: {error}.\n");
            return api.fallback_service(get(move || page::unavailable(message.clone())));
        }
    };
    let pages = Pages {
        state: state.clone(),
        api: api.clone(),
        assets: bundle.assets(state.config.sentry_dsn.as_ref().map(|dsn| ErrorReports {
            dsn: dsn.for_browsers(),
            release: format!("{}+{}", sentry::RELEASE, bundle.hash()),
            environment: sentry::environment(),
        })),
    };
    let with_refused = middleware::from_fn_with_state(pages.clone(), refused::show);
    let known = leptos_axum::generate_route_list(app::App)
        .into_iter()
        .fold(Router::new(), |router, route| {
            router.route(route.path(), get(page::known))
        })
        .fallback_service(get(page::unknown).with_state(pages.clone()))
        .with_state(pages);
    api.layer(with_refused).merge(known).nest("/site", bundle.into_router())
}

/// Whether this is the address of a page here, and not of another site.
pub fn is_own_path(path: &str) -> bool {
    // Browsers read `/\host` and `//host` as another site's address.
    path.starts_with('/') && !path[1..].starts_with(['/', '\\']) && !path.chars().any(char::is_control)
}

#[cfg(test)]
mod tests {
    use super::is_own_path;

    #[tokio::test]
    async fn every_page_is_named_by_its_route_in_reports_of_its_errors() {
        let routes = leptos_axum::generate_route_list(app::App);
        assert!(routes.len() > 10, "{routes:?}");
        for route in routes {
            let path = route.path().replace("{id}", "0198f6a2");
            assert_eq!(app::route(&path), route.path().replace("{id}", ":id"));
        }
    }

    #[test]
    fn only_paths_of_this_site_are_gone_on_to() {
        assert!(is_own_path("/"));
        assert!(is_own_path("/documents/1?page=2"));
        for other in [
            "",
            "https://evil.example",
            "//evil.example",
            "/\\evil.example",
            "/\t/evil.example",
        ] {
            assert!(!is_own_path(other), "{other:?}");
        }
    }
}
