//! CSV and TSV: one table, whatever the delimiter.

use super::{ExtractError, FileKind, writer::TextWriter};

const DELIMITERS: [u8; 4] = [b',', b';', b'\t', b'|'];
/// Lines the delimiter is guessed from.
const SAMPLE_LINES: usize = 50;

pub(super) fn write(kind: FileKind, text: &str, writer: &mut TextWriter) -> Result<(), ExtractError> {
    let delimiter = if kind == FileKind::Tsv {
        b'\t'
    } else {
        guess_delimiter(text)
    };
    let mut rows = Vec::new();
    for record in reader(text, delimiter).records() {
        let record = record.map_err(ExtractError::corrupt)?;
        rows.push(record.iter().map(str::to_owned).collect());
    }
    writer.table(&rows)
}

fn reader(text: &str, delimiter: u8) -> csv::Reader<&[u8]> {
    csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(delimiter)
        .from_reader(text.as_bytes())
}

/// The delimiter by which most lines have the same number of fields, and more than one.
fn guess_delimiter(text: &str) -> u8 {
    let score = |delimiter: u8| {
        let widths: Vec<usize> = reader(text, delimiter)
            .records()
            .take(SAMPLE_LINES)
            .filter_map(|r| Some(r.ok()?.len()))
            .collect();
        let commonest = |width: usize| widths.iter().filter(|&&w| w == width).count();
        widths
            .iter()
            .filter(|&&width| width > 1)
            .map(|&width| (commonest(width), width))
            .max()
            .unwrap_or_default()
    };
    // The first of equals: the comma.
    DELIMITERS
        .into_iter()
        .rev()
        .max_by_key(|&delimiter| score(delimiter))
        .unwrap_or(b',')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::extract::Limits;

    #[test]
    fn the_delimiter_is_found_whatever_it_is() {
        for delimiter in [",", ";", "\t", "|"] {
            let text = [r#"name,price"#, r#""Tea; green, fine","1|20""#].map(|line| match line.starts_with('"') {
                true => line.replace("\",\"", &format!("\"{delimiter}\"")),
                false => line.replace(',', delimiter),
            });
            let limits = Limits::default();
            let mut writer = TextWriter::new(&limits);
            write(FileKind::Csv, &text.join("\n"), &mut writer).unwrap();
            let document = writer.finish().unwrap();
            document.validate().unwrap();
            assert_eq!(
                document.text, "| name | price |\n| --- | --- |\n| Tea; green, fine | 1\\|20 |",
                "{delimiter}"
            );
        }
    }
}
