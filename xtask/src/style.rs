//! The style sheets, bundled into one.

use std::path::Path;

use lightningcss::bundler::{Bundler, FileProvider};
use lightningcss::printer::PrinterOptions;
use lightningcss::stylesheet::{MinifyOptions, ParserOptions};

use crate::failure::Failure;

/// Bundles the style sheet `entry` with all that it imports, and minifies the result.
pub fn bundle(entry: &Path) -> Result<String, Failure> {
    let files = FileProvider::new();
    let mut sheet = Bundler::new(&files, None, ParserOptions::default())
        .bundle(entry)
        .map_err(style_failure)?;
    sheet.minify(MinifyOptions::default()).map_err(style_failure)?;
    let printed = sheet
        .to_css(PrinterOptions {
            minify: true,
            ..Default::default()
        })
        .map_err(style_failure)?;
    Ok(printed.code)
}

fn style_failure(error: impl std::fmt::Display) -> Failure {
    Failure::Style(error.to_string())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::bundle;

    #[test]
    fn imported_sheets_come_first_and_nothing_superfluous_is_left() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("tokens.css"), ":root { --gap: 1rem }\n").unwrap();
        fs::write(
            folder.path().join("main.css"),
            "@import \"tokens.css\";\nmain { gap: var(--gap); }\n",
        )
        .unwrap();

        let css = bundle(&folder.path().join("main.css")).unwrap();

        assert_eq!(css, ":root{--gap:1rem}main{gap:var(--gap)}");
    }

    #[test]
    fn a_missing_import_is_named() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("main.css"), "@import \"absent.css\";").unwrap();

        let failure = bundle(&folder.path().join("main.css")).unwrap_err().to_string();

        assert!(failure.starts_with("bundling the style sheets: "), "{failure}");
    }
}
