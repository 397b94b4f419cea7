//! Serving folders to Windows, macOS and Linux by Samba (SMB3).
//!
//! **Owns** the trait [`Smb`] with its implementations: [`SystemdSmb`] (a unit of the appliance), [`ChildSmb`] (a child process of root on a
//! developer's machine), [`NoSmb`] (where neither is possible), [`FakeSmb`] (tests of those above); every file that Samba reads.
//! **Needs** Debian's `samba`, root, and the box's folder.
//! **Emits** nothing by itself: it is asked.
//! **Never** decides who sees what: accounts and shares come as typed values, and nothing of a value gets to be more than a value.

mod child;
mod conf;
mod diff;
mod fake;
mod files;
mod inside;
mod nowhere;
mod smb;
mod systemd;
mod unit;
mod wanted;

pub use child::ChildSmb;
pub use fake::FakeSmb;
pub use nowhere::NoSmb;
pub use smb::{Smb, SmbError};
pub use systemd::SystemdSmb;
pub use unit::{DISCOVERY_UNIT, UNIT, discovery_unit_file, unit_file};
pub use wanted::{Account, DEVICE_USERS, Folder, MAX_ACCOUNT, NtHash, Share, Wanted, account_name};

/// Where a server of this machine answers when it may not have the port of SMB (445), which belongs to the machine itself.
pub const DEVELOPER_PORT: u16 = 4450;
/// The port of SMB.
pub const PORT: u16 = 445;
