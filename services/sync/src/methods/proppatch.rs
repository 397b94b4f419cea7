//! PROPPATCH (RFC 4918, section 9.2): properties that clients set. All of a request's changes are made, or none.

use std::sync::Arc;

use croft_api::xml::escaped;
use croft_model::Problem;

use super::{Ground, Request, address, document, propfind::is_ours};
use crate::{
    error::Failure,
    exchange::{Answer, Exchange},
    space::{DeadProperty, Space, blocking, locks::Touch},
    xml::{Element, malformed},
};

/// Properties that clients may set on one entry.
const MAX_PROPERTIES: usize = 64;
/// Bytes of one with its value.
const MAX_PROPERTY: usize = 16 * 1024;

/// One change.
#[derive(Debug, PartialEq, Eq)]
struct Change {
    property: DeadProperty,
    removes: bool,
    /// Only the box says what it is.
    protected: bool,
}

/// Sets and removes properties.
pub(super) async fn proppatch(ground: &Ground, request: Request, exchange: &mut Exchange) -> Result<Answer, Failure> {
    request.access.writes()?;
    let changes = parse(&exchange.document(request.open.length).await?)?;
    let space = ground.space.clone();
    let request = Arc::new(request);
    let _tree = ground.space.tree.read().await;
    let _name = match super::split(&request.path) {
        Some((folder, name)) => Some(space.lock_name(folder, name).await),
        None => None,
    };
    let (asked, patched) = (request.clone(), space.clone());
    blocking(move || patch(&patched, &asked, &changes)).await
}

/// Makes the changes. Blocks.
fn patch(space: &Space, request: &Request, changes: &[Change]) -> Result<Answer, Failure> {
    let entry = space.entry(&request.path)?;
    request.judge(space, Some(&entry), &[Touch::Content(&request.path)])?;
    let refused = changes.iter().any(|change| change.protected);
    if !refused {
        space.admit(changes.iter().map(|change| change.property.xml.len() as u64).sum())?;
        // What the properties hang on, the id, must not be lost while they last.
        entry.sync()?;
        let mut properties = space.records.properties(entry.stamp.id)?;
        for change in changes {
            properties.retain(|known| known.name_alone() != change.property.name_alone());
            if !change.removes {
                properties.push(change.property.clone());
            }
        }
        if properties.len() > MAX_PROPERTIES {
            return Err(
                Problem::new(507, "too-many-properties", format!("An entry may have at most {MAX_PROPERTIES} such properties.")).into()
            );
        }
        space.records.set_properties(&[(entry.stamp.id, properties)])?;
    }
    let slash = if entry.dir().is_some() { "/" } else { "" };
    let href = address(&request.open.prefix, request.path.iter().map(croft_files::Name::as_str)) + slash;
    let mut body = format!(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<d:multistatus xmlns:d=\"DAV:\"><d:response><d:href>{}</d:href>",
        escaped(&href)
    );
    for change in changes {
        let status = match (refused, change.protected) {
            (false, _) => "200 OK",
            (true, true) => "403 Forbidden",
            (true, false) => "424 Failed Dependency",
        };
        let name = change.property.name_alone();
        body.push_str(&format!("<d:propstat><d:prop>{name}</d:prop><d:status>HTTP/1.1 {status}</d:status>"));
        if change.protected {
            body.push_str("<d:error><d:cannot-modify-protected-property/></d:error>");
        }
        body.push_str("</d:propstat>");
    }
    body.push_str("</d:response></d:multistatus>\n");
    Ok(document(207, body))
}

fn parse(body: &[u8]) -> Result<Vec<Change>, Problem> {
    let document = Element::parse(body)?;
    if !document.is("propertyupdate") {
        return Err(malformed());
    }
    let mut changes = Vec::new();
    for element in document.elements() {
        let removes = if element.is("set") {
            false
        } else if element.is("remove") {
            true
        } else {
            continue;
        };
        for property in element.elements().filter(|list| list.is("prop")).flat_map(Element::elements) {
            let protected = is_ours(&property.namespace);
            let property = if removes { DeadProperty::new(&property.namespace, &property.name) } else { DeadProperty::of(property) };
            if property.xml.len() > MAX_PROPERTY {
                return Err(Problem::new(400, "property-too-long", format!("A property may take at most {MAX_PROPERTY} bytes.")));
            }
            changes.push(Change { property, removes, protected });
        }
    }
    match changes.len() {
        0 => Err(malformed()),
        1..=MAX_PROPERTIES => Ok(changes),
        _ => Err(Problem::new(400, "too-many-properties", format!("A request may change at most {MAX_PROPERTIES} properties."))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_are_read_in_their_order() {
        let body = b"<d:propertyupdate xmlns:d='DAV:'><d:set><d:prop><a xmlns='u:a'>x</a></d:prop></d:set>\
            <d:remove><d:prop><b xmlns='u:b'/><d:getetag/></d:prop></d:remove></d:propertyupdate>";
        let changes = parse(body).unwrap();
        let short: Vec<_> = changes.iter().map(|change| (change.property.xml.as_str(), change.removes, change.protected)).collect();
        assert_eq!(
            short,
            [
                ("<x:a xmlns:x=\"u:a\">x</x:a>", false, false),
                ("<x:b xmlns:x=\"u:b\"/>", true, false),
                ("<x:getetag xmlns:x=\"DAV:\"/>", true, true),
            ]
        );
        for bad in ["<a/>", "<propertyupdate xmlns='DAV:'/>", "<propertyupdate xmlns='DAV:'><set/></propertyupdate>", ""] {
            assert!(parse(bad.as_bytes()).is_err(), "{bad}");
        }
    }
}
