//! What a PROPFIND asks for: an XML document of a stranger, read with every limit named.

use croft_model::Problem;
use quick_xml::{
    NsReader,
    events::Event,
    name::{LocalName, ResolveResult},
};

use super::property::{ALL, PROPERTIES, Property};

/// Properties of one request. Clients ask for some thirty.
const MAX_PROPERTIES: usize = 128;
/// Elements inside elements; the deepest that means something is 3.
const MAX_NESTING: usize = 16;
/// Bytes of a name or namespace that is sent back as not found.
const MAX_NAME: usize = 256;

/// What is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Query {
    /// The usual properties with their values, and these.
    All(Vec<Wanted>),
    /// The names of all properties.
    Names,
    /// These.
    These(Vec<Wanted>),
}

/// A property that was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Wanted {
    Known(Property),
    /// Not known here; sent back as not found.
    Unknown {
        namespace: String,
        name: String,
    },
}

/// The elements of a PROPFIND.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Asked {
    All,
    Names,
    Prop,
    Include,
}

impl Query {
    /// Reads the body of a PROPFIND; nothing at all means all.
    pub(super) fn parse(body: &[u8]) -> Result<Self, Problem> {
        if body.trim_ascii().is_empty() {
            return Ok(Self::All(Vec::new()));
        }
        let mut reader = NsReader::from_reader(body);
        let (mut nesting, mut query, mut within) = (0_usize, None, None);
        let (mut wanted, mut included) = (Vec::new(), Vec::new());
        let mut buffer = Vec::new();
        loop {
            let (namespace, event) = reader.read_resolved_event_into(&mut buffer).map_err(|_| malformed())?;
            let (start, empty) = match event {
                Event::Start(start) => (start, false),
                Event::Empty(start) => (start, true),
                Event::End(_) => {
                    nesting = nesting.checked_sub(1).ok_or_else(malformed)?;
                    continue;
                }
                Event::Eof if nesting == 0 => break,
                // A document type could define entities; no client needs one.
                Event::Eof | Event::DocType(_) => return Err(malformed()),
                _ => continue,
            };
            let namespace = text_of(namespace)?;
            let name = local(start.local_name())?;
            match (nesting, namespace.as_str(), name.as_str()) {
                (0, "DAV:", "propfind") => {}
                (0, ..) => return Err(malformed()),
                (1, "DAV:", element) => {
                    within = Asked::named(element);
                    // What is asked for twice is asked for by the first.
                    query = query.or(within.filter(|asked| *asked != Asked::Include));
                }
                (1, ..) => within = None,
                (2, ..) => match within {
                    Some(Asked::Prop) => add(&mut wanted, namespace, name)?,
                    Some(Asked::Include) => add(&mut included, namespace, name)?,
                    // RFC 4918, section 17: elements that are not known are passed over.
                    Some(Asked::All | Asked::Names) | None => {}
                },
                _ => {}
            }
            if !empty {
                nesting += 1;
            }
            if nesting > MAX_NESTING {
                return Err(malformed());
            }
            buffer.clear();
        }
        match query {
            Some(Asked::All) => {
                included.retain(|wanted| !matches!(wanted, Wanted::Known(property) if ALL.contains(property)));
                Ok(Self::All(included))
            }
            Some(Asked::Names) => Ok(Self::Names),
            Some(Asked::Prop) => Ok(Self::These(wanted)),
            Some(Asked::Include) | None => Err(malformed()),
        }
    }

    /// The known properties that are to be answered.
    pub(super) fn known(&self) -> Vec<Property> {
        match self {
            Self::All(included) => ALL.into_iter().chain(known(included)).collect(),
            Self::Names => PROPERTIES.iter().map(|(property, ..)| *property).collect(),
            Self::These(wanted) => known(wanted).collect(),
        }
    }
}

impl Asked {
    fn named(element: &str) -> Option<Self> {
        Some(match element {
            "allprop" => Self::All,
            "propname" => Self::Names,
            "prop" => Self::Prop,
            "include" => Self::Include,
            _ => return None,
        })
    }
}

fn known(wanted: &[Wanted]) -> impl Iterator<Item = Property> {
    wanted.iter().filter_map(|wanted| if let Wanted::Known(property) = wanted { Some(*property) } else { None })
}

fn add(list: &mut Vec<Wanted>, namespace: String, name: String) -> Result<(), Problem> {
    let wanted = Property::find(&namespace, &name).map_or(Wanted::Unknown { namespace, name }, Wanted::Known);
    if !list.contains(&wanted) {
        list.push(wanted);
    }
    if list.len() > MAX_PROPERTIES {
        return Err(Problem::new(400, "too-many-properties", format!("A request may name at most {MAX_PROPERTIES} properties.")));
    }
    Ok(())
}

fn text_of(namespace: ResolveResult<'_>) -> Result<String, Problem> {
    match namespace {
        ResolveResult::Unbound => Ok(String::new()),
        ResolveResult::Bound(namespace) => checked(namespace.as_ref(), |_| true),
        ResolveResult::Unknown(_) => Err(malformed()),
    }
}

/// Only what is surely a name: it is written into the answer as one.
fn local(name: LocalName<'_>) -> Result<String, Problem> {
    let name = checked(name.as_ref(), |letter| letter.is_alphanumeric() || matches!(letter, '-' | '_' | '.'))?;
    if name.starts_with(|first: char| first.is_alphabetic() || first == '_') { Ok(name) } else { Err(malformed()) }
}

fn checked(text: &str, allowed: impl Fn(char) -> bool) -> Result<String, Problem> {
    let good = text.len() <= MAX_NAME && text.chars().all(|letter| !letter.is_control() && allowed(letter));
    if good { Ok(text.to_owned()) } else { Err(malformed()) }
}

fn malformed() -> Problem {
    Problem::new(400, "xml-malformed", "The body is not a PROPFIND document of RFC 4918.")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn documents_are_read_as_clients_write_them() {
        let check = |body: &str, expected: Option<Query>| assert_eq!(Query::parse(body.as_bytes()).ok(), expected, "{body}");
        let unknown = |namespace: &str, name: &str| Wanted::Unknown { namespace: namespace.into(), name: name.into() };
        check("", Some(Query::All(Vec::new())));
        check("<propfind xmlns=\"DAV:\"><allprop/></propfind>", Some(Query::All(Vec::new())));
        check(
            "<propfind xmlns=\"DAV:\"><allprop/><include><quota-used-bytes/><getetag/><z/></include></propfind>",
            Some(Query::All(vec![Wanted::Known(Property::QuotaUsed), unknown("DAV:", "z")])),
        );
        check("<propfind xmlns=\"DAV:\"><new><x/></new><propname/><y xmlns=\"u:y\"><z/></y></propfind>", Some(Query::Names));
        check("<propfind xmlns='DAV:'><propname></propname></propfind>", Some(Query::Names));
        check(
            "<?xml version=\"1.0\"?><a:propfind xmlns:a=\"DAV:\" xmlns:o=\"http://owncloud.org/ns\">\n<a:prop><a:getetag/><o:fileid/><a:getetag></a:getetag><fileid/><z:z xmlns:z=\"u:z\"/></a:prop></a:propfind>",
            Some(Query::These(vec![
                Wanted::Known(Property::Etag),
                Wanted::Known(Property::FileId),
                unknown("", "fileid"),
                unknown("u:z", "z"),
            ])),
        );
        check("<propfind xmlns=\"DAV:\"><prop/></propfind>", Some(Query::These(Vec::new())));
        for bad in [
            "<",
            "nonsense",
            "<propfind/>",
            "<propfind xmlns=\"DAV:\"/>",
            "<propfind xmlns=\"DAV:\"><include><getetag/></include></propfind>",
            "<propfind xmlns=\"DAV:\"><prop><getetag></prop></propfind>",
            "<propfind xmlns=\"DAV:\"><prop><getetag/></prop>",
            "<!DOCTYPE a [<!ENTITY b \"c\">]><propfind xmlns=\"DAV:\"><allprop/></propfind>",
            "<propfind xmlns=\"DAV:\"><prop><x:y/></prop></propfind>",
            "<html/>",
        ] {
            check(bad, None);
        }
        check(&format!("<propfind xmlns=\"DAV:\"><prop>{}</prop></propfind>", "<a>".repeat(20)), None);
        let many: String = (0..200).map(|index| format!("<p{index}/>")).collect();
        check(&format!("<propfind xmlns=\"DAV:\"><prop>{many}</prop></propfind>"), None);
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_without_harm(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            let _ = Query::parse(&bytes);
        }

        #[test]
        fn any_markup_is_read_without_harm(body in "(<[/?!]?[a-c:]{0,5}( xmlns(:a)?=\"DAV:\")?/?>|[a-z&;]){0,20}") {
            let _ = Query::parse(body.as_bytes());
        }
    }
}
