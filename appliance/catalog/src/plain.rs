//! Plain compose files, with what `croft.toml` beside them or `x-croft` in them says about the app.

use std::collections::BTreeMap;

use crate::{
    AppId, CatalogueKind, Choice, Encoding, Known, MAX_ENTRIES, MAX_PICTURES, Protocol, Secret, ServiceName, Setting, SettingKind, SignIn,
    SpaceClass, Text, VariableName,
    compose::{self, Aside, Context},
    doors,
    draft::{Draft, Place, ReasonKind},
    passwords::PASSWORD_LENGTH,
    scope::{self, Meaning},
    tree::Node,
};

/// The file of variables that compose reads by itself.
pub(crate) const VARIABLES: &str = ".env";
/// Keys of `croft.toml`.
const KEYS: &[&str] = &[
    "id",
    "name",
    "tagline",
    "description",
    "category",
    "version",
    "developer",
    "website",
    "icon",
    "pictures",
    "architectures",
    "tips",
    "needs",
    "door",
    "settings",
    "secrets",
    "spaces",
];
/// Where a mount of the household's files begins, while it is read.
const SPACES: &str = "/@space";

/// Reads an app into a draft. `manifest` is its `croft.toml`, or nothing.
pub(crate) fn read(id: AppId, manifest: &Node, beside: &[String], mut root: Node, texts: &BTreeMap<String, String>) -> Draft {
    let mut draft = Draft::new(id, CatalogueKind::Compose);
    draft.beside = beside.iter().cloned().collect();
    draft.scope.defaults_are_settings();
    draft.mean("TZ", Meaning::Known(Known::BoxTimezone, None));
    draft.mean("COMPOSE_PROJECT_NAME", Meaning::Text(draft.spec.id.to_string()));
    let inner = root.get("x-croft").clone();
    let manifest = if manifest.is_null() { &inner } else { manifest };
    draft.unknown_keys("croft.toml", manifest, KEYS);
    about(&mut draft, manifest);
    secrets(&mut draft, manifest);
    let defaults: BTreeMap<String, String> =
        texts.get(VARIABLES).map(|text| compose::variables(text).into_iter().collect()).unwrap_or_default();
    settings(&mut draft, manifest, &defaults);
    spaces(&mut draft, manifest, &mut root);
    let asides = compose::read(&mut draft, &Context::new(&root, texts));
    door(&mut draft, manifest, &asides);
    doors::publish(&mut draft, &asides);
    draft
}

fn about(draft: &mut Draft, manifest: &Node) {
    let text = |key: &str| manifest.get(key).text_or_empty();
    let texts = |key: &str| manifest.get(key).elements().iter().filter_map(Node::text).take(MAX_PICTURES);
    let about = &mut draft.spec.about;
    if !text("name").is_empty() {
        about.name = Text::new(text("name"));
    }
    about.tagline = Text::new(text("tagline"));
    about.description = Text::new(text("description"));
    about.category = Text::new(text("category"));
    about.version = Text::new(text("version"));
    about.developer = Text::new(text("developer"));
    about.website = Text::new(text("website"));
    about.icon = Text::new(text("icon"));
    about.tips = Text::new(text("tips"));
    about.pictures = texts("pictures").map(Text::new).collect();
    about.architectures = texts("architectures").map(Text::new).collect();
    let needs: Vec<String> = texts("needs").map(str::to_owned).collect();
    for name in needs {
        let app = draft.parsed::<AppId>("`needs` of croft.toml", &name);
        draft.spec.depends_on_apps.extend(app);
    }
}

fn secrets(draft: &mut Draft, manifest: &Node) {
    for (name, node) in manifest.get("secrets").entries() {
        let place = format!("the secret `{name}` of croft.toml");
        draft.unknown_keys(&place, node, &["label", "encoding", "length", "shown"]);
        let Some(key) = draft.parsed::<VariableName>(&place, name) else { continue };
        let encoding = match node.get("encoding").text_or_empty() {
            "hex" => Encoding::Hex,
            "base64" => Encoding::Base64,
            "" | "alphanumeric" => Encoding::Alphanumeric,
            _ => {
                draft.refuse(ReasonKind::Invalid, format!("{place}: `encoding` is `hex`, `alphanumeric` or `base64`"));
                continue;
            }
        };
        let length =
            node.get("length").text().map_or(Some(PASSWORD_LENGTH), |text| text.parse().ok().filter(|length| (8..=512).contains(length)));
        let Some(length) = length else {
            draft.refuse(ReasonKind::Invalid, format!("{place}: `length` is a number from 8 to 512"));
            continue;
        };
        draft.mean(name, Meaning::Given(key.clone()));
        let label = Text::new(node.get("label").text_or_empty());
        draft.spec.secrets.push(Secret { key, label, encoding, length, shown: node.get("shown").switch() == Some(true) });
    }
}

fn settings(draft: &mut Draft, manifest: &Node, defaults: &BTreeMap<String, String>) {
    for (name, node) in manifest.get("settings").entries() {
        let place = format!("the setting `{name}` of croft.toml");
        draft.unknown_keys(&place, node, &["label", "hint", "kind", "default", "required", "choices", "min", "max"]);
        let Some(key) = draft.parsed::<VariableName>(&place, name) else { continue };
        let bare = scope::setting(key);
        let kind = match node.get("kind").text_or_empty() {
            "" => bare.kind,
            "text" => SettingKind::Text,
            "password" => SettingKind::Password,
            "number" => SettingKind::Number,
            "switch" => SettingKind::Switch,
            "mail" => SettingKind::Mail,
            "url" => SettingKind::Url,
            "host" => SettingKind::Host,
            "ip" => SettingKind::Ip,
            other => {
                draft.refuse(ReasonKind::Invalid, format!("{place}: there is no kind `{other}`"));
                continue;
            }
        };
        let default = node.get("default").text().or_else(|| defaults.get(name).map(String::as_str)).map(str::to_owned);
        let default = default.map(|text| draft.template(&place, &text));
        let number = |key: &str| node.get(key).text().and_then(|text| text.parse().ok());
        let choices = node.get("choices").elements().iter().filter_map(Node::text).take(MAX_ENTRIES);
        let setting = Setting {
            label: node.get("label").text().map_or(bare.label, Text::new),
            hint: Text::new(node.get("hint").text_or_empty()),
            kind,
            default,
            required: node.get("required").switch() == Some(true),
            choices: choices.map(|choice| Choice { value: Text::new(choice), label: Text::new(choice) }).collect(),
            min: number("min"),
            max: number("max"),
            key: bare.key,
        };
        draft.scope.declare(setting);
    }
    for (name, value) in defaults {
        if let Ok(key) = name.parse::<VariableName>()
            && !draft.scope.is_declared(name)
        {
            draft.scope.declare(Setting { default: Some(crate::Template::text(value.clone())), ..scope::setting(key) });
        }
    }
}

/// Mounts that the manifest calls the household's files.
fn spaces(draft: &mut Draft, manifest: &Node, root: &mut Node) {
    let mut marks: Vec<(String, String)> = Vec::new();
    for (source, class) in manifest.get("spaces").entries() {
        let which = match class.text_or_empty() {
            "photos" => SpaceClass::Photos,
            "media" => SpaceClass::Media,
            "documents" => SpaceClass::Documents,
            "downloads" => SpaceClass::Downloads,
            "backups" => SpaceClass::Backups,
            "files" => SpaceClass::Files,
            other => {
                draft.refuse(ReasonKind::Invalid, format!("`spaces` of croft.toml: there is no class `{other}`"));
                continue;
            }
        };
        let mark = format!("{SPACES}/{}", marks.len());
        draft.place(&mark, Place::Space(which));
        marks.push((source.clone(), mark));
    }
    let Node::Map(entries) = root else { return };
    let Some((_, Node::Map(services))) = entries.iter_mut().find(|(key, _)| key == "services") else { return };
    for mount in
        services.iter_mut().filter_map(|(_, service)| if let Node::Map(keys) = service { Some(keys) } else { None }).flat_map(|keys| {
            let volumes = keys.iter_mut().find(|(key, _)| key == "volumes");
            volumes.and_then(|(_, node)| if let Node::List(mounts) = node { Some(mounts) } else { None }).into_iter().flatten()
        })
    {
        for (source, mark) in &marks {
            match mount {
                Node::Text(text) => {
                    if let Some(rest) = text.strip_prefix(source.as_str()).filter(|rest| rest.starts_with(':')) {
                        *text = format!("{mark}{rest}");
                    }
                }
                Node::Map(keys) => keys
                    .iter_mut()
                    .filter(|(key, value)| key == "source" && value.text() == Some(source))
                    .for_each(|(_, value)| *value = Node::Text(mark.clone())),
                Node::Null | Node::List(_) => {}
            }
        }
    }
}

fn door(draft: &mut Draft, manifest: &Node, asides: &BTreeMap<ServiceName, Aside>) {
    let node = manifest.get("door");
    draft.unknown_keys("`door` of croft.toml", node, &["service", "port", "scheme", "path", "sign_in", "open_paths"]);
    if node.switch() == Some(false) {
        return;
    }
    let named = node.get("service").text().map(str::to_owned);
    let port: Option<u16> = node.get("port").text().and_then(|port| port.parse().ok());
    let pages = || asides.iter().filter(|(_, aside)| aside.published.iter().any(|one| one.protocol == Protocol::Tcp && !one.loopback));
    let service = match &named {
        Some(named) => asides.keys().find(|name| name.as_str() == named),
        None => pages().next().or_else(|| asides.iter().next().filter(|_| port.is_some())).map(|(name, _)| name),
    };
    let found = service.and_then(|name| Some((name.clone(), port.or_else(|| doors::likely(asides.get(name)?))?)));
    let Some((service, port)) = found else {
        if !node.is_null() {
            draft.refuse(ReasonKind::Invalid, "`door` of croft.toml names no service that is there, or no port");
        }
        return;
    };
    if node.is_null() {
        draft.remark(format!("no `door` is named, so it is the port {port} of the service `{service}`"));
    }
    let mut door = doors::door(service, port, doors::scheme(node.get("scheme").text_or_empty()), node.get("path").text_or_empty());
    if node.get("sign_in").text() == Some("app") {
        door.sign_in = SignIn::App;
    }
    door.open_paths = node.get("open_paths").elements().iter().filter_map(Node::text).take(MAX_ENTRIES).map(Text::new).collect();
    draft.spec.door = Some(door);
}
