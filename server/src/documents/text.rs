//! The text that was read from a document, by page.

use api::{DocumentId, DocumentText, TextBlock, TextBlockKind, TextPage};
use axum::{
    Json,
    extract::{Path, Query, State},
    http::StatusCode,
};
use engine::document::{BlockKind, ExtractedText};
use serde::Deserialize;
use utoipa::IntoParams;

use crate::{
    http::{ApiError, Caller},
    state::AppState,
};

const MOST_PAGES: u32 = 50;

#[derive(Deserialize, IntoParams)]
pub struct TextQuery {
    /// Counted from 1.
    #[serde(default = "first")]
    first_page: u32,
    /// At most so many pages (1 to 50).
    #[serde(default = "first")]
    pages: u32,
}

fn first() -> u32 {
    1
}

/// Some pages of a document's text.
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
    let count = query.pages.clamp(1, MOST_PAGES);
    Ok(Json(pages(&extracted, query.first_page.max(1), count)))
}

fn pages(extracted: &ExtractedText, first: u32, count: u32) -> DocumentText {
    // Positions are counted in characters; walking the text once keeps that linear.
    let (mut byte, mut character) = (0, 0_u64);
    let mut blocks = extracted.blocks.iter().peekable();
    let mut shown = Vec::new();
    for (number, page) in (1_u32..).zip(&extracted.pages) {
        let mut page_blocks = Vec::new();
        while let Some(block) = blocks.next_if(|block| block.range.start < page.range.end) {
            character += extracted.text[byte..block.range.start].chars().count() as u64;
            byte = block.range.start;
            page_blocks.push(TextBlock {
                kind: kind(block.kind),
                start: character,
                text: extracted.text[block.range.clone()].to_owned(),
            });
        }
        if (first..first.saturating_add(count)).contains(&number) {
            shown.push(TextPage {
                number,
                label: page.label.clone(),
                blocks: page_blocks,
            });
        }
    }
    DocumentText {
        total_pages: u32::try_from(extracted.pages.len()).unwrap_or(u32::MAX),
        pages: shown,
    }
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

    #[test]
    fn pages_hold_their_own_blocks_with_positions_in_characters() {
        let extracted = ExtractedText {
            title: None,
            text: "Größe\n\nZwei".to_owned(),
            blocks: vec![
                Block {
                    kind: BlockKind::Heading(1),
                    range: 0..7,
                },
                Block {
                    kind: BlockKind::Paragraph,
                    range: 9..13,
                },
            ],
            pages: vec![
                PageSpan {
                    label: "1".to_owned(),
                    range: 0..9,
                },
                PageSpan {
                    label: "2".to_owned(),
                    range: 9..13,
                },
            ],
        };
        let text = pages(&extracted, 2, 1);
        assert_eq!(text.total_pages, 2);
        assert_eq!(text.pages.len(), 1);
        assert_eq!(text.pages[0].blocks[0].start, 7);
        assert_eq!(text.pages[0].blocks[0].text, "Zwei");
    }
}
