//! Apps of Runtipi: `config.json` beside `docker-compose.json`, or beside a compose file with `x-runtipi`.

use std::collections::BTreeMap;

use crate::{
    AppId, CatalogueKind, Choice, DataPath, Encoding, Known, MAX_SETTINGS, Secret, ServiceName, Setting, SettingKind, SpaceClass, Template,
    Text, VariableName,
    compose::{self, Aside, Context},
    doors,
    draft::{Draft, Place, ReasonKind},
    scope::Meaning,
    tree::Node,
};

/// Where paths of the app's data begin, while they are read.
const DATA: &str = "/@runtipi/app";
/// Where paths of the system's own folder begin, while they are read.
const ROOT: &str = "/@runtipi/root";
/// Characters of a random value where the catalogue does not say.
const RANDOM_LENGTH: u16 = 32;
/// The most characters of a random value; the longest that was read has 256.
const MAX_RANDOM: i64 = 512;
/// The number that such systems run apps as.
const PERSON: &str = "1000";

/// What `docker-compose.json` calls the keys of a compose file.
const KEYS: &[(&str, &str)] = &[
    ("addPorts", "ports"),
    ("capAdd", "cap_add"),
    ("capDrop", "cap_drop"),
    ("dependsOn", "depends_on"),
    ("extraHosts", "extra_hosts"),
    ("extraLabels", "labels"),
    ("healthCheck", "healthcheck"),
    ("networkMode", "network_mode"),
    ("readOnly", "read_only"),
    ("securityOpt", "security_opt"),
    ("shmSize", "shm_size"),
    ("stdinOpen", "stdin_open"),
    ("stopGracePeriod", "stop_grace_period"),
    ("stopSignal", "stop_signal"),
    ("workingDir", "working_dir"),
];

/// Reads an app into a draft. `services` is its `docker-compose.json` or its compose file.
pub(crate) fn read(id: AppId, config: &Node, services: Node, texts: &BTreeMap<String, String>) -> Draft {
    let mut draft = Draft::new(id, CatalogueKind::Runtipi);
    about(&mut draft, config);
    known(&mut draft, config);
    for field in config.get("form_fields").maps().take(MAX_SETTINGS) {
        self::field(&mut draft, field);
    }
    draft.place(DATA, Place::Data(DataPath::whole()));
    for (folder, class) in [
        ("media/data/images", SpaceClass::Photos),
        ("media/downloads", SpaceClass::Downloads),
        ("media/torrents", SpaceClass::Downloads),
        ("media/usenet", SpaceClass::Downloads),
        ("media", SpaceClass::Media),
    ] {
        draft.place(&format!("{ROOT}/{folder}"), Place::Space(class));
    }
    // Who asks for the whole folder of the system wants everybody's files, not the system.
    draft.place(ROOT, Place::WholeSpace(SpaceClass::Files));
    let root = if matches!(services.get("services"), Node::List(_)) { from_json(&mut draft, services) } else { services };
    let asides = compose::read(&mut draft, &Context::new(&root, texts));
    door(&mut draft, config, &root, &asides);
    doors::publish(&mut draft, &asides);
    used_secrets(&mut draft);
    draft
}

fn about(draft: &mut Draft, config: &Node) {
    let text = |key: &str| config.get(key).text_or_empty();
    let about = &mut draft.spec.about;
    if !text("name").is_empty() {
        about.name = Text::new(text("name"));
    }
    about.tagline = Text::new(text("short_desc"));
    about.description = Text::new(text("description"));
    about.category = Text::new(config.get("categories").elements().iter().find_map(Node::text).unwrap_or_default());
    about.version = Text::new(text("version"));
    about.developer = Text::new(text("author"));
    about.website = Text::new(config.get("website").text().unwrap_or(text("source")));
    about.icon = Text::new("metadata/logo.jpg");
    about.architectures = config.get("supported_architectures").elements().iter().filter_map(Node::text).map(Text::new).collect();
    if config.get("deprecated").switch() == Some(true) || config.get("available").switch() == Some(false) {
        draft.remark("its catalogue offers it no longer to new people");
    }
}

fn known(draft: &mut Draft, config: &Node) {
    let id = draft.spec.id.to_string();
    let port = config.get("port").text().map(str::to_owned);
    draft.page = port.as_deref().and_then(|port| port.parse().ok());
    for (name, meaning) in [
        ("APP_ID", Meaning::Text(id.clone())),
        ("APP_URN", Meaning::Text(id.clone())),
        ("APP_NAME", Meaning::Text(id)),
        ("APP_STORE_ID", Meaning::Text("croft".to_owned())),
        ("APP_PORT", Meaning::Known(Known::AppPort, port)),
        ("APP_DOMAIN", Meaning::Known(Known::AppHost, None)),
        ("APP_LOCAL_DOMAIN", Meaning::Known(Known::AppHost, None)),
        ("APP_HOST", Meaning::Known(Known::AppHost, None)),
        ("APP_PROTOCOL", Meaning::Known(Known::AppScheme, None)),
        ("APP_EXPOSED", Meaning::Text("true".to_owned())),
        ("LOCAL_DOMAIN", Meaning::Known(Known::BoxHost, None)),
        ("DOMAIN", Meaning::Known(Known::BoxHost, None)),
        ("INTERNAL_IP", Meaning::Known(Known::BoxAddress, None)),
        ("NETWORK_INTERFACE", Meaning::Text("0.0.0.0".to_owned())),
        ("DNS_IP", Meaning::Known(Known::BoxGateway, None)),
        ("TZ", Meaning::Known(Known::BoxTimezone, None)),
        ("TIPI_UID", Meaning::Known(Known::AppUser, Some(PERSON.to_owned()))),
        ("TIPI_GID", Meaning::Known(Known::AppGroup, Some(PERSON.to_owned()))),
        ("APP_DATA_DIR", Meaning::Folder(DATA)),
        ("ROOT_FOLDER_HOST", Meaning::Folder(ROOT)),
    ] {
        draft.mean(name, meaning);
    }
    if config.get("generate_vapid_keys").switch() == Some(true) {
        draft.refuse(ReasonKind::Unsupported, "`generate_vapid_keys`: a pair of keys for push cannot be made yet");
    }
}

/// A field of the form: something random becomes a secret, all else a setting.
fn field(draft: &mut Draft, field: &Node) {
    let Some(key) = draft.parsed::<VariableName>("the form", field.get("env_variable").text_or_empty()) else { return };
    let number = |name: &str| field.get(name).text().and_then(|text| text.parse::<i64>().ok());
    let label = Text::new(field.get("label").text().unwrap_or(&key));
    let kind = match field.get("type").text_or_empty() {
        "random" => {
            let length =
                number("min").filter(|min| (1..=MAX_RANDOM).contains(min)).and_then(|min| u16::try_from(min).ok()).unwrap_or(RANDOM_LENGTH);
            let encoding = if field.get("encoding").text() == Some("base64") { Encoding::Base64 } else { Encoding::Hex };
            draft.mean(&key.clone(), Meaning::Given(key.clone()));
            draft.spec.secrets.push(Secret { key, label, encoding, length, shown: true });
            return;
        }
        "password" => SettingKind::Password,
        "number" => SettingKind::Number,
        "boolean" => SettingKind::Switch,
        "email" => SettingKind::Mail,
        "url" => SettingKind::Url,
        "fqdn" | "fqdnip" => SettingKind::Host,
        "ip" => SettingKind::Ip,
        _ => SettingKind::Text,
    };
    let choices = field.get("options").maps().take(crate::MAX_ENTRIES).map(|option| Choice {
        value: Text::new(option.get("value").text_or_empty()),
        label: Text::new(option.get("label").text_or_empty()),
    });
    let setting = Setting {
        label,
        hint: Text::new(field.get("hint").text_or_empty()),
        kind,
        default: field.get("default").text().map(Template::text).or((kind == SettingKind::Switch).then(|| Template::text("false"))),
        required: field.get("required").switch() == Some(true),
        choices: choices.collect(),
        min: number("min"),
        max: number("max"),
        key,
    };
    draft.scope.declare(setting);
}

/// `docker-compose.json` as the compose file that Runtipi makes of it.
fn from_json(draft: &mut Draft, root: Node) -> Node {
    draft.unknown_keys("docker-compose.json", &root, &["services", "schemaVersion", "$schema", "overrides"]);
    for other in root.get("overrides").maps() {
        draft.remark(format!("what is different for processors of the kind {} was left out", other.get("architecture").text_or_empty()));
    }
    let Node::Map(entries) = root else { return Node::Null };
    let Some((_, Node::List(services))) = entries.into_iter().find(|(key, _)| key == "services") else { return Node::Null };
    let services = services.into_iter().filter_map(|service| {
        let name = service.get("name").text()?.to_owned();
        let Node::Map(keys) = service else { return None };
        Some((name, Node::Map(keys.into_iter().filter_map(|(key, value)| translated(&key, value)).collect())))
    });
    Node::Map(vec![("services".to_owned(), Node::Map(services.collect()))])
}

fn translated(key: &str, value: Node) -> Option<(String, Node)> {
    let name = KEYS.iter().find(|(theirs, _)| *theirs == key).map_or(key, |(_, ours)| *ours);
    let value = match (key, value) {
        ("name", _) => return None,
        ("isMain" | "internalPort", value) => return Some((format!("x-{key}"), value)),
        ("environment", Node::List(pairs)) => Node::List(pairs.into_iter().map(pair).collect()),
        ("volumes", Node::List(mounts)) => Node::List(mounts.iter().map(mount).collect()),
        ("addPorts", Node::List(ports)) => Node::List(ports.iter().flat_map(port).collect()),
        ("healthCheck", Node::Map(keys)) => Node::Map(
            keys.into_iter().map(|(key, value)| (if key == "startPeriod" { "start_period".to_owned() } else { key }, value)).collect(),
        ),
        (_, value) => value,
    };
    Some((name.to_owned(), value))
}

/// `{key, value}` of schema 2; what is written as in a compose file stays.
fn pair(node: Node) -> Node {
    match node.get("key").text() {
        Some(key) => Node::Text(format!("{key}={}", node.get("value").text_or_empty())),
        None => node,
    }
}

fn mount(node: &Node) -> Node {
    let Node::Map(_) = node else { return node.clone() };
    let mut entries = vec![("type".to_owned(), Node::Text("bind".to_owned()))];
    for (key, value) in node.entries() {
        let name = match key.as_str() {
            "hostPath" => "source",
            "containerPath" => "target",
            "readOnly" => "read_only",
            other => other,
        };
        entries.push((name.to_owned(), value.clone()));
    }
    Node::Map(entries)
}

/// One port for each of its protocols.
fn port(node: &Node) -> Vec<Node> {
    let Node::Map(_) = node else { return vec![node.clone()] };
    let (host, container) = (node.get("hostPort").text_or_empty(), node.get("containerPort").text_or_empty());
    let udp = node.get("udp").switch() == Some(true);
    let tcp = node.get("tcp").switch() == Some(true) || !udp;
    [(tcp, "tcp"), (udp, "udp")]
        .into_iter()
        .filter(|(is, _)| *is)
        .map(|(_, protocol)| Node::Text(format!("{host}:{container}/{protocol}")))
        .collect()
}

fn door(draft: &mut Draft, config: &Node, root: &Node, asides: &BTreeMap<ServiceName, Aside>) {
    if config.get("no_gui").switch() == Some(true) {
        return;
    }
    let services = root.get("services");
    let extension =
        |node: &Node, json: &str, yaml: &str| node.get(json).text().or_else(|| node.get("x-runtipi").get(yaml).text()).map(str::to_owned);
    let port_variable =
        |node: &Node| node.get("ports").elements().iter().any(|port| port.text().is_some_and(|text| text.contains("APP_PORT")));
    let main = (services.entries().iter())
        .find(|(_, node)| extension(node, "x-isMain", "is_main").as_deref() == Some("true"))
        .or_else(|| services.entries().iter().find(|(_, node)| port_variable(node)))
        .or_else(|| services.entries().iter().find(|(name, _)| *name == *draft.spec.id))
        .or_else(|| services.entries().first());
    let Some((name, node)) = main else { return };
    let Ok(service) = name.parse::<ServiceName>() else { return };
    let Some(aside) = asides.get(&service) else { return };
    let wanted: Option<u16> = config.get("port").text().and_then(|port| port.parse().ok());
    let internal = extension(node, "x-internalPort", "internal_port")
        .and_then(|port| draft.scope.constant(&port).ok())
        .and_then(|port| port.parse().ok());
    let published = || aside.published.iter().find(|one| one.wanted == wanted && wanted.is_some()).map(|one| one.port);
    let on_host = draft.spec.services.get(&service).is_some_and(|service| service.network == crate::Network::Host);
    let Some(port) = internal.or_else(published).or(wanted.filter(|_| on_host)).or_else(|| doors::likely(aside)) else { return };
    let scheme = if config.get("https").switch() == Some(true) { "https" } else { "http" };
    draft.spec.door = Some(doors::door(service, port, doors::scheme(scheme), config.get("url_suffix").text_or_empty()));
}

/// Leaves out secrets that nothing names.
fn used_secrets(draft: &mut Draft) {
    let named: Vec<VariableName> = (draft.spec.services.values().flat_map(crate::Service::templates))
        .flat_map(Template::variables)
        .filter_map(|variable| if let crate::Variable::Declared(name) = variable { Some(name.clone()) } else { None })
        .collect();
    draft.spec.secrets.retain(|secret| named.contains(&secret.key));
}
