//! The HTML document around the pages.

use leptos::prelude::*;
use leptos_meta::MetaTags;

use crate::App;

/// Addresses of the files that a page brings along.
#[derive(Debug, Clone)]
pub struct Assets {
    pub css: String,
    pub icon: String,
    /// The app, on pages that are more than text and forms.
    pub app: Option<AppFiles>,
}

/// The app for the browser.
#[derive(Debug, Clone)]
pub struct AppFiles {
    pub js: String,
    pub wasm: String,
    pub error_reports: Option<ErrorReports>,
}

/// How the app reports its errors to whoever runs the server.
#[derive(Debug, Clone)]
pub struct ErrorReports {
    /// The project of Sentry that they are for.
    pub dsn: String,
    /// What the app's files are called there.
    pub release: String,
    /// Which installation reports.
    pub environment: String,
}

/// What a page does whose scripts do not come; the style sheet then shows a note.
const STOPPED: &str = ".catch(error => { document.documentElement.setAttribute('data-stopped', ''); throw error })";

/// The whole document. `nonce` is the one that the response's Content-Security-Policy allows scripts to carry;
/// `address` is the page's own where the browser shows another, because it has posted a form there.
pub fn shell(assets: Assets, nonce: String, address: Option<String>) -> AnyView {
    let right_address = address.map(|address| format!("history.replaceState(null, '', {});", script_string(&address)));
    let start = assets.app.as_ref().map(|app| {
        format!(
            "import({}).then(app => app.default({{ module_or_path: {} }}).then(() => app.hydrate())){STOPPED}",
            script_string(&app.js),
            script_string(&app.wasm),
        )
    });
    let script: String = right_address.into_iter().chain(start).collect();
    let script_nonce = nonce.clone();
    view! {
        <!DOCTYPE html>
        <html lang="en">
            <head>
                <meta charset="utf-8" />
                <meta name="viewport" content="width=device-width, initial-scale=1" />
                <meta name="color-scheme" content="light dark" />
                <link rel="icon" href=assets.icon r#type="image/svg+xml" />
                <link rel="stylesheet" href=assets.css />
                {assets
                    .app
                    .map(|app| {
                        view! {
                            <link rel="modulepreload" href=app.js nonce=nonce />
                            <link
                                rel="preload"
                                href=app.wasm
                                r#as="fetch"
                                r#type="application/wasm"
                                crossorigin="anonymous"
                            />
                            {app
                                .error_reports
                                .map(|reports| {
                                    view! {
                                        <meta
                                            name="error-reports"
                                            content=reports.dsn
                                            data-release=reports.release
                                            data-environment=reports.environment
                                        />
                                    }
                                })}
                        }
                    })}
                {(!script.is_empty())
                    .then(|| view! { <script type="module" nonce=script_nonce inner_html=script></script> })}
                <MetaTags />
            </head>
            <body>
                <App />
            </body>
        </html>
    }
    .into_any()
}

/// `text` as a string literal of a script that stands in HTML.
fn script_string(text: &str) -> String {
    serde_json::Value::from(text).to_string().replace('<', "\\u003c")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_script_string_cannot_end_the_script_it_stands_in() {
        assert_eq!(script_string(r#"</script>""#), r#""\u003c/script>\"""#);
    }
}
