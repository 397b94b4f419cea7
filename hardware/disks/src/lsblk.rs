//! What `lsblk(8)` says of the block devices, read into types.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use serde::Deserialize;

use crate::{DiskError, loops, program};

/// Time for a list; udev has asked the disks before.
const LIMIT: Duration = Duration::from_secs(20);
const PROGRAM: &str = "lsblk";
const COLUMNS: &str =
    "NAME,PATH,TYPE,SIZE,VENDOR,MODEL,SERIAL,WWN,TRAN,RM,RO,PTTYPE,PTUUID,FSTYPE,LABEL,UUID,PARTLABEL,PARTTYPE,PARTUUID,MOUNTPOINTS";

#[derive(Deserialize)]
struct Listing {
    blockdevices: Vec<Device>,
}

/// A block device with those made of it.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Device {
    pub(crate) name: String,
    pub(crate) path: PathBuf,
    /// The kernel's number of this very disk: another one that gets its name has another.
    #[serde(skip)]
    pub(crate) sequence: Option<u64>,
    /// The file behind it, if it is a loop device.
    #[serde(skip)]
    pub(crate) behind: Option<PathBuf>,
    #[serde(rename = "type")]
    pub(crate) kind: String,
    pub(crate) size: u64,
    pub(crate) vendor: Option<String>,
    pub(crate) model: Option<String>,
    pub(crate) serial: Option<String>,
    pub(crate) wwn: Option<String>,
    pub(crate) tran: Option<String>,
    #[serde(rename = "rm")]
    pub(crate) removable: bool,
    #[serde(rename = "ro")]
    pub(crate) read_only: bool,
    pub(crate) pttype: Option<String>,
    pub(crate) ptuuid: Option<String>,
    pub(crate) fstype: Option<String>,
    pub(crate) label: Option<String>,
    pub(crate) uuid: Option<String>,
    pub(crate) partlabel: Option<String>,
    pub(crate) parttype: Option<String>,
    pub(crate) partuuid: Option<String>,
    #[serde(default)]
    pub(crate) mountpoints: Vec<Option<String>>,
    #[serde(default)]
    pub(crate) children: Vec<Self>,
}

impl Device {
    /// Whether it, or something made of it, is mounted at `place`.
    pub(crate) fn carries(&self, place: &str) -> bool {
        self.mountpoints.iter().flatten().any(|mounted| mounted == place) || self.children.iter().any(|child| child.carries(place))
    }

    /// It and everything that is made of it.
    pub(crate) fn with_parts(&self) -> Vec<&Self> {
        std::iter::once(self).chain(self.children.iter().flat_map(Self::with_parts)).collect()
    }

    /// Whether anything of it is mounted, swapped to, or mapped into something else.
    pub(crate) fn is_used(&self) -> bool {
        let mapped = self.children.iter().any(|child| child.kind != "part");
        mapped || self.mountpoints.iter().flatten().next().is_some() || self.children.iter().any(Self::is_used)
    }
}

/// All block devices, as they are now.
pub(crate) async fn list() -> Result<Vec<Device>, DiskError> {
    let mut devices = parse(&program::read(PROGRAM, &["--json", "--bytes", "--tree", "--output", COLUMNS], LIMIT).await?)?;
    // `lsblk` tells it only in versions newer than this machine may have.
    devices.iter_mut().for_each(|device| {
        device.sequence = sequence(&device.name);
        device.behind = loops::file_behind(&device.name);
    });
    Ok(devices)
}

/// The kernel's number of the disk that has this name now (Documentation/ABI/stable/sysfs-block).
fn sequence(name: &str) -> Option<u64> {
    std::fs::read_to_string(Path::new("/sys/class/block").join(name).join("diskseq")).ok()?.trim().parse().ok()
}

/// Reads what `lsblk --json --bytes --tree` prints. It prints nothing at all where there are none.
pub(crate) fn parse(json: &str) -> Result<Vec<Device>, DiskError> {
    if json.trim().is_empty() {
        return Ok(Vec::new());
    }
    let listing: Listing = serde_json::from_str(json).map_err(|source| DiskError::Answer { program: PROGRAM, source })?;
    Ok(listing.blockdevices)
}
