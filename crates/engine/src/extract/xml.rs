//! XML of no particular kind: each element with text of its own is a line that says which one it is.

use super::xml_tree::{self, Child, Element};
use super::{ExtractError, writer::TextWriter};

pub(super) fn write(text: &str, writer: &mut TextWriter) -> Result<(), ExtractError> {
    match xml_tree::parse(text, writer.limits().max_depth) {
        Ok(root) => write_element(&root, writer),
        // Text it is all the same.
        Err(ExtractError::Corrupt { .. }) => writer.code(text),
        Err(other) => Err(other),
    }
}

fn write_element(element: &Element, writer: &mut TextWriter) -> Result<(), ExtractError> {
    let has_own_text = element
        .children
        .iter()
        .any(|child| matches!(child, Child::Text(text) if !text.trim().is_empty()));
    if !has_own_text {
        return element
            .all_elements()
            .try_for_each(|child| write_element(child, writer));
    }
    let text = element.text();
    // Feeds and exports carry whole web pages as text.
    if text.contains("</") || text.contains("/>") {
        return super::html::write_fragment(&text, writer);
    }
    let is_leaf = element.all_elements().next().is_none();
    let text = text.replace(['\n', '\r'], " ");
    if is_leaf {
        writer.paragraph(&format!("{}: {text}", element.name))
    } else {
        writer.paragraph(&text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::extract::Limits;

    fn read(xml: &str) -> String {
        let limits = Limits::default();
        let mut writer = TextWriter::new(&limits);
        write(xml, &mut writer).unwrap();
        let document = writer.finish().unwrap();
        document.validate().unwrap();
        document.text
    }

    #[test]
    fn elements_with_text_are_named() {
        let xml = "<feed><item><title>Tea</title><p>Green <b>and</b>\nblack.</p>\
                   <body>&lt;p&gt;Hot&lt;/p&gt;&lt;p&gt;cold&lt;/p&gt;</body></item></feed>";
        assert_eq!(read(xml), "title: Tea\n\nGreen and black.\n\nHot\n\ncold");
    }

    #[test]
    fn broken_xml_is_kept_as_it_is() {
        assert_eq!(
            read("<?xml version='1.0'?><a><b></a>"),
            "<?xml version='1.0'?><a><b></a>"
        );
    }
}
