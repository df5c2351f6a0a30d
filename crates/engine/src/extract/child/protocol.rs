//! What parent and child say to each other.

use std::io::{self, Read};
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::extract::{ExtractError, Extracted, Limits};

/// The argument that makes a program act as the child.
pub(super) const SUBCOMMAND: &str = "extract-child";

/// Requests are a few hundred bytes, and file names at most a few thousand.
const MAX_REQUEST_BYTES: u32 = 1024 * 1024;

/// Goes ahead of the file: its length as four bytes, little-endian, then JSON. The file follows up to the end.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Request {
    pub name: String,
    pub limits: Limits,
    /// The pdfium library.
    pub pdfium: PathBuf,
}

pub(super) type Response = Result<Extracted, ExtractError>;

impl Request {
    pub fn to_frame(&self) -> io::Result<Vec<u8>> {
        let json = serde_json::to_vec(self)?;
        let length = u32::try_from(json.len()).map_err(io::Error::other)?;
        Ok([&length.to_le_bytes(), json.as_slice()].concat())
    }

    pub fn read_frame(mut input: impl Read) -> io::Result<Self> {
        let mut length = [0; 4];
        input.read_exact(&mut length)?;
        let length = u32::from_le_bytes(length);
        if length > MAX_REQUEST_BYTES {
            return Err(io::Error::other(format!("a request of {length} bytes")));
        }
        let mut json = vec![0; length as usize];
        input.read_exact(&mut json)?;
        Ok(serde_json::from_slice(&json)?)
    }
}
