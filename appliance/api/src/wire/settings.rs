//! Reading and changing the settings.

use std::collections::BTreeMap;

use croft_model::{
    AppId, BoxSettings, Change, Commit, DoorSettings, HostedApp, NetworkSettings, NotifySettings, Person, PersonId, Section, Settings,
    ShareSettings, SnapshotSettings, Space, SpaceId, TimeSettings,
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// The whole settings with the versions of their sections.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SettingsDocument {
    /// Generation of the document.
    pub generation: u64,
    /// What to send as `If-Match` to change a section, by section: `"people-17"`, quotes included.
    pub etags: BTreeMap<Section, String>,
    /// The document.
    pub settings: Settings,
}

/// The value of one section.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(untagged)]
pub enum SectionValue {
    /// Section `box`.
    Box(BoxSettings),
    /// Section `people`.
    People(BTreeMap<PersonId, Person>),
    /// Section `spaces`.
    Spaces(BTreeMap<SpaceId, Space>),
    /// Section `door`.
    Door(DoorSettings),
    /// Section `network`.
    Network(NetworkSettings),
    /// Section `time`.
    Time(TimeSettings),
    /// Section `snapshots`.
    Snapshots(SnapshotSettings),
    /// Section `shares`.
    Shares(ShareSettings),
    /// Section `notify`.
    Notify(NotifySettings),
    /// Section `apps`.
    Apps(BTreeMap<AppId, HostedApp>),
}

/// How a change is to be made.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct ChangeQuery {
    /// Why, in the person's words, at most 500 characters; kept in the history.
    #[serde(default)]
    pub why: String,
    /// Only say what would change.
    #[serde(default)]
    pub dry_run: bool,
}

/// What a change did, or would do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Changed {
    /// Generation in force after it.
    pub generation: u64,
    /// True when nothing was written because nobody wanted it to be.
    pub dry_run: bool,
    /// The commit; absent when the settings already were like that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<Commit>,
    /// Versions of all sections after it.
    pub etags: BTreeMap<Section, String>,
}

/// Between which generations.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct DifferenceQuery {
    /// The earlier one; 0 is the empty document.
    pub from: u64,
    /// The later one; the present one when absent.
    pub to: Option<u64>,
}

/// What lies between two generations.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Difference {
    /// The earlier generation.
    pub from: u64,
    /// The later generation.
    pub to: u64,
    /// What changed, section by section.
    pub changes: BTreeMap<Section, Change>,
}
