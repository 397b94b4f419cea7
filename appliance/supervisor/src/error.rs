//! What keeps the supervisor from starting, and how store errors look from outside.

use std::{io, path::PathBuf};

use croft_api::inherit::InheritError;
use croft_model::{Invalid, Problem};
use croft_network::NetworkError;
use croft_store::{StoreError, Trouble};
use croft_units::{HomeError, UnitError};

/// Why the supervisor cannot run.
#[derive(Debug, thiserror::Error)]
pub enum SupervisorError {
    /// The box's folder cannot be laid out or is in use.
    #[error("cannot use the box's folder")]
    Home(#[from] HomeError),
    /// Its store cannot be opened. Nothing was changed in it.
    #[error("cannot open the settings in {}. {}", path.display(), source.hint())]
    Store {
        /// Where the file lies.
        path: PathBuf,
        /// Why.
        source: StoreError,
    },
    /// The file of its store cannot be made or opened.
    #[error("cannot open {}", path.display())]
    StoreFile {
        /// Where it lies.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The settings in its store cannot be used. Nothing was changed in them.
    #[error("cannot use the settings in {}; nothing was changed in them", path.display())]
    Settings {
        /// Where the file lies.
        path: PathBuf,
        /// Why.
        source: Invalid,
    },
    /// A manifest contradicts itself or another.
    #[error("the manifest of a role is wrong")]
    Manifest(#[from] Invalid),
    /// A manifest is not TOML of the right shape.
    #[error("a manifest cannot be read")]
    ManifestText(#[from] toml::de::Error),
    /// A descriptor is missing or cannot be used.
    #[error("the supervisor was not started as it should be")]
    Inherit(#[from] InheritError),
    /// Roles cannot be started on this machine.
    #[error("roles cannot be started here")]
    Units(#[from] UnitError),
    /// The network of this machine cannot be looked after.
    #[error("the machine's network cannot be looked after")]
    Network(#[from] NetworkError),
    /// The key of the capabilities cannot be made or read.
    #[error("cannot make the key of the capabilities")]
    Key(#[source] io::Error),
}

impl SupervisorError {
    /// The code with which the process ends, so that whoever restarts it knows whether that can help.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match self {
            // sysexits.h: EX_DATAERR, EX_CONFIG, EX_TEMPFAIL, EX_UNAVAILABLE.
            Self::Store { source, .. } => match source.trouble() {
                Trouble::Torn(_) | Trouble::Foreign(_) | Trouble::Future { .. } => 65,
                _ => 75,
            },
            Self::Settings { .. } => 65,
            Self::Manifest(_) | Self::ManifestText(_) => 78,
            Self::Home(HomeError::InUse { .. }) => 69,
            _ => 1,
        }
    }
}

/// A store error as the other side may see it.
pub(crate) fn problem(error: StoreError) -> Problem {
    match error.trouble() {
        Trouble::Full => Problem::new(507, "disk-full", "The disk is full, so nothing was changed.").hint(error.hint()),
        _ => croft_api::problem::internal(&error),
    }
}
