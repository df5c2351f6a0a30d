//! The text that was read from a document, in parts and by page.

use std::ops::Range;

use api::{DocumentId, DocumentText, TextBlock, TextBlockKind, TextPage, TextQuery};
use axum::{
    Json,
    extract::{Path, Query, State},
    http::StatusCode,
};
use engine::document::{BlockKind, ExtractedText};

use crate::{
    http::{ApiError, Caller},
    state::AppState,
};

/// Paragraphs and code up to this many bytes are never shown cut.
const SHORT_BLOCK: usize = 2_000;
const MOST_PAGES: u32 = 50;
const FEWEST_CHARACTERS: u32 = 1_000;
const MOST_CHARACTERS: u32 = 1_000_000;

/// Some of a document's text.
#[utoipa::path(get, path = "/documents/{id}/text", tag = "Documents", params(("id" = uuid::Uuid, Path), TextQuery),
    responses((status = 200, body = DocumentText)))]
pub async fn text(
    State(state): State<AppState>,
    caller: Caller,
    Path(id): Path<DocumentId>,
    Query(query): Query<TextQuery>,
) -> Result<Json<DocumentText>, ApiError> {
    let extracted = state.store.document_text(caller.user.id, id).await?.ok_or_else(|| {
        ApiError::new(
            StatusCode::CONFLICT,
            "not_ready",
            "This document has no text yet",
            "Wait until it is ready; if it failed, its page says why.",
        )
    })?;
    Ok(Json(part(&extracted, &query)))
}

fn part(extracted: &ExtractedText, query: &TextQuery) -> DocumentText {
    let characters = query
        .characters
        .unwrap_or(MOST_CHARACTERS)
        .clamp(FEWEST_CHARACTERS, MOST_CHARACTERS) as usize;
    let text = extracted.text.as_str();
    let mut numbers = 0..extracted.pages.len();
    let bytes = if let Some(position) = query.around {
        let at = byte_of(text, position);
        let page = extracted.pages.iter().rfind(|page| page.range.start <= at);
        let page_start = page.map_or(0, |page| page.range.start);
        let earliest = back(text, at, characters / 2);
        let start = if page_start >= earliest {
            page_start
        } else {
            cut_before(extracted, earliest)
        };
        start..end_of_part(extracted, at, characters / 2)
    } else if let Some(position) = query.after {
        let start = byte_of(text, position);
        start..end_of_part(extracted, start, characters)
    } else if let Some(position) = query.before {
        let end = byte_of(text, position);
        cut_before(extracted, back(text, end, characters))..end
    } else {
        let first = query.first_page.unwrap_or(1).saturating_sub(1) as usize;
        let count = query.pages.unwrap_or(1).clamp(1, MOST_PAGES) as usize;
        numbers = first..first.saturating_add(count).min(extracted.pages.len());
        let wanted = extracted.pages.get(numbers.clone()).unwrap_or_default();
        match (wanted.first(), wanted.last()) {
            (Some(first), Some(last)) => {
                let start = first.range.start;
                start..last.range.end.min(end_of_part(extracted, start, characters))
            }
            _ => text.len()..text.len(),
        }
    };
    read(extracted, bytes, numbers)
}

/// The blocks within `bytes` of those of the pages `numbers` (counted from 0) that have something there, or could.
fn read(extracted: &ExtractedText, bytes: Range<usize>, numbers: Range<usize>) -> DocumentText {
    let text = extracted.text.as_str();
    let start = characters_in(&text[..bytes.start]);
    // Positions are counted in characters; walking the text once keeps that linear.
    let (mut byte, mut character) = (bytes.start, start);
    let mut blocks = extracted
        .blocks
        .iter()
        .skip_while(|block| block.range.end <= bytes.start)
        .take_while(|block| block.range.start < bytes.end)
        .peekable();
    let mut pages = Vec::new();
    for (at, page) in extracted.pages.iter().enumerate() {
        let begins_later = page.range.start > bytes.end || (page.range.start == bytes.end && bytes.end < text.len());
        let is_cut_off = begins_later && page.range.start != bytes.start;
        let ended_before = page.range.end <= bytes.start && page.range.start < bytes.start;
        if !numbers.contains(&at) || is_cut_off || ended_before {
            continue;
        }
        let mut shown = Vec::new();
        while let Some(block) = blocks.next_if(|block| block.range.start < page.range.end) {
            let within = block.range.start.max(bytes.start)..block.range.end.min(bytes.end);
            character += characters_in(&text[byte..within.start]);
            byte = within.start;
            shown.push(TextBlock {
                kind: kind(block.kind),
                start: character,
                text: text[within].to_owned(),
            });
        }
        pages.push(TextPage {
            number: u32::try_from(at + 1).unwrap_or(u32::MAX),
            label: page.label.clone(),
            blocks: shown,
        });
    }
    let end = start + characters_in(&text[bytes.clone()]);
    DocumentText {
        total_pages: u32::try_from(extracted.pages.len()).unwrap_or(u32::MAX),
        total_characters: end + characters_in(&text[bytes.end..]),
        start,
        end,
        pages,
    }
}

fn characters_in(text: &str) -> u64 {
    text.chars().count() as u64
}

/// Where the character at `position` begins; the end of the text when there is none.
fn byte_of(text: &str, position: u64) -> usize {
    let position = usize::try_from(position).unwrap_or(usize::MAX);
    text.char_indices().nth(position).map_or(text.len(), |(byte, _)| byte)
}

/// `characters` before `byte`, or the start of the text.
fn back(text: &str, byte: usize, characters: usize) -> usize {
    text[..byte]
        .char_indices()
        .rev()
        .nth(characters.saturating_sub(1))
        .map_or(0, |(byte, _)| byte)
}

/// Where a part that begins at `start` ends well: never at `start` itself unless the text ends there.
fn end_of_part(extracted: &ExtractedText, start: usize, characters: usize) -> usize {
    let rest = &extracted.text[start..];
    let Some((length, _)) = rest.char_indices().nth(characters) else {
        return extracted.text.len();
    };
    match cut_before(extracted, start + length) {
        end if end > start => end,
        _ => extracted
            .blocks
            .iter()
            .find(|block| block.range.end > start)
            .map_or(extracted.text.len(), |block| block.range.end),
    }
}

/// The last position up to `byte` at which the text may be cut: before a block, or after a line or word of a long
/// paragraph or of long code.
fn cut_before(extracted: &ExtractedText, byte: usize) -> usize {
    let at = extracted.blocks.partition_point(|block| block.range.start <= byte);
    let Some(block) = at.checked_sub(1).map(|last| &extracted.blocks[last]) else {
        return 0;
    };
    if byte >= block.range.end {
        return byte;
    }
    let may_be_cut = matches!(block.kind, BlockKind::Paragraph | BlockKind::Code);
    if !may_be_cut || block.range.len() <= SHORT_BLOCK {
        return block.range.start;
    }
    let head = &extracted.text[block.range.start..byte];
    let end = head
        .rfind('\n')
        .or_else(|| head.rfind(' '))
        .map_or(0, |separator| separator + 1);
    block.range.start + end
}

fn kind(kind: BlockKind) -> TextBlockKind {
    match kind {
        BlockKind::Heading(1) => TextBlockKind::Heading1,
        BlockKind::Heading(2) => TextBlockKind::Heading2,
        BlockKind::Heading(_) => TextBlockKind::Heading3,
        BlockKind::Paragraph => TextBlockKind::Paragraph,
        BlockKind::ListItem => TextBlockKind::ListItem,
        BlockKind::Table => TextBlockKind::Table,
        BlockKind::Code => TextBlockKind::Code,
    }
}

#[cfg(test)]
mod tests {
    use engine::document::{Block, PageSpan};

    use super::*;

    /// One page per entry, one paragraph per line of it.
    fn document(pages: &[&str]) -> ExtractedText {
        let mut extracted = ExtractedText::default();
        for (at, page) in pages.iter().enumerate() {
            let page_start = extracted.text.len();
            for line in page.lines() {
                if !extracted.text.is_empty() {
                    extracted.text.push_str("\n\n");
                }
                let start = extracted.text.len();
                extracted.text.push_str(line);
                extracted.blocks.push(Block {
                    kind: BlockKind::Paragraph,
                    range: start..extracted.text.len(),
                });
            }
            extracted.pages.push(PageSpan {
                label: (at + 1).to_string(),
                range: page_start..extracted.text.len(),
            });
        }
        extracted.validate().unwrap();
        extracted
    }

    fn numbers(text: &DocumentText) -> Vec<u32> {
        text.pages.iter().map(|page| page.number).collect()
    }

    /// Every block of a part, with the text it must equal by its own position.
    fn assert_positions(text: &DocumentText, extracted: &ExtractedText) {
        let characters: Vec<char> = extracted.text.chars().collect();
        for block in text.pages.iter().flat_map(|page| &page.blocks) {
            let start = block.start as usize;
            let there: String = characters[start..start + block.text.chars().count()].iter().collect();
            assert_eq!(block.text, there);
        }
    }

    #[test]
    fn pages_hold_their_own_blocks_with_positions_in_characters() {
        let extracted = document(&["Größe", "Zwei"]);
        let query = TextQuery {
            first_page: Some(2),
            ..TextQuery::default()
        };
        let text = part(&extracted, &query);
        assert_eq!((text.total_pages, text.total_characters), (2, 11));
        assert_eq!(numbers(&text), [2]);
        assert_eq!(text.pages[0].blocks[0].start, 7);
        assert_eq!(text.pages[0].blocks[0].text, "Zwei");
    }

    #[test]
    fn a_page_without_text_is_shown_as_such_and_one_that_is_not_there_is_not() {
        let extracted = document(&["One", "", "Three", ""]);
        for number in 1..=4 {
            let query = TextQuery {
                first_page: Some(number),
                ..TextQuery::default()
            };
            assert_eq!(numbers(&part(&extracted, &query)), [number]);
        }
        let all = TextQuery {
            pages: Some(50),
            ..TextQuery::default()
        };
        assert_eq!(numbers(&part(&extracted, &all)), [1, 2, 3, 4]);
        let none = TextQuery {
            first_page: Some(5),
            ..TextQuery::default()
        };
        assert_eq!(numbers(&part(&extracted, &none)), [0_u32; 0]);
    }

    #[test]
    fn the_text_around_a_position_begins_with_its_page_where_that_is_near() {
        let page = (0..30)
            .map(|n| format!("Ünten {n} {}", "x".repeat(90)))
            .collect::<Vec<_>>()
            .join("\n");
        let extracted = document(&[&page, &page, &page]);
        let second_page = characters_in(&extracted.text[..extracted.pages[1].range.start]);
        let query = |around| TextQuery {
            around: Some(around),
            characters: Some(1_000),
            ..TextQuery::default()
        };

        let near = part(&extracted, &query(second_page + 300));
        assert_eq!(near.start, second_page);
        assert_eq!(numbers(&near), [2]);
        let far = part(&extracted, &query(second_page + 2_000));
        assert!(far.start > second_page && far.start <= second_page + 2_000 && far.end > second_page + 2_000);
        for text in [near, far] {
            assert!(text.end - text.start <= 1_100, "{} to {}", text.start, text.end);
            assert_positions(&text, &extracted);
        }
    }

    #[test]
    fn parts_read_one_after_the_other_give_the_whole_text_once_in_either_direction() {
        let long_line = "wörter ".repeat(700);
        let extracted = document(&[
            "Kurz\nNoch eins",
            &long_line,
            "",
            "Ende\nGanz am Ende",
            &"x".repeat(5_000),
        ]);
        let whole = part(
            &extracted,
            &TextQuery {
                pages: Some(50),
                ..TextQuery::default()
            },
        );
        let read_of = |text: &DocumentText| -> String {
            text.pages
                .iter()
                .flat_map(|page| &page.blocks)
                .map(|block| block.text.as_str())
                .collect()
        };

        let (mut forwards, mut position) = (String::new(), 0);
        while position < whole.total_characters {
            let query = TextQuery {
                after: Some(position),
                characters: Some(1_000),
                ..TextQuery::default()
            };
            let text = part(&extracted, &query);
            assert!(text.start == position && text.end > position);
            assert_positions(&text, &extracted);
            forwards.push_str(&read_of(&text));
            position = text.end;
        }
        assert_eq!(forwards, read_of(&whole));

        let (mut backwards, mut position) = (String::new(), whole.total_characters);
        while position > 0 {
            let query = TextQuery {
                before: Some(position),
                characters: Some(1_000),
                ..TextQuery::default()
            };
            let text = part(&extracted, &query);
            assert!(text.end == position && text.start < position);
            assert_positions(&text, &extracted);
            backwards.insert_str(0, &read_of(&text));
            position = text.start;
        }
        assert_eq!(backwards, read_of(&whole));
    }
}
