//! Mounts: each gets a class, or the app is refused.

use crate::{
    ContainerPath, DataPath, Device, HostPath, Mount, Permission, ServiceName, Source, SpaceClass,
    draft::{Draft, ReasonKind},
    tree::Node,
};

use super::{is_guarded, quantity, volume_path};

/// What stands before a variable of scripts that names a folder. No path of compose begins so.
const EXPORTED: &str = "@exported/";

/// A mount as it is written.
struct Written {
    source: Option<String>,
    target: String,
    read_only: bool,
    temporary: bool,
    size: Option<String>,
}

/// What the mounts of a service are.
#[derive(Default)]
pub(super) struct Mounted {
    pub(super) mounts: Vec<Mount>,
    pub(super) devices: Vec<Device>,
    pub(super) gpu: bool,
}

/// `volumes` and `tmpfs` of a service.
pub(super) fn read(draft: &mut Draft, name: &ServiceName, node: &Node) -> Mounted {
    let mut mounted = Mounted::default();
    for element in node.elements() {
        let place = format!("a mount of the service `{name}`");
        let written = match element {
            Node::Text(text) => short(draft, &place, text),
            Node::Map(_) => long(draft, name, &place, element),
            Node::Null | Node::List(_) => None,
        };
        if let Some(written) = written {
            classify(draft, name, &place, &written, &mut mounted);
        }
    }
    mounted
}

/// `tmpfs` of a service: a path with options behind a colon.
pub(super) fn temporary(draft: &mut Draft, name: &ServiceName, node: &Node) -> Vec<Mount> {
    let place = format!("`tmpfs` of the service `{name}`");
    let mut mounts = Vec::new();
    for text in node.elements().iter().filter_map(Node::text) {
        let (path, options) = text.split_once(':').unwrap_or((text, ""));
        let size_bytes = options.split(',').find_map(|option| quantity::bytes(option.strip_prefix("size=")?));
        if let Some(target) = draft.parsed(&place, path) {
            mounts.push(Mount { source: Source::Temporary { size_bytes }, target, read_only: false });
        }
    }
    mounts
}

/// `[source:]target[:options]`. A variable may have a colon of its own, so the text is filled in first.
fn short(draft: &mut Draft, place: &str, text: &str) -> Option<Written> {
    let text = open_folders(draft, text);
    let text = draft.constant(place, &text)?;
    let mut parts = text.split(':');
    let (first, second, options) = (parts.next().unwrap_or_default(), parts.next(), parts.next().unwrap_or_default());
    if parts.next().is_some() {
        draft.refuse(ReasonKind::Invalid, format!("{place}: `{text}` has too many parts"));
        return None;
    }
    // A volume without a name may have options of its own.
    let (source, target, options) = match second {
        Some(second) if second.starts_with('/') => (Some(first.to_owned()), second, options),
        Some(second) if options.is_empty() && first.starts_with('/') => (None, first, second),
        Some(_) | None => (None, first, options),
    };
    for option in options.split(',').filter(|option| !option.is_empty()) {
        propagation(draft, place, option);
    }
    Some(Written {
        source,
        target: target.to_owned(),
        read_only: options.split(',').any(|option| option == "ro"),
        temporary: false,
        size: None,
    })
}

fn propagation(draft: &mut Draft, place: &str, option: &str) {
    match option {
        "ro" | "rw" | "z" | "Z" | "cached" | "delegated" | "consistent" | "nocopy" | "private" | "rprivate" | "slave" | "rslave" | "U" => {}
        "shared" | "rshared" => draft.refuse(ReasonKind::Privilege, format!("`{option}` of {place} would let it mount things on the box")),
        other => draft.remark(format!("the option `{other}` of {place} is not known here and was left out")),
    }
}

fn long(draft: &mut Draft, name: &ServiceName, place: &str, node: &Node) -> Option<Written> {
    draft.unknown_keys(
        place,
        node,
        &["type", "source", "src", "target", "dst", "destination", "read_only", "bind", "volume", "tmpfs", "consistency"],
    );
    let any = |keys: [&str; 3]| keys.into_iter().map(|key| node.get(key)).find_map(Node::text).unwrap_or_default().to_owned();
    let source = open_folders(draft, &any(["source", "src", "src"]));
    let source = draft.constant(place, &source)?;
    let target = draft.constant(place, &any(["target", "dst", "destination"]))?;
    propagation(draft, place, node.get("bind").get("propagation").text().unwrap_or("private"));
    let subpath = node.get("volume").get("subpath").text_or_empty();
    let source = if subpath.is_empty() { source } else { format!("{source}/{subpath}") };
    match node.get("type").text_or_empty() {
        "bind" | "volume" | "" | "tmpfs" => {}
        other => {
            draft.refuse(ReasonKind::Unsupported, format!("`type: {other}` of a mount of the service `{name}` is not supported"));
            return None;
        }
    }
    Some(Written {
        source: Some(source).filter(|source| !source.is_empty()),
        target,
        read_only: node.get("read_only").switch() == Some(true),
        temporary: node.get("type").text() == Some("tmpfs"),
        size: node.get("tmpfs").get("size").text().map(str::to_owned),
    })
}

/// `text` with the variables that name a folder, which a person would have to fill in, in the app's own data.
fn open_folders(draft: &mut Draft, text: &str) -> String {
    let Some(start) = text.strip_prefix('$') else { return text.to_owned() };
    let (name, rest) = match start.strip_prefix('{') {
        Some(inner) => match inner.split_once('}') {
            Some((name, rest)) => (name, rest),
            None => return text.to_owned(),
        },
        None => start.split_at(start.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(start.len())),
    };
    let is_name = name.parse::<crate::VariableName>().is_ok();
    if !is_name || draft.scope.is_settled(name) {
        return text.to_owned();
    }
    let ends = rest.is_empty() || rest.starts_with(['/', ':']);
    if ends && draft.scope.scripts_name(name) {
        return format!("{EXPORTED}{name}{rest}");
    }
    let folder = name.to_ascii_lowercase().replace('_', "-");
    draft.remark(format!("the folder `{name}` is kept in the app's own data"));
    format!("./{folder}{rest}")
}

fn classify(draft: &mut Draft, name: &ServiceName, place: &str, written: &Written, mounted: &mut Mounted) {
    let Some(target) = draft.parsed::<ContainerPath>(place, &written.target) else { return };
    let mut mount = |source| mounted.mounts.push(Mount { source, target: target.clone(), read_only: written.read_only });
    let Some(source) = &written.source else {
        if written.temporary {
            let size_bytes = written.size.as_deref().and_then(quantity::bytes);
            return mount(Source::Temporary { size_bytes });
        }
        let own = format!("{name}{}", target.as_str().replace('/', "-"));
        return volume_path(draft, &own).into_iter().for_each(|path| mount(Source::AppData { path }));
    };
    if written.temporary {
        return mount(Source::Temporary { size_bytes: None });
    }
    if let Some(variable) = source.strip_prefix(EXPORTED) {
        return exported(draft, place, variable).into_iter().for_each(mount);
    }
    if source.starts_with('.') || source.starts_with("~/") {
        let inner = source.strip_prefix("~/").unwrap_or(source);
        if let Some(path) = draft.parsed::<DataPath>(place, inner) {
            draft.bring(&path, &path);
            mount(Source::AppData { path });
        }
    } else if !source.starts_with('/') {
        volume_path(draft, source).into_iter().for_each(|path| mount(Source::AppData { path }));
    } else {
        absolute(draft, place, source, &target, written.read_only, mounted);
    }
}

fn absolute(draft: &mut Draft, place: &str, source: &str, target: &ContainerPath, read_only: bool, mounted: &mut Mounted) {
    if source.starts_with(SYSTEM) && source.split('/').any(|part| part == "..") {
        return draft.refuse(ReasonKind::Unsupported, format!("{place}: it leads out of the app's own data, into that of another app"));
    }
    let Some(path) = draft.parsed::<HostPath>(place, source) else { return };
    let mut mount = |source| mounted.mounts.push(Mount { source, target: target.clone(), read_only });
    match draft.placed(path.as_str()) {
        Some(Ok(Source::AppData { path })) => {
            draft.bring(&path, &path);
            return mount(Source::AppData { path });
        }
        Some(Ok(found)) => {
            if let Source::Space { which, .. } = &found {
                draft.permit(Permission::Spaces { class: *which, read_only });
            }
            return mount(found);
        }
        Some(Err(error)) => return draft.refuse(ReasonKind::Invalid, format!("{place}: {error}")),
        None => {}
    }
    match path.as_str() {
        text if text.starts_with(SYSTEM) => {
            let folder = text.splitn(4, '/').nth(3).unwrap_or("/");
            draft.refuse(
                ReasonKind::Unsupported,
                format!("{place}: the folder `{folder}` is of the system that its catalogue is made for, or of another app"),
            );
        }
        "/etc/localtime" | "/etc/timezone" => draft.remark("the box's time zone reaches it by `TZ`, not by a file"),
        "/dev/shm" => mount(Source::Temporary { size_bytes: None }),
        text if is_guarded(text) => draft.refuse(
            ReasonKind::Policy,
            format!("{place}: {text} would give it the engine that holds all apps, or the box itself, which no app gets"),
        ),
        "/dev/dri" => mounted.gpu = true,
        text if text.starts_with("/dev/")
            && !matches!(text, "/dev/disk" | "/dev/input" | "/dev/serial" | "/dev/snd" | "/dev/bus" | "/dev/bus/usb") =>
        {
            mounted.devices.push(Device { path, target: target.clone(), rights: "rwm".to_owned() });
        }
        text if HOUSEHOLD.iter().any(|folder| text == *folder || text.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'))) => {
            draft.remark(format!("{text} lies in a space that a person chooses"));
            draft.permit(Permission::Spaces { class: SpaceClass::Files, read_only });
            mount(Source::Space { which: SpaceClass::Files, path: DataPath::whole() });
        }
        _ => {
            draft.permit(Permission::HostPath { path: path.clone(), read_only });
            mount(Source::Host { path });
        }
    }
}

/// Where folders of a catalogue's own system begin, while they are read.
const SYSTEM: &str = "/@";

/// Folders in which people's own files lie on other systems.
const HOUSEHOLD: &[&str] = &["/home", "/media", "/mnt", "/srv"];

/// A folder that a script of the catalogue names: the variable, and what is below.
fn exported(draft: &mut Draft, place: &str, text: &str) -> Option<Source> {
    let (variable, below) = text.split_once('/').unwrap_or((text, ""));
    let variable = draft.parsed(place, variable)?;
    // Somebody may have written what stands for such a folder here.
    if !draft.scope.scripted().contains(&variable) {
        draft.refuse(ReasonKind::Invalid, format!("{place}: no script names the folder `{variable}`"));
        return None;
    }
    Some(Source::Exported { variable, path: draft.parsed(place, below)? })
}
