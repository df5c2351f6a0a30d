//! Zip-based formats: which one it is, and its parts within limits.

use std::cell::Cell;
use std::io::{Cursor, Read};

use zip::ZipArchive;
use zip::result::ZipError;

use super::xml_tree::{self, Element};
use super::{ExtractError, FileKind, Limits, encoding};

/// The parts of a zip file, unpacked one at a time against one common allowance.
pub(super) struct Archive<'a> {
    zip: ZipArchive<Cursor<&'a [u8]>>,
    max_bytes: usize,
    max_depth: usize,
    unpacked: Cell<usize>,
}

impl<'a> Archive<'a> {
    pub fn open(bytes: &'a [u8], limits: &Limits) -> Result<Self, ExtractError> {
        Ok(Self {
            zip: ZipArchive::new(Cursor::new(bytes)).map_err(zip_error)?,
            max_bytes: limits.max_unpacked_bytes,
            max_depth: limits.max_depth,
            unpacked: Cell::new(0),
        })
    }

    /// A part's bytes; `None` when there is no such part.
    pub fn part(&mut self, path: &str) -> Result<Option<Vec<u8>>, ExtractError> {
        let allowed = self.max_bytes - self.unpacked.get();
        let file = match self.zip.by_name(path) {
            Ok(file) => file,
            Err(ZipError::FileNotFound) => return Ok(None),
            Err(other) => return Err(zip_error(other)),
        };
        let mut bytes = Vec::new();
        // What the directory says about sizes may be a lie; only what comes out counts.
        file.take(allowed as u64 + 1)
            .read_to_end(&mut bytes)
            .map_err(unpack_error)?;
        if bytes.len() > allowed {
            return Err(ExtractError::too_large("content, once unpacked,", self.max_bytes));
        }
        self.unpacked.set(self.unpacked.get() + bytes.len());
        Ok(Some(bytes))
    }

    /// A part as an XML tree; `None` when there is no such part.
    pub fn xml(&mut self, path: &str) -> Result<Option<Element>, ExtractError> {
        let Some(bytes) = self.part(path)? else { return Ok(None) };
        let text = encoding::decode(&bytes).map_err(|_| ExtractError::corrupt(format!("{path} is no text")))?;
        xml_tree::parse(&text, self.max_depth).map(Some)
    }

    /// Like [`Self::xml`] for a part without which the file cannot be read.
    pub fn required_xml(&mut self, path: &str) -> Result<Element, ExtractError> {
        self.xml(path)?
            .ok_or_else(|| ExtractError::corrupt(format!("the part {path} is missing")))
    }

    /// Unpacks everything once and forgets it: for readers that unpack by themselves without limits.
    pub fn check_unpacked_size(&mut self) -> Result<(), ExtractError> {
        let mut total = 0_u64;
        for index in 0..self.zip.len() {
            let file = self.zip.by_index(index).map_err(zip_error)?;
            let allowed = self.max_bytes as u64 - total;
            total += std::io::copy(&mut file.take(allowed + 1), &mut std::io::sink()).map_err(ExtractError::corrupt)?;
            if total > self.max_bytes as u64 {
                return Err(ExtractError::too_large("content, once unpacked,", self.max_bytes));
            }
        }
        Ok(())
    }
}

fn unpack_error(cause: std::io::Error) -> ExtractError {
    match cause.kind() {
        std::io::ErrorKind::OutOfMemory => ExtractError::OutOfMemory,
        _ => ExtractError::corrupt(cause),
    }
}

/// The relationships of an office part: id to the path of the part meant, from the archive's root.
pub(super) fn relationships(
    archive: &mut Archive,
    part: &str,
) -> Result<std::collections::HashMap<String, (String, String)>, ExtractError> {
    let (folder, file) = part.rsplit_once('/').unwrap_or(("", part));
    let Some(list) = archive.xml(&format!("{folder}/_rels/{file}.rels"))? else {
        return Ok(Default::default());
    };
    Ok(list
        .elements("Relationship")
        .filter_map(|relationship| {
            let target = resolve(folder, relationship.attribute("Target")?);
            let kind = relationship.attribute("Type")?.rsplit('/').next().unwrap_or_default();
            Some((relationship.attribute("Id")?.to_owned(), (kind.to_owned(), target)))
        })
        .collect())
}

/// A path relative to `folder`, or absolute when it begins with a slash, without `.` and `..`.
pub(super) fn resolve(folder: &str, target: &str) -> String {
    let mut parts: Vec<&str> = if target.starts_with('/') {
        Vec::new()
    } else {
        folder.split('/').collect()
    };
    for piece in target.split('/') {
        match piece {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            _ => parts.push(piece),
        }
    }
    parts.retain(|part| !part.is_empty());
    parts.join("/")
}

/// Decides which zip-based format a file is in, by the parts it holds.
pub(super) fn detect(bytes: &[u8]) -> Result<FileKind, ExtractError> {
    let mut zip = ZipArchive::new(Cursor::new(bytes)).map_err(zip_error)?;
    let names: Vec<String> = (0..zip.len())
        .filter_map(|index| zip.name_for_index(index)?.ok().map(std::borrow::Cow::into_owned))
        .collect();
    let has = |prefix: &str| names.iter().any(|name| name.starts_with(prefix));

    let mut media_type = String::new();
    if has("mimetype") {
        let file = zip.by_name("mimetype").map_err(zip_error)?;
        // Longer than any registered name; the rest does not matter.
        let _ = file.take(256).read_to_string(&mut media_type);
    }
    let is_encrypted = |zip: &mut ZipArchive<Cursor<&[u8]>>| {
        (0..zip.len()).any(|index| zip.by_index_raw(index).is_ok_and(|file| file.encrypted()))
    };
    let kind = match media_type.trim() {
        "application/vnd.oasis.opendocument.text" | "application/vnd.oasis.opendocument.text-template" => FileKind::Odt,
        "application/vnd.oasis.opendocument.spreadsheet" => FileKind::Ods,
        "application/vnd.oasis.opendocument.presentation" => FileKind::Odp,
        "application/epub+zip" => FileKind::Epub,
        _ if has("word/") => FileKind::Docx,
        _ if has("ppt/") => FileKind::Pptx,
        _ if has("xl/worksheets") || has("xl/workbook.xml") => FileKind::Xlsx,
        _ if has("META-INF/container.xml") => FileKind::Epub,
        _ if is_encrypted(&mut zip) => return Err(ExtractError::Encrypted),
        _ => {
            return Err(ExtractError::Unsupported {
                what: if has("xl/") {
                    "a binary Excel workbook (.xlsb)"
                } else {
                    "a zip archive of other files"
                }
                .to_owned(),
            });
        }
    };
    if is_encrypted(&mut zip) {
        Err(ExtractError::Encrypted)
    } else {
        Ok(kind)
    }
}

fn zip_error(cause: ZipError) -> ExtractError {
    match cause {
        ZipError::InvalidPassword => ExtractError::Encrypted,
        ZipError::UnsupportedArchive(ZipError::PASSWORD_REQUIRED) => ExtractError::Encrypted,
        other => ExtractError::corrupt(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_are_resolved_against_their_folder() {
        assert_eq!(resolve("ppt/slides", "../notes/n1.xml"), "ppt/notes/n1.xml");
        assert_eq!(resolve("ppt", "/word/a.xml"), "word/a.xml");
        assert_eq!(resolve("", "./../a.xml"), "a.xml");
    }
}
