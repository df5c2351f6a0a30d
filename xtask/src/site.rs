//! The browser bundle: `manifest.json` and the files it names.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::compress::{Effort, write_with_copies};
use crate::failure::Failure;
use crate::fingerprint::Fingerprint;
use crate::{scripts, style};

/// Names of the bundle's files, each of which carries a hash of its contents and so may be cached for ever.
#[derive(Serialize)]
struct Manifest {
    js: String,
    wasm: String,
    css: String,
    /// Files of `style/static/` by the name they have there.
    #[serde(rename = "static")]
    fixed: BTreeMap<String, String>,
}

/// Lies in the bundle and tells what it was made from.
const FINGERPRINT: &str = "fingerprint";

/// Builds the bundle into `out`, replacing what that held unless it was made from the very same things.
pub fn build(release: bool, out: &Path) -> Result<(), Failure> {
    let started = Instant::now();
    eprintln!("==> compiling the app for the browser");
    let compiled = scripts::compile(release)?;
    let fingerprint = fingerprint(&compiled, release)?;
    if fs::read_to_string(out.join(FINGERPRINT)).is_ok_and(|earlier| earlier == fingerprint) {
        eprintln!("==> {} is up to date", out.display());
        return Ok(());
    }

    eprintln!("==> writing {}", out.display());
    let mut folder = SiteFolder::create(out, if release { Effort::SMALLEST } else { Effort::QUICK })?;
    let scripts = scripts::bind(compiled)?;
    let wasm = folder.add("hyperion.wasm", &scripts.wasm)?;
    let javascript = scripts.javascript.replace(scripts::WASM_NAME, &wasm);
    let js = folder.add("hyperion.js", javascript.as_bytes())?;
    let css = folder.add("main.css", style::bundle(Path::new("style/main.css"))?.as_bytes())?;
    let fixed = add_static_files(&mut folder, Path::new("style/static"))?;

    folder.finish(&Manifest { js, wasm, css, fixed }, &fingerprint)?;
    eprintln!(
        "==> {} is ready after {:.1} s",
        out.display(),
        started.elapsed().as_secs_f32()
    );
    Ok(())
}

/// Changes with the app, the style sheets and static files, and this program.
fn fingerprint(compiled: &[u8], release: bool) -> Result<String, Failure> {
    let program = std::env::current_exe().map_err(Failure::io("finding", "this program"))?;
    let mut fingerprint = Fingerprint::default();
    fingerprint.add(compiled);
    fingerprint.add(&[u8::from(release)]);
    fingerprint.add_path(Path::new("style"))?;
    fingerprint.add_path(&program)?;
    Ok(fingerprint.finish())
}

fn add_static_files(folder: &mut SiteFolder, source: &Path) -> Result<BTreeMap<String, String>, Failure> {
    let mut names = BTreeMap::new();
    for entry in fs::read_dir(source).map_err(Failure::io("listing", source))? {
        let path = entry.map_err(Failure::io("listing", source))?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let contents = fs::read(&path).map_err(Failure::io("reading", &path))?;
        names.insert(name.clone(), folder.add(&name, &contents)?);
    }
    Ok(names)
}

/// The bundle while it is being written: a folder beside the final one, which it replaces when complete, so that a
/// failed build leaves the earlier bundle whole.
struct SiteFolder {
    unfinished: PathBuf,
    finished: PathBuf,
    effort: Effort,
}

impl SiteFolder {
    fn create(out: &Path, effort: Effort) -> Result<Self, Failure> {
        let unfinished = out.with_added_extension("unfinished");
        remove_folder(&unfinished)?;
        fs::create_dir_all(&unfinished).map_err(Failure::io("creating", &unfinished))?;
        Ok(Self {
            unfinished,
            finished: out.to_path_buf(),
            effort,
        })
    }

    /// Adds a file with its compressed copies and gives the name under which it is served.
    fn add(&mut self, name: &str, contents: &[u8]) -> Result<String, Failure> {
        let hashed = name_with_hash(name, contents);
        write_with_copies(&self.unfinished.join(&hashed), contents, self.effort)?;
        eprintln!("    {hashed}  {} kB", contents.len().div_ceil(1000));
        Ok(hashed)
    }

    fn finish(self, manifest: &Manifest, fingerprint: &str) -> Result<(), Failure> {
        let json = serde_json::to_string_pretty(manifest).expect("a manifest holds only strings");
        for (name, contents) in [("manifest.json", json.as_str()), (FINGERPRINT, fingerprint)] {
            let path = self.unfinished.join(name);
            fs::write(&path, contents).map_err(Failure::io("writing", &path))?;
        }
        remove_folder(&self.finished)?;
        fs::rename(&self.unfinished, &self.finished).map_err(Failure::io("moving into place", &self.finished))
    }
}

/// Removes `folder` with all it holds; one that is not there is as good as removed.
pub fn remove_folder(folder: &Path) -> Result<(), Failure> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(Failure::io("removing", folder)(error)),
        _ => Ok(()),
    }
}

/// `main.css` becomes `main-0123456789abcdef.css`.
fn name_with_hash(name: &str, contents: &[u8]) -> String {
    let hash = hex::encode(&Sha256::digest(contents)[..8]);
    match name.split_once('.') {
        Some((stem, extensions)) => format!("{stem}-{hash}.{extensions}"),
        None => format!("{name}-{hash}"),
    }
}

#[cfg(test)]
mod tests {
    use super::name_with_hash;

    #[test]
    fn the_name_changes_with_the_contents_and_keeps_its_extension() {
        assert_eq!(name_with_hash("main.css", b""), "main-e3b0c44298fc1c14.css");
        assert_ne!(name_with_hash("main.css", b"a"), name_with_hash("main.css", b"b"));
    }
}
