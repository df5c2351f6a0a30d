//! Workbooks: each sheet a page, each block of rows a table.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Cursor;

use calamine::{Data, ExcelDateTime, Ods, OdsError, Reader, Xls, XlsError, Xlsx, XlsxError};

use super::archive::Archive;
use super::{ExtractError, FileKind, writer::TextWriter};

/// Row, column and text of the cells that have any.
type Cells = BTreeMap<(u32, u32), String>;

pub(super) fn write(kind: FileKind, bytes: &[u8], writer: &mut TextWriter) -> Result<(), ExtractError> {
    match kind {
        FileKind::Xls => {
            let mut workbook = Xls::new(Cursor::new(bytes)).map_err(|cause| match cause {
                XlsError::Password => ExtractError::Encrypted,
                other => ExtractError::corrupt(other),
            })?;
            write_ranges(&mut workbook, writer)
        }
        FileKind::Ods => {
            Archive::open(bytes, writer.limits())?.check_unpacked_size()?;
            let mut workbook = Ods::new(Cursor::new(bytes)).map_err(|cause| match cause {
                OdsError::Password => ExtractError::Encrypted,
                other => ExtractError::corrupt(other),
            })?;
            write_ranges(&mut workbook, writer)
        }
        _ => {
            Archive::open(bytes, writer.limits())?.check_unpacked_size()?;
            write_xlsx(bytes, writer)
        }
    }
}

fn write_ranges<'b, R>(workbook: &mut R, writer: &mut TextWriter) -> Result<(), ExtractError>
where
    R: Reader<Cursor<&'b [u8]>>,
    R::Error: std::fmt::Display,
{
    for name in workbook.sheet_names() {
        // A chart on a sheet of its own has no range.
        let Ok(range) = workbook.worksheet_range(&name) else {
            continue;
        };
        let (first_row, first_column) = range.start().unwrap_or_default();
        let cells = range
            .used_cells()
            .map(|(row, column, value)| ((first_row + row as u32, first_column + column as u32), text_of(value)))
            .collect();
        write_sheet(&name, cells, writer)?;
    }
    Ok(())
}

/// Cell by cell: the area between the first and the last cell may be immense and empty.
fn write_xlsx(bytes: &[u8], writer: &mut TextWriter) -> Result<(), ExtractError> {
    let mut workbook = Xlsx::new(Cursor::new(bytes)).map_err(|cause| match cause {
        XlsxError::Password => ExtractError::Encrypted,
        other => ExtractError::corrupt(other),
    })?;
    for name in workbook.sheet_names() {
        let Ok(mut reader) = workbook.worksheet_cells_reader(&name) else {
            continue;
        };
        let mut cells = Cells::new();
        let mut bytes = 0;
        while let Some(cell) = reader.next_cell().map_err(ExtractError::corrupt)? {
            let text = text_of(&cell.get_value().clone().into());
            if text.trim().is_empty() {
                continue;
            }
            bytes += text.len();
            if bytes > writer.limits().max_text_bytes {
                return Err(ExtractError::too_large("text", writer.limits().max_text_bytes));
            }
            cells.insert(cell.get_position(), text);
        }
        write_sheet(&name, cells, writer)?;
    }
    Ok(())
}

fn write_sheet(name: &str, cells: Cells, writer: &mut TextWriter) -> Result<(), ExtractError> {
    writer.page(name)?;
    let mut cells = cells.into_iter().filter(|(_, text)| !text.trim().is_empty()).peekable();
    if cells.peek().is_some() {
        writer.heading(1, name)?;
    }
    // Rows without a gap between them are one table.
    while let Some(&((first_row, _), _)) = cells.peek() {
        let mut block = Cells::new();
        let mut last_row = first_row;
        while let Some((place, text)) = cells.next_if(|((row, _), _)| *row <= last_row + 1) {
            last_row = place.0;
            block.insert(place, text);
        }
        write_block(&block, writer)?;
    }
    Ok(())
}

fn write_block(cells: &Cells, writer: &mut TextWriter) -> Result<(), ExtractError> {
    let columns: BTreeSet<u32> = cells.keys().map(|&(_, column)| column).collect();
    let position: BTreeMap<u32, usize> = columns.iter().enumerate().map(|(at, &column)| (column, at)).collect();
    let mut rows: Vec<(u32, Vec<String>)> = Vec::new();
    for (&(row, column), text) in cells {
        if rows.last().is_none_or(|(last, _)| *last != row) {
            rows.push((row, Vec::new()));
        }
        if let (Some((_, texts)), Some(&at)) = (rows.last_mut(), position.get(&column)) {
            texts.resize(at, String::new());
            texts.push(text.clone());
        }
    }
    let rows: Vec<Vec<String>> = rows.into_iter().map(|(_, texts)| texts).collect();
    writer.table(&rows)
}

fn text_of(value: &Data) -> String {
    match value {
        Data::Empty => String::new(),
        Data::String(text) | Data::DateTimeIso(text) | Data::DurationIso(text) => text.clone(),
        Data::Int(number) => number.to_string(),
        Data::Float(number) => number_text(*number),
        Data::Bool(truth) => truth.to_string(),
        Data::DateTime(moment) => moment_text(moment),
        Data::Error(error) => error.to_string(),
    }
}

/// Workbooks compute with 15 significant digits; what lies beyond is noise of the binary form.
fn number_text(number: f64) -> String {
    let rounded: f64 = format!("{number:.14e}").parse().unwrap_or(number);
    rounded.to_string()
}

fn moment_text(moment: &ExcelDateTime) -> String {
    if moment.is_duration() {
        let seconds = (moment.as_f64() * 86_400.0).round() as i64;
        return format!(
            "{}:{:02}:{:02}",
            seconds / 3600,
            (seconds / 60 % 60).abs(),
            (seconds % 60).abs()
        );
    }
    let (year, month, day, hour, minute, second, _) = moment.to_ymd_hms_milli();
    let date = format!("{year:04}-{month:02}-{day:02}");
    let time = format!("{hour:02}:{minute:02}:{second:02}");
    // A value below one is a time of day without a date; a whole number is a date alone.
    match moment.as_f64() {
        value if value < 1.0 => time,
        value if value.fract() == 0.0 => date,
        _ => format!("{date} {time}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::extract::Limits;

    #[test]
    fn rows_with_a_gap_between_them_are_tables_of_their_own() {
        let limits = Limits::default();
        let mut writer = TextWriter::new(&limits);
        let cells = [
            ((0, 0), "Sales"),
            ((2, 1), "Year"),
            ((2, 900), "Sum"),
            ((3, 1), "2024"),
            ((3, 900), "7"),
        ];
        write_sheet(
            "Q1",
            cells.map(|(place, text)| (place, text.to_owned())).into(),
            &mut writer,
        )
        .unwrap();
        let document = writer.finish().unwrap();
        document.validate().unwrap();
        assert_eq!(
            document.text,
            "Q1\n\nSales\n\n| Year | Sum |\n| --- | --- |\n| 2024 | 7 |"
        );
        assert_eq!(document.pages[0].label, "Q1");
    }

    #[test]
    fn numbers_are_written_as_the_workbook_shows_them() {
        assert_eq!(number_text(0.1 + 0.2), "0.3");
        assert_eq!(number_text(42.0), "42");
        assert_eq!(number_text(-1.5e-7), "-0.00000015");
    }
}
