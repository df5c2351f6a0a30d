//! The element tree of a web page, as the HTML standard's parser builds it, held in one vector.

use std::borrow::Cow;
use std::cell::RefCell;
use std::rc::Rc;

use html5ever::interface::{ElementFlags, NodeOrText, QuirksMode, TreeSink};
use html5ever::tendril::{StrTendril, TendrilSink};
use html5ever::{Attribute, ParseOpts, QualName, parse_document};

/// Position of a node in its [`Tree`].
pub(super) type NodeId = usize;

pub(super) struct Tree {
    nodes: Vec<Node>,
}

pub(super) struct Node {
    parent: Option<NodeId>,
    pub children: Vec<NodeId>,
    pub content: Content,
}

pub(super) enum Content {
    Element {
        name: Rc<QualName>,
        attributes: Vec<Attribute>,
    },
    Text(String),
    /// The document itself, comments and declarations.
    Other,
}

impl Tree {
    pub const ROOT: NodeId = 0;

    pub fn parse(html: &str) -> Self {
        let sink = Sink {
            nodes: RefCell::new(vec![Node::new(Content::Other)]),
            nameless: Rc::new(nameless()),
        };
        parse_document(sink, ParseOpts::default()).one(StrTendril::from(html))
    }

    pub fn node(&self, id: NodeId) -> &Node {
        &self.nodes[id]
    }

    /// The name of an element; empty for everything else.
    pub fn name(&self, id: NodeId) -> &str {
        match &self.nodes[id].content {
            Content::Element { name, .. } => &name.local,
            _ => "",
        }
    }

    pub fn attribute(&self, id: NodeId, wanted: &str) -> Option<&str> {
        match &self.nodes[id].content {
            Content::Element { attributes, .. } => {
                attributes.iter().find(|a| &*a.name.local == wanted).map(|a| &*a.value)
            }
            _ => None,
        }
    }
}

impl Node {
    fn new(content: Content) -> Self {
        Self {
            parent: None,
            children: Vec::new(),
            content,
        }
    }
}

fn nameless() -> QualName {
    QualName::new(None, html5ever::ns!(), html5ever::local_name!(""))
}

/// Carries the name beside the position because the parser asks for names while it changes the tree.
#[derive(Clone)]
struct Handle {
    id: NodeId,
    name: Rc<QualName>,
}

struct Sink {
    nodes: RefCell<Vec<Node>>,
    nameless: Rc<QualName>,
}

impl Sink {
    fn create(&self, content: Content, name: Rc<QualName>) -> Handle {
        let mut nodes = self.nodes.borrow_mut();
        nodes.push(Node::new(content));
        Handle {
            id: nodes.len() - 1,
            name,
        }
    }

    /// Puts `child` among the children of `parent` at `position`; text joins the text before it.
    fn insert(&self, parent: NodeId, position: usize, child: NodeOrText<Handle>) {
        let id = match child {
            NodeOrText::AppendNode(handle) => {
                self.detach(handle.id);
                handle.id
            }
            NodeOrText::AppendText(text) => {
                let mut nodes = self.nodes.borrow_mut();
                let before = position.checked_sub(1).map(|at| nodes[parent].children[at]);
                if let Some(Content::Text(existing)) = before.map(|before| &mut nodes[before].content) {
                    existing.push_str(&text);
                    return;
                }
                nodes.push(Node::new(Content::Text(text.to_string())));
                nodes.len() - 1
            }
        };
        let mut nodes = self.nodes.borrow_mut();
        nodes[id].parent = Some(parent);
        // Detaching may have shortened the list.
        let position = position.min(nodes[parent].children.len());
        nodes[parent].children.insert(position, id);
    }

    fn detach(&self, id: NodeId) {
        let mut nodes = self.nodes.borrow_mut();
        if let Some(parent) = nodes[id].parent.take() {
            nodes[parent].children.retain(|&child| child != id);
        }
    }
}

impl TreeSink for Sink {
    type Handle = Handle;
    type Output = Tree;
    type ElemName<'a> = &'a QualName;

    fn finish(self) -> Tree {
        Tree {
            nodes: self.nodes.into_inner(),
        }
    }

    /// Pages with errors are the ordinary case.
    fn parse_error(&self, _message: Cow<'static, str>) {}

    fn get_document(&self) -> Handle {
        Handle {
            id: Tree::ROOT,
            name: Rc::clone(&self.nameless),
        }
    }

    fn elem_name<'a>(&'a self, target: &'a Handle) -> &'a QualName {
        &target.name
    }

    fn create_element(&self, name: QualName, attributes: Vec<Attribute>, _flags: ElementFlags) -> Handle {
        let name = Rc::new(name);
        self.create(
            Content::Element {
                name: Rc::clone(&name),
                attributes,
            },
            name,
        )
    }

    fn create_comment(&self, _text: StrTendril) -> Handle {
        self.create(Content::Other, Rc::clone(&self.nameless))
    }

    fn create_pi(&self, _target: StrTendril, _data: StrTendril) -> Handle {
        self.create(Content::Other, Rc::clone(&self.nameless))
    }

    fn append(&self, parent: &Handle, child: NodeOrText<Handle>) {
        let end = self.nodes.borrow()[parent.id].children.len();
        self.insert(parent.id, end, child);
    }

    fn append_before_sibling(&self, sibling: &Handle, child: NodeOrText<Handle>) {
        let Some(parent) = self.nodes.borrow()[sibling.id].parent else {
            return;
        };
        let place = self.nodes.borrow()[parent]
            .children
            .iter()
            .position(|&child| child == sibling.id);
        self.insert(parent, place.unwrap_or(0), child);
    }

    fn append_based_on_parent_node(&self, element: &Handle, previous: &Handle, child: NodeOrText<Handle>) {
        if self.nodes.borrow()[element.id].parent.is_some() {
            self.append_before_sibling(element, child);
        } else {
            self.append(previous, child);
        }
    }

    fn append_doctype_to_document(&self, _name: StrTendril, _public: StrTendril, _system: StrTendril) {}

    /// What a template holds is never shown; it may as well be its child.
    fn get_template_contents(&self, target: &Handle) -> Handle {
        target.clone()
    }

    fn same_node(&self, a: &Handle, b: &Handle) -> bool {
        a.id == b.id
    }

    fn set_quirks_mode(&self, _mode: QuirksMode) {}

    fn add_attrs_if_missing(&self, target: &Handle, added: Vec<Attribute>) {
        if let Content::Element { attributes, .. } = &mut self.nodes.borrow_mut()[target.id].content {
            for attribute in added {
                if attributes.iter().all(|a| a.name != attribute.name) {
                    attributes.push(attribute);
                }
            }
        }
    }

    fn remove_from_parent(&self, target: &Handle) {
        self.detach(target.id);
    }

    fn reparent_children(&self, node: &Handle, new_parent: &Handle) {
        let mut nodes = self.nodes.borrow_mut();
        let moved = std::mem::take(&mut nodes[node.id].children);
        for &child in &moved {
            nodes[child].parent = Some(new_parent.id);
        }
        nodes[new_parent.id].children.extend(moved);
    }
}
