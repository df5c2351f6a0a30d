//! One folder that is Hyperion: it runs from wherever it is copied to.

use std::fs;
use std::path::Path;

use crate::failure::Failure;
use crate::{cargo, site};

/// Builds the server and the bundle and assembles them with the model and the PDF library in `target/dist`, or in
/// `target/dist-dev` unless `release`.
pub fn assemble(release: bool) -> Result<(), Failure> {
    let target = cargo::target_dir();
    let dist = target.join(if release { "dist" } else { "dist-dev" });
    let pdfium = target.join("pdfium");
    if !pdfium.exists() {
        return Err(Failure::Missing {
            path: pdfium,
            remedy: "scripts/pdfium.sh fetches it",
        });
    }

    eprintln!("==> building the server");
    cargo::run(if release {
        &["build", "--package=server", "--release"]
    } else {
        &["build", "--package=server"]
    })?;
    site::build(release, &dist.join("site"))?;

    eprintln!("==> assembling {}", dist.display());
    replace(
        &target.join(if release { "release" } else { "debug" }).join("hyperion"),
        &dist.join("hyperion"),
    )?;
    replace(&pdfium.join("libpdfium.so"), &dist.join("libpdfium.so"))?;
    replace_folder(&pdfium.join("licences"), &dist.join("licences/pdfium"))?;
    replace_folder(Path::new("models"), &dist.join("models"))?;
    eprintln!("==> {} is ready", dist.display());
    Ok(())
}

fn replace_folder(source: &Path, destination: &Path) -> Result<(), Failure> {
    site::remove_folder(destination)?;
    copy_folder(source, destination)
}

/// Copies a folder with all it holds, but for the scripts that made it.
fn copy_folder(source: &Path, destination: &Path) -> Result<(), Failure> {
    fs::create_dir_all(destination).map_err(Failure::io("creating", destination))?;
    for entry in fs::read_dir(source).map_err(Failure::io("listing", source))? {
        let path = entry.map_err(Failure::io("listing", source))?.path();
        let copy = destination.join(path.file_name().unwrap_or_default());
        if path.is_dir() {
            copy_folder(&path, &copy)?;
        } else if path.extension().is_none_or(|extension| extension != "py") {
            replace(&path, &copy)?;
        }
    }
    Ok(())
}

/// Copies a file over another as one step, so that a server running from the earlier copy goes on undisturbed.
fn replace(source: &Path, destination: &Path) -> Result<(), Failure> {
    let unfinished = destination.with_added_extension("unfinished");
    fs::copy(source, &unfinished).map_err(Failure::io("copying", source))?;
    fs::rename(&unfinished, destination).map_err(Failure::io("moving into place", destination))
}
