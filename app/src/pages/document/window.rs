//! The part of a document's text that is shown, as it grows at either end.

use api::{DocumentText, TextPage};

/// Adds what follows `text`.
pub fn append(text: &mut DocumentText, later: DocumentText) {
    text.end = later.end;
    join(&mut text.pages, later.pages);
}

/// Adds what precedes `text`.
pub fn prepend(text: &mut DocumentText, earlier: DocumentText) {
    text.start = earlier.start;
    let pages = std::mem::replace(&mut text.pages, earlier.pages);
    join(&mut text.pages, pages);
}

/// A page, and even a block, may have been cut between two parts: it is made whole again.
fn join(pages: &mut Vec<TextPage>, later: Vec<TextPage>) {
    let mut later = later.into_iter().peekable();
    if let Some(last) = pages.last_mut()
        && let Some(rest) = later.next_if(|page| page.number == last.number)
    {
        let mut blocks = rest.blocks.into_iter().peekable();
        if let Some(cut) = last.blocks.last_mut()
            && let Some(rest) = blocks.next_if(|block| block.start == cut.start + cut.text.chars().count() as u64)
        {
            cut.text.push_str(&rest.text);
        }
        last.blocks.extend(blocks);
    }
    pages.extend(later);
}

#[cfg(test)]
mod tests {
    use api::{TextBlock, TextBlockKind};

    use super::*;

    fn text(pages: &[(u32, &[(u64, &str)])]) -> DocumentText {
        let pages: Vec<TextPage> = pages
            .iter()
            .map(|(number, blocks)| TextPage {
                number: *number,
                label: number.to_string(),
                blocks: blocks
                    .iter()
                    .map(|(start, text)| TextBlock {
                        kind: TextBlockKind::Paragraph,
                        start: *start,
                        text: (*text).to_owned(),
                    })
                    .collect(),
            })
            .collect();
        let blocks: Vec<&TextBlock> = pages.iter().flat_map(|page| &page.blocks).collect();
        DocumentText {
            total_pages: 9,
            total_characters: 999,
            start: blocks.first().unwrap().start,
            end: blocks
                .last()
                .map(|block| block.start + block.text.chars().count() as u64)
                .unwrap(),
            pages,
        }
    }

    #[test]
    fn whole_pages_follow_one_another() {
        let mut shown = text(&[(1, &[(0, "One")])]);
        append(&mut shown, text(&[(2, &[(5, "Two")])]));
        assert_eq!(shown, text(&[(1, &[(0, "One")]), (2, &[(5, "Two")])]));
    }

    #[test]
    fn a_page_cut_between_two_blocks_becomes_one_again() {
        let mut shown = text(&[(2, &[(5, "Two")]), (3, &[(10, "Three")])]);
        prepend(&mut shown, text(&[(1, &[(0, "I")]), (2, &[(2, "A")])]));
        assert_eq!(
            shown,
            text(&[(1, &[(0, "I")]), (2, &[(2, "A"), (5, "Two")]), (3, &[(10, "Three")])])
        );
    }

    #[test]
    fn a_block_cut_at_a_word_becomes_one_again() {
        let mut shown = text(&[(1, &[(0, "Größe ")])]);
        append(&mut shown, text(&[(1, &[(6, "und Maß"), (15, "Ende")])]));
        assert_eq!(shown, text(&[(1, &[(0, "Größe und Maß"), (15, "Ende")])]));
    }
}
