//! Encodings that the web has forgotten and old files have not.

use encoding_rs::{EUC_KR, Encoding, IBM866, ISO_8859_5, KOI8_R, KOI8_U, WINDOWS_1251, WINDOWS_1252, X_MAC_CYRILLIC};

/// What the bytes from 0x80 on stand for in IBM855, the Cyrillic of DOS in Bulgaria and Serbia.
const IBM855: &str = "ђЂѓЃёЁєЄѕЅіІїЇјЈљЉњЊћЋќЌўЎџЏюЮъЪ\
    аАбБцЦдДеЕфФгГ«»░▒▓│┤хХиИ╣║╗╝йЙ┐\
    └┴┬├─┼кК╚╔╩╦╠═╬¤лЛмМнНоОп┘┌█▄Пя▀\
    ЯрРсСтТуУжЖвВьЬ№\u{ad}ыЫзЗшШэЭщЩчЧ§■\u{a0}";

/// How much of a text is looked at to compare guesses, in bytes.
const COMPARED: usize = 64 * 1024;

/// Text whose declared encoding is known here only.
pub(super) fn decode_declared(label: &str, bytes: &[u8]) -> Option<String> {
    match label.to_ascii_lowercase().as_str() {
        "ibm855" | "cp855" | "855" => Some(decode_ibm855(bytes)),
        "maccyrillic" | "mac-cyrillic" => Some(X_MAC_CYRILLIC.decode_without_bom_handling(bytes).0.into_owned()),
        _ => None,
    }
}

/// ISO-2022-KR: Korean in seven bits, between "shift out" and "shift in", announced at the start.
pub(super) fn decode_iso_2022_kr(bytes: &[u8]) -> Option<String> {
    let start = bytes.windows(4).take(1024).position(|four| four == b"\x1b$)C")?;
    let mut is_korean = false;
    let mut as_euc = bytes[..start].to_vec();
    for &byte in &bytes[start + 4..] {
        match byte {
            0x0e => is_korean = true,
            0x0f => is_korean = false,
            b'\n' => {
                is_korean = false;
                as_euc.push(byte);
            }
            0x21..=0x7e if is_korean => as_euc.push(byte | 0x80),
            _ => as_euc.push(byte),
        }
    }
    let (text, had_errors) = EUC_KR.decode_without_bom_handling(&as_euc);
    (!had_errors).then(|| text.into_owned())
}

/// The same bytes in a Cyrillic encoding that is never guessed otherwise, where that makes them much more like Russian.
pub(super) fn better_in_cyrillic(guess: &'static Encoding, bytes: &[u8]) -> Option<String> {
    if ![WINDOWS_1251, WINDOWS_1252, KOI8_R, KOI8_U, ISO_8859_5, IBM866].contains(&guess) {
        return None;
    }
    let part = &bytes[..bytes.len().min(COMPARED)];
    let in_mac = |bytes: &[u8]| X_MAC_CYRILLIC.decode_without_bom_handling(bytes).0.into_owned();
    let guessed = likeness_to_russian(&guess.decode_without_bom_handling(part).0);
    let mac = likeness_to_russian(&in_mac(part));
    let ibm855 = likeness_to_russian(&decode_ibm855(part));
    // The capital letters are all that tells some of them apart, so a small lead decides.
    if mac.max(ibm855) < 0.3 || mac.max(ibm855) < guessed + 0.005 {
        return None;
    }
    Some(if mac >= ibm855 {
        in_mac(bytes)
    } else {
        decode_ibm855(bytes)
    })
}

fn decode_ibm855(bytes: &[u8]) -> String {
    let high: Vec<char> = IBM855.chars().collect();
    bytes
        .iter()
        .map(|&byte| match byte.checked_sub(0x80) {
            Some(at) => high[usize::from(at)],
            None => char::from(byte),
        })
        .collect()
}

/// How many of the characters beyond ASCII are frequent small letters next to such, less those that are no letters of
/// Russian at all: about a half in Russian or Bulgarian text, and few or less than none in any other.
fn likeness_to_russian(text: &str) -> f64 {
    let is_frequent = |c: char| "оеаинтсрвлкмдпу".contains(c);
    let is_usual = |c: char| {
        matches!(
            c,
            'А'..='я' | 'Ё' | 'ё' | '«' | '»' | '—' | '–' | '…' | '№' | '„' | '“' | '”' | '’' | '\u{a0}'
        )
    };
    let (mut beyond_ascii, mut likeness, mut before) = (0_u32, 0_i32, ' ');
    for c in text.chars() {
        beyond_ascii += u32::from(!c.is_ascii());
        likeness -= i32::from(!c.is_ascii() && !is_usual(c));
        likeness += i32::from(is_frequent(c) && is_frequent(before));
        before = c;
    }
    f64::from(likeness) / f64::from(beyond_ascii.max(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    const RUSSIAN: &str = "Работа сделана вовремя, и отдел доволен результатом. Все документы отправлены на проверку.";

    fn in_ibm855(text: &str) -> Vec<u8> {
        let high: Vec<char> = IBM855.chars().collect();
        text.chars()
            .map(|c| {
                high.iter()
                    .position(|&known| known == c)
                    .map_or(c as u8, |at| at as u8 + 0x80)
            })
            .collect()
    }

    #[test]
    fn old_cyrillic_is_told_from_other_guesses() {
        assert_eq!(IBM855.chars().count(), 128);
        let mac = X_MAC_CYRILLIC.encode(RUSSIAN).0;
        for guess in [WINDOWS_1251, WINDOWS_1252] {
            assert_eq!(better_in_cyrillic(guess, &mac).as_deref(), Some(RUSSIAN));
            assert_eq!(better_in_cyrillic(guess, &in_ibm855(RUSSIAN)).as_deref(), Some(RUSSIAN));
        }
        assert_eq!(better_in_cyrillic(WINDOWS_1251, &WINDOWS_1251.encode(RUSSIAN).0), None);
        let german = "Über die Brücke fährt täglich ein größerer Zug.";
        assert_eq!(better_in_cyrillic(WINDOWS_1252, &WINDOWS_1252.encode(german).0), None);
    }

    #[test]
    fn korean_in_seven_bits_is_read() {
        let text = "역사 text 공화국\n끝";
        let mut bytes = b"\x1b$)C\n".to_vec();
        for c in text.chars() {
            let euc = EUC_KR.encode(&c.to_string()).0.into_owned();
            match euc.as_slice() {
                [_] => bytes.extend(&euc),
                _ => bytes.extend(
                    [
                        &[0x0e],
                        euc.iter().map(|byte| byte & 0x7f).collect::<Vec<_>>().as_slice(),
                        &[0x0f],
                    ]
                    .concat(),
                ),
            }
        }
        assert_eq!(
            decode_iso_2022_kr(&bytes).as_deref(),
            Some(format!("\n{text}").as_str())
        );
        assert_eq!(decode_iso_2022_kr(b"plain"), None);
    }
}
