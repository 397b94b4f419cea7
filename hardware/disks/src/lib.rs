//! The disks of this machine, and the copy of the running system onto one of them.
//!
//! **Owns** the trait [`Disks`] with its implementations: [`LinuxDisks`] (`lsblk`, `systemd-repart`, `veritysetup` and their like) and
//! [`FakeDisks`] (tests of those above).
//! **Needs** root for everything but the list; for an installation, an image that says how its partitions are made (`/usr/lib/croft/install.d`).
//! **Emits** the stage of an installation on the channel that it is started with.
//! **Never** judges whether a disk may be overwritten: that is the role's, before it asks. It only refuses what has become another disk meanwhile.

mod contents;
mod disks;
mod ends;
mod fake;
mod install;
mod linux;
mod lsblk;
mod program;
mod tree;

pub use disks::{DiskError, Disks, Stage};
pub use fake::FakeDisks;
pub use linux::LinuxDisks;
