//! Compressed copies of a file, so that the server never compresses the same bytes twice.

use std::fs;
use std::io::{self, Write};
use std::path::Path;

use brotli::enc::BrotliEncoderParams;
use flate2::Compression;
use flate2::write::GzEncoder;

use crate::failure::Failure;

/// How hard to try, per format.
#[derive(Clone, Copy)]
pub struct Effort {
    brotli: i32,
    gzip: Compression,
}

impl Effort {
    /// The smallest copies, at some seconds a megabyte.
    pub const SMALLEST: Self = Self {
        brotli: 11,
        gzip: Compression::new(9),
    };
    /// Copies good enough for a developer's own browser.
    pub const QUICK: Self = Self {
        brotli: 3,
        gzip: Compression::new(1),
    };
}

/// Writes `contents` to `path`, and beside it the copies `path.br` and `path.gz` where they are smaller.
pub fn write_with_copies(path: &Path, contents: &[u8], effort: Effort) -> Result<(), Failure> {
    let write = |path: &Path, bytes: &[u8]| fs::write(path, bytes).map_err(Failure::io("writing", path));
    write(path, contents)?;
    let copies = [("br", brotli(contents, effort)), ("gz", gzip(contents, effort))];
    for (extension, copy) in copies {
        let copy = copy.map_err(Failure::io("compressing", path))?;
        if copy.len() < contents.len() {
            write(&path.with_added_extension(extension), &copy)?;
        }
    }
    Ok(())
}

fn brotli(contents: &[u8], effort: Effort) -> io::Result<Vec<u8>> {
    let parameters = BrotliEncoderParams {
        quality: effort.brotli,
        ..Default::default()
    };
    let mut copy = Vec::new();
    brotli::BrotliCompress(&mut &contents[..], &mut copy, &parameters)?;
    Ok(copy)
}

fn gzip(contents: &[u8], effort: Effort) -> io::Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), effort.gzip);
    encoder.write_all(contents)?;
    encoder.finish()
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::io::Read;

    use super::{Effort, write_with_copies};

    #[test]
    fn both_copies_unpack_to_the_original() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("main.css");
        let contents = "main{gap:1rem}".repeat(50).into_bytes();

        write_with_copies(&path, &contents, Effort::QUICK).unwrap();

        let mut from_brotli = Vec::new();
        let packed = fs::read(folder.path().join("main.css.br")).unwrap();
        brotli::BrotliDecompress(&mut &packed[..], &mut from_brotli).unwrap();
        let mut from_gzip = Vec::new();
        let packed = fs::File::open(folder.path().join("main.css.gz")).unwrap();
        flate2::read::GzDecoder::new(packed)
            .read_to_end(&mut from_gzip)
            .unwrap();
        assert_eq!(fs::read(&path).unwrap(), contents);
        assert_eq!(from_brotli, contents);
        assert_eq!(from_gzip, contents);
    }

    #[test]
    fn a_copy_that_saves_nothing_is_not_kept() {
        let folder = tempfile::tempdir().unwrap();

        write_with_copies(&folder.path().join("tiny.txt"), b"a", Effort::QUICK).unwrap();

        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
