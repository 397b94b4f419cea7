//! The words of a box, and the rules that hold between them.
//!
//! Owns: ids, units, [`Settings`] (desired state) with its validation and its patches, [`Status`] (observed state), warnings,
//! tasks, events, capabilities' claims, role manifests and problem documents.
//! Never: I/O, a clock, randomness, a runtime. What needs the time or a number takes it as an argument.

mod activity;
mod capability;
mod clock;
mod disk;
mod event;
mod ids;
mod link;
mod manifest;
mod names;
mod network;
mod patch;
mod power;
mod problem;
mod projection;
mod settings;
mod status;
mod task;
mod units;
mod validate;
mod warning;

pub use activity::{Actor, AuditEntry, Change, Commit};
pub use capability::{Claims, MAX_CAPABILITY_SECONDS, Principal, Scope};
pub use clock::{Ntp, TimeSettings};
pub use disk::{Bus, Disk, DiskId, Holds, Installation, Part, PartKind, Unfit, label_of};
pub use event::Event;
pub use ids::{IdError, PersonId, SessionId, SpaceId, SpaceNumber, TaskId};
pub use link::{LinkKind, LinkToken, NoToken};
pub use manifest::{DirectorySpec, Limits, Manifest, ManifestError, Network, Powers, RoleName, SocketKind, SocketSpec, Start};
pub use names::{folded, may_be_shown, shown_names};
pub use network::{Interface, InterfaceKind, NetworkSettings, StaticAddress, WifiNetwork};
pub use patch::{PatchConflict, diff, inverse_of, merge, revert};
pub use power::Power;
pub use problem::Problem;
pub use projection::{Projection, Report, Secret};
pub use settings::{BoxSettings, DoorSettings, Person, PersonRole, Right, SCHEMA, Section, Settings, Space, SpaceKind};
pub use status::{Pool, RoleState, RoleStatus, Status, Unavailable};
pub use task::{Progress, Task, TaskState};
pub use units::Bytes;
pub use validate::{Invalid, MAX_MOUNTS, PERMITTED_SUFFIXES, parse_section, parse_settings, validate};
pub use warning::{Severity, Warning};
