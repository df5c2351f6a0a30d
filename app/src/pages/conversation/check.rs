//! Whether cited words carry what is said with them, in words and by a sign.

use api::{AnswerKind, Check};
use leptos::prelude::*;

use crate::components::{Icon, Shape};

/// The result as a short phrase.
pub fn words(check: Check, kind: Option<AnswerKind>) -> &'static str {
    match check {
        Check::Supported if kind == Some(AnswerKind::Extractive) => "Quoted word for word",
        Check::Supported => "Supported",
        Check::Weak => "Weakly supported",
        Check::Unsupported => "Not supported",
    }
}

#[component]
pub fn CheckResult(check: Check, kind: Option<AnswerKind>) -> impl IntoView {
    let (class, shape) = match check {
        Check::Supported => ("check supported", Shape::Check),
        Check::Weak => ("check weak", Shape::Warning),
        Check::Unsupported => ("check unsupported", Shape::Close),
    };
    view! {
        <span class=class>
            <Icon shape />
            {words(check, kind)}
        </span>
    }
}
