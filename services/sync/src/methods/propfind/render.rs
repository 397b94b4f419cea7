//! The multistatus document, entry by entry.

use croft_api::xml::escaped;

use super::{
    property::{ALL, NAMESPACES, PROPERTIES, Property, Subject},
    query::{Query, Wanted},
};
use crate::space::DeadProperty;

/// Bytes of what a sync client asks of an entry, so that few have to grow.
const ROOM: usize = 1024;

/// What stands before the first entry.
pub(in crate::methods) fn open() -> String {
    let namespaces: String = NAMESPACES.iter().map(|(prefix, uri)| format!(" xmlns:{prefix}=\"{uri}\"")).collect();
    format!("<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<d:multistatus{namespaces}>\n")
}

/// What stands behind the last one.
pub(in crate::methods) const CLOSE: &str = "</d:multistatus>\n";

/// One entry.
pub(in crate::methods) fn response(out: &mut String, subject: &Subject, query: &Query) {
    let (mut found, mut missing) = (String::with_capacity(ROOM), String::new());
    match query {
        Query::All(included) => {
            ALL.into_iter().for_each(|property| put(&mut found, None, property, subject));
            put_wanted(&mut found, &mut missing, included, subject);
            subject.dead.iter().for_each(|dead| found.push_str(&dead.xml));
        }
        Query::Names => {
            PROPERTIES.iter().for_each(|(property, ..)| empty(&mut found, *property));
            subject.dead.iter().for_each(|dead| found.push_str(&dead.name_alone()));
        }
        Query::These(wanted) => put_wanted(&mut found, &mut missing, wanted, subject),
    }
    push(out, &["<d:response><d:href>", &escaped(&subject.href), "</d:href>"]);
    if !found.is_empty() || missing.is_empty() {
        push(out, &["<d:propstat><d:prop>", &found, "</d:prop><d:status>HTTP/1.1 200 OK</d:status></d:propstat>"]);
    }
    if !missing.is_empty() {
        push(out, &["<d:propstat><d:prop>", &missing, "</d:prop><d:status>HTTP/1.1 404 Not Found</d:status></d:propstat>"]);
    }
    out.push_str("</d:response>\n");
}

fn put_wanted(found: &mut String, missing: &mut String, wanted: &[Wanted], subject: &Subject) {
    for wanted in wanted {
        match wanted {
            Wanted::Known(property) => put(found, Some(missing), *property, subject),
            Wanted::Dead { namespace, name } => match subject.dead.iter().find(|dead| dead.is(namespace, name)) {
                Some(dead) => found.push_str(&dead.xml),
                None => missing.push_str(&DeadProperty::new(namespace, name).name_alone()),
            },
        }
    }
}

fn put(found: &mut String, missing: Option<&mut String>, property: Property, subject: &Subject) {
    match property.value(subject) {
        Some(value) if value.is_empty() => empty(found, property),
        Some(value) => {
            let (prefix, name) = property.tag();
            push(found, &["<", prefix, ":", name, ">", &value, "</", prefix, ":", name, ">"]);
        }
        None => {
            if let Some(missing) = missing {
                empty(missing, property);
            }
        }
    }
}

fn empty(out: &mut String, property: Property) {
    let (prefix, name) = property.tag();
    push(out, &["<", prefix, ":", name, "/>"]);
}

fn push(out: &mut String, parts: &[&str]) {
    parts.iter().for_each(|part| out.push_str(part));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_has_what_is_known_and_says_what_is_not() {
        let file = Subject {
            href: "/dav/files/ana/a%26b".into(),
            name: "a&b\u{1}".into(),
            etag: "e".into(),
            id: 7,
            letters: "GDNVW".into(),
            file: Some((3, "text/plain")),
            modified: Some(0),
            ..Subject::default()
        };
        let query = Query::parse(
            b"<propfind xmlns='DAV:'><prop><displayname/><resourcetype/><getetag/><quota-used-bytes/><odd/></prop></propfind>",
        )
        .unwrap();
        let mut out = String::new();
        response(&mut out, &file, &query);
        assert_eq!(
            out,
            "<d:response><d:href>/dav/files/ana/a%26b</d:href><d:propstat><d:prop><d:displayname>a&amp;b</d:displayname><d:resourcetype/>\
             <d:getetag>&quot;e&quot;</d:getetag></d:prop><d:status>HTTP/1.1 200 OK</d:status></d:propstat><d:propstat><d:prop>\
             <d:quota-used-bytes/><x:odd xmlns:x=\"DAV:\"/></d:prop><d:status>HTTP/1.1 404 Not Found</d:status></d:propstat></d:response>\n"
        );
    }

    #[test]
    fn every_property_is_found_by_its_name_and_has_one() {
        for (property, prefix, name) in PROPERTIES {
            let (_, uri) = NAMESPACES.iter().find(|(known, _)| *known == prefix).unwrap();
            assert_eq!(Property::find(uri, name), Some(property));
            assert_eq!(property.tag(), (prefix, name));
        }
        assert_eq!(Property::find("DAV:", "fileid"), None);
    }
}
