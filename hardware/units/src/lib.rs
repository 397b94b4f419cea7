//! Starting, watching and stopping roles, and the folder in which a box lies.
//!
//! **Owns** the trait [`Units`] with its implementations: [`ChildUnits`] (child processes, here), [`SystemdUnits`] (units over D-Bus, on the
//! appliance), [`FakeUnits`] (tests of those above); listening sockets that outlive the roles ([`sockets`]); the layout, owners, lock and free
//! room of the box's folder ([`Home`]).
//! **Needs** manifests' numbers, a program to execute, descriptors.
//! **Emits** [`UnitEvent`]s on the channel that each implementation is made with.
//! **Never** decides: what runs, and what a failure means, is the supervisor's to judge.

mod child;
mod fake;
mod fork;
mod home;
mod journal;
mod lines;
mod notify;
mod readable;
pub mod sockets;
mod subvolume;
mod systemd;
mod unit_file;
mod units;
mod users;

pub use child::ChildUnits;
pub use fake::{FakeUnits, Fate};
pub use home::{Home, HomeError, ROLE_USERS, Room, SPACE_USERS};
pub use lines::Line;
pub use systemd::SystemdUnits;
pub use unit_file::{appliance_units, whole_unit};
pub use units::{Exit, Limits, News, UnitError, UnitEvent, UnitSpec, Units};
