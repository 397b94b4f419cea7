//! XML documents of strangers: read whole with every limit named, and written so that they mean the same wherever they are put.

use croft_api::xml::escaped;
use croft_model::Problem;
use quick_xml::{
    NsReader,
    escape::unescape,
    events::{BytesStart, Event},
    name::{NamespaceResolver, ResolveResult},
};

/// Elements inside elements. The deepest that WebDAV means something by is 4; properties of clients may hold more.
const MAX_NESTING: usize = 16;
/// Bytes of a name or namespace.
const MAX_NAME: usize = 256;
/// Attributes of an element, declarations of namespaces among them: each is compared with the others.
const MAX_ATTRIBUTES: usize = 64;
/// Bytes of all tags of a document as it is written: each names its namespace anew, so that a small body could become a large one.
const MAX_TAGS: usize = 1024 * 1024;
/// The namespace of `xml:lang`, which every document knows without saying so.
const XML: &str = "http://www.w3.org/XML/1998/namespace";
/// The namespace of what declares others.
const XMLNS: &str = "http://www.w3.org/2000/xmlns/";
/// The namespace of WebDAV.
pub(crate) const DAV: &str = "DAV:";

/// An element with all that is in it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Element {
    /// Empty for none.
    pub(crate) namespace: String,
    pub(crate) name: String,
    attributes: Vec<Attribute>,
    content: Vec<Content>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Attribute {
    namespace: String,
    name: String,
    value: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Content {
    Element(Element),
    Text(String),
}

impl Element {
    /// Reads a document. Entities beyond those that XML itself has are unknown, and a document type is refused: it could define some.
    pub(crate) fn parse(body: &[u8]) -> Result<Self, Problem> {
        let text = std::str::from_utf8(body).map_err(|_| malformed())?;
        let mut reader = NsReader::from_str(text.trim_start_matches('\u{feff}'));
        let (mut open, mut root, mut tags): (Vec<Self>, Option<Self>, usize) = (Vec::new(), None, 0);
        loop {
            if tags > MAX_TAGS {
                return Err(malformed());
            }
            let (namespace, event) = reader.read_resolved_event().map_err(|_| malformed())?;
            let namespace = known(&namespace);
            let closed = match event {
                Event::Start(start) => {
                    let begun = Self::begun(namespace?, &start, reader.resolver())?;
                    tags += begun.tags();
                    open.push(begun);
                    if open.len() > MAX_NESTING {
                        return Err(malformed());
                    }
                    continue;
                }
                Event::Empty(start) => {
                    let whole = Self::begun(namespace?, &start, reader.resolver())?;
                    tags += whole.tags();
                    whole
                }
                Event::End(_) => open.pop().ok_or_else(malformed)?,
                Event::Text(text) => {
                    add_text(&mut open, &text.xml10_content())?;
                    continue;
                }
                Event::CData(text) => {
                    add_text(&mut open, &text.xml10_content())?;
                    continue;
                }
                Event::GeneralRef(reference) => {
                    let letter = reference.resolve_char_ref().map_err(|_| malformed())?;
                    let letter = letter.or_else(|| predefined(&reference.xml10_content())).ok_or_else(malformed)?;
                    add_text(&mut open, letter.encode_utf8(&mut [0; 4]))?;
                    continue;
                }
                Event::Decl(_) | Event::PI(_) | Event::Comment(_) => continue,
                Event::DocType(_) => return Err(malformed()),
                Event::Eof if open.is_empty() => return root.ok_or_else(malformed),
                Event::Eof => return Err(malformed()),
            };
            match open.last_mut() {
                Some(parent) => parent.content.push(Content::Element(closed)),
                None if root.is_none() => root = Some(closed),
                None => return Err(malformed()),
            }
        }
    }

    fn begun(namespace: String, start: &BytesStart<'_>, resolver: &NamespaceResolver) -> Result<Self, Problem> {
        let mut attributes: Vec<Attribute> = Vec::new();
        for (index, attribute) in start.attributes().enumerate() {
            let attribute = attribute.map_err(|_| malformed())?;
            if index >= MAX_ATTRIBUTES {
                return Err(malformed());
            }
            if attribute.key.as_namespace_binding().is_some() {
                continue;
            }
            let (namespace, name) = resolver.resolve_attribute(attribute.key);
            let value = attribute.normalized_value(quick_xml::XmlVersion::Implicit1_0).map_err(|_| malformed())?;
            let (namespace, name) = (known(&namespace)?, local(name.as_ref())?);
            // Under two prefixes it may still be one.
            if !value.chars().all(is_allowed) || attributes.iter().any(|known| known.namespace == namespace && known.name == name) {
                return Err(malformed());
            }
            attributes.push(Attribute { namespace, name, value: value.into_owned() });
        }
        // No document may give these to a prefix of its own.
        if [XML, XMLNS].contains(&namespace.as_str()) {
            return Err(malformed());
        }
        Ok(Self { namespace, name: local(start.local_name().as_ref())?, attributes, content: Vec::new() })
    }

    /// Bytes of its tags as they are written, at most.
    fn tags(&self) -> usize {
        /// Brackets, quotes, prefixes, and their declarations.
        const AROUND: usize = 32;
        let attribute =
            |attribute: &Attribute| AROUND + escaped(&attribute.namespace).len() + attribute.name.len() + escaped(&attribute.value).len();
        AROUND + escaped(&self.namespace).len() + 2 * self.name.len() + self.attributes.iter().map(attribute).sum::<usize>()
    }

    /// Whether it is WebDAV's element `name`.
    pub(crate) fn is(&self, name: &str) -> bool {
        self.namespace == DAV && self.name == name
    }

    /// The elements in it, in order.
    pub(crate) fn elements(&self) -> impl Iterator<Item = &Self> {
        self.content.iter().filter_map(|content| match content {
            Content::Element(element) => Some(element),
            Content::Text(_) => None,
        })
    }

    /// The text in it, without that of its elements.
    pub(crate) fn text(&self) -> String {
        let texts = self.content.iter().map(|content| match content {
            Content::Text(text) => text.as_str(),
            Content::Element(_) => "",
        });
        texts.collect()
    }

    /// The first of WebDAV's elements `name` in it.
    pub(crate) fn child(&self, name: &str) -> Option<&Self> {
        self.elements().find(|element| element.is(name))
    }

    /// The element as XML that needs no declaration from outside.
    pub(crate) fn write(&self, out: &mut String) {
        let tag = if self.namespace.is_empty() { self.name.clone() } else { format!("x:{}", self.name) };
        let binding = if self.namespace.is_empty() { "xmlns" } else { "xmlns:x" };
        out.push_str(&format!("<{tag} {binding}=\"{}\"", escaped(&self.namespace)));
        for (index, attribute) in self.attributes.iter().enumerate() {
            let Attribute { namespace, name, value } = attribute;
            let value = escaped(value);
            match namespace.as_str() {
                "" => out.push_str(&format!(" {name}=\"{value}\"")),
                XML => out.push_str(&format!(" xml:{name}=\"{value}\"")),
                _ => out.push_str(&format!(" xmlns:a{index}=\"{}\" a{index}:{name}=\"{value}\"", escaped(namespace))),
            }
        }
        if self.content.is_empty() {
            out.push_str("/>");
            return;
        }
        out.push('>');
        for content in &self.content {
            match content {
                Content::Element(element) => element.write(out),
                Content::Text(text) => out.push_str(&escaped(text)),
            }
        }
        out.push_str(&format!("</{tag}>"));
    }

    /// See [`Element::write`].
    pub(crate) fn to_xml(&self) -> String {
        let mut out = String::new();
        self.write(&mut out);
        out
    }
}

/// Text belongs to the innermost element; around the outermost there may only be spaces.
fn add_text(open: &mut [Element], text: &str) -> Result<(), Problem> {
    if !text.chars().all(is_allowed) {
        return Err(malformed());
    }
    match open.last_mut() {
        Some(_) if text.is_empty() => {}
        Some(element) => match element.content.last_mut() {
            Some(Content::Text(known)) => known.push_str(text),
            _ => element.content.push(Content::Text(text.to_owned())),
        },
        None if text.trim().is_empty() => {}
        None => return Err(malformed()),
    }
    Ok(())
}

/// Whether a document may have this character at all (XML 1.0, section 2.2).
fn is_allowed(letter: char) -> bool {
    matches!(letter, '\t' | '\n' | '\r' | ' '..='\u{fffd}' | '\u{10000}'..)
}

fn predefined(entity: &str) -> Option<char> {
    Some(match entity {
        "amp" => '&',
        "lt" => '<',
        "gt" => '>',
        "quot" => '"',
        "apos" => '\'',
        _ => return None,
    })
}

fn known(namespace: &ResolveResult<'_>) -> Result<String, Problem> {
    match namespace {
        ResolveResult::Unbound => Ok(String::new()),
        // The reader gives it as it was written.
        ResolveResult::Bound(namespace) => checked(&unescape(namespace.as_ref()).map_err(|_| malformed())?, is_allowed),
        ResolveResult::Unknown(_) => Err(malformed()),
    }
}

/// Only what is a name without a colon: it is written into answers as one (XML 1.0, section 2.3).
fn local(name: &str) -> Result<String, Problem> {
    let name = checked(name, |letter| {
        begins_name(letter) || matches!(letter, '-' | '.' | '0'..='9' | '\u{b7}' | '\u{300}'..='\u{36f}' | '\u{203f}'..='\u{2040}')
    })?;
    if name.starts_with(begins_name) { Ok(name) } else { Err(malformed()) }
}

fn begins_name(letter: char) -> bool {
    matches!(letter, 'A'..='Z' | 'a'..='z' | '_' | '\u{c0}'..='\u{d6}' | '\u{d8}'..='\u{f6}' | '\u{f8}'..='\u{2ff}' | '\u{370}'..='\u{37d}'
        | '\u{37f}'..='\u{1fff}' | '\u{200c}'..='\u{200d}' | '\u{2070}'..='\u{218f}' | '\u{2c00}'..='\u{2fef}' | '\u{3001}'..='\u{d7ff}'
        | '\u{f900}'..='\u{fdcf}' | '\u{fdf0}'..='\u{fffd}' | '\u{10000}'..='\u{effff}')
}

fn checked(text: &str, allowed: impl Fn(char) -> bool) -> Result<String, Problem> {
    let good = text.len() <= MAX_NAME && text.chars().all(|letter| !letter.is_control() && allowed(letter));
    if good { Ok(text.to_owned()) } else { Err(malformed()) }
}

/// The body is no document that means something here.
pub(crate) fn malformed() -> Problem {
    Problem::new(400, "xml-malformed", "The body is not an XML document that this request may carry.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_is_written_so_that_it_stands_alone() {
        let check = |body: &str, expected: &str| assert_eq!(Element::parse(body.as_bytes()).unwrap().to_xml(), expected, "{body}");
        check("<a/>", "<a xmlns=\"\"/>");
        check(
            "<?xml version='1.0'?>\n<a xmlns='u:a'>x &amp; &#65;<b/></a>\n",
            "<x:a xmlns:x=\"u:a\">x &amp; A<x:b xmlns:x=\"u:a\"/></x:a>",
        );
        check("<p:a xmlns:p='u:p'><c xmlns='' d='1'/></p:a>", "<x:a xmlns:x=\"u:p\"><c xmlns=\"\" d=\"1\"/></x:a>");
        check(
            "<a xml:lang='de' q:b='&lt;' xmlns:q='u:q'><![CDATA[<&]]></a>",
            "<a xmlns=\"\" xml:lang=\"de\" xmlns:a1=\"u:q\" a1:b=\"&lt;\">&lt;&amp;</a>",
        );
        check("<a>&#x10000;</a>", "<a xmlns=\"\">\u{10000}</a>");
    }

    #[test]
    fn what_is_written_is_read_as_the_same() {
        let check = |body: &str| {
            let element = Element::parse(body.as_bytes()).unwrap();
            assert_eq!(Element::parse(element.to_xml().as_bytes()).unwrap(), element, "{body}");
        };
        check("<a xmlns='u:a' xml:lang='de'> x <b xmlns:q='u:q' q:c='d&#10;e'>&lt;&#9;</b> y </a>");
        check("<q:a xmlns:q='u:q'><b><q:c/></b></q:a>");
    }

    #[test]
    fn what_is_no_document_is_refused() {
        let deep = |depth: usize| format!("{}{}", "<a>".repeat(depth), "</a>".repeat(depth));
        assert!(Element::parse(deep(MAX_NESTING).as_bytes()).is_ok());
        for bad in [
            "",
            "x",
            "<a>",
            "<a/><b/>",
            "<a></b>",
            "<p:a/>",
            "<a p:b='c'/>",
            "<a>&other;</a>",
            "<!DOCTYPE a [<!ENTITY b \"c\">]><a>&b;</a>",
            "<a b='1' b='2'/>",
            "<\u{b5}/>",
            "<a\u{b2}/>",
            "<xml:a/>",
            "<a><xml:lang/></a>",
            &deep(MAX_NESTING + 1),
        ] {
            assert!(Element::parse(bad.as_bytes()).is_err(), "{bad}");
        }
        assert!(Element::parse(b"<a>\xff</a>").is_err());
    }

    #[test]
    fn no_document_grows_or_keeps_anybody_waiting() {
        let check = |body: String, good| assert_eq!(Element::parse(body.as_bytes()).is_ok(), good, "{} bytes", body.len());
        let attributes = |count: usize| (0..count).map(|number| format!(" a{number}=''")).collect::<String>();
        check(format!("<a{}/>", attributes(MAX_ATTRIBUTES)), true);
        check(format!("<a{}/>", attributes(MAX_ATTRIBUTES + 1)), false);
        let namespace = "\"".repeat(MAX_NAME);
        let elements = |count: usize| format!("<a xmlns='{namespace}'>{}</a>", "<b/>".repeat(count));
        check(elements(500), true);
        check(elements(15_000), false);
    }

    croft_fuzz::target! {
        /// What is read is written so that it stands alone and is read as the same. It is no larger than the limit of tags, and six bytes for each of
        /// its text.
        fn documents(input) {
            match Element::parse(input) {
                Ok(element) => {
                    let written = element.to_xml();
                    assert!(written.len() <= MAX_TAGS + 6 * input.len());
                    assert_eq!(Element::parse(written.as_bytes()).unwrap(), element);
                }
                Err(problem) => assert_eq!(problem.code, "xml-malformed"),
            }
        }
    }
}
