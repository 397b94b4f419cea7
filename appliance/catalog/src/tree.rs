//! YAML, JSON and TOML as one tree of texts, lists and maps: bounded, with aliases and merges (`<<`) resolved, and scalars as they are written.

use std::{collections::HashMap, fmt};

use granit_parser::{Event, Parser, ScalarStyle};
use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, SeqAccess, Visitor},
};

/// Bytes of a manifest. The largest in the catalogues that were read has 90 KiB, nearly all of it descriptions.
pub(crate) const MAX_FILE_BYTES: usize = 1024 * 1024;
/// Lists and maps within each other. Compose needs some eight.
const MAX_DEPTH: usize = 32;
/// Nodes, copies by aliases included. The largest manifest that was read has 2 000.
const MAX_NODES: usize = 50_000;
/// Bytes of texts that aliases copy, so that few nodes with long texts are no way around the limit of nodes.
const MAX_COPIED_BYTES: usize = 4 * MAX_FILE_BYTES;

/// A piece of a manifest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Node {
    /// Nothing: `~`, `null` or an empty place.
    Null,
    /// A text, number or switch, as it is written.
    Text(String),
    /// A list.
    List(Vec<Node>),
    /// A map, in the order of the file.
    Map(Vec<(String, Node)>),
}

/// A text that is no manifest.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum TreeError {
    #[error("it is no YAML: {0}")]
    Yaml(String),
    #[error("it is no JSON: {0}")]
    Json(String),
    #[error("it is no TOML: {0}")]
    Toml(String),
    #[error("it has more than {MAX_FILE_BYTES} bytes")]
    TooLong,
    #[error("its lists and maps are more than {MAX_DEPTH} deep")]
    TooDeep,
    #[error("it has more than {MAX_NODES} values, with all that its aliases copy")]
    TooMany,
    #[error("the key `{0}` stands twice in one map")]
    Twice(String),
    #[error("the key of a map is no text")]
    NoKey,
    #[error("`<<` merges something that is no map")]
    NoMerge,
}

static NULL: Node = Node::Null;

impl Node {
    /// The first document of a YAML file.
    pub(crate) fn yaml(text: &str) -> Result<Self, TreeError> {
        if text.len() > MAX_FILE_BYTES {
            return Err(TreeError::TooLong);
        }
        Builder::default().read(text)
    }

    /// A JSON file.
    pub(crate) fn json(text: &str) -> Result<Self, TreeError> {
        if text.len() > MAX_FILE_BYTES {
            return Err(TreeError::TooLong);
        }
        let node: Self = serde_json::from_str(text).map_err(|error| TreeError::Json(error.to_string()))?;
        node.judged()
    }

    /// A TOML file.
    pub(crate) fn toml(text: &str) -> Result<Self, TreeError> {
        if text.len() > MAX_FILE_BYTES {
            return Err(TreeError::TooLong);
        }
        let node: Self = toml::from_str(text).map_err(|error| TreeError::Toml(error.message().to_owned()))?;
        node.judged()
    }

    /// What stands at `key` of a map; nothing where there is none.
    pub(crate) fn get(&self, key: &str) -> &Self {
        self.entries().iter().find(|(name, _)| name == key).map_or(&NULL, |(_, node)| node)
    }

    /// The entries of a map.
    pub(crate) fn entries(&self) -> &[(String, Self)] {
        if let Self::Map(entries) = self { entries } else { &[] }
    }

    /// The elements of a list; a value alone is a list of one, as compose has it.
    pub(crate) fn elements(&self) -> &[Self] {
        match self {
            Self::List(elements) => elements,
            Self::Text(_) => std::slice::from_ref(self),
            Self::Null | Self::Map(_) => &[],
        }
    }

    /// The elements of a list that are maps.
    pub(crate) fn maps(&self) -> impl Iterator<Item = &Self> {
        self.elements().iter().filter(|element| matches!(element, Self::Map(_)))
    }

    /// The text of a scalar.
    pub(crate) fn text(&self) -> Option<&str> {
        if let Self::Text(text) = self { Some(text) } else { None }
    }

    /// The text of a scalar, or an empty one.
    pub(crate) fn text_or_empty(&self) -> &str {
        self.text().unwrap_or_default()
    }

    /// The switch that a scalar is, in all ways of YAML.
    pub(crate) fn switch(&self) -> Option<bool> {
        match self.text()?.to_ascii_lowercase().as_str() {
            "true" | "yes" | "on" | "1" => Some(true),
            "false" | "no" | "off" | "0" => Some(false),
            _ => None,
        }
    }

    pub(crate) fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    /// The tree, when it keeps the limits.
    fn judged(self) -> Result<Self, TreeError> {
        let mut left = MAX_NODES;
        self.judge(MAX_DEPTH, &mut left)?;
        Ok(self)
    }

    fn judge(&self, depth: usize, left: &mut usize) -> Result<(), TreeError> {
        *left = left.checked_sub(1).ok_or(TreeError::TooMany)?;
        match self {
            Self::Null | Self::Text(_) => Ok(()),
            _ if depth == 0 => Err(TreeError::TooDeep),
            Self::List(elements) => elements.iter().try_for_each(|element| element.judge(depth - 1, left)),
            Self::Map(entries) => {
                if let Some(key) = twice(entries) {
                    return Err(TreeError::Twice(key.to_owned()));
                }
                entries.iter().try_for_each(|(_, node)| node.judge(depth - 1, left))
            }
        }
    }

    /// Nodes and bytes of texts.
    fn size(&self) -> (usize, usize) {
        let sum = |(nodes, bytes): (usize, usize), (more, longer): (usize, usize)| (nodes + more, bytes + longer);
        match self {
            Self::Null => (1, 0),
            Self::Text(text) => (1, text.len()),
            Self::List(elements) => elements.iter().map(Self::size).fold((1, 0), sum),
            Self::Map(entries) => entries.iter().map(|(key, node)| sum(node.size(), (0, key.len()))).fold((1, 0), sum),
        }
    }
}

/// A key that stands twice.
fn twice(entries: &[(String, Node)]) -> Option<&str> {
    let mut keys: Vec<&str> = entries.iter().map(|(key, _)| key.as_str()).collect();
    keys.sort_unstable();
    keys.windows(2).find(|pair| matches!(pair, [a, b] if a == b)).and_then(|pair| pair.first().copied())
}

/// A list or map that has not ended.
enum Open {
    List(Vec<Node>, usize),
    Map { entries: Vec<(String, Node)>, merged: Vec<Node>, key: Option<String>, anchor: usize },
}

#[derive(Default)]
struct Builder {
    open: Vec<Open>,
    anchors: HashMap<usize, Node>,
    nodes: usize,
    copied_bytes: usize,
    root: Option<Node>,
}

impl Builder {
    fn read(mut self, text: &str) -> Result<Node, TreeError> {
        let wrong = |error: granit_parser::ScanError| TreeError::Yaml(error.to_string());
        for event in Parser::new_from_str(text) {
            match event.map_err(wrong)?.0 {
                Event::Scalar(text, style, anchor, tag) => {
                    let plain = style == ScalarStyle::Plain && tag.is_none();
                    let node = if plain && matches!(text.as_ref(), "" | "~" | "null" | "Null" | "NULL") {
                        Node::Null
                    } else {
                        Node::Text(text.into_owned())
                    };
                    self.count(1, 0)?;
                    self.keep(anchor, &node);
                    self.put(node)?;
                }
                Event::Alias(anchor) => {
                    let node =
                        self.anchors.get(&anchor).cloned().ok_or_else(|| TreeError::Yaml("an alias within what it names".to_owned()))?;
                    let (nodes, bytes) = node.size();
                    self.count(nodes, bytes)?;
                    self.put(node)?;
                }
                Event::SequenceStart(_, anchor, _) => self.begin(Open::List(Vec::new(), anchor))?,
                Event::MappingStart(_, anchor, _) => {
                    self.begin(Open::Map { entries: Vec::new(), merged: Vec::new(), key: None, anchor })?
                }
                Event::SequenceEnd | Event::MappingEnd => self.end()?,
                Event::DocumentEnd => break,
                _ => {}
            }
        }
        Ok(self.root.unwrap_or(Node::Null))
    }

    fn count(&mut self, nodes: usize, copied_bytes: usize) -> Result<(), TreeError> {
        self.nodes += nodes;
        self.copied_bytes += copied_bytes;
        if self.nodes > MAX_NODES || self.copied_bytes > MAX_COPIED_BYTES { Err(TreeError::TooMany) } else { Ok(()) }
    }

    fn keep(&mut self, anchor: usize, node: &Node) {
        if anchor != 0 {
            self.anchors.insert(anchor, node.clone());
        }
    }

    fn begin(&mut self, open: Open) -> Result<(), TreeError> {
        self.count(1, 0)?;
        self.open.push(open);
        if self.open.len() > MAX_DEPTH { Err(TreeError::TooDeep) } else { Ok(()) }
    }

    fn end(&mut self) -> Result<(), TreeError> {
        let (node, anchor) = match self.open.pop() {
            Some(Open::List(elements, anchor)) => (Node::List(elements), anchor),
            Some(Open::Map { mut entries, merged, anchor, .. }) => {
                if let Some(key) = twice(&entries) {
                    return Err(TreeError::Twice(key.to_owned()));
                }
                for (key, node) in merged.into_iter().flat_map(|map| if let Node::Map(entries) = map { entries } else { Vec::new() }) {
                    if !entries.iter().any(|(own, _)| *own == key) {
                        entries.push((key, node));
                    }
                }
                (Node::Map(entries), anchor)
            }
            None => return Ok(()),
        };
        // What is anchored is kept a second time, so it counts as copied.
        if anchor != 0 {
            let (nodes, bytes) = node.size();
            self.count(nodes, bytes)?;
        }
        self.keep(anchor, &node);
        self.put(node)
    }

    /// `node` as the next of what is open.
    fn put(&mut self, node: Node) -> Result<(), TreeError> {
        match self.open.last_mut() {
            None => self.root = Some(node),
            Some(Open::List(elements, _)) => elements.push(node),
            Some(Open::Map { entries, merged, key, .. }) => match (key.take(), node) {
                (None, Node::Text(text)) => *key = Some(text),
                (None, Node::Null) => *key = Some(String::new()),
                (None, _) => return Err(TreeError::NoKey),
                (Some(name), node) if name == "<<" => match node {
                    node @ Node::Map(_) => merged.push(node),
                    Node::List(maps) if maps.iter().all(|map| matches!(map, Node::Map(_))) => merged.extend(maps),
                    _ => return Err(TreeError::NoMerge),
                },
                (Some(name), node) => entries.push((name, node)),
            },
        }
        Ok(())
    }
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(NodeVisitor)
    }
}

struct NodeVisitor;

impl<'de> Visitor<'de> for NodeVisitor {
    type Value = Node;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text, a number, a switch, a list or a map")
    }

    fn visit_unit<E>(self) -> Result<Node, E> {
        Ok(Node::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Node, E> {
        Ok(Node::Text(value.to_string()))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Node, E> {
        Ok(Node::Text(value.to_string()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Node, E> {
        Ok(Node::Text(value.to_string()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Node, E> {
        Ok(Node::Text(value.to_string()))
    }

    fn visit_str<E>(self, value: &str) -> Result<Node, E> {
        Ok(Node::Text(value.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Node, A::Error> {
        let mut elements = Vec::new();
        while let Some(element) = list.next_element()? {
            elements.push(element);
        }
        Ok(Node::List(elements))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Node, A::Error> {
        let mut entries = Vec::new();
        while let Some(entry) = map.next_entry()? {
            entries.push(entry);
        }
        Ok(Node::Map(entries))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flat(node: &Node) -> String {
        match node {
            Node::Null => "~".into(),
            Node::Text(text) => text.clone(),
            Node::List(elements) => format!("[{}]", elements.iter().map(flat).collect::<Vec<_>>().join(",")),
            Node::Map(entries) => {
                format!("{{{}}}", entries.iter().map(|(key, node)| format!("{key}:{}", flat(node))).collect::<Vec<_>>().join(","))
            }
        }
    }

    #[test]
    fn scalars_stay_as_they_are_written() {
        let read = |text| flat(&Node::yaml(text).unwrap());
        assert_eq!(read("a: 1.10\nb: 010\nc: yes\nd: '~'\ne: ~\nf:\n1: \"x\\ty\""), "{a:1.10,b:010,c:yes,d:~,e:~,f:~,1:x\ty}");
        assert_eq!(Node::yaml("d: '~'").unwrap().get("d"), &Node::Text("~".into()));
        assert_eq!(read(""), "~");
        assert_eq!(read("a: 1\n---\na: 2"), "{a:1}");
        assert_eq!(flat(&Node::json(r#"{"a":[1,true,null,"x"]}"#).unwrap()), "{a:[1,true,~,x]}");
        assert_eq!(flat(&Node::toml("a = [1, true]\n[b]\nc = 'x'").unwrap()), "{a:[1,true],b:{c:x}}");
    }

    #[test]
    fn aliases_and_merges_are_resolved() {
        let read = |text| flat(&Node::yaml(text).unwrap());
        assert_eq!(read("a: &x {b: 1, c: 2}\nd: *x\ne: {<<: *x, b: 3}"), "{a:{b:1,c:2},d:{b:1,c:2},e:{b:3,c:2}}");
        assert_eq!(read("a: &x {b: 1}\nc: &y {b: 2, d: 3}\ne: {<<: [*x, *y]}"), "{a:{b:1},c:{b:2,d:3},e:{b:1,d:3}}");
    }

    #[test]
    fn what_is_wrong_or_grows_is_refused() {
        let error = |text: &str| Node::yaml(text).unwrap_err();
        assert_eq!(error("a: 1\na: 2"), TreeError::Twice("a".into()));
        assert_eq!(error("[a]: 1"), TreeError::NoKey);
        assert_eq!(error("<<: 1"), TreeError::NoMerge);
        assert!(matches!(error("a: *x"), TreeError::Yaml(_)));
        assert!(matches!(error("a: &x [*x]"), TreeError::Yaml(_)));
        assert!(matches!(error("a: [\t"), TreeError::Yaml(_)));
        assert_eq!(error(&format!("{}{}", "[".repeat(MAX_DEPTH + 1), "]".repeat(MAX_DEPTH + 1))), TreeError::TooDeep);
        assert_eq!(error(&"- a\n".repeat(MAX_NODES + 1)), TreeError::TooMany);
        assert_eq!(error(&"a".repeat(MAX_FILE_BYTES + 1)), TreeError::TooLong);
        let laughs: String = (1..12).map(|n| format!("a{n}: &a{n} [{}]\n", vec![format!("*a{}", n - 1); 10].join(","))).collect();
        assert_eq!(error(&format!("a0: &a0 x\n{laughs}")), TreeError::TooMany);
        let long = format!("a: &a \"{}\"\nb: [{}]", "x".repeat(MAX_FILE_BYTES / 2), vec!["*a"; 100].join(","));
        assert_eq!(error(&long), TreeError::TooMany);
        assert!(matches!(Node::json("{\"a\":1,\"a\":2}"), Err(TreeError::Twice(_))));
        assert!(matches!(Node::json("{"), Err(TreeError::Json(_))));
        assert!(matches!(Node::toml("a"), Err(TreeError::Toml(_))));
        assert_eq!(Node::json(&format!("{}{}", "[".repeat(MAX_DEPTH + 1), "]".repeat(MAX_DEPTH + 1))), Err(TreeError::TooDeep));
    }
}
