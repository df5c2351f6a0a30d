//! What comes with the program: the model, the PDF library, the pages.

use std::{collections::BTreeMap, fs};

use engine::{
    embed::Embedder,
    extract::{Limits, child::Extractor},
};
use serde::Deserialize;

use super::{finding::Finding, tiny_pdf};
use crate::{config::Config, state};

const REMEDY: &str = "Install Hyperion's folder again whole, or name the place with --assets-dir";

pub fn model(config: &Config) -> Finding {
    const WHAT: &str = "embedding model";
    let embedded = state::model(config, 1)
        .and_then(|model| Ok((model.id().to_owned(), model.dimension(), model.embed(&["word"])?)));
    match embedded {
        Ok((id, dimension, vectors)) if vectors.iter().all(|vector| vector.len() == dimension) => {
            Finding::ok(WHAT, format!("{id} embeds, in {dimension} dimensions"))
        }
        Ok((id, ..)) => Finding::fail(WHAT, format!("{id} gives vectors of a wrong size. {REMEDY}")),
        Err(error) => Finding::fail(WHAT, error),
    }
}

pub async fn pdf_library(config: &Config) -> Finding {
    const WHAT: &str = "PDF library";
    let Ok(program) = std::env::current_exe() else {
        return Finding::fail(WHAT, format!("this program does not find itself. {REMEDY}"));
    };
    let pdfium = config.assets().join("libpdfium.so");
    if !pdfium.exists() {
        return Finding::fail(
            WHAT,
            format!("{} is missing, so PDF files cannot be read. {REMEDY}", pdfium.display()),
        );
    }
    let extractor = Extractor {
        program,
        pdfium,
        limits: Limits::default(),
    };
    match extractor.extract("tiny.pdf", tiny_pdf::bytes().as_slice()).await {
        Ok(read) if read.document.text.contains(tiny_pdf::WORDS) => {
            Finding::ok(WHAT, "reads a file in a confined process")
        }
        Ok(_) => Finding::fail(WHAT, format!("it reads other words than a file holds. {REMEDY}")),
        Err(error) => Finding::fail(WHAT, format!("a file could not be read: {error} {}", error.remedy())),
    }
}

/// As `cargo xtask site` writes it.
#[derive(Deserialize)]
struct Manifest {
    js: String,
    wasm: String,
    css: String,
    #[serde(rename = "static")]
    fixed: BTreeMap<String, String>,
}

pub fn pages(config: &Config) -> Finding {
    const WHAT: &str = "pages";
    let site = config.assets().join("site");
    let manifest = fs::read(site.join("manifest.json"))
        .map_err(|error| error.to_string())
        .and_then(|json| serde_json::from_slice::<Manifest>(&json).map_err(|error| error.to_string()));
    let manifest = match manifest {
        Ok(manifest) => manifest,
        Err(error) => {
            return Finding::fail(
                WHAT,
                format!("{}: {error}. {REMEDY}", site.join("manifest.json").display()),
            );
        }
    };
    let mut names = [&manifest.js, &manifest.wasm, &manifest.css]
        .into_iter()
        .chain(manifest.fixed.values());
    match names.find(|name| !site.join(name.as_str()).is_file()) {
        None => Finding::ok(WHAT, format!("{} is whole", site.display())),
        Some(missing) => Finding::fail(WHAT, format!("{} is missing. {REMEDY}", site.join(missing).display())),
    }
}
