//! Line icons; decoration only, the words beside them carry the meaning.

use leptos::prelude::*;

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    Ask,
    Books,
    Check,
    Close,
    Copy,
    Down,
    Left,
    Menu,
    More,
    People,
    Person,
    Pin,
    Plug,
    Redo,
    Right,
    Sliders,
    Stop,
    ThumbDown,
    ThumbUp,
    Upload,
    Warning,
}

impl Shape {
    /// The outline, on a grid of 20 by 20.
    fn outline(self) -> &'static str {
        match self {
            Self::Ask => "M10 4v12M4 10h12",
            Self::Books => "M4 3.5h3v13H4zM7 3.5h3v13H7zM11 4.3l2.9-.8 3.1 12.3-2.9.8z",
            Self::Check => "M4 10.5l4 4 8-9",
            Self::Close => "M5 5l10 10M15 5L5 15",
            Self::Copy => "M7.5 7.5h9v9h-9zM12.5 7.5v-4h-9v9h4",
            Self::Down => "M5 8l5 5 5-5",
            Self::Left => "M12 5l-5 5 5 5",
            Self::Menu => "M3.5 5.5h13M3.5 10h13M3.5 14.5h13",
            Self::More => "M4.5 10h.01M10 10h.01M15.5 10h.01",
            Self::People => {
                "M7.5 9.5a2.7 2.7 0 1 0 0-5.4 2.7 2.7 0 0 0 0 5.4zM2.5 16c.3-3 2.3-4.5 5-4.5s4.7 1.5 5 4.5M13 4.5a2.5 2.5 0 0 1 0 4.8M14.5 11.8c1.8.5 2.8 2 3 4.2"
            }
            Self::Person => "M10 9.5a3 3 0 1 0 0-6 3 3 0 0 0 0 6zM4 16.5c.4-3.2 2.7-5 6-5s5.6 1.8 6 5",
            Self::Pin => "M7 3.5h6l-.8 5.5 2.3 2.5h-9L7.8 9zM10 11.5v5.5",
            Self::Plug => "M7 3v4M13 3v4M5 7h10v3a5 5 0 0 1-10 0zM10 15v3",
            Self::Redo => "M15.5 8A6 6 0 1 0 16 11.5M15.8 3.5V8h-4.5",
            Self::Right => "M8 5l5 5-5 5",
            Self::Sliders => "M3 6h8M15 6h2M3 14h2M9 14h8M13 4v4M7 12v4",
            Self::Stop => "M5.5 5.5h9v9h-9z",
            Self::ThumbDown => "M6.5 11V3.5h7.3l2.2 6V11.5h-4.5v3.8c0 1-.7 1.7-1.5 1.7zM3.5 3.5h3V11h-3z",
            Self::ThumbUp => "M6.5 9v7.5h7.3l2.2-6V8.5h-4.5V4.7c0-1-.7-1.7-1.5-1.7zM3.5 9h3v7.5h-3z",
            Self::Upload => "M10 13V4M6.5 7.5L10 4l3.5 3.5M3.5 13v3.5h13V13",
            Self::Warning => "M10 3.5l7 12.5H3zM10 8v4M10 14h.01",
        }
    }
}

#[component]
pub fn Icon(shape: Shape) -> impl IntoView {
    view! {
        <svg class="icon" viewBox="0 0 20 20" aria-hidden="true" focusable="false">
            <path d=shape.outline() />
        </svg>
    }
}
