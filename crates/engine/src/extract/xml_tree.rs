//! XML as a tree of elements, without entities of its own, external parts or unbounded depth.

use std::collections::HashSet;
use std::rc::Rc;

use quick_xml::Reader;
use quick_xml::escape::{resolve_predefined_entity, unescape};
use quick_xml::events::{BytesStart, Event};

use super::ExtractError;

#[derive(Debug)]
pub(super) struct Element {
    /// Without its prefix: the formats read here never use one name in two meanings.
    pub name: Rc<str>,
    attributes: Vec<(Rc<str>, String)>,
    pub children: Vec<Child>,
}

#[derive(Debug)]
pub(super) enum Child {
    Element(Element),
    Text(String),
}

impl Element {
    /// An attribute's value by its name without prefix, or with it when `wanted` has one.
    pub fn attribute(&self, wanted: &str) -> Option<&str> {
        let matches = |name: &str| {
            if wanted.contains(':') {
                name == wanted
            } else {
                name.rsplit(':').next() == Some(wanted)
            }
        };
        self.attributes
            .iter()
            .find(|(name, _)| matches(name))
            .map(|(_, value)| value.as_str())
    }

    /// All children that are elements.
    pub fn all_elements(&self) -> impl DoubleEndedIterator<Item = &Element> {
        self.children.iter().filter_map(|child| match child {
            Child::Element(element) => Some(element),
            Child::Text(_) => None,
        })
    }

    /// Children of this name.
    pub fn elements<'e>(&'e self, name: &'e str) -> impl Iterator<Item = &'e Element> {
        self.all_elements().filter(move |element| &*element.name == name)
    }

    /// The first child of this name.
    pub fn child(&self, name: &str) -> Option<&Element> {
        self.all_elements().find(|element| &*element.name == name)
    }

    /// The element that is reached by going down these names.
    pub fn at(&self, path: &[&str]) -> Option<&Element> {
        path.iter().try_fold(self, |element, name| element.child(name))
    }

    /// The first element of this name anywhere below.
    pub fn find(&self, name: &str) -> Option<&Element> {
        self.all_elements().find_map(|element| {
            if &*element.name == name {
                Some(element)
            } else {
                element.find(name)
            }
        })
    }

    /// All text below, as it stands.
    pub fn text(&self) -> String {
        let mut text = String::new();
        self.append_text(&mut text);
        text
    }

    fn append_text(&self, out: &mut String) {
        for child in &self.children {
            match child {
                Child::Element(element) => element.append_text(out),
                Child::Text(text) => out.push_str(text),
            }
        }
    }
}

/// Parses a document to its root element.
///
/// References to characters and to the five predefined entities are resolved; all others stay as they are written,
/// so a document cannot grow. Nesting beyond `max_depth` is an error.
pub(super) fn parse(text: &str, max_depth: usize) -> Result<Element, ExtractError> {
    let mut reader = Reader::from_str(text);
    reader.config_mut().allow_dangling_amp = true;
    let mut names = Names::default();
    let mut open: Vec<Element> = Vec::new();
    let mut root = None;
    loop {
        match reader.read_event().map_err(ExtractError::corrupt)? {
            Event::Start(tag) => {
                if open.len() >= max_depth {
                    return Err(ExtractError::TooLarge {
                        what: "nesting".to_owned(),
                        limit: format!("{max_depth} levels"),
                    });
                }
                open.push(names.element(&tag)?);
            }
            Event::Empty(tag) => close(names.element(&tag)?, &mut open, &mut root),
            Event::End(_) => {
                if let Some(element) = open.pop() {
                    close(element, &mut open, &mut root);
                }
            }
            Event::Text(text) => append(&mut open, &text.xml10_content()),
            Event::CData(text) => append(&mut open, &text.xml10_content()),
            Event::GeneralRef(reference) => {
                if let Ok(Some(c)) = reference.resolve_char_ref() {
                    append(&mut open, c.encode_utf8(&mut [0; 4]));
                } else if let Some(value) = resolve_predefined_entity(&reference) {
                    append(&mut open, value);
                } else {
                    append(&mut open, &format!("&{};", &*reference));
                }
            }
            Event::Comment(_) | Event::Decl(_) | Event::PI(_) | Event::DocType(_) => {}
            Event::Eof => break,
        }
    }
    match root {
        Some(root) if open.is_empty() => Ok(root),
        _ => Err(ExtractError::corrupt("the XML ends in the middle")),
    }
}

fn close(element: Element, open: &mut [Element], root: &mut Option<Element>) {
    match open.last_mut() {
        Some(parent) => parent.children.push(Child::Element(element)),
        // What follows the root is ignored.
        None => {
            root.get_or_insert(element);
        }
    }
}

fn append(open: &mut [Element], text: &str) {
    let Some(parent) = open.last_mut() else { return };
    match parent.children.last_mut() {
        Some(Child::Text(existing)) => existing.push_str(text),
        _ => parent.children.push(Child::Text(text.to_owned())),
    }
}

/// Each name once: a document repeats a few names very often.
#[derive(Default)]
struct Names(HashSet<Rc<str>>);

impl Names {
    fn shared(&mut self, name: &str) -> Rc<str> {
        if let Some(known) = self.0.get(name) {
            return Rc::clone(known);
        }
        let name: Rc<str> = name.into();
        self.0.insert(Rc::clone(&name));
        name
    }

    fn element(&mut self, tag: &BytesStart) -> Result<Element, ExtractError> {
        let name = self.shared(tag.name().0.rsplit(':').next().unwrap_or_default());
        let mut attributes = Vec::new();
        for attribute in tag.attributes() {
            let attribute = attribute.map_err(ExtractError::corrupt)?;
            // A value with a reference that is not known is kept as written.
            let value = unescape(&attribute.value).map_or_else(|_| attribute.value.to_string(), |v| v.into_owned());
            attributes.push((self.shared(attribute.key.0), value));
        }
        Ok(Element {
            name,
            attributes,
            children: Vec::new(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entities_of_the_document_are_never_expanded() {
        let bomb = "<!DOCTYPE a [<!ENTITY x \"boom\"><!ENTITY y SYSTEM \"file:///etc/passwd\">]><a b='&x;'>&x;&y;&lt;&#65;</a>";
        let root = parse(bomb, 10).unwrap();
        assert_eq!(root.text(), "&x;&y;<A");
        assert_eq!(root.attribute("b"), Some("&x;"));
    }

    #[test]
    fn depth_is_limited_and_broken_documents_are_refused() {
        assert_eq!(parse(&"<a>".repeat(11), 10).unwrap_err().code(), "too_large");
        assert_eq!(parse("<a><b></a>", 10).unwrap_err().code(), "corrupt");
        assert_eq!(parse("<a>", 10).unwrap_err().code(), "corrupt");
        assert_eq!(parse("", 10).unwrap_err().code(), "corrupt");
    }
}
