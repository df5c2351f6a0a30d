//! The app compiled to WebAssembly, and the JavaScript that loads it.

use std::fs;

use wasm_bindgen_cli_support::Bindgen;

use crate::cargo;
use crate::failure::Failure;

/// Name that the generated JavaScript gives to the wasm file beside it.
pub const WASM_NAME: &str = "hyperion_bg.wasm";

pub struct Scripts {
    pub javascript: String,
    pub wasm: Vec<u8>,
}

/// Compiles the app for the browser and gives the module.
///
/// The app is an rlib in its manifest, because the server links it; only this build makes it a module of its own.
pub fn compile(release: bool) -> Result<Vec<u8>, Failure> {
    let profile = if release { "wasm-release" } else { "wasm-dev" };
    cargo::run(&[
        "rustc",
        "--package=app",
        "--lib",
        "--crate-type=cdylib",
        "--features=hydrate",
        "--target=wasm32-unknown-unknown",
        "--profile",
        profile,
    ])?;
    let module = cargo::target_dir()
        .join("wasm32-unknown-unknown")
        .join(profile)
        .join("app.wasm");
    fs::read(&module).map_err(Failure::io("reading", &module))
}

/// Makes the bindings of a compiled app.
pub fn bind(compiled: Vec<u8>) -> Result<Scripts, Failure> {
    generate(compiled).map_err(|error| Failure::Bindings(format!("{error:#}")))
}

fn generate(compiled: Vec<u8>) -> Result<Scripts, Box<dyn std::error::Error>> {
    let mut bindgen = Bindgen::new();
    bindgen
        .input_bytes("hyperion", compiled)
        .web(true)?
        .typescript(false)
        .omit_default_module_path(false);
    // Names are more than half of a development build, and each page load reads them; panics name their place anyway.
    bindgen.remove_name_section(true).remove_producers_section(true);
    let mut output = bindgen.generate_output()?;
    if output.snippets().values().any(|files| !files.is_empty()) || !output.local_modules().is_empty() {
        return Err("a crate brings JavaScript files of its own, and the bundle has a place for one file only".into());
    }
    Ok(Scripts {
        javascript: output.js().to_owned(),
        wasm: output.wasm_mut().emit_wasm(),
    })
}
