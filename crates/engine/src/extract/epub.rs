//! EPUB books: the chapters in the order of the spine, each a page named by its first heading.

use std::collections::HashMap;

use super::archive::{Archive, resolve};
use super::{ExtractError, encoding, html, writer::TextWriter};

pub(super) fn write(bytes: &[u8], writer: &mut TextWriter) -> Result<(), ExtractError> {
    let mut archive = Archive::open(bytes, writer.limits())?;
    let container = archive.required_xml("META-INF/container.xml")?;
    let package_path = container
        .find("rootfile")
        .and_then(|root| root.attribute("full-path"))
        .ok_or_else(|| ExtractError::corrupt("the container names no package"))?;
    let folder = package_path.rsplit_once('/').map_or("", |(folder, _)| folder);
    let package = archive.required_xml(package_path)?;
    if let Some(title) = package.at(&["metadata", "title"]) {
        writer.title(&title.text());
    }
    let manifest: HashMap<&str, &str> = package
        .child("manifest")
        .into_iter()
        .flat_map(|list| list.elements("item"))
        .filter_map(|item| Some((item.attribute("id")?, item.attribute("href")?)))
        .collect();
    // Fonts are often encrypted where the text is not.
    let encrypted: Vec<String> = archive
        .xml("META-INF/encryption.xml")?
        .iter()
        .flat_map(|list| list.elements("EncryptedData"))
        .filter_map(|data| Some(data.find("CipherReference")?.attribute("URI")?.to_owned()))
        .collect();
    for item in package
        .child("spine")
        .into_iter()
        .flat_map(|spine| spine.elements("itemref"))
    {
        let Some(href) = item.attribute("idref").and_then(|id| manifest.get(id)) else {
            continue;
        };
        let path = resolve(folder, &percent_decoded(href));
        if encrypted.contains(&path) {
            return Err(ExtractError::Encrypted);
        }
        let Some(chapter) = archive.part(&path)? else { continue };
        let chapter = encoding::decode(&chapter).map_err(|_| ExtractError::corrupt(format!("{path} is no text")))?;
        html::write_chapter(&chapter, writer)?;
    }
    Ok(())
}

/// `%20` and the like; anything else after a percent sign stays.
fn percent_decoded(href: &str) -> String {
    let mut bytes = Vec::with_capacity(href.len());
    let mut rest = href.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        let escaped = after
            .get(..2)
            .and_then(|hex| u8::from_str_radix(std::str::from_utf8(hex).ok()?, 16).ok());
        match escaped {
            Some(decoded) if byte == b'%' => {
                bytes.push(decoded);
                rest = &after[2..];
            }
            _ => {
                bytes.push(byte);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    #[test]
    fn links_are_decoded() {
        assert_eq!(super::percent_decoded("a%20b%zz%c3%a4%"), "a b%zzä%");
    }
}
