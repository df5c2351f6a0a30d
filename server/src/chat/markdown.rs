//! Markdown of questions and answers as safe HTML.
//!
//! Raw HTML becomes text, links keep only harmless schemes, images become links, and `[1]` becomes a link to the
//! words it cites.

use api::{Check, Citation};
use engine::grounding::UNSUPPORTED;
use pulldown_cmark::html::push_html;
use pulldown_cmark::{Alignment, CowStr, Event, HeadingLevel, LinkType, Options, Parser, Tag, TagEnd, TextMergeStream};
use pulldown_cmark_escape::escape_html;
use url::Url;

const SCHEMES: [&str; 3] = ["http", "https", "mailto"];

/// Renders Markdown; numbers in brackets that are among the citations link to their documents.
pub fn to_html(markdown: &str, citations: &[Citation]) -> String {
    let parser = Parser::new_ext(markdown, Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH);
    let mut links = Links::default();
    let harmless = parser
        .into_offset_iter()
        .map(|(event, range)| set_apart(event, &markdown[..range.start]))
        .flat_map(|event| links.keep_harmless(event));
    let mut code = false;
    let mut link = false;
    let cited = TextMergeStream::new(harmless).flat_map(|event| {
        match &event {
            Event::Start(Tag::CodeBlock(_)) => code = true,
            Event::End(TagEnd::CodeBlock) => code = false,
            Event::InlineHtml(html) => link = !html.starts_with("</"),
            _ => {}
        }
        match event {
            Event::Text(text) if !code && !link => link_citations(&text, citations),
            other => vec![other],
        }
    });
    let mut html = String::with_capacity(markdown.len() * 3 / 2);
    push_html(&mut html, cited);
    html.replace(ESCAPED_BRACKET, "[")
}

/// Stands for a bracket that was written `\[`, which begins no citation. Unicode keeps it out of all text.
const ESCAPED_BRACKET: char = '\u{fdd0}';

fn set_apart<'a>(event: Event<'a>, before: &str) -> Event<'a> {
    let backslashes = before.len() - before.trim_end_matches('\\').len();
    match event {
        Event::Text(text) if backslashes % 2 == 1 && text.starts_with('[') => {
            Event::Text(format!("{ESCAPED_BRACKET}{}", &text[1..]).into())
        }
        other => other,
    }
}

/// Which of the links and images that are open were written as links, innermost last.
#[derive(Default)]
struct Links {
    open: Vec<OpenLink>,
}

#[derive(PartialEq)]
enum OpenLink {
    Anchor,
    /// Only its text is kept.
    Text,
    /// Its text is kept in the brackets it was written in.
    Bracketed,
}

impl Links {
    fn keep_harmless<'a>(&mut self, event: Event<'a>) -> Vec<Event<'a>> {
        match event {
            Event::Html(html) | Event::InlineHtml(html) => vec![Event::Text(html)],
            Event::Start(Tag::HtmlBlock) => vec![Event::Start(Tag::Paragraph)],
            Event::End(TagEnd::HtmlBlock) => vec![Event::End(TagEnd::Paragraph)],
            // An answer stands below the page's own headings.
            Event::Start(Tag::Heading { level, .. }) => vec![Event::Start(Tag::Heading {
                level: lowered(level),
                id: None,
                classes: Vec::new(),
                attrs: Vec::new(),
            })],
            Event::End(TagEnd::Heading(level)) => vec![Event::End(TagEnd::Heading(lowered(level)))],
            // Alignment would be an inline style, which pages do not allow.
            Event::Start(Tag::Table(columns)) => vec![Event::Start(Tag::Table(vec![Alignment::None; columns.len()]))],
            Event::Start(Tag::Link {
                link_type, dest_url, ..
            }) => self.open(link_type, &dest_url),
            Event::Start(Tag::Image {
                link_type, dest_url, ..
            }) => self.open(link_type, &dest_url),
            Event::End(TagEnd::Link | TagEnd::Image) => match self.open.pop() {
                Some(OpenLink::Anchor) => vec![Event::InlineHtml(CowStr::Borrowed("</a>"))],
                Some(OpenLink::Bracketed) => vec![Event::Text(CowStr::Borrowed("]"))],
                Some(OpenLink::Text) | None => Vec::new(),
            },
            other => vec![other],
        }
    }

    fn open<'a>(&mut self, link_type: LinkType, target: &str) -> Vec<Event<'a>> {
        // A model that defines `[1]: https://...` must not turn a citation into a link of its own.
        let by_reference = matches!(
            link_type,
            LinkType::Reference | LinkType::Collapsed | LinkType::Shortcut
        );
        if by_reference {
            self.open.push(OpenLink::Bracketed);
            return vec![Event::Text(CowStr::Borrowed("["))];
        }
        let target = match link_type {
            LinkType::Email => format!("mailto:{target}"),
            _ => target.to_owned(),
        };
        // As it was understood is how it is written: browsers may read odd spellings otherwise.
        let harmless = Url::parse(&target).ok().filter(|url| SCHEMES.contains(&url.scheme()));
        let Some(url) = harmless.filter(|_| !self.open.contains(&OpenLink::Anchor)) else {
            self.open.push(OpenLink::Text);
            return Vec::new();
        };
        self.open.push(OpenLink::Anchor);
        let mut anchor = String::from("<a href=\"");
        escape_html(&mut anchor, url.as_str()).expect("writing to a string does not fail");
        anchor.push_str("\" rel=\"noopener noreferrer nofollow\" target=\"_blank\">");
        vec![Event::InlineHtml(anchor.into())]
    }
}

fn lowered(level: HeadingLevel) -> HeadingLevel {
    match level {
        HeadingLevel::H1 => HeadingLevel::H3,
        HeadingLevel::H2 => HeadingLevel::H4,
        HeadingLevel::H3 => HeadingLevel::H5,
        _ => HeadingLevel::H6,
    }
}

/// What a sentence is marked with that no passage carries.
const NO_SOURCE: &str = r#"<span class="no-source" title="No passage supports this sentence.">no source</span>"#;

/// Splits text at its citation markers: `[1]`, `[1, 2]`, `[?]`.
fn link_citations<'a>(text: &str, citations: &[Citation]) -> Vec<Event<'a>> {
    let mut events = Vec::new();
    let mut plain = String::new();
    let mut rest = text;
    while let Some((before, from_bracket)) = rest.find('[').map(|at| rest.split_at(at)) {
        plain.push_str(before);
        match marker(from_bracket, citations) {
            Some((html, after)) => {
                events.push(Event::Text(std::mem::take(&mut plain).into()));
                events.push(Event::InlineHtml(html.into()));
                rest = after;
            }
            None => {
                plain.push('[');
                rest = &from_bracket[1..];
            }
        }
    }
    plain.push_str(rest);
    events.push(Event::Text(plain.into()));
    events
}

/// The links for a marker at the start of the text, and what follows it.
fn marker<'t>(text: &'t str, citations: &[Citation]) -> Option<(String, &'t str)> {
    if let Some(after) = text.strip_prefix(UNSUPPORTED) {
        return Some((NO_SOURCE.to_owned(), after));
    }
    let (inside, after) = text.strip_prefix('[')?.split_once(']')?;
    let mut html = String::new();
    for number in inside.split(',') {
        let number: u32 = number.trim().parse().ok()?;
        let citation = citations.iter().find(|citation| citation.number == number)?;
        html.push_str(&link(citation));
    }
    Some((html, after))
}

/// A link to the cited words that works without JavaScript; where they are gone, their name without a link.
fn link(citation: &Citation) -> String {
    let mut name = String::new();
    escape_html(&mut name, &citation.document_name).expect("writing to a string does not fail");
    let Citation {
        number,
        passage_id: passage,
        document_id: document,
        page,
        start,
        end,
        ..
    } = citation;
    if !citation.available {
        return format!(
            r#"<span class="citation" data-number="{number}" tabindex="0" role="link" aria-disabled="true" "#
        ) + &format!(r#"aria-label="Source {number}: {name}, no longer available">{number}</span>"#);
    }
    let check = match citation.check {
        Check::Supported => "supported",
        Check::Weak => "weak",
        Check::Unsupported => "unsupported",
    };
    format!(
        r#"<a class="citation" data-number="{number}" data-check="{check}" aria-label="Source {number}: {name}, page {page}" "#
    ) + &format!(r#"href="/documents/{document}?passage={passage}&amp;start={start}&amp;end={end}#cited">{number}</a>"#)
}

/// Text written so that Markdown shows it as it is.
pub fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for word in text.split_whitespace() {
        if !escaped.is_empty() {
            escaped.push(' ');
        }
        // At the start of a line `1.` would begin a list.
        for c in word.chars() {
            if c.is_ascii_punctuation() && !"'(),/:;?%".contains(c) && (c != '.' || escaped.len() < 10) {
                escaped.push('\\');
            }
            escaped.push(c);
        }
    }
    escaped
}

/// Plain text as HTML, line ends kept: how a question is shown.
pub fn plain_to_html(text: &str) -> String {
    let mut html = String::from("<p>");
    escape_html(&mut html, text).expect("writing to a string does not fail");
    html.push_str("</p>");
    html.replace('\n', "<br>")
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use api::{DocumentId, KnowledgeBaseId, PassageId};
    use html5ever::tokenizer::{BufferQueue, Token, TokenSink, TokenSinkResult, Tokenizer, TokenizerOpts};
    use proptest::prelude::*;
    use uuid::Uuid;

    use super::*;

    fn citation(number: u32) -> Citation {
        Citation {
            number,
            passage_id: PassageId(Uuid::nil()),
            document_id: DocumentId(Uuid::nil()),
            knowledge_base_id: KnowledgeBaseId(Uuid::nil()),
            document_name: "plan.txt".to_owned(),
            page: 2,
            heading_path: Vec::new(),
            quote: "words".to_owned(),
            start: 10,
            end: 15,
            check: Check::Supported,
            available: true,
        }
    }

    const FIRST: &str = "<a class=\"citation\" data-number=\"1\" data-check=\"supported\" \
        aria-label=\"Source 1: plan.txt, page 2\" \
        href=\"/documents/00000000-0000-0000-0000-000000000000?passage=00000000-0000-0000-0000-000000000000\
        &amp;start=10&amp;end=15#cited\">1</a>";

    #[test]
    fn a_number_in_brackets_links_to_the_words_it_cites() {
        assert_eq!(
            to_html("It is so.[1]", &[citation(1)]),
            format!("<p>It is so.{FIRST}</p>\n")
        );
        assert_eq!(
            to_html("It is **so [1]**", &[citation(1)]),
            format!("<p>It is <strong>so {FIRST}</strong></p>\n")
        );
        let two = to_html("So [1, 2] and [2][1].", &[citation(1), citation(2)]);
        assert_eq!(two.matches("class=\"citation\"").count(), 4);
    }

    #[test]
    fn a_sentence_without_support_is_marked() {
        assert_eq!(to_html("So. [?]", &[]), format!("<p>So. {NO_SOURCE}</p>\n"));
    }

    #[test]
    fn numbers_that_cite_nothing_and_numbers_in_code_stay_as_they_are() {
        assert_eq!(to_html("See [7].", &[citation(1)]), "<p>See [7].</p>\n");
        assert_eq!(to_html("`a[1]`", &[citation(1)]), "<p><code>a[1]</code></p>\n");
        assert!(to_html("```\na[1]\n```", &[citation(1)]).contains("a[1]"));
    }

    #[test]
    fn an_answer_cannot_redefine_a_citation() {
        let html = to_html("So it is [1].\n\n[1]: https://evil.example/", &[citation(1)]);
        assert_eq!(html, format!("<p>So it is {FIRST}.</p>\n"));
    }

    #[test]
    fn tables_code_and_headings_are_rendered() {
        let html = to_html(
            "# Title\n\n| a | b |\n|--:|---|\n| 1 | 2 |\n\n```rust\nlet x = 1 < 2;\n```",
            &[],
        );
        assert!(html.contains("<h3>Title</h3>"), "{html}");
        assert!(html.contains("<table><thead><tr><th>a</th>"), "{html}");
        assert!(
            html.contains("<code class=\"language-rust\">let x = 1 &lt; 2;"),
            "{html}"
        );
    }

    #[test]
    fn hostile_markup_becomes_text_or_loses_its_target() {
        assert_eq!(
            to_html("<script>alert(1)</script>", &[]),
            "<p>&lt;script&gt;alert(1)&lt;/script&gt;</p>\n"
        );
        assert_eq!(to_html("[x](javascript:alert(1))", &[]), "<p>x</p>\n");
        assert_eq!(to_html("[x](JaVa\tscript:alert(1))", &[]).matches("href").count(), 0);
        assert_eq!(to_html("[x](data:text/html,hi)", &[]), "<p>x</p>\n");
        let image = to_html("![chart](https://evil.example/?leak)", &[]);
        assert!(!image.contains("<img"), "{image}");
        assert!(image.contains(">chart</a>"), "{image}");
    }

    #[test]
    fn a_question_is_shown_as_it_was_written() {
        assert_eq!(plain_to_html("*a* <b>\nc"), "<p>*a* &lt;b&gt;<br>c</p>");
    }

    #[test]
    fn quoted_text_is_shown_as_it_is() {
        for text in [
            "1. *Not* a list",
            "# 5 < 6 & `x` [1]",
            "- a_b_c | d",
            "Plain, as it is: 3.5 %.",
        ] {
            let mut expected = String::from("<p>");
            escape_html(&mut expected, text).unwrap();
            assert_eq!(
                to_html(&escaped(text), &[citation(1)]),
                expected.replace("&quot;", "\"") + "</p>\n"
            );
        }
    }

    /// Collects what is not a tag, or not an attribute, that may appear, as a browser's tokenizer sees it.
    #[derive(Default)]
    struct Harmful(RefCell<Vec<String>>);

    impl TokenSink for Harmful {
        type Handle = ();

        fn process_token(&self, token: Token, _line: u64) -> TokenSinkResult<()> {
            match token {
                Token::TagToken(tag) => {
                    let name: &str = &tag.name;
                    if !ELEMENTS.contains(&name) {
                        self.0.borrow_mut().push(name.to_owned());
                    }
                    for attribute in &tag.attrs {
                        let (key, value): (&str, &str) = (&attribute.name.local, &attribute.value);
                        if !may_have(name, key, value) {
                            self.0.borrow_mut().push(format!("{name} {key}={value}"));
                        }
                    }
                }
                Token::CommentToken(text) => self.0.borrow_mut().push(format!("<!-- {text}")),
                Token::DoctypeToken(_) => self.0.borrow_mut().push("<!doctype".to_owned()),
                _ => {}
            }
            TokenSinkResult::Continue
        }
    }

    const ELEMENTS: [&str; 24] = [
        "p",
        "br",
        "strong",
        "em",
        "del",
        "blockquote",
        "ul",
        "ol",
        "li",
        "pre",
        "code",
        "h3",
        "h4",
        "h5",
        "h6",
        "hr",
        "table",
        "thead",
        "tbody",
        "tr",
        "th",
        "td",
        "a",
        "span",
    ];

    fn may_have(element: &str, attribute: &str, value: &str) -> bool {
        let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        match (element, attribute) {
            ("a", "href") => {
                value.starts_with("/documents/") || Url::parse(value).is_ok_and(|url| SCHEMES.contains(&url.scheme()))
            }
            ("a", "rel") => value == "noopener noreferrer nofollow",
            ("a", "target") => value == "_blank",
            ("a" | "span", "class") => ["citation", "no-source"].contains(&value),
            ("a" | "span", "data-number") | ("ol", "start") => digits(value),
            ("a", "data-check") => ["supported", "weak", "unsupported"].contains(&value),
            ("a" | "span", "aria-label") | ("span", "title") => true,
            ("span", "tabindex") => value == "0",
            ("span", "role") => value == "link",
            ("span", "aria-disabled") => value == "true",
            ("code", "class") => value.starts_with("language-"),
            _ => false,
        }
    }

    fn assert_harmless(html: &str) {
        let tokenizer = Tokenizer::new(Harmful::default(), TokenizerOpts::default());
        let input = BufferQueue::default();
        input.push_back(html.into());
        let _ = tokenizer.feed(&input);
        tokenizer.end();
        let harmful = tokenizer.sink.0.into_inner();
        assert!(harmful.is_empty(), "{harmful:?} in {html}");
    }

    #[test]
    fn the_check_itself_finds_what_is_harmful() {
        for harmful in [
            "<script>",
            "<p onclick=x>",
            "<a href=javascript:x>",
            "<!-- x -->",
            "<code class=x>",
            "<img src=x>",
        ] {
            assert!(
                std::panic::catch_unwind(|| assert_harmless(harmful)).is_err(),
                "{harmful}"
            );
        }
    }

    #[test]
    fn no_known_attack_yields_more_than_harmless_markup() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/eval/hostile/payloads");
        let mut folders = vec![std::path::PathBuf::from(folder)];
        let mut attacks = 0;
        while let Some(folder) = folders.pop() {
            let Ok(entries) = std::fs::read_dir(&folder) else {
                eprintln!("skipped: there are no attacks to try in {}", folder.display());
                return;
            };
            for path in entries.map(|entry| entry.unwrap().path()) {
                if path.is_dir() {
                    folders.push(path);
                    continue;
                }
                let bytes = std::fs::read(&path).unwrap();
                let text = String::from_utf8_lossy(&bytes);
                assert_harmless(&to_html(&text, &[citation(1)]));
                for attack in text.lines().filter(|line| !line.trim().is_empty()) {
                    attacks += 1;
                    let named = Citation {
                        document_name: attack.to_owned(),
                        ..citation(1)
                    };
                    let gone = Citation {
                        available: false,
                        ..named.clone()
                    };
                    for markdown in [
                        attack.to_owned(),
                        format!("[x]({attack})"),
                        format!("[x](<{attack}>)"),
                        format!("![x]({attack} \"{attack}\")"),
                        format!("<{attack}>"),
                        format!("```{attack}\n{attack}\n```"),
                        format!("| {attack} | b |\n|---|---|\n| [1] | `{attack}` |"),
                        format!("[1] {attack}\n\n[1]: {attack}"),
                    ] {
                        assert_harmless(&to_html(&markdown, std::slice::from_ref(&named)));
                    }
                    assert_harmless(&to_html("So it is.[1]", &[gone]));
                    assert_harmless(&plain_to_html(attack));
                }
            }
        }
        assert!(attacks > 1000, "only {attacks} attacks were tried");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]
        #[test]
        fn no_input_yields_a_tag_or_attribute_that_can_run_anything(pieces in prop::collection::vec(
            prop_oneof![
                Just("<script>".to_owned()), Just("</script>".to_owned()), Just("<img src=x onerror=alert(1)>".to_owned()),
                Just("[x](javascript:alert(1))".to_owned()), Just("[a](https://x.example/\"onclick=\"y)".to_owned()),
                Just("[1]".to_owned()), Just("[1]: javascript:x".to_owned()), Just("\n\n".to_owned()), Just("\n".to_owned()),
                Just("```\" onload=\"x\n".to_owned()), Just("<javascript:alert(1)>".to_owned()), Just("<a@b.example>".to_owned()),
                Just("![x](".to_owned()), Just("](".to_owned()), Just("[".to_owned()), Just("| a | b |\n|---|---|\n".to_owned()),
                Just("<!-- ".to_owned()), Just("&lt;script&gt;".to_owned()), Just("&#x6a;avascript:".to_owned()), ".{0,12}",
            ], 0..14)) {
            assert_harmless(&to_html(&pieces.concat(), &[citation(1)]));
        }
    }
}
