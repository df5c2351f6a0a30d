//! A document's text in the shape it is shown in, with the cited characters marked.

use std::ops::Range;

use api::{TextBlock, TextBlockKind, TextPage};

use super::{
    span::{Run, runs},
    table::{self, Table},
};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShownPage {
    /// Counted from 1.
    pub number: u32,
    pub label: String,
    /// Bytes of text that are there of it, which grow when more is fetched.
    pub length: usize,
    pub pieces: Vec<Piece>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece {
    /// `level` is that of the HTML heading: below the page's own, which is 2, and never more than one step deeper than
    /// the heading before it.
    Heading {
        level: u8,
        runs: Vec<Run>,
    },
    Paragraph(Vec<Run>),
    /// Items that follow one another, each with its marker.
    List(Vec<Vec<Run>>),
    Table(Table),
    Code(Vec<Run>),
}

/// Brings pages into shape. The first cited run of all is the one a link can lead to.
pub fn shown(pages: &[TextPage], span: &Range<u64>) -> Vec<ShownPage> {
    let mut shown: Vec<ShownPage> = pages
        .iter()
        .map(|page| ShownPage {
            number: page.number,
            label: page.label.clone(),
            length: page.blocks.iter().map(|block| block.text.len()).sum(),
            pieces: pieces(&page.blocks, span),
        })
        .collect();
    let all_runs = shown.iter_mut().flat_map(|page| &mut page.pieces).flat_map(runs_in);
    if let Some(first) = all_runs.into_iter().find(|run| run.cited) {
        first.is_first = true;
    }
    shown
}

fn pieces(blocks: &[TextBlock], span: &Range<u64>) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut deepest = 3;
    for block in blocks {
        let runs = || runs(&block.text, block.start, span);
        let heading = match block.kind {
            TextBlockKind::Heading1 => 3,
            TextBlockKind::Heading2 => 4,
            TextBlockKind::Heading3 => 5,
            TextBlockKind::Paragraph => {
                pieces.push(Piece::Paragraph(runs()));
                continue;
            }
            TextBlockKind::ListItem => {
                match pieces.last_mut() {
                    Some(Piece::List(items)) => items.push(runs()),
                    _ => pieces.push(Piece::List(vec![runs()])),
                }
                continue;
            }
            TextBlockKind::Table => {
                pieces.push(Piece::Table(table::read(&block.text, block.start, span)));
                continue;
            }
            TextBlockKind::Code => {
                pieces.push(Piece::Code(runs()));
                continue;
            }
        };
        let level = heading.min(deepest);
        deepest = level + 1;
        pieces.push(Piece::Heading { level, runs: runs() });
    }
    pieces
}

fn runs_in(piece: &mut Piece) -> Vec<&mut Run> {
    match piece {
        Piece::Heading { runs, .. } | Piece::Paragraph(runs) | Piece::Code(runs) => runs.iter_mut().collect(),
        Piece::List(items) => items.iter_mut().flatten().collect(),
        Piece::Table(table) => table
            .header
            .iter_mut()
            .chain(table.rows.iter_mut().flatten())
            .flatten()
            .collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(blocks: &[(TextBlockKind, u64, &str)]) -> TextPage {
        TextPage {
            number: 1,
            label: "1".to_owned(),
            blocks: blocks
                .iter()
                .map(|(kind, start, text)| TextBlock {
                    kind: *kind,
                    start: *start,
                    text: (*text).to_owned(),
                })
                .collect(),
        }
    }

    fn cited(pages: &mut [ShownPage]) -> Vec<(String, bool)> {
        pages
            .iter_mut()
            .flat_map(|page| &mut page.pieces)
            .flat_map(runs_in)
            .filter(|run| run.cited)
            .map(|run| (run.text.clone(), run.is_first))
            .collect()
    }

    #[test]
    fn a_span_from_a_heading_over_a_list_into_a_table_is_marked_throughout_and_led_to_once() {
        let page = page(&[
            (TextBlockKind::Heading1, 0, "Kinds of tea"),
            (TextBlockKind::ListItem, 14, "- green"),
            (TextBlockKind::ListItem, 22, "- black"),
            (
                TextBlockKind::Table,
                31,
                "| Kind | Price |\n| --- | --- |\n| green | 3 |",
            ),
        ]);
        let mut pages = shown(&[page], &(9..38));
        let expected = [("tea", true), ("- green", false), ("- black", false), ("Kind", false)];
        assert_eq!(
            cited(&mut pages),
            expected.map(|(text, first)| (text.to_owned(), first))
        );
        assert!(matches!(&pages[0].pieces[1], Piece::List(items) if items.len() == 2));
    }

    #[test]
    fn a_link_leads_to_the_first_words_even_when_the_span_begins_on_a_pipe() {
        let page = page(&[(TextBlockKind::Table, 0, "| a | b |\n| --- | --- |\n| c | d |")]);
        let mut pages = shown(&[page], &(4..33));
        let expected = [("b", true), ("c", false), ("d", false)];
        assert_eq!(
            cited(&mut pages),
            expected.map(|(text, first)| (text.to_owned(), first))
        );
    }

    #[test]
    fn headings_never_skip_a_level() {
        let page = page(&[
            (TextBlockKind::Heading3, 0, "Deep"),
            (TextBlockKind::Heading3, 6, "Deep again"),
            (TextBlockKind::Heading1, 18, "Top"),
            (TextBlockKind::Heading2, 23, "Below"),
        ]);
        let levels: Vec<u8> = shown(&[page], &(0..0))[0]
            .pieces
            .iter()
            .map(|piece| match piece {
                Piece::Heading { level, .. } => *level,
                _ => panic!("only headings were given"),
            })
            .collect();
        assert_eq!(levels, [3, 4, 3, 4]);
    }
}
