//! What a PROPFIND asks for.

use croft_model::Problem;

use super::property::{ALL, PROPERTIES, Property, is_ours};
use crate::xml::{DAV, Element, malformed};

/// Properties of one request. Clients ask for some thirty.
const MAX_PROPERTIES: usize = 128;

/// What is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Query {
    /// The usual properties with their values, and these.
    All(Vec<Wanted>),
    /// The names of all properties.
    Names,
    /// These.
    These(Vec<Wanted>),
}

/// A property that was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Wanted {
    Known(Property),
    /// Not one of the box's own: a client may have set it.
    Dead {
        namespace: String,
        name: String,
    },
}

impl Query {
    /// Reads the body of a PROPFIND; nothing at all means all.
    pub(super) fn parse(body: &[u8]) -> Result<Self, Problem> {
        if body.trim_ascii().is_empty() {
            return Ok(Self::All(Vec::new()));
        }
        let document = Element::parse(body)?;
        if !document.is("propfind") {
            return Err(malformed());
        }
        // What is asked for twice is asked for by the first; elements that are not known are passed over (RFC 4918, section 17).
        for element in document.elements().filter(|element| element.namespace == DAV) {
            match element.name.as_str() {
                "allprop" => {
                    let mut included = document.child("include").map_or(Ok(Vec::new()), wanted)?;
                    included.retain(|wanted| !matches!(wanted, Wanted::Known(property) if ALL.contains(property)));
                    return Ok(Self::All(included));
                }
                "propname" => return Ok(Self::Names),
                "prop" => return wanted(element).map(Self::These),
                _ => {}
            }
        }
        Err(malformed())
    }

    /// Reads the `select` of a SEARCH.
    pub(in crate::methods) fn of_select(select: &Element) -> Result<Self, Problem> {
        if select.child("allprop").is_some() {
            return Ok(Self::All(Vec::new()));
        }
        select.child("prop").map_or_else(|| Err(malformed()), wanted).map(Self::These)
    }

    /// The same for a listing that is made as a whole: what is not the box's own is not answered.
    pub(in crate::methods) fn of_few(body: &[u8]) -> Result<Self, Problem> {
        let mut query = Self::parse(body)?;
        if let Self::All(wanted) | Self::These(wanted) = &mut query {
            wanted.retain(|wanted| matches!(wanted, Wanted::Known(_)));
        }
        Ok(query)
    }

    /// Whether properties that clients have set are to be answered, too.
    pub(super) fn asks_for_dead(&self) -> bool {
        match self {
            Self::All(_) | Self::Names => true,
            // Sync clients ask for much that the box does not know, all of it in namespaces in which nobody else can set anything.
            Self::These(wanted) => wanted.iter().any(|wanted| matches!(wanted, Wanted::Dead { namespace, .. } if !is_ours(namespace))),
        }
    }

    /// Whether all below a folder has to be counted for it.
    pub(crate) fn needs_size(&self) -> bool {
        self.known().iter().any(|property| property.needs_size())
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

fn known(wanted: &[Wanted]) -> impl Iterator<Item = Property> {
    wanted.iter().filter_map(|wanted| if let Wanted::Known(property) = wanted { Some(*property) } else { None })
}

/// The properties that the elements in `list` name, each once.
fn wanted(list: &Element) -> Result<Vec<Wanted>, Problem> {
    let mut found = Vec::new();
    for element in list.elements() {
        let wanted = Property::find(&element.namespace, &element.name)
            .map_or_else(|| Wanted::Dead { namespace: element.namespace.clone(), name: element.name.clone() }, Wanted::Known);
        if !found.contains(&wanted) {
            found.push(wanted);
        }
        if found.len() > MAX_PROPERTIES {
            return Err(Problem::new(400, "too-many-properties", format!("A request may name at most {MAX_PROPERTIES} properties.")));
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents_are_read_as_clients_write_them() {
        let check = |body: &str, expected: Option<Query>| assert_eq!(Query::parse(body.as_bytes()).ok(), expected, "{body}");
        let unknown = |namespace: &str, name: &str| Wanted::Dead { namespace: namespace.into(), name: name.into() };
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

    croft_fuzz::target! {
        /// A request names each property once and no more than the limit of them; one that is refused hears why.
        fn listings(input) {
            match Query::parse(input) {
                Ok(Query::All(wanted) | Query::These(wanted)) => {
                    assert!(wanted.len() <= MAX_PROPERTIES);
                    assert!(wanted.iter().enumerate().all(|(index, one)| !wanted[..index].contains(one)));
                }
                Ok(Query::Names) => {}
                Err(problem) => assert!(["xml-malformed", "too-many-properties"].contains(&problem.code.as_str())),
            }
        }
    }
}
