//! Catalogues of apps: manifests of every kind become one [`AppSpec`].
//!
//! **Owns** what an app is to the box: its services, its door, what a person fills in, what it may; and the readers of each kind of catalogue.
//! **Needs** the files of a catalogue, handed in.
//! **Never** reads a file, asks the network, runs a script, knows the time or makes anything random: what needs that is recorded in the spec.
//!
//! Why it is so: `docs/decisions/catalogs.md`. What a spec holds: `docs/formats/app-spec.md`.

mod casaos;
mod catalogue;
mod compose;
mod doors;
mod draft;
mod files;
#[cfg(test)]
mod holds;
mod image;
mod interpolate;
mod names;
mod origins;
mod passwords;
mod paths;
mod permission;
mod plain;
mod runtipi;
mod scope;
mod service;
mod spec;
mod template;
mod text;
mod tree;
mod umbrel;

pub use catalogue::{Catalogue, CatalogueError, Outcome, ReadApp, read};
pub use croft_model::AppId;
pub use draft::{Reason, ReasonKind};
pub use files::{Entry, EntryKind, FileError, Files, FilesInMemory, MAX_LISTED};
pub use image::{Image, ImageError};
pub use names::{Capability, EnvName, HostName, NameError, ServiceName, VariableName};
pub use paths::{ContainerPath, DataPath, HostPath, PathError};
pub use permission::{Permission, Protocol, SpaceClass, Wall};
pub use service::{
    After, Device, Health, HealthTest, HostAddress, Limits, MAX_ENTRIES, MAX_WORD, Mount, Network, Restart, Service, Source, Stop, Ulimit,
    WrittenFile,
};
pub use spec::{
    About, AppSpec, CatalogueKind, Choice, Door, Encoding, Evaluate, Hook, MAX_ADDRESS, MAX_DESCRIPTION, MAX_LINE, MAX_PICTURES,
    MAX_REMARKS, MAX_SERVICES, MAX_SETTINGS, MAX_TITLE, Moment, Port, Scaffold, Scheme, Secret, Setting, SettingKind, SignIn,
};
pub use template::{Known, Part, Template, TemplateError, Unfilled, Variable};
pub use text::Text;
