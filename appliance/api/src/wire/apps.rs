//! Apps: what people ask of the role `apps` and read of it, and what it asks of the supervisor.

use std::collections::BTreeMap;

use croft_model::{AppId, Bytes, HostedApp, Progress};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};

/// Body of `POST /api/v1/apps`: the app as a specification, and what the person filled in.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct InstallApp {
    /// The specification, as `docs/formats/app-spec.md` says and `croft app show DIR --json` prints.
    #[schema(value_type = Object)]
    pub spec: Value,
    /// What was filled in, by the key of the question. Answers that are passwords are kept beside the settings.
    #[serde(default)]
    pub values: BTreeMap<String, String>,
    /// The permissions that the person has granted, by their words; all that the app asks for must be among them.
    #[serde(default)]
    pub granted: Vec<String>,
    /// Where it came from, in words.
    #[serde(default)]
    pub source: String,
    /// Whether it may take over what an app of the same id has kept that came from elsewhere.
    #[serde(default)]
    pub replace: bool,
}

/// What an app asks for, before it is installed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct InstallPlan {
    /// The app.
    pub app: AppId,
    /// The name that people read.
    pub name: String,
    /// What it wants beyond its own network and data.
    pub permissions: Vec<AppPermission>,
    /// The images that are fetched.
    pub images: Vec<String>,
    /// Why it cannot be installed; then nothing is done.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub refused: Vec<String>,
}

/// A permission, with what it means.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AppPermission {
    /// The word that grants it.
    pub word: String,
    /// What it means, in a sentence.
    pub means: String,
}

/// How an install is to be made.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct InstallQuery {
    /// Only say what would be done.
    #[serde(default)]
    pub dry_run: bool,
}

/// Every app of the box.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct AppList {
    /// Whether apps can run here.
    pub engine: EngineState,
    /// The apps, by id.
    pub apps: Vec<AppView>,
}

/// What runs apps.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "is", rename_all = "lowercase")]
pub enum EngineState {
    /// It answers.
    Ready {
        /// Its name and version.
        version: String,
    },
    /// Apps cannot run.
    Away {
        /// Why, in a sentence.
        why: String,
    },
}

/// An app, as people see it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct AppView {
    /// The id.
    pub id: AppId,
    /// The name that people read.
    pub name: String,
    /// What it is for.
    #[serde(default)]
    pub tagline: String,
    /// The version that is installed.
    #[serde(default)]
    pub version: String,
    /// Where it came from.
    #[serde(default)]
    pub source: String,
    /// What is wanted of it; absent while it is being installed for the first time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wanted: Option<HostedApp>,
    /// How it does.
    pub state: AppState,
    /// Its parts.
    pub services: Vec<AppService>,
    /// The host names at which it has a page, without a port; none where it has no page.
    pub hosts: Vec<String>,
    /// What it was granted.
    pub permissions: Vec<AppPermission>,
    /// What is being done to it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub work: Option<AppWork>,
    /// How the last piece of work ended, when not well.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failed: Option<AppFailure>,
    /// What keeps it from being as it shall, in a sentence; it is tried again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trouble: Option<String>,
    /// Bytes that came into its network and left it since it was installed, the household's own visits aside.
    pub traffic: AppTraffic,
    /// When it was installed, or updated last.
    pub since: Timestamp,
}

/// How an app does as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum AppState {
    /// It is being fetched and set up.
    Installing,
    /// All parts run, and those that can say so are well.
    Running,
    /// It is on its way to that.
    Starting,
    /// Nobody wants it to run.
    Stopped,
    /// A part ends again and again, or is not well.
    Failing,
}

/// A part of an app: one container.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AppService {
    /// Its name.
    pub name: String,
    /// The image, as the app names it.
    pub image: String,
    /// The digest of what was fetched.
    #[serde(default)]
    pub digest: String,
    /// In a word: `running`, `healthy`, `unhealthy`, `ended`, `absent`.
    pub state: String,
    /// How often it was started again by itself.
    pub restarts: u32,
}

/// Work on an app.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AppWork {
    /// In a word: `install`, `uninstall`, `restart`.
    pub kind: String,
    /// What is being done just now, in a sentence.
    pub step: String,
    /// How far, where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub progress: Option<Progress>,
}

/// Work that did not end well.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AppFailure {
    /// As of [`AppWork`].
    pub kind: String,
    /// When.
    pub at: Timestamp,
    /// Why, in a sentence.
    pub why: String,
}

/// What crossed the wall around an app.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AppTraffic {
    /// Bytes in.
    pub received: Bytes,
    /// Bytes out.
    pub sent: Bytes,
    /// Packets that were turned back.
    pub denied: u64,
}

/// What a person needs to sign in to an app.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AppSecrets {
    /// Each value.
    pub secrets: Vec<AppSecret>,
}

/// A value that was made for this install alone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AppSecret {
    /// What it is for.
    pub label: String,
    /// The value.
    pub value: String,
}

/// Which lines of an app's log.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct AppLogQuery {
    /// Of one part alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<String>,
    /// How many of the last lines, at most 2000.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tail: Option<u32>,
    /// Only lines that have this in them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub search: Option<String>,
}

/// The last lines of an app.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AppLog {
    /// In the order of their times.
    pub lines: Vec<AppLine>,
}

/// A line that an app wrote.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AppLine {
    /// When, where the engine knows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<Timestamp>,
    /// The part.
    pub service: String,
    /// What it wrote, without control characters.
    pub text: String,
}

/// Body of `POST /internal/v1/apps`: the role has judged who asks, and has what the app consists of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AppWish {
    /// Who asks, in words.
    pub by: String,
    /// The app.
    pub app: AppId,
    /// The name that people read.
    pub name: String,
    /// What was filled in.
    #[serde(default)]
    pub values: BTreeMap<String, String>,
}

/// Its answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AppNumber {
    /// The number that the app has.
    pub number: u16,
}

/// Body of `POST /internal/v1/apps/remove`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AppGone {
    /// Who asks, in words.
    pub by: String,
    /// The app.
    pub app: AppId,
}

/// What the gateway says to the role `apps`: which app it wants a connection to. The connection comes with the answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Knock {
    /// The app.
    pub app: AppId,
}

/// What comes back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "lowercase", deny_unknown_fields)]
pub enum Opened {
    /// A connection goes along.
    Open {
        /// Whether the app speaks TLS there.
        tls: bool,
    },
    /// The app is not running.
    Stopped,
    /// It is on its way.
    Starting,
    /// It takes no connection, though it runs.
    Refused,
    /// There is none of this name, or it has no page.
    Unknown,
}

/// Bytes of the longest message of the two.
pub const MAX_KNOCK: usize = 256;
/// Name of the socket, among those of the roles.
pub const DOORS: &str = "doors.sock";
