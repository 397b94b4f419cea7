//! The disks of this machine, the copy of the running system onto one of them, and the pool that several of them make.
//!
//! **Owns** the trait [`Disks`] with its implementations: [`LinuxDisks`] (`lsblk`, `systemd-repart`, `veritysetup` and their like) and
//! [`FakeDisks`] (tests of those above); the trait [`Care`] of single disks (`smartctl`, mounts for reading, erasing) with [`LinuxCare`] and [`FakeCare`];
//! the trait [`Pool`] with [`LinuxPool`] (the calls of btrfs) and [`FakePool`]; the trait [`Snapshots`] with [`LinuxSnapshots`] and [`FakeSnapshots`];
//! what is kept of a disk before it is emptied.
//! **Needs** root for everything but the list; for an installation, an image that says how its partitions are made (`/usr/lib/croft/install.d`);
//! for a pool, a directory in it and one for what is kept.
//! **Emits** the stage of an installation, and how far a change of the pool is, on the channels that they are started with.
//! **Never** judges whether a disk may be overwritten, or what follows what in a pool: that is the role's, before it asks. It only refuses what has
//! become another disk meanwhile, and what the kernel would refuse when the disk is already empty.

mod aside;
mod btrfs;
mod care;
mod contents;
mod disks;
mod empty;
mod ends;
mod fake;
mod fake_care;
mod fake_pool;
mod fake_snapshots;
mod inside;
mod install;
mod lend;
mod linux;
mod loops;
mod lsblk;
mod plug;
mod pool;
mod probe;
mod program;
mod read_only;
mod readings;
mod smart;
mod snapshots;
mod tree;
mod uevents;

pub use aside::{Kept, LeftBlock, Piece, clear_aside, forget, kept};
pub use btrfs::{LinuxPool, LinuxSnapshots};
pub use care::{Care, LinuxCare, Present};
pub use disks::{DiskError, Disks, Stage};
pub use fake::FakeDisks;
pub use fake_care::FakeCare;
pub use fake_pool::{FakeCall, FakePool};
pub use fake_snapshots::FakeSnapshots;
pub use lend::{Hold, Lending, Unlent, Volume};
pub use linux::LinuxDisks;
pub use loops::LOOP_DISKS;
pub use pool::{Group, Holder, Pool, PoolError, Scrubbed, Seen, SeenMember, Target, Usage};
pub use smart::{SmartAnswer, SmartWay};
pub use snapshots::{LEFT, Left, Measured, SeenRoom, SeenSnapshot, SeenSpace, Snapshots, SpaceGround};
