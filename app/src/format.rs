//! Values as people read them, and as addresses carry them.

use chrono::{DateTime, Datelike, Timelike, Utc};

/// Bytes in the largest unit that leaves a number of at least one, decimal as in file managers: `2.4 MB`.
pub fn size(bytes: u64) -> String {
    const UNITS: [&str; 4] = ["kB", "MB", "GB", "TB"];
    if bytes < 1000 {
        return format!("{bytes} B");
    }
    let mut value = bytes as f64 / 1000.0;
    let mut unit = 0;
    while value >= 999.95 && unit + 1 < UNITS.len() {
        value /= 1000.0;
        unit += 1;
    }
    if value < 10.0 {
        format!("{value:.1} {}", UNITS[unit])
    } else {
        format!("{value:.0} {}", UNITS[unit])
    }
}

/// Day and time in UTC: `4 Nov 2026, 09:05`.
pub fn moment(time: DateTime<Utc>) -> String {
    const MONTHS: [&str; 12] = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ];
    format!(
        "{} {} {}, {:02}:{:02}",
        time.day(),
        MONTHS[time.month0() as usize],
        time.year(),
        time.hour(),
        time.minute()
    )
}

/// The time, by the server's clock or the browser's.
pub fn now() -> DateTime<Utc> {
    #[cfg(target_arch = "wasm32")]
    let now = DateTime::UNIX_EPOCH + chrono::TimeDelta::milliseconds(js_sys::Date::now() as i64);
    #[cfg(not(target_arch = "wasm32"))]
    let now = Utc::now();
    now
}

/// `1 document`, `2 documents`.
pub fn count(number: u64, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}

/// What people call a type of file; by the ending of its name where the type does not say.
pub fn file_type(media_type: &str, name: &str) -> String {
    let known = match media_type {
        "application/pdf" => "PDF",
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document" => "Word",
        "application/vnd.openxmlformats-officedocument.presentationml.presentation" => "PowerPoint",
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet" | "application/vnd.ms-excel" => "Excel",
        "application/vnd.oasis.opendocument.text" => "OpenDocument text",
        "application/vnd.oasis.opendocument.spreadsheet" => "OpenDocument sheet",
        "application/vnd.oasis.opendocument.presentation" => "OpenDocument slides",
        "application/epub+zip" => "EPUB",
        "text/html" => "Web page",
        "text/markdown" => "Markdown",
        "text/csv" => "CSV",
        "text/tab-separated-values" => "TSV",
        "application/json" => "JSON",
        "application/jsonl" => "JSON lines",
        "application/xml" => "XML",
        "message/rfc822" => "Email",
        "application/rtf" => "Rich text",
        "text/x-rst" => "reStructuredText",
        "text/asciidoc" => "AsciiDoc",
        "text/plain" => "Text",
        _ => "",
    };
    match (known, name.rsplit_once('.')) {
        ("", Some((stem, ending))) if !stem.is_empty() && (1..=5).contains(&ending.chars().count()) => {
            ending.to_uppercase()
        }
        ("", _) => "File".to_owned(),
        (known, _) => known.to_owned(),
    }
}

/// `?name=value&...` of those that have a value, percent-encoded; empty when none has.
pub fn query(parameters: &[(&str, &str)]) -> String {
    let mut text = String::new();
    for (name, value) in parameters.iter().filter(|(_, value)| !value.is_empty()) {
        text.push(if text.is_empty() { '?' } else { '&' });
        text.push_str(name);
        text.push('=');
        for byte in value.bytes() {
            if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
                text.push(char::from(byte));
            } else {
                text.push_str(&format!("%{byte:02X}"));
            }
        }
    }
    text
}

/// Text as it stands in HTML. For the insides of `<title>` and `<textarea>`, which the server writes as they are given.
pub fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;")
}

#[cfg(test)]
mod tests {
    use chrono::TimeZone;

    use super::*;

    #[test]
    fn sizes_are_rounded_to_what_people_compare() {
        assert_eq!(size(999), "999 B");
        assert_eq!(size(1_000), "1.0 kB");
        assert_eq!(size(2_440_000), "2.4 MB");
        assert_eq!(size(999_999), "1.0 MB");
        assert_eq!(size(52_428_800), "52 MB");
    }

    #[test]
    fn a_moment_names_its_month() {
        let time = Utc.with_ymd_and_hms(2026, 11, 4, 9, 5, 0).unwrap();
        assert_eq!(moment(time), "4 Nov 2026, 09:05");
    }

    #[test]
    fn escaped_text_cannot_end_the_element_it_stands_in() {
        assert_eq!(escaped("</title> & more"), "&lt;/title> &amp; more");
    }

    #[test]
    fn a_type_of_file_is_called_by_what_it_holds_before_what_it_is_named() {
        assert_eq!(file_type("application/pdf", "letter.txt"), "PDF");
        assert_eq!(file_type("application/octet-stream", "photo.jpeg"), "JPEG");
        assert_eq!(file_type("application/octet-stream", ".profile"), "File");
        assert_eq!(
            file_type("application/octet-stream", "minutes of the 3.meeting"),
            "File"
        );
    }

    #[test]
    fn a_query_leaves_out_what_is_empty_and_encodes_the_rest() {
        assert_eq!(query(&[("search", ""), ("cursor", "")]), "");
        assert_eq!(
            query(&[("search", "a&b ü"), ("limit", "5")]),
            "?search=a%26b%20%C3%BC&limit=5"
        );
    }
}
