//! `AppSpec`: one app as the box understands it, whatever catalogue it comes from.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{AppId, DataPath, Permission, Protocol, Service, ServiceName, Template, Text, Variable, VariableName};

/// Services of one app. The largest in the catalogues that were read has 13.
pub const MAX_SERVICES: usize = 64;
/// Settings of one app, and secrets. The most in the catalogues that were read are 23.
pub const MAX_SETTINGS: usize = 128;
/// Pictures of one app.
pub const MAX_PICTURES: usize = 16;
/// Remarks on one app that are kept; a manifest of nothing but unknown keys is no reason to keep them all.
pub const MAX_REMARKS: usize = 64;
/// Bytes of a name or a label.
pub const MAX_TITLE: usize = 128;
/// Bytes of a line: a tagline, a hint, a choice, a default.
pub const MAX_LINE: usize = 1024;
/// Bytes of a description.
pub const MAX_DESCRIPTION: usize = 16 * 1024;
/// Bytes of an address.
pub const MAX_ADDRESS: usize = 2048;

/// One app.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AppSpec {
    /// What it is called in addresses and on disk.
    #[schema(value_type = String)]
    pub id: AppId,
    /// The sort of catalogue that it comes from.
    pub kind: CatalogueKind,
    /// What people read about it.
    pub about: About,
    /// Its containers, by name.
    #[schema(value_type = BTreeMap<String, Service>)]
    pub services: BTreeMap<ServiceName, Service>,
    /// Its page, when it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub door: Option<Door>,
    /// Further ports that the home network is meant to reach.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ports: Vec<Port>,
    /// What a person fills in.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub settings: Vec<Setting>,
    /// Random values that are made at install, for this install alone.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub secrets: Vec<Secret>,
    /// Other apps that it needs.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    #[schema(value_type = BTreeSet<String>)]
    pub depends_on_apps: BTreeSet<AppId>,
    /// Variables that name one of its services, in its own templates and in those of apps that need it: catalogues give addresses there.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schema(value_type = BTreeMap<String, String>)]
    pub addresses: BTreeMap<VariableName, ServiceName>,
    /// What it asks for beyond its own data and network.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub permissions: BTreeSet<Permission>,
    /// Files of the catalogue that its data begins with.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub scaffold: Vec<Scaffold>,
    /// What must be run in a locked container before the app is whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evaluate: Option<Evaluate>,
    /// What was not taken over, and what is different here.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schema(value_type = Vec<String>)]
    pub remarks: Vec<Text<MAX_LINE>>,
}

/// The sort of a catalogue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum CatalogueKind {
    /// CasaOS and ZimaOS: `Apps/NAME/docker-compose.yml` with `x-casaos`.
    Casaos,
    /// Umbrel: `NAME/umbrel-app.yml`.
    Umbrel,
    /// Runtipi: `apps/NAME/config.json`.
    Runtipi,
    /// A compose file, with or without a `croft.toml`.
    Compose,
}

/// What people read about an app.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct About {
    /// Its name.
    #[schema(value_type = String)]
    pub name: Text<MAX_TITLE>,
    /// What it is, in a line.
    #[serde(default, skip_serializing_if = "Text::is_empty")]
    #[schema(value_type = String)]
    pub tagline: Text<MAX_LINE>,
    /// What it is.
    #[serde(default, skip_serializing_if = "Text::is_empty")]
    #[schema(value_type = String)]
    pub description: Text<MAX_DESCRIPTION>,
    /// Where a store shows it.
    #[serde(default, skip_serializing_if = "Text::is_empty")]
    #[schema(value_type = String)]
    pub category: Text<MAX_TITLE>,
    /// The catalogue's version of it; another text is an update.
    #[serde(default, skip_serializing_if = "Text::is_empty")]
    #[schema(value_type = String)]
    pub version: Text<MAX_TITLE>,
    /// Who makes it.
    #[serde(default, skip_serializing_if = "Text::is_empty")]
    #[schema(value_type = String)]
    pub developer: Text<MAX_TITLE>,
    /// Its page in the internet.
    #[serde(default, skip_serializing_if = "Text::is_empty")]
    #[schema(value_type = String)]
    pub website: Text<MAX_ADDRESS>,
    /// Its icon: an address, or a file beside its manifest. The box fetches and keeps it; no browser does.
    #[serde(default, skip_serializing_if = "Text::is_empty")]
    #[schema(value_type = String)]
    pub icon: Text<MAX_ADDRESS>,
    /// Pictures of it, likewise.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schema(value_type = Vec<String>)]
    pub pictures: Vec<Text<MAX_ADDRESS>>,
    /// Processors that it is made for; all where nothing stands: `amd64`, `arm64`.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    #[schema(value_type = BTreeSet<String>)]
    pub architectures: BTreeSet<Text<MAX_TITLE>>,
    /// What somebody should know before the first use.
    #[serde(default, skip_serializing_if = "Text::is_empty")]
    #[schema(value_type = String)]
    pub tips: Text<MAX_DESCRIPTION>,
}

/// The page of an app.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Door {
    /// Which service answers.
    #[schema(value_type = String)]
    pub service: ServiceName,
    /// On which port of its container.
    pub port: u16,
    /// How the container speaks.
    #[serde(default)]
    pub scheme: Scheme,
    /// Where one begins: `/`, `/admin`.
    #[schema(value_type = String)]
    pub path: Text<MAX_ADDRESS>,
    /// Whether the box asks for a sign-in before the app does.
    #[serde(default)]
    pub sign_in: SignIn,
    /// Paths that the catalogue lets through without that sign-in: `/api/*`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schema(value_type = Vec<String>)]
    pub open_paths: Vec<Text<MAX_ADDRESS>>,
    /// Paths that stay behind that sign-in, where all others are let through.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schema(value_type = Vec<String>)]
    pub closed_paths: Vec<Text<MAX_ADDRESS>>,
}

/// How a container speaks.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Scheme {
    /// HTTP.
    #[default]
    Http,
    /// HTTPS, with a certificate of its own.
    Https,
}

/// Whether the box asks for a sign-in before an app does, as its catalogue proposes it. A person decides.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum SignIn {
    /// The household signs in.
    #[default]
    Household,
    /// The app does it by itself.
    App,
}

/// A port beside the door.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Port {
    /// Which service answers.
    #[schema(value_type = String)]
    pub service: ServiceName,
    /// On which port of its container.
    pub port: u16,
    /// The last one, where it is a row of ports.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub through: Option<u16>,
    /// The port of the box that the catalogue names. It is a wish: the box gives another where that one is taken.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wanted: Option<u16>,
    /// TCP or UDP.
    #[serde(default)]
    pub protocol: Protocol,
}

/// A field that a person fills in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Setting {
    /// What templates call it.
    #[schema(value_type = String)]
    pub key: VariableName,
    /// What people call it.
    #[schema(value_type = String)]
    pub label: Text<MAX_TITLE>,
    /// What to fill in.
    #[serde(default, skip_serializing_if = "Text::is_empty")]
    #[schema(value_type = String)]
    pub hint: Text<MAX_LINE>,
    /// Which sort of value it takes.
    #[serde(default)]
    pub kind: SettingKind,
    /// What holds while nobody has filled it in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub default: Option<Template>,
    /// Whether the app cannot start without it. What is not required and not filled in is empty.
    #[serde(default)]
    pub required: bool,
    /// The values that it may have; any where nothing stands.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub choices: Vec<Choice>,
    /// The fewest characters, or the smallest number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min: Option<i64>,
    /// The most characters, or the greatest number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max: Option<i64>,
}

/// The sort of a setting's value.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum SettingKind {
    /// A line.
    #[default]
    Text,
    /// A line that is not shown and is kept with the secrets.
    Password,
    /// A number.
    Number,
    /// `true` or `false`.
    Switch,
    /// An address of mail.
    Mail,
    /// An address of the web.
    Url,
    /// A name of a host.
    Host,
    /// An address of the network.
    Ip,
}

/// One of several values.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Choice {
    /// The value.
    #[schema(value_type = String)]
    pub value: Text<MAX_LINE>,
    /// What people read.
    #[schema(value_type = String)]
    pub label: Text<MAX_TITLE>,
}

/// A random value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Secret {
    /// What templates call it.
    #[schema(value_type = String)]
    pub key: VariableName,
    /// What it is for.
    #[serde(default, skip_serializing_if = "Text::is_empty")]
    #[schema(value_type = String)]
    pub label: Text<MAX_TITLE>,
    /// How it is written.
    pub encoding: Encoding,
    /// How long it is: characters of the text, and random bytes before they are written as base64.
    pub length: u16,
    /// Whether a person needs it to sign in to the app, and is shown it.
    #[serde(default)]
    pub shown: bool,
}

/// How a random value is written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Encoding {
    /// Hexadecimal digits.
    #[default]
    Hex,
    /// Letters and digits.
    Alphanumeric,
    /// Base64 of so many bytes.
    Base64,
}

/// Files of the catalogue that an app's data begins with. Nothing that is there already is overwritten.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
pub struct Scaffold {
    /// A file or folder beside the app's manifest.
    #[schema(value_type = String)]
    pub from: DataPath,
    /// Where it goes in the app's data.
    #[schema(value_type = String)]
    pub to: DataPath,
}

/// What a catalogue has scripts for. They run in a locked container: no network, no power of root beyond files, the app's data alone.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Evaluate {
    /// The script whose variables templates name, beside the manifest. Those of the apps that are needed come first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub exports: Option<DataPath>,
    /// Variables that scripts find out; a template may name them.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    #[schema(value_type = BTreeSet<String>)]
    pub variables: BTreeSet<VariableName>,
    /// Files in which variables are replaced before each start.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schema(value_type = Vec<String>)]
    pub templates: Vec<DataPath>,
    /// Scripts that run at a moment of the app's life.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hooks: Vec<Hook>,
}

/// A script of a catalogue that runs at a moment of an app's life.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Hook {
    /// When.
    pub when: Moment,
    /// Which, beside the manifest.
    #[schema(value_type = String)]
    pub script: DataPath,
}

/// A moment of an app's life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Moment {
    /// Before its images are fetched for the first time.
    PreInstall,
    /// After its first start.
    PostInstall,
    /// Before each start.
    PreStart,
    /// After each start.
    PostStart,
    /// Before it is stopped.
    PreStop,
    /// After it was stopped.
    PostStop,
    /// Before an update.
    PreUpdate,
    /// After an update.
    PostUpdate,
    /// Before it is removed.
    PreUninstall,
    /// After it was removed.
    PostUninstall,
}

impl AppSpec {
    /// Variables that templates name and nobody declares. A plan without any is complete.
    #[must_use]
    pub fn undeclared(&self) -> BTreeSet<&VariableName> {
        let declared: BTreeSet<&VariableName> = (self.settings.iter().map(|setting| &setting.key))
            .chain(self.secrets.iter().map(|secret| &secret.key))
            .chain(self.evaluate.iter().flat_map(|evaluate| &evaluate.variables))
            .collect();
        (self.services.values().flat_map(Service::templates))
            .chain(self.settings.iter().filter_map(|setting| setting.default.as_ref()))
            .flat_map(Template::variables)
            .filter_map(|variable| match variable {
                Variable::Declared(name) if !declared.contains(name) => Some(name),
                _ => None,
            })
            .collect()
    }
}
