//! PROPPATCH (RFC 4918, section 9.2): properties that clients set. All of a request's changes are made, or none.
//!
//! Most are only kept. The time of the last change is the file's own, whichever name a client has for it; a favourite is one person's.

mod time;

use std::sync::Arc;

use croft_api::xml::escaped;
use croft_files::Name;
use croft_model::Problem;

use self::time::Time;
use super::{Ground, Request, address, document, propfind::is_ours};
use crate::{
    error::Failure,
    exchange::{Answer, Exchange},
    space::{DeadProperty, Entry, Noted, Space, blocking, locks::Touch},
    xml::{Element, malformed},
};

/// Properties that clients may set on one entry.
pub(super) const MAX_PROPERTIES: usize = 64;
/// Bytes of one with its value.
pub(super) const MAX_PROPERTY: usize = 16 * 1024;

/// One change.
#[derive(Debug, PartialEq, Eq)]
struct Change {
    property: DeadProperty,
    effect: Effect,
}

/// What a change does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Effect {
    /// The property is kept as it was sent.
    Keeps,
    /// It is not kept any more.
    Removes,
    /// The file was changed at that time.
    Dates(Time),
    /// It is a favourite of the one who asks, or no more.
    Marks(bool),
    /// Nothing: there is nothing to remove.
    Nothing,
    /// None: only the box says what it is.
    Protected,
    /// None: the value means nothing.
    Senseless,
}

/// What looks changed by another time.
struct Dated {
    /// Ids of the folders from the root to the entry's.
    line: Vec<u64>,
    /// Held until they were given new ETags.
    _noted: Option<Noted>,
}

impl Effect {
    /// The status of a change that cannot be made.
    fn refused(self) -> Option<&'static str> {
        match self {
            Self::Protected => Some("403 Forbidden"),
            Self::Senseless => Some("409 Conflict"),
            _ => None,
        }
    }

    /// Whether it changes something for everybody.
    fn is_for_all(self) -> bool {
        !matches!(self, Self::Marks(_) | Self::Nothing)
    }
}

/// The property that says whether an entry is a favourite of the one who asks.
const FAVORITE: (&str, &str) = ("http://owncloud.org/ns", "favorite");

/// Sets and removes properties.
pub(super) async fn proppatch(ground: &Ground, request: Request, exchange: &mut Exchange) -> Result<Answer, Failure> {
    let changes = parse(&exchange.document(request.open.length).await?)?;
    if changes.iter().any(|change| change.effect.is_for_all()) {
        request.access.writes()?;
    }
    let space = ground.space.clone();
    let request = Arc::new(request);
    let _tree = ground.space.tree.read().await;
    let _name = match super::split(&request.path) {
        Some((folder, name)) => Some(space.lock_name(folder, name).await),
        None => None,
    };
    let (asked, patched) = (request.clone(), space.clone());
    let (answer, dated) = blocking(move || patch(&patched, &asked, &changes)).await?;
    let Some(Dated { line, _noted }) = dated else { return Ok(answer) };
    let folder = super::split(&request.path).map_or(&[][..], |(folder, _)| folder);
    space.index.bump(&line);
    Ok(Answer { changed: vec![ground.news.changed(&space, folder)], ..answer })
}

/// Makes the changes, and gives what looks changed by them, if anything. Blocks.
fn patch(space: &Space, request: &Request, changes: &[Change]) -> Result<(Answer, Option<Dated>), Failure> {
    let entry = space.entry(&request.path)?;
    let touch = Touch::Content(&request.path);
    let touches = if changes.iter().any(|change| change.effect.is_for_all()) { std::slice::from_ref(&touch) } else { &[] };
    request.judge(space, Some(&entry), touches)?;
    let refused = changes.iter().any(|change| change.effect.refused().is_some());
    let dated = if refused { None } else { make(space, request, &entry, changes)? };
    Ok((answer(request, &entry, changes, refused), dated))
}

/// Makes changes that can all be made. Blocks.
fn make(space: &Space, request: &Request, entry: &Entry, changes: &[Change]) -> Result<Option<Dated>, Failure> {
    let id = entry.stamp.id;
    let bytes = changes.iter().map(|change| change.property.xml.len() as u64).sum();
    if changes.iter().any(|change| change.effect.is_for_all()) {
        space.admit(bytes)?;
    } else {
        // Nothing makes room for a mark.
        space.room.admit(bytes)?;
    }
    let mut properties = space.records.properties(id)?;
    let before = properties.clone();
    for change in changes.iter().filter(|change| matches!(change.effect, Effect::Keeps | Effect::Removes)) {
        properties.retain(|known| known.name_alone() != change.property.name_alone());
        if change.effect == Effect::Keeps {
            properties.push(change.property.clone());
        }
    }
    if properties.len() > MAX_PROPERTIES {
        return Err(Problem::new(507, "too-many-properties", format!("An entry may have at most {MAX_PROPERTIES} such properties.")).into());
    }
    // What marks and properties hang on, the id, must not be lost while they last.
    if changes.iter().any(|change| matches!(change.effect, Effect::Marks(_))) {
        entry.sync()?;
    }
    for change in changes {
        if let Effect::Marks(marked) = change.effect
            && !space.records.set_favorite(id, request.access.person, marked)?
        {
            return Err(Problem::new(507, "too-many-favorites", "There are too many favourites in this space.")
                .hint("Take the mark from some that you do not need any more.")
                .into());
        }
    }
    let time = changes.iter().rev().find_map(|change| if let Effect::Dates(time) = change.effect { Some(time) } else { None });
    let dated = time.map(|time| date(space, request, entry, time)).transpose()?;
    entry.sync()?;
    if properties != before {
        space.records.set_properties(&[(id, properties)])?;
    }
    Ok(dated)
}

/// Gives the entry the time of its last change. Blocks.
fn date(space: &Space, request: &Request, entry: &Entry, time: Time) -> Result<Dated, Failure> {
    let place = super::split(&request.path);
    let line = space.line(place.map_or(&[][..], |(folder, _)| folder))?;
    // Of the box's own doing: nobody else changed it. Not before all was judged, since what is refused was perhaps changed by somebody else.
    let _noted = place.map(|(folder, name)| space.catalog.note(&[folder], std::slice::from_ref(name)));
    time.set(entry)?;
    Ok(Dated { line, _noted })
}

fn answer(request: &Request, entry: &Entry, changes: &[Change], refused: bool) -> Answer {
    let slash = if entry.dir().is_some() { "/" } else { "" };
    let href = address(&request.open.prefix, request.path.iter().map(Name::as_str)) + slash;
    let mut body = format!(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<d:multistatus xmlns:d=\"DAV:\"><d:response><d:href>{}</d:href>",
        escaped(&href)
    );
    for change in changes {
        let status = change.effect.refused().unwrap_or(if refused { "424 Failed Dependency" } else { "200 OK" });
        let name = change.property.name_alone();
        body.push_str(&format!("<d:propstat><d:prop>{name}</d:prop><d:status>HTTP/1.1 {status}</d:status>"));
        if change.effect == Effect::Protected {
            body.push_str("<d:error><d:cannot-modify-protected-property/></d:error>");
        }
        body.push_str("</d:propstat>");
    }
    body.push_str("</d:response></d:multistatus>\n");
    document(207, body)
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
            let effect = if removes { removal(property) } else { setting(property) };
            let property = if removes { DeadProperty::new(&property.namespace, &property.name) } else { DeadProperty::of(property) };
            if property.xml.len() > MAX_PROPERTY {
                return Err(Problem::new(400, "property-too-long", format!("A property may take at most {MAX_PROPERTY} bytes.")));
            }
            changes.push(Change { property, effect });
        }
    }
    match changes.len() {
        0 => Err(malformed()),
        1..=MAX_PROPERTIES => Ok(changes),
        _ => Err(Problem::new(400, "too-many-properties", format!("A request may change at most {MAX_PROPERTIES} properties."))),
    }
}

/// Whether setting `property` only keeps it.
pub(super) fn is_kept(property: &Element) -> bool {
    setting(property) == Effect::Keeps
}

/// What setting `property` does.
fn setting(property: &Element) -> Effect {
    if (property.namespace.as_str(), property.name.as_str()) == FAVORITE {
        return match property.text().trim() {
            "1" | "true" => Effect::Marks(true),
            "0" | "false" => Effect::Marks(false),
            _ => Effect::Senseless,
        };
    }
    if Time::is_set_by(&property.namespace, &property.name) {
        return Time::of(&property.text()).map_or(Effect::Senseless, Effect::Dates);
    }
    if is_ours(&property.namespace) { Effect::Protected } else { Effect::Keeps }
}

/// What removing `property` does.
fn removal(property: &Element) -> Effect {
    if (property.namespace.as_str(), property.name.as_str()) == FAVORITE {
        return Effect::Marks(false);
    }
    if is_ours(&property.namespace) {
        return Effect::Protected;
    }
    if Time::is_set_by(&property.namespace, &property.name) { Effect::Nothing } else { Effect::Removes }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_more_than_kept_is_told_apart() {
        let check = |property: &str, set, removed| {
            let element = Element::parse(property.as_bytes()).unwrap();
            assert_eq!((setting(&element), removal(&element)), (set, removed), "{property}");
        };
        let (nothing, marks, protected) = (Effect::Nothing, Effect::Marks(false), Effect::Protected);
        let dates = |text: &str| Effect::Dates(Time::of(text).unwrap());
        check("<favorite xmlns='http://owncloud.org/ns'>1</favorite>", Effect::Marks(true), marks);
        check("<favorite xmlns='http://owncloud.org/ns'> 0 </favorite>", Effect::Marks(false), marks);
        check("<favorite xmlns='http://owncloud.org/ns'>much</favorite>", Effect::Senseless, marks);
        check("<lastmodified xmlns='DAV:'>1700000000</lastmodified>", dates("1700000000"), protected);
        check("<lastmodified>1700000000</lastmodified>", dates("1700000000"), nothing);
        check("<lastmodified xmlns='DAV:'>x</lastmodified>", Effect::Senseless, protected);
        check("<getlastmodified xmlns='DAV:'>1700000000</getlastmodified>", protected, protected);
        let win32 = |name: &str, text: &str| format!("<Z:{name} xmlns:Z='urn:schemas-microsoft-com:'>{text}</Z:{name}>");
        let date = "Tue, 14 Nov 2023 22:13:20 GMT";
        check(&win32("Win32LastModifiedTime", date), dates("1700000000"), nothing);
        for kept in ["Win32CreationTime", "Win32LastAccessTime", "Win32FileAttributes"] {
            check(&win32(kept, date), Effect::Keeps, Effect::Removes);
        }
    }

    #[test]
    fn changes_are_read_in_their_order() {
        let body = b"<d:propertyupdate xmlns:d='DAV:'><d:set><d:prop><a xmlns='u:a'>x</a></d:prop></d:set>\
            <d:remove><d:prop><b xmlns='u:b'/><d:getetag/></d:prop></d:remove></d:propertyupdate>";
        let changes = parse(body).unwrap();
        let short: Vec<_> = changes.iter().map(|change| (change.property.xml.as_str(), change.effect)).collect();
        assert_eq!(
            short,
            [
                ("<x:a xmlns:x=\"u:a\">x</x:a>", Effect::Keeps),
                ("<x:b xmlns:x=\"u:b\"/>", Effect::Removes),
                ("<x:getetag xmlns:x=\"DAV:\"/>", Effect::Protected),
            ]
        );
        for bad in ["<a/>", "<propertyupdate xmlns='DAV:'/>", "<propertyupdate xmlns='DAV:'><set/></propertyupdate>", ""] {
            assert!(parse(bad.as_bytes()).is_err(), "{bad}");
        }
    }
    croft_fuzz::target! {
        /// What is kept keeps to the limits, stands alone, and would be kept as the same again.
        fn property_changes(input) {
            match parse(input) {
                Ok(changes) => {
                    assert!((1..=MAX_PROPERTIES).contains(&changes.len()));
                    for Change { property, effect } in changes {
                        assert!(property.xml.len() <= MAX_PROPERTY);
                        let element = Element::parse(property.xml.as_bytes()).unwrap();
                        assert_eq!(DeadProperty::of(&element), property);
                        let name = Element::parse(property.name_alone().as_bytes()).unwrap();
                        assert!(property.is(&name.namespace, &name.name));
                        assert!(effect != Effect::Keeps || is_kept(&element));
                    }
                }
                Err(problem) => assert!(["xml-malformed", "property-too-long", "too-many-properties"].contains(&problem.code.as_str())),
            }
        }
    }
}
