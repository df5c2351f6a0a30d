//! The extraction child alone, for tests and measurements of this crate; the product calls the same function.

fn main() -> std::process::ExitCode {
    engine::extract::child::run_child()
}
