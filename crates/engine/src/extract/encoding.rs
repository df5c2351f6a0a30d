//! Bytes to text, whatever the encoding: byte order marks, declarations, then guessing.

use std::borrow::Cow;

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE};

use super::{ExtractError, legacy};

/// How far into a file an XML or HTML encoding declaration is looked for, in bytes (the HTML standard's figure).
const DECLARATION_WINDOW: usize = 1024;
/// How much of a file the guess is made from, in bytes.
const GUESS_WINDOW: usize = 1024 * 1024;

/// Decodes a text file, or says that it is not one.
pub fn decode(bytes: &[u8]) -> Result<Cow<'_, str>, ExtractError> {
    if let Some(text) = decode_utf32(bytes) {
        return plausible(Cow::Owned(text));
    }
    if let Some((encoding, mark_length)) = Encoding::for_bom(bytes) {
        return plausible(encoding.decode_without_bom_handling(&bytes[mark_length..]).0);
    }
    if let Some(encoding) = unmarked_utf16(bytes) {
        return plausible(encoding.decode_without_bom_handling(bytes).0);
    }
    if bytes.contains(&0) {
        // Naughty but real: UTF-8 with a few NUL characters in it.
        return std::str::from_utf8(bytes)
            .map_err(|_| ExtractError::NotText)
            .and_then(|t| plausible(Cow::Borrowed(t)));
    }
    let escapes_to_other_sets = bytes.windows(2).any(|pair| pair == b"\x1b$" || pair == b"\x1b(");
    if !escapes_to_other_sets && let Ok(text) = std::str::from_utf8(bytes) {
        return plausible(Cow::Borrowed(text));
    }
    if let Some(text) = legacy::decode_iso_2022_kr(bytes) {
        return plausible(Cow::Owned(text));
    }
    if let Some(label) = declared_label(bytes) {
        if let Some(text) = legacy::decode_declared(&label, bytes) {
            return plausible(Cow::Owned(text));
        }
        if let Some(encoding) = encoding_of(&label) {
            let (text, had_errors) = encoding.decode_without_bom_handling(bytes);
            if !had_errors {
                return plausible(text);
            }
        }
    }
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Allow);
    detector.feed(&bytes[..bytes.len().min(GUESS_WINDOW)], bytes.len() <= GUESS_WINDOW);
    // A file that is UTF-8 but for a few broken bytes is better read as that than as any legacy encoding.
    let broken_utf8 = String::from_utf8_lossy(bytes);
    if is_mostly_utf8(bytes, &broken_utf8) {
        return plausible(broken_utf8);
    }
    let encoding = detector.guess(None, Utf8Detection::Allow);
    if let Some(text) = legacy::better_in_cyrillic(encoding, bytes) {
        return plausible(Cow::Owned(text));
    }
    plausible(encoding.decode_without_bom_handling(bytes).0)
}

/// Text has few control characters and decodes with few errors; compressed or random bytes have about one in ten.
fn plausible(text: Cow<'_, str>) -> Result<Cow<'_, str>, ExtractError> {
    let mut strange = 0;
    let mut all = 0;
    for c in text.chars() {
        all += 1;
        let is_ordinary_control = matches!(c, '\n' | '\r' | '\t' | '\u{0b}' | '\u{0c}' | '\u{1b}' | '\u{85}');
        let is_strange = (c.is_control() && !is_ordinary_control) || c == char::REPLACEMENT_CHARACTER;
        strange += usize::from(is_strange);
    }
    // One in 25, and in a short text two are forgiven.
    if strange > 2.max(all / 25) || (strange > 0 && strange * 2 >= all) {
        return Err(ExtractError::NotText);
    }
    Ok(text)
}

/// UTF-32 by its mark, or without one by every unit being a character below U+110000 with the high byte zero.
fn decode_utf32(bytes: &[u8]) -> Option<String> {
    let (units, little_endian) = match bytes {
        [0xff, 0xfe, 0, 0, rest @ ..] => (rest, true),
        [0, 0, 0xfe, 0xff, rest @ ..] => (rest, false),
        [_, _, _, 0, ..] => (bytes, true),
        [0, _, _, _, ..] => (bytes, false),
        _ => return None,
    };
    let (units, rest) = units.as_chunks::<4>();
    if !rest.is_empty() {
        return None;
    }
    units
        .iter()
        .map(|&unit| {
            let value = if little_endian {
                u32::from_le_bytes(unit)
            } else {
                u32::from_be_bytes(unit)
            };
            char::from_u32(value).filter(|&c| c != '\0')
        })
        .collect()
}

/// UTF-16 without a mark: decodes without error and has more line ends and spaces than any other byte order would.
fn unmarked_utf16(bytes: &[u8]) -> Option<&'static Encoding> {
    let (units, rest) = bytes.as_chunks::<2>();
    if !rest.is_empty() || !bytes.contains(&0) {
        return None;
    }
    let is_white_space = |unit: u16| matches!(unit, 0x0020 | 0x000a | 0x000d | 0x3000 | 0x3001 | 0x3002);
    let (mut little, mut big, mut nul_units) = (0_usize, 0_usize, 0_usize);
    for &unit in units {
        little += usize::from(is_white_space(u16::from_le_bytes(unit)));
        big += usize::from(is_white_space(u16::from_be_bytes(unit)));
        nul_units += usize::from(unit == [0, 0]);
    }
    let (encoding, found) = if little >= big {
        (UTF_16LE, little)
    } else {
        (UTF_16BE, big)
    };
    // Less than one space or line end in 200 characters is no text in any script.
    if nul_units > 0 || found * 200 < units.len() {
        return None;
    }
    (!encoding.decode_without_bom_handling(bytes).1).then_some(encoding)
}

/// The encoding an XML declaration or an HTML `meta` element states.
fn declared_label(bytes: &[u8]) -> Option<String> {
    let head = bytes[..bytes.len().min(DECLARATION_WINDOW)].to_ascii_lowercase();
    let head = String::from_utf8_lossy(&head);
    let marker = if head.trim_start().starts_with("<?xml") {
        "encoding"
    } else {
        "charset"
    };
    if !head.contains('<') {
        return None;
    }
    let after = head.split_once(marker)?.1.trim_start().strip_prefix('=')?.trim_start();
    let label = after.trim_start_matches(['"', '\'']).chars();
    Some(
        label
            .take_while(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | ':' | '.'))
            .collect(),
    )
}

fn encoding_of(label: &str) -> Option<&'static Encoding> {
    // The declaration itself was readable byte by byte, so it cannot be of a wide encoding.
    Encoding::for_label(label.as_bytes()).filter(|&found| found != UTF_16LE && found != UTF_16BE && found != UTF_8)
}

fn is_mostly_utf8(bytes: &[u8], lossy: &str) -> bool {
    let broken = lossy.matches(char::REPLACEMENT_CHARACTER).count();
    let beyond_ascii = bytes.iter().filter(|byte| !byte.is_ascii()).count();
    // Sequences of two to four bytes: at most one broken for about ten whole ones.
    broken * 20 < beyond_ascii
}

#[cfg(test)]
mod tests {
    use super::*;

    const GERMAN: &str = "Über die Brücke fährt täglich ein größerer Zug.\nDas hört man überall.";

    fn utf16(text: &str, big: bool) -> Vec<u8> {
        text.encode_utf16()
            .flat_map(|u| if big { u.to_be_bytes() } else { u.to_le_bytes() })
            .collect()
    }

    fn utf32(text: &str, big: bool) -> Vec<u8> {
        text.chars()
            .flat_map(|c| {
                if big {
                    (c as u32).to_be_bytes()
                } else {
                    (c as u32).to_le_bytes()
                }
            })
            .collect()
    }

    #[test]
    fn every_unicode_form_is_read_with_and_without_its_mark() {
        for big in [false, true] {
            assert_eq!(decode(&utf16(GERMAN, big)).unwrap(), GERMAN);
            assert_eq!(decode(&utf32(GERMAN, big)).unwrap(), GERMAN);
            let marked = format!("\u{feff}{GERMAN}");
            assert_eq!(decode(&utf16(&marked, big)).unwrap(), GERMAN);
            assert_eq!(decode(&utf32(&marked, big)).unwrap(), GERMAN);
        }
        assert_eq!(decode(format!("\u{feff}{GERMAN}").as_bytes()).unwrap(), GERMAN);
    }

    #[test]
    fn legacy_encodings_are_guessed() {
        let russian = "Съешь же ещё этих мягких французских булок, да выпей чаю.";
        for (text, encoding) in [
            (GERMAN, encoding_rs::WINDOWS_1252),
            (russian, encoding_rs::WINDOWS_1251),
            (russian, encoding_rs::KOI8_R),
            ("日本語の文章をここに書きます。これは試験です。", encoding_rs::SHIFT_JIS),
            (
                "日本語の文章をここに書きます。これは試験です。",
                encoding_rs::ISO_2022_JP,
            ),
        ] {
            assert_eq!(decode(&encoding.encode(text).0).unwrap(), text, "{}", encoding.name());
        }
    }

    #[test]
    fn a_declared_encoding_is_believed() {
        let xml = "<?xml version=\"1.0\" encoding=\"ISO-8859-2\"?><a>Łódź</a>";
        assert_eq!(decode(&encoding_rs::ISO_8859_2.encode(xml).0).unwrap(), xml);
    }

    #[test]
    fn bytes_of_no_text_are_refused() {
        let mut state = 1_u32;
        let noise: Vec<u8> = std::iter::repeat_with(|| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 24) as u8
        })
        .take(4096)
        .collect();
        assert_eq!(decode(&noise).unwrap_err(), ExtractError::NotText);
        let without_nul: Vec<u8> = noise.into_iter().filter(|&byte| byte != 0).collect();
        assert_eq!(decode(&without_nul).unwrap_err(), ExtractError::NotText);
    }
}
