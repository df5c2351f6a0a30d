//! The child's side.

use std::io::{self, Read, Write};
use std::process::ExitCode;

use super::confinement;
use super::protocol::{Request, Response};
use crate::extract::{ExtractError, FileKind, detect, extract, load_pdf_library};

/// Reads a request and a file from standard input and answers on standard output: the body of the hidden
/// subcommand `extract-child`.
///
/// Confines the whole process for good, so nothing else may run in it.
pub fn run_child() -> ExitCode {
    match answer() {
        Ok(()) => ExitCode::SUCCESS,
        Err(cause) => {
            // The parent captures this; there is nobody else to tell.
            eprintln!("extract-child: {cause}");
            ExitCode::FAILURE
        }
    }
}

fn answer() -> io::Result<()> {
    let mut input = io::stdin().lock();
    let request = Request::read_frame(&mut input)?;
    // A library cannot be loaded any more once confined. Only PDFs need it, so they alone fail without it.
    let library = load_pdf_library(&request.pdfium);
    confinement::confine(&request.limits).map_err(|cause| io::Error::other(format!("confinement: {cause}")))?;

    let mut file = Vec::new();
    input
        .take(request.limits.max_file_bytes as u64 + 1)
        .read_to_end(&mut file)?;
    let response: Response = match library {
        Err(unavailable) if detect(&request.name, &file) == Ok(FileKind::Pdf) => Err::<_, ExtractError>(unavailable),
        _ => extract(&request.name, &file, &request.limits),
    };
    let mut output = io::BufWriter::new(io::stdout().lock());
    serde_json::to_writer(&mut output, &response)?;
    output.flush()
}
