//! Errors of the app, told to whoever runs the server: what happened and where in the program, and nothing that somebody
//! wrote, read or is called.

#[cfg(feature = "hydrate")]
mod browser;
#[cfg(any(feature = "hydrate", test))]
mod envelope;
mod impersonal;
#[cfg(any(feature = "hydrate", test))]
mod stack;

#[cfg(feature = "hydrate")]
pub use browser::{listen, panicked};
pub use impersonal::{constant_message, route, source_file};
