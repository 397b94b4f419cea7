//! The supervisor: the one regulator of a box.
//!
//! **Owns** the settings with their history, the audit log, the tasks, the warnings, the event stream, the life of the roles, and how the
//! machine stands in the network.
//! **Needs** `hardware/units` to run processes and to hold the box's folder, `hardware/network` and `hardware/boot` for the machine's network and its end, `croft-store` for its one file, manifests (embedded).
//! **Emits** projections of the settings to the roles, events to people, warnings and statuses.
//! **Never** touches a byte of anybody's files, and listens on no network address.
//!
//! A change: [`http`] reads it → [`household`], [`history`] or [`change`] propose a document → [`change::plan`] parses, validates, guards
//! ([`guard`]) → [`desired`] commits it with its line of the [`audit`] log, then publishes it: to roles ([`projection`]) and people ([`events`]).
//!
//! The machine: [`network`] keeps address, name and clock as the settings say; a new address is on [`trial`] until somebody confirms it.
//!
//! A role: [`observe`] keeps what is known of each → [`plan`] decides (pure) → [`apply`] starts and stops, in the loop of `croft-reconcile`.

mod adopted;
mod apply;
mod apps;
mod audit;
mod change;
mod desired;
mod door;
mod error;
mod events;
mod guard;
mod health;
mod history;
mod household;
mod http;
mod keys;
mod manifests;
mod network;
mod observe;
mod plan;
mod power;
mod projection;
mod records;
mod regulator;
mod run;
mod shares;
mod tasks;
#[cfg(test)]
mod tests;
mod trial;
mod warnings;

pub use error::SupervisorError;
pub use http::routes;
pub use manifests::manifests;
pub use regulator::Regulator;
pub use run::run;
