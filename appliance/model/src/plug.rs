//! Where a disk is plugged in, and with which others it belongs together.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Where a disk is plugged in.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "is", rename_all = "lowercase")]
pub enum Plug {
    /// A USB port.
    Usb {
        /// The controller's number, from 1.
        bus: u32,
        /// The port, and behind it that of each hub, from 1.
        ports: Vec<u32>,
    },
    /// A SATA port.
    Sata {
        /// Its number, from 1.
        port: u32,
    },
    /// A slot of PCI Express: on most boards one for M.2.
    Slot {
        /// The slot's address on the bus, `03:00.0`.
        address: String,
    },
    /// The slot for memory cards, or soldered to the board.
    Card {
        /// Its number, from 0.
        number: u32,
    },
    /// The disk of a virtual machine, or a file.
    Virtual,
    /// The system does not tell.
    #[default]
    Unknown,
}

/// A file system that lies on several disks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Several {
    /// Whether it is the pool of a Croft box.
    pub croft: bool,
    /// How many disks it has.
    pub disks: u64,
    /// How many of them are here.
    pub here: u64,
}
