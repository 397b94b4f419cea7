//! Apps of Umbrel: `umbrel-app.yml` and a compose file, with scripts that only a locked container may run.

use std::collections::BTreeMap;

use crate::names::tidied;
use crate::{
    AppId, CatalogueKind, DataPath, Encoding, Evaluate, Hook, HostName, Known, MAX_PICTURES, Moment, Permission, Secret, ServiceName,
    SignIn, SpaceClass, Text, Variable, VariableName,
    compose::{self, Aside, Context},
    doors,
    draft::{Draft, Place, ReasonKind},
    scope::Meaning,
    tree::Node,
};

/// Where paths of the app's data begin, while they are read.
const DATA: &str = "/@umbrel/app";
/// Where paths of the system's own folder begin, while they are read.
const ROOT: &str = "/@umbrel/root";
/// The service that stands for the door.
const PROXY: &str = "app_proxy";
/// Characters of `APP_SEED` and `APP_PASSWORD`: 32 bytes as hexadecimal digits, as apps expect them.
const SEED_LENGTH: u16 = 64;
/// Files of an app's folder that its data does not begin with.
const OWN_FILES: &[&str] = &["umbrel-app.yml", "umbrel-app.yaml", "docker-compose.yml", "docker-compose.yaml", "exports.sh", "hooks"];

/// Names of services that have a page, where nothing else says which one it is.
const PAGES: &[&str] = &["web", "app", "server", "ui", "frontend"];

/// What of an app's folder decides, beside its manifest and its compose file.
#[derive(Debug, Default)]
pub(crate) struct Scripts {
    /// Names in the app's folder.
    pub(crate) beside: Vec<String>,
    /// Files in `hooks` with their texts.
    pub(crate) hooks: Vec<(String, String)>,
    /// Texts of `exports.sh`, those of apps that are needed first.
    pub(crate) exports: Vec<String>,
}

/// Reads an app into a draft.
pub(crate) fn read(id: AppId, manifest: &Node, root: Node, scripts: &Scripts, texts: &BTreeMap<String, String>) -> Draft {
    let mut draft = Draft::new(id, CatalogueKind::Umbrel);
    about(&mut draft, manifest);
    known(&mut draft, manifest);
    for (folder, class) in [("data/storage/downloads", SpaceClass::Downloads), ("home/Downloads", SpaceClass::Downloads)] {
        draft.place(&format!("{ROOT}/{folder}"), Place::Space(class));
    }
    for folder in ["data/storage", "home", "external", "network"] {
        draft.place(&format!("{ROOT}/{folder}"), Place::Space(SpaceClass::Files));
    }
    draft.place(DATA, Place::Data(DataPath::whole()));
    self::scripts(&mut draft, scripts);
    let (root, proxy) = without_proxy(root);
    addresses(&mut draft, &root);
    let asides = compose::read(&mut draft, &Context::new(&root, texts));
    names(&mut draft, &asides);
    for name in manifest.get("permissions").elements().iter().filter_map(Node::text) {
        match name {
            "GPU" => {
                draft.spec.services.values_mut().for_each(|service| service.gpu = true);
                draft.permit(Permission::Gpu);
            }
            "STORAGE_DOWNLOADS" => {}
            other => draft.remark(format!("the permission `{other}` is not known here; what the app asks for itself counts")),
        }
    }
    door(&mut draft, manifest, &proxy, &asides);
    doors::publish(&mut draft, &asides);
    secrets(&mut draft, manifest);
    draft
}

fn about(draft: &mut Draft, manifest: &Node) {
    let text = |key: &str| manifest.get(key).text_or_empty();
    let about = &mut draft.spec.about;
    if !text("name").is_empty() {
        about.name = Text::new(text("name"));
    }
    about.tagline = Text::new(text("tagline"));
    about.description = Text::new(text("description"));
    about.category = Text::new(text("category"));
    about.version = Text::new(text("version"));
    about.developer = Text::new(text("developer"));
    about.website = Text::new(manifest.get("website").text().unwrap_or(text("repo")));
    about.icon = Text::new(text("icon"));
    about.pictures = manifest.get("gallery").elements().iter().filter_map(Node::text).take(MAX_PICTURES).map(Text::new).collect();
    let user = text("defaultUsername");
    if !user.is_empty() {
        about.tips = Text::new(&format!("The first sign-in is as {user}."));
    }
    for name in manifest.get("dependencies").elements().iter().filter_map(Node::text) {
        match tidied(name) {
            Ok(app) => drop(draft.spec.depends_on_apps.insert(app)),
            Err(error) => draft.refuse(ReasonKind::Invalid, format!("dependencies: {error}")),
        }
    }
    if !manifest.get("disabled").is_null() && manifest.get("disabled").switch() != Some(false) {
        draft.remark("its catalogue has switched it off");
    }
    if manifest.get("torOnly").switch() == Some(true) {
        draft.remark("its catalogue offers it over Tor alone; here it has a door like any other");
    }
    if !manifest.get("implements").elements().is_empty() {
        draft.remark("that it can stand for other apps was left out");
    }
}

fn known(draft: &mut Draft, manifest: &Node) {
    let port = manifest.get("port").text().map(str::to_owned);
    draft.page = port.as_deref().and_then(|port| port.parse().ok());
    let id = draft.spec.id.to_string();
    let version = manifest.get("version").text_or_empty().to_owned();
    let text = |text: &str| Meaning::Text(text.to_owned());
    for (name, meaning) in [
        ("APP_ID", Meaning::Text(id.clone())),
        ("APP_VERSION", Meaning::Text(version)),
        ("APP_DATA_DIR", Meaning::Folder(DATA)),
        ("UMBREL_ROOT", Meaning::Folder(ROOT)),
        ("APP_DOMAIN", Meaning::Known(Known::AppHost, None)),
        ("DEVICE_DOMAIN_NAME", Meaning::Known(Known::AppHost, None)),
        ("DEVICE_HOSTNAME", Meaning::Known(Known::BoxName, None)),
        ("APP_PROXY_HOSTNAME", Meaning::Text(format!("{PROXY}_{id}"))),
        ("APP_PROXY_PORT", Meaning::Known(Known::AppPort, port)),
        ("GATEWAY_IP", Meaning::Known(Known::BoxGateway, None)),
        ("NETWORK_IP", text("10.21.0.0")),
        // There is no Tor on a box. Where an app may do without, an address that nobody answers is what it gets when Tor is off.
        ("APP_HIDDEN_SERVICE", text("not-enabled.onion")),
        ("TOR_PROXY_IP", text("127.0.0.1")),
        ("TOR_PROXY_PORT", text("9050")),
        ("TOR_PASSWORD", text("")),
        ("TOR_HASHED_PASSWORD", text("")),
        ("BITCOIN_NETWORK", text("mainnet")),
        ("MANAGER_IP", text("127.0.0.1")),
        ("AUTH_PORT", text("2000")),
        ("TZ", Meaning::Known(Known::BoxTimezone, None)),
    ] {
        draft.mean(name, meaning);
    }
    for name in ["APP_SEED", "APP_PASSWORD", "JWT_SECRET"] {
        if let Ok(key) = name.parse() {
            draft.mean(name, Meaning::Given(key));
        }
    }
}

/// What the catalogue has scripts for.
fn scripts(draft: &mut Draft, scripts: &Scripts) {
    draft.beside = scripts.beside.iter().cloned().collect();
    let mut evaluate = Evaluate::default();
    for name in &scripts.beside {
        let Ok(path) = name.parse::<DataPath>() else { continue };
        if name == "exports.sh" {
            evaluate.exports = Some(path);
        } else if name.ends_with(".template") {
            evaluate.templates.push(path.clone());
            draft.bring(&path, &path);
        } else if !OWN_FILES.contains(&name.as_str()) && !name.starts_with(".git") {
            draft.bring(&path, &path);
        }
    }
    for (name, text) in &scripts.hooks {
        let Some(when) = moment(name) else {
            draft.remark(format!("the script `hooks/{name}` belongs to no moment that is known here and was left out"));
            continue;
        };
        if drives_engine(text) {
            draft.refuse(ReasonKind::Policy, format!("the script `hooks/{name}` drives the engine that holds all apps, which no app does"));
        }
        evaluate.hooks.extend(format!("hooks/{name}").parse().ok().map(|script| Hook { when, script }));
    }
    for (name, value) in scripts.exports.iter().flat_map(|text| assignments(text)) {
        draft.scope.assume(name, value);
    }
    // Dependencies have variables that their scripts find out.
    if evaluate.exports.is_some() || !draft.spec.depends_on_apps.is_empty() {
        draft.scope.scripts_find_out();
    }
    if evaluate != Evaluate::default() {
        draft.spec.evaluate = Some(evaluate);
    }
}

/// Assignments of a script that ask nothing: `export NAME="text"`. They stand in for what the script finds out only where a number or an image must be known
/// before it has run.
fn assignments(text: &str) -> impl Iterator<Item = (&str, &str)> {
    text.lines().filter_map(|line| {
        let (name, value) = line.trim().strip_prefix("export ")?.split_once('=')?;
        let value = value.trim();
        let value = ['"', '\''].into_iter().find_map(|quote| value.strip_prefix(quote)?.strip_suffix(quote)).unwrap_or(value);
        let asks_nothing = !value.is_empty() && !value.contains(['$', '`', '"', '\'', '\\', ' ', ';', '#']);
        asks_nothing.then_some((name, value))
    })
}

fn moment(name: &str) -> Option<Moment> {
    Some(match name.split('.').next().unwrap_or_default() {
        "pre-install" => Moment::PreInstall,
        "post-install" => Moment::PostInstall,
        "pre-start" => Moment::PreStart,
        "post-start" => Moment::PostStart,
        "pre-stop" => Moment::PreStop,
        "post-stop" => Moment::PostStop,
        "pre-update" => Moment::PreUpdate,
        "post-update" => Moment::PostUpdate,
        "pre-uninstall" => Moment::PreUninstall,
        "post-uninstall" => Moment::PostUninstall,
        _ => return None,
    })
}

/// Whether a line of a script begins a program of the engine, or of Umbrel that does.
fn drives_engine(text: &str) -> bool {
    text.lines().map(str::trim_start).filter(|line| !line.starts_with('#')).any(|line| {
        let words: Vec<&str> =
            line.split(|c: char| c.is_whitespace() || matches!(c, '(' | ')' | ';' | '|' | '&' | '`' | '"' | '\'')).collect();
        words
            .windows(2)
            .any(|pair| matches!(pair, ["docker" | "docker-compose" | "podman", next] if !next.is_empty() && !next.starts_with(['=', '/'])))
    })
}

/// The compose file without the service that stands for the door; and that service.
fn without_proxy(root: Node) -> (Node, Node) {
    let Node::Map(mut entries) = root else { return (root, Node::Null) };
    let mut proxy = Node::Null;
    if let Some((_, Node::Map(services))) = entries.iter_mut().find(|(key, _)| key == "services")
        && let Some(at) = services.iter().position(|(name, _)| name == PROXY)
    {
        proxy = services.remove(at).1;
    }
    (Node::Map(entries), proxy)
}

/// Variables for the fixed addresses of services: here they are names.
fn addresses(draft: &mut Draft, root: &Node) {
    for (name, service) in root.get("services").entries() {
        let Ok(name) = name.parse::<ServiceName>() else { continue };
        for (_, network) in service.get("networks").entries() {
            let address = network.get("ipv4_address").text_or_empty();
            let variable = address.strip_prefix('$').map(|rest| rest.trim_start_matches('{').trim_end_matches('}'));
            if let Some(variable) = variable.and_then(|variable| variable.parse::<VariableName>().ok()) {
                draft.mean(&variable, Meaning::Text(name.to_string()));
                draft.spec.addresses.insert(variable, name.clone());
            }
        }
    }
}

/// The names that containers have there, by which services call each other.
fn names(draft: &mut Draft, asides: &BTreeMap<ServiceName, Aside>) {
    let id = draft.spec.id.clone();
    for (name, service) in &mut draft.spec.services {
        if asides.get(name).is_some_and(|aside| aside.container.is_none()) {
            service.aliases.extend(container(&id, name).parse::<HostName>());
        }
    }
}

fn container(id: &AppId, service: &str) -> String {
    format!("{id}_{service}_1")
}

fn door(draft: &mut Draft, manifest: &Node, proxy: &Node, asides: &BTreeMap<ServiceName, Aside>) {
    let environment: BTreeMap<String, String> =
        compose::pairs(proxy.get("environment")).into_iter().filter_map(|(key, value)| Some((key, value?))).collect();
    let mut value = |key: &str| environment.get(key).and_then(|text| draft.scope.constant(text).ok()).unwrap_or_default();
    let (host, port) = (value("APP_HOST"), value("APP_PORT"));
    let (add, white, black) = (value("PROXY_AUTH_ADD"), value("PROXY_AUTH_WHITELIST"), value("PROXY_AUTH_BLACKLIST"));
    let answers = |name: &&ServiceName| {
        let service = draft.spec.services.get(*name);
        host == name.as_str()
            || host == container(&draft.spec.id, name)
            || service.is_some_and(|service| service.aliases.iter().any(|alias| **alias == host))
    };
    let wanted: Option<u16> = manifest.get("port").text().and_then(|port| port.parse().ok());
    let on_host = |name: &&ServiceName| draft.spec.services.get(*name).is_some_and(|service| service.network == crate::Network::Host);
    let answers_on = |name: &&ServiceName, port: u16| {
        asides.get(*name).is_some_and(|aside| aside.exposed.contains(&port) || aside.published.iter().any(|one| one.port == port))
    };
    let likely = |name: &&ServiceName| PAGES.contains(&name.as_str()) || name.as_str() == draft.spec.id.as_str();
    let mut guessed = false;
    let found = match port.parse::<u16>() {
        Ok(port) => (asides.keys().find(answers)).or_else(|| asides.keys().find(on_host)).map(|name| (name.clone(), port)).or_else(|| {
            guessed = asides.len() > 1;
            let name = (asides.keys().find(|name| answers_on(name, port)))
                .or_else(|| asides.keys().find(likely))
                .or_else(|| asides.keys().next())?;
            Some((name.clone(), port))
        }),
        Err(_) => asides.iter().find_map(|(name, aside)| {
            let port = aside.published.iter().find(|one| one.wanted == wanted && wanted.is_some())?.port;
            Some((name.clone(), port))
        }),
    };
    if !environment.is_empty() && found.is_none() {
        draft.refuse(ReasonKind::Invalid, format!("its page is at `{host}:{port}`, and no service is there"));
    }
    if let Some((service, _)) = found.as_ref().filter(|_| guessed) {
        draft.remark(format!("its page is at `{host}`, which names no service, so it is taken to be at `{service}`"));
    }
    if let Some((service, port)) = found {
        let mut door = doors::door(service, port, crate::Scheme::Http, manifest.get("path").text_or_empty());
        if add.eq_ignore_ascii_case("false") {
            door.sign_in = SignIn::App;
        }
        let paths =
            |list: &str| list.split(',').map(str::trim).filter(|path| !path.is_empty()).take(crate::MAX_ENTRIES).map(Text::new).collect();
        door.open_paths = paths(&white);
        door.closed_paths = paths(&black);
        draft.spec.door = Some(door);
    }
}

/// The random values that templates name.
fn secrets(draft: &mut Draft, manifest: &Node) {
    let deterministic = manifest.get("deterministicPassword").switch() == Some(true);
    for (name, label) in [
        ("APP_SEED", "What the app derives its own secrets from"),
        ("APP_PASSWORD", "The password of the first sign-in"),
        ("JWT_SECRET", "What sessions are signed with"),
    ] {
        let Ok(key) = name.parse::<VariableName>() else { continue };
        let is_named = draft
            .spec
            .services
            .values()
            .flat_map(crate::Service::templates)
            .flat_map(crate::Template::variables)
            .any(|variable| *variable == Variable::Declared(key.clone()));
        if is_named || (draft.spec.evaluate.is_some() && name != "JWT_SECRET") {
            let shown = name == "APP_PASSWORD" && (deterministic || is_named);
            draft.spec.secrets.push(Secret { key, label: Text::new(label), encoding: Encoding::Hex, length: SEED_LENGTH, shown });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn assignments_that_ask_nothing_are_seen() {
        let text = "export A=\"1\"\n  export B='x'\nexport C=3006\nexport D=\"$A\"\nexport E=$(x)\nexport F=\"a b\"\nG=1\nexport H=";
        assert_eq!(assignments(text).collect::<Vec<_>>(), [("A", "1"), ("B", "x"), ("C", "3006")]);
    }

    #[test]
    fn scripts_that_drive_the_engine_are_seen() {
        for text in ["docker run x", "  sudo docker exec -it a b", "x=$(docker ps)", "docker-compose up", "a && podman rm b"] {
            assert!(drives_engine(text), "{text}");
        }
        for text in ["# docker run x", "mkdir docker", "docker=1", "echo docker/x", "cp a /docker "] {
            assert!(!drives_engine(text), "{text}");
        }
    }
}
