//! Looking at the pool and at its disks.

use std::{collections::BTreeMap, sync::Arc};

use croft_disks::{Pool, PoolError, Seen};
use croft_model::{Disk, DiskId, PoolAbsent};

/// Characters of a serial number by which people tell two disks of one model apart.
const SERIAL: usize = 4;

/// What a look at the pool gave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Looked {
    /// There is none, and why.
    Absent(PoolAbsent),
    /// There is one.
    There(Seen),
}

/// Looks at the pool.
///
/// # Errors
/// The kernel does not answer.
pub(crate) async fn look(pool: Result<&Arc<dyn Pool>, PoolAbsent>) -> Result<Looked, PoolError> {
    match pool {
        Err(reason) => Ok(Looked::Absent(reason)),
        Ok(pool) => Ok(pool.look().await?.map_or(Looked::Absent(PoolAbsent::OtherFileSystem), Looked::There)),
    }
}

/// What people know the disks by.
pub(crate) fn names(disks: &[Disk]) -> BTreeMap<DiskId, String> {
    disks.iter().map(|disk| (disk.id.clone(), name(disk))).collect()
}

/// Maker and model, and the end of the serial number.
pub(crate) fn name(disk: &Disk) -> String {
    name_of(&disk.name, &disk.serial)
}

/// The same, of a disk that is known only by these.
pub(crate) fn name_of(name: &str, serial: &str) -> String {
    let mut end: Vec<char> = serial.chars().rev().filter(|c| c.is_ascii_alphanumeric()).take(SERIAL).collect();
    end.reverse();
    format!("{name} {}", end.into_iter().collect::<String>()).trim().to_owned()
}
