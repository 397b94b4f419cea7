//! Catalogues that were handed to the box, and the store that shows them.

use std::collections::BTreeMap;

use croft_model::AppId;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};

use super::apps::AppPermission;

/// Apps in one body, at most: together they have to fit into it.
pub const MAX_AT_ONCE: usize = 64;

/// Body of `PUT /api/v1/catalogs/{catalog}/apps`: some of a catalogue's apps. They are shown when the edition is sealed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CatalogApps {
    /// Which edition they belong to: a text that whoever hands it over makes up, `a-z`, digits and `-`, at most 64.
    pub edition: String,
    /// Their specifications.
    #[schema(value_type = Vec<Object>)]
    pub specs: Vec<Value>,
}

/// Body of `POST /api/v1/catalogs/{catalog}/seal`: the edition is whole, and takes the place of the one before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SealCatalog {
    /// Which edition.
    pub edition: String,
    /// Where it came from, in words.
    #[serde(default)]
    pub source: String,
}

/// The catalogues of the box.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CatalogList {
    /// By name.
    pub catalogs: Vec<CatalogView>,
}

/// A catalogue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CatalogView {
    /// Its name on this box.
    pub name: String,
    /// Where it came from, in words.
    pub source: String,
    /// How many apps it has.
    pub apps: u32,
    /// When it was handed over.
    pub since: Timestamp,
}

/// Which apps of the store.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct StoreQuery {
    /// Words that all stand in the name, the tagline or the id, in any case.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub search: Option<String>,
    /// Of one category alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub category: Option<String>,
    /// How many to leave out at the beginning.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<u32>,
    /// How many, at most 100; 50 where nothing is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
}

/// A page of the store, by name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct StorePage {
    /// The apps.
    pub apps: Vec<StoreApp>,
    /// How many there are in all that were asked for.
    pub total: u32,
    /// Every category with its number of apps, whatever was asked for.
    pub categories: BTreeMap<String, u32>,
}

/// An app of the store.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct StoreApp {
    /// The catalogue.
    pub catalog: String,
    /// The app.
    pub id: AppId,
    /// The name that people read.
    pub name: String,
    /// What it is, in a line.
    pub tagline: String,
    /// Where a store shows it.
    pub category: String,
    /// The catalogue's version.
    pub version: String,
    /// Who makes it.
    pub developer: String,
    /// What it wants beyond its own network and data.
    pub permissions: Vec<AppPermission>,
    /// Why it cannot be installed on this box; empty when it can.
    pub refused: Vec<String>,
    /// The version that is installed, if it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub installed: Option<String>,
}

/// All about an app of the store.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct StoreEntry {
    /// What the list shows.
    pub app: StoreApp,
    /// What it is.
    pub description: String,
    /// Its page in the internet.
    pub website: String,
    /// What somebody should know before the first use.
    pub tips: String,
    /// The images that are fetched.
    pub images: Vec<String>,
    /// What a person fills in.
    pub questions: Vec<StoreQuestion>,
    /// What was not taken over from the catalogue, and what is different here.
    pub remarks: Vec<String>,
    /// The specification, for `POST /api/v1/apps`.
    #[schema(value_type = Object)]
    pub spec: Value,
}

/// Something that a person fills in before an install.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct StoreQuestion {
    /// The key of the answer.
    pub key: String,
    /// What people call it.
    pub label: String,
    /// What to fill in.
    pub hint: String,
    /// `text`, `password`, `number`, `switch`, `mail`, `url`, `host` or `ip`.
    pub kind: String,
    /// What holds while nobody has filled it in, where that is a plain text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default: Option<String>,
    /// Whether the app cannot start without it.
    pub required: bool,
    /// The values that it may have, each with what people read; any when there are none.
    pub choices: Vec<StoreChoice>,
}

/// One of several values.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct StoreChoice {
    /// The value.
    pub value: String,
    /// What people read.
    pub label: String,
}
