//! What may be said of a fault: what is the same for everybody.

use std::panic::PanicHookInfo;

/// The parts of pages' addresses that are not about anything in particular.
const PARTS: [&str; 10] = [
    "admin",
    "assistants",
    "connections",
    "conversations",
    "documents",
    "knowledge-bases",
    "settings",
    "sign-in",
    "sign-up",
    "users",
];

/// The route of the page at this path: `/documents/:id`.
pub fn route(path: &str) -> String {
    let part = |part| if PARTS.contains(&part) { part } else { ":id" };
    let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).map(part).collect();
    format!("/{}", parts.join("/"))
}

/// A source file without the folders of the machine that the program was built on.
pub fn source_file(file: &str) -> &str {
    // Paths of our own are given from the workspace on.
    if !file.starts_with('/') || file.starts_with("/rustc/") {
        return file;
    }
    if let Some((_, library)) = file.split_once("/rustlib/src/rust/") {
        return library;
    }
    let in_registry = file.split_once("/registry/src/");
    let in_crate = in_registry.and_then(|(_, rest)| rest.split_once('/'));
    in_crate
        .or_else(|| file.rsplit_once('/'))
        .map_or(file, |(_, file)| file)
}

/// What a panic says, where that is a constant in the program. Otherwise it may hold anything: to index into a text where
/// there is no character says the text.
pub fn constant_message<'p>(panic: &'p PanicHookInfo<'_>) -> Option<&'p str> {
    panic.payload().downcast_ref::<&'static str>().copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_told_without_what_it_is_about() {
        assert_eq!(route("/"), "/");
        assert_eq!(route("/admin/users"), "/admin/users");
        assert_eq!(route("/documents/0198-1234/"), "/documents/:id");
        assert_eq!(route("/jane/doe"), "/:id/:id");
    }

    #[test]
    fn a_source_file_is_told_without_anybodys_folder() {
        for (file, told) in [
            ("app/src/app.rs", "app/src/app.rs"),
            (
                "/home/jane/.cargo/registry/src/index.crates.io-1949cf8c6b5b557f/tachys-0.2.15/src/hydration.rs",
                "tachys-0.2.15/src/hydration.rs",
            ),
            (
                "/home/jane/.rustup/toolchains/1.95/lib/rustlib/src/rust/library/core/src/str/mod.rs",
                "library/core/src/str/mod.rs",
            ),
            (
                "/rustc/59807616/library/core/src/option.rs",
                "/rustc/59807616/library/core/src/option.rs",
            ),
            ("/home/jane/hyperion/app/src/app.rs", "app.rs"),
        ] {
            assert_eq!(source_file(file), told);
        }
    }
}
