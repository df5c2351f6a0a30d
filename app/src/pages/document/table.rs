//! Markdown pipe tables as rows of cells, each character still knowing its position in the document.

use std::ops::Range;

use super::span::{Run, runs_of};

/// A cell's text as a person reads it, cut where the cited span begins and ends.
pub type Cell = Vec<Run>;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    pub header: Vec<Cell>,
    pub rows: Vec<Vec<Cell>>,
}

/// Reads the table that begins at character `start` of the document.
///
/// A pipe with a backslash before it belongs to its cell's text and is shown alone; every other one ends a cell. The
/// blanks around a cell's text, the pipes and the rule below the header are not shown, whether they are cited or not.
pub fn read(text: &str, start: u64, span: &Range<u64>) -> Table {
    let mut position = start;
    let mut lines = Vec::new();
    for line in text.split('\n') {
        lines.push(cells(line, position, span));
        position += line.chars().count() as u64 + 1;
    }
    let mut lines = lines.into_iter();
    Table {
        header: lines.next().unwrap_or_default(),
        // The line after the header is the rule.
        rows: lines.skip(1).collect(),
    }
}

fn cells(line: &str, start: u64, span: &Range<u64>) -> Vec<Cell> {
    let mut cells: Vec<Vec<(char, u64)>> = Vec::new();
    let mut cell = Vec::new();
    for (character, position) in line.chars().zip(start..) {
        match (character, cell.last()) {
            ('|', Some(&('\\', escape))) => {
                cell.pop();
                // Shown as one character; cited when either of the two is.
                cell.push(('|', if span.contains(&escape) { escape } else { position }));
            }
            ('|', _) => cells.push(std::mem::take(&mut cell)),
            _ => cell.push((character, position)),
        }
    }
    // Nothing stands before the first pipe nor after the last.
    cells
        .into_iter()
        .skip(1)
        .map(|cell| runs_of(trimmed(&cell).iter().copied(), span))
        .collect()
}

fn trimmed(cell: &[(char, u64)]) -> &[(char, u64)] {
    let is_text = |(character, _): &(char, u64)| !character.is_whitespace();
    match (cell.iter().position(is_text), cell.iter().rposition(is_text)) {
        (Some(first), Some(last)) => &cell[first..=last],
        _ => &[],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "| Tea | Price |\n| --- | --- |\n| Größe S | 3 \\| 4 |\n|  | 12 |";

    /// Each cell as text, with what is cited in square brackets.
    fn shown(table: &Table) -> Vec<Vec<String>> {
        let cell = |cell: &Cell| {
            cell.iter()
                .map(|run| match run.cited {
                    true => format!("[{}]", run.text),
                    false => run.text.clone(),
                })
                .collect()
        };
        std::iter::once(&table.header)
            .chain(&table.rows)
            .map(|row| row.iter().map(cell).collect())
            .collect()
    }

    /// The span of the only occurrence of `words`, in a table that begins at `start`.
    fn span_of(words: &str, start: u64) -> Range<u64> {
        let byte = TEXT.find(words).unwrap();
        let from = start + TEXT[..byte].chars().count() as u64;
        from..from + words.chars().count() as u64
    }

    #[test]
    fn a_table_is_its_cells_without_pipes_blanks_rule_and_escapes() {
        let table = read(TEXT, 0, &(0..0));
        assert_eq!(shown(&table), [["Tea", "Price"], ["Größe S", "3 | 4"], ["", "12"]]);
    }

    #[test]
    fn the_cited_characters_of_a_cell_are_marked_wherever_the_table_begins() {
        for start in [0, 4_711] {
            let table = read(TEXT, start, &span_of("röße", start));
            assert_eq!(shown(&table)[1], ["G[röße] S", "3 | 4"]);
        }
    }

    #[test]
    fn a_span_over_cells_marks_each_of_them_and_nothing_between() {
        let table = read(TEXT, 7, &span_of("S | 3", 7));
        assert_eq!(shown(&table)[1], ["Größe [S]", "[3] | 4"]);
    }

    #[test]
    fn a_span_over_rows_marks_the_cells_of_all_of_them() {
        let table = read(TEXT, 0, &span_of("Price |\n| --- | --- |\n| Größe", 0));
        assert_eq!(shown(&table), [["Tea", "[Price]"], ["[Größe] S", "3 | 4"], ["", "12"]]);
    }

    #[test]
    fn an_escaped_pipe_is_marked_whichever_of_its_two_characters_is_cited() {
        let backslash = span_of("\\", 0);
        let pipe = backslash.start + 1..backslash.end + 1;
        for span in [backslash, pipe] {
            assert_eq!(shown(&read(TEXT, 0, &span))[1], ["Größe S", "3 [|] 4"]);
        }
    }
}
