//! Apps of CasaOS, ZimaOS and whoever writes as they do: one compose file with `x-casaos`.

use std::collections::BTreeMap;

use crate::{
    AppId, CatalogueKind, DataPath, Encoding, Known, MAX_PICTURES, Secret, ServiceName, Setting, SpaceClass, Text, VariableName,
    compose::{self, Aside, Context},
    doors,
    draft::{Draft, Place},
    passwords::PASSWORD_LENGTH,
    scope::{self, Meaning},
    tree::Node,
};

/// The folders that such systems share with apps, and what is in them.
const SHARED: &[(&str, SpaceClass)] = &[
    ("Media", SpaceClass::Media),
    ("media", SpaceClass::Media),
    ("Downloads", SpaceClass::Downloads),
    ("Gallery", SpaceClass::Photos),
    ("Documents", SpaceClass::Documents),
];
/// Where such systems keep people's files; the second is the first disk of ZimaOS.
const ROOTS: &[&str] = &["/DATA", "/media/ZimaOS-HD"];
/// The number that such systems run apps as.
const PERSON: &str = "1000";

/// Reads the compose file of an app into a draft.
pub(crate) fn read(id: AppId, folder: &str, mut root: Node, texts: &BTreeMap<String, String>) -> Draft {
    let mut draft = Draft::new(id, CatalogueKind::Casaos);
    let extension = root.get("x-casaos").clone();
    about(&mut draft, &extension);
    let name = root.get("name").text().unwrap_or(folder).to_owned();
    let port_map = extension.get("port_map").text_or_empty().to_owned();
    known(&mut draft, &name, &port_map);
    places(&mut draft, &name, folder);
    fields(&mut draft, &mut root);
    let asides = compose::read(&mut draft, &Context::new(&root, texts));
    door(&mut draft, &extension, &port_map, &asides);
    doors::publish(&mut draft, &asides);
    draft
}

fn about(draft: &mut Draft, extension: &Node) {
    let about = &mut draft.spec.about;
    let title = localized(extension.get("title"));
    if !title.is_empty() {
        about.name = Text::new(title);
    }
    about.tagline = Text::new(localized(extension.get("tagline")));
    about.description = Text::new(localized(extension.get("description")));
    about.category = Text::new(extension.get("category").text_or_empty());
    about.version = Text::new(extension.get("version").text_or_empty());
    about.developer = Text::new(extension.get("developer").text().or(extension.get("author").text()).unwrap_or_default());
    about.website = Text::new(extension.get("website").text().or(extension.get("repo").text()).unwrap_or_default());
    about.icon = Text::new(extension.get("icon").text_or_empty());
    about.pictures = extension.get("screenshot_link").elements().iter().filter_map(Node::text).take(MAX_PICTURES).map(Text::new).collect();
    about.architectures = extension.get("architectures").elements().iter().filter_map(Node::text).map(Text::new).collect();
    let tips = extension.get("tips");
    about.tips = Text::new(match localized(tips.get("before_install")) {
        "" => localized(tips.get("custom")),
        text => text,
    });
}

/// The English text of a map of languages, or the first.
fn localized(node: &Node) -> &str {
    let english = ["en_US", "en_us", "en_GB", "en_gb", "en"].into_iter().find_map(|language| node.get(language).text());
    english.or_else(|| node.text()).or_else(|| node.entries().iter().find_map(|(_, text)| text.text())).unwrap_or_default()
}

fn known(draft: &mut Draft, name: &str, port_map: &str) {
    let port = Some(port_map).filter(|port| !port.is_empty() && !port.contains('$')).map(str::to_owned);
    draft.mean("AppID", Meaning::Text(name.to_owned()));
    draft.mean("PUID", Meaning::Known(Known::AppUser, Some(PERSON.to_owned())));
    draft.mean("PGID", Meaning::Known(Known::AppGroup, Some(PERSON.to_owned())));
    draft.mean("TZ", Meaning::Known(Known::BoxTimezone, None));
    draft.mean("WEBUI_PORT", Meaning::Known(Known::AppPort, port));
    draft.mean("DefaultUserName", Meaning::Text("admin".to_owned()));
    if let Ok(key) = "DefaultPassword".parse::<VariableName>() {
        draft.mean("DefaultPassword", Meaning::Given(key));
    }
}

fn places(draft: &mut Draft, name: &str, folder: &str) {
    for root in ROOTS {
        for own in [name, folder, &folder.to_ascii_lowercase(), &draft.spec.id.to_string()] {
            draft.place(&format!("{root}/AppData/{own}"), Place::Data(DataPath::whole()));
        }
        draft.place(&format!("{root}/AppData"), Place::Data(DataPath::whole()));
        for (shared, class) in SHARED {
            draft.place(&format!("{root}/{shared}"), Place::Space(*class));
        }
        draft.place(root, Place::Space(SpaceClass::Files));
    }
}

/// Variables that are described and empty are there to be filled in: they become settings.
fn fields(draft: &mut Draft, root: &mut Node) {
    let Node::Map(entries) = root else { return };
    let Some((_, Node::Map(services))) = entries.iter_mut().find(|(key, _)| key == "services") else { return };
    for (_, service) in services {
        let described: Vec<(String, String)> = (service.get("x-casaos").get("envs").elements().iter())
            .map(|env| (env.get("container").text_or_empty().to_owned(), localized(env.get("description")).to_owned()))
            .collect();
        let Node::Map(keys) = service else { continue };
        let Some((_, environment)) = keys.iter_mut().find(|(key, _)| key == "environment") else { continue };
        for (name, hint) in described {
            let Ok(key) = name.parse::<VariableName>() else { continue };
            if open(environment, &name) && !draft.scope.is_declared(&name) {
                draft.scope.declare(Setting { hint: Text::new(&hint), ..scope::setting(key) });
            }
        }
    }
}

/// Puts the variable `name` itself where `environment` has nothing for it.
fn open(environment: &mut Node, name: &str) -> bool {
    let variable = Node::Text(format!("${{{name}}}"));
    match environment {
        Node::Map(entries) => match entries.iter_mut().find(|(key, value)| key == name && (value.is_null() || value.text() == Some(""))) {
            Some((_, value)) => *value = variable,
            None => return false,
        },
        Node::List(elements) => {
            match elements.iter_mut().find(|element| element.text().is_some_and(|text| text == format!("{name}=") || text == name)) {
                Some(element) => *element = Node::Text(format!("{name}=${{{name}}}")),
                None => return false,
            }
        }
        Node::Null | Node::Text(_) => return false,
    }
    true
}

fn door(draft: &mut Draft, extension: &Node, port_map: &str, asides: &BTreeMap<ServiceName, Aside>) {
    if used(draft, "DefaultPassword") {
        draft.spec.secrets.extend("DefaultPassword".parse().ok().map(|key| Secret {
            key,
            label: Text::new("The password of the first sign-in"),
            encoding: Encoding::Alphanumeric,
            length: PASSWORD_LENGTH,
            shown: true,
        }));
    }
    let wanted: Option<u16> = draft.scope.constant(port_map).ok().and_then(|port| port.trim().parse().ok());
    draft.page = wanted;
    let main = extension.get("main").text().and_then(|main| main.parse::<ServiceName>().ok()).filter(|main| asides.contains_key(main));
    let published = |name: &ServiceName| {
        asides
            .get(name)
            .and_then(|aside| aside.published.iter().find(|one| one.wanted.is_some() && one.wanted == wanted).map(|one| one.port))
    };
    let on_host = |name: &ServiceName| draft.spec.services.get(name).is_some_and(|service| service.network == crate::Network::Host);
    let names = || main.iter().chain(asides.keys());
    let found = names()
        .find_map(|name| Some((name, published(name)?)))
        .or_else(|| names().find(|name| on_host(name)).zip(wanted))
        .or_else(|| main.as_ref().and_then(|name| Some((name, doors::likely(asides.get(name)?)?))).filter(|_| wanted.is_some()));
    if let Some((name, port)) = found {
        let door =
            doors::door(name.clone(), port, doors::scheme(extension.get("scheme").text_or_empty()), extension.get("index").text_or_empty());
        draft.spec.door = Some(door);
    }
}

/// Whether a template names `variable`.
fn used(draft: &Draft, variable: &str) -> bool {
    draft.spec.undeclared().iter().any(|name| name.as_str() == variable)
}
