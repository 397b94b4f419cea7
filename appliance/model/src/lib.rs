//! The words of a box, and the rules that hold between them.
//!
//! Owns: ids, units, [`Settings`] (desired state) with its validation and its patches, [`Status`] (observed state), warnings,
//! tasks, events, capabilities' claims, role manifests and problem documents.
//! Never: I/O, a clock, randomness, a runtime. What needs the time or a number takes it as an argument.

mod activity;
mod adopted;
mod app;
mod capability;
mod clock;
mod disk;
mod disk_view;
mod event;
mod health;
mod ids;
mod link;
mod manifest;
mod names;
mod network;
mod notify;
mod patch;
mod plug;
mod pool;
mod power;
mod problem;
mod projection;
mod proof;
mod settings;
mod share;
mod snapshot;
mod status;
mod task;
mod units;
mod validate;
mod warning;

pub use activity::{Actor, AuditEntry, Change, Commit};
pub use adopted::{AdoptDisk, AdoptPlan, AdoptVolume, Adopted, AdoptedState, DiskSource, LeftVolume, Unadoptable, VolumeId, place_name};
pub use app::{AppId, HostedApp, MAX_APP_ID, MAX_APPS, OpenTo, WayOut};
pub use capability::{Claims, MAX_CAPABILITY_SECONDS, Principal, Scope};
pub use clock::{Ntp, TimeSettings};
pub use disk::{Bus, Disk, DiskId, Holds, Installation, Part, PartKind, Unfit, label_of};
pub use disk_view::{
    DiskView, DiskWork, DiskWorkEnd, DiskWorkKind, EraseDisk, ErasePlan, Inside, InsideEntry, InsidePart, KeptEnds, SeenDisk, Unshown,
};
pub use event::Event;
pub use health::{DiskHealth, DiskReading, HealthReason, Sectors, Silence, Verdict, nothing};
pub use ids::{IdError, PersonId, SessionId, SpaceId, SpaceNumber, TaskId};
pub use link::{LinkKind, LinkToken, NoToken};
pub use manifest::{DirectorySpec, Limits, Manifest, ManifestError, Network, Powers, RoleName, Serves, SocketKind, SocketSpec, Start};
pub use names::{folded, may_be_shown, shown_names};
pub use network::{Interface, InterfaceKind, NetworkSettings, StaticAddress, WifiNetwork};
pub use notify::{
    MAX_RECIPIENTS, MAX_WEBHOOKS, MailSecurity, MailSettings, NotifySettings, WebhookAddress, WebhookSettings, is_mail_address,
    webhook_address,
};
pub use patch::{PatchConflict, diff, inverse_of, merge, revert};
pub use plug::{Plug, Several};
pub use pool::{
    Checked, Member, MemberErrors, MemberState, NewDisk, Pool, PoolAbsent, PoolChange, PoolEnd, PoolEnded, PoolPlan, PoolRoom, PoolState,
    PoolStep, PoolView, PoolWork, Protection,
};
pub use power::Power;
pub use problem::Problem;
pub use projection::{Projection, Report, Secret, Standing};
pub use proof::{MAX_PROOF_SECONDS, MAX_PROVED, Proof, ToProve};
pub use settings::{BoxSettings, DoorSettings, Person, PersonRole, Right, SCHEMA, Section, Settings, Space, SpaceKind};
pub use share::{Holding, NetworkDrive, Serve, ShareSettings, TimeMachine, folded_drive_name, network_drives};
pub use snapshot::{
    MAX_SNAPSHOT_NOTE, NoSnapshots, NotASnapshot, Quota, Snapshot, SnapshotList, SnapshotName, SnapshotOrder, SnapshotReason,
    SnapshotSchedule, SnapshotSettings, SnapshotWhy, SnapshotsImpossible, SpaceUsage,
};
pub use status::{Ground, RoleState, RoleStatus, Status, Unavailable};
pub use task::{Progress, Task, TaskState};
pub use units::Bytes;
pub use validate::{Invalid, MAX_MOUNTS, PERMITTED_SUFFIXES, parse_section, parse_settings, validate};
pub use warning::{Severity, Warning};
