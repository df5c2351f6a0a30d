//! Names of documents, which come from anywhere.

const LONGEST_NAME: usize = 255;

/// A name that is safe to show and to save under: the last path segment, without control and direction characters.
pub fn safe_name(given: &str) -> String {
    let last = given.rsplit(['/', '\\']).next().unwrap_or_default();
    let is_invisible = |c: char| matches!(c, '\u{061c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}');
    let shown: String = last
        .chars()
        .filter(|c| !c.is_control() && !is_invisible(*c))
        .take(LONGEST_NAME)
        .collect();
    let shown = shown.trim();
    if shown.is_empty() || shown.chars().all(|c| c == '.') {
        "unnamed".to_owned()
    } else {
        shown.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::safe_name;

    #[test]
    fn names_lose_paths_control_and_direction_characters() {
        assert_eq!(safe_name("../../etc/passwd"), "passwd");
        assert_eq!(safe_name("C:\\files\\plan.docx"), "plan.docx");
        assert_eq!(safe_name("invoice\u{202e}fdp.exe"), "invoicefdp.exe");
        assert_eq!(safe_name("a\nb\0.txt"), "ab.txt");
        assert_eq!(safe_name(".."), "unnamed");
        assert_eq!(safe_name("Résumé 2026.pdf"), "Résumé 2026.pdf");
    }
}
