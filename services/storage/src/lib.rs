//! The disks of the box: which there are, what is on them, installing the running system onto one, the pool that several of them make, and the earlier
//! states of spaces that it keeps.
//!
//! **Owns** the change of the pool that is under way, how safe the owner wants files to lie, which disks have to be compared, and why each snapshot of a
//! space was taken, in its store; an
//! installation is known as long as the role lives, and what a disk or the pool holds is looked at each time.
//! **Needs** root on the appliance, for disks and the programs that change them; without, it lists disks and says what it cannot do.
//! **Emits** lists of disks, the pool, how far a change or an installation is; warnings, tasks and lines of the activity to the supervisor.
//! **Never** takes a path or a word of a command line from a request, overwrites a disk whose label was not typed, or one that has changed since
//! it was shown, touches the part of a disk that the box runs from, or begins a change that it cannot end as safe as it was.
//!
//! Why it is so: `docs/decisions/install.md`, `docs/decisions/pool-changes.md`, `docs/decisions/snapshots.md`.
//!
//! Disks that are used as they are: `adopt` judges the wish, `lender` mounts them and hands them to their workers.
//!
//! Single disks: the `doctor` asks them how they are, with `history` and `ailments`; the `eraser` erases one, takes that back, and looks into one.
//!
//! `plan` says what comes next in a change and what the box begins by itself; `change` whether one is safe, with `room` and `pace`; `state` and
//! `health` what people see. The `keeper` looks, decides by those, and has it done by `apply`. `snapshot` is the same for spaces.
//!
//! Tasks: the socket's server; the doctor; the eraser; the keeper, which does one change at a time, and who tells the supervisor; the keeper of
//! snapshots; one installation at a time. All end
//! with the role; a change goes on at the next start.

mod adopt;
mod adoption;
mod age;
mod ailments;
mod apply;
mod change;
mod doctor;
mod eraser;
mod error;
mod health;
mod history;
mod http;
mod installer;
mod judge;
mod keeper;
mod lender;
mod observe;
mod pace;
mod plan;
mod proof;
mod records;
mod room;
mod run;
mod snapshot;
mod state;
mod tell;
#[cfg(test)]
mod tests;
mod words;

pub use error::StorageError;
pub use http::{Storage, routes};
pub use run::run;
