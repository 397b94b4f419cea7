//! Apps that others make, as containers: what they consist of, who may reach them, and that they are what is wanted.
//!
//! **Owns** `apps.redb` (what each app consists of, by digest, and its secrets) and `apps/`, what apps keep; the engine of containers, and the wall around
//! their networks.
//! **Needs** box and apps of the settings: what is wanted of each app stands there alone.
//! **Emits** warnings about apps that do not do well, and connections into apps for the gateway.
//! **Never** publishes a port, gives an app a secret of a catalogue, runs an image by a name that may lead elsewhere tomorrow, or changes what it has not
//! looked at.
//!
//! Why it is so: `docs/decisions/apps.md`.
//!
//! | room | what it does |
//! |---|---|
//! | [`judge`] | says what an app asks for and why it cannot be had; pure |
//! | [`wishes`] | makes containers out of what an app consists of; pure |
//! | [`plan`] | decides the next steps from what is wanted, kept and seen; pure |
//! | [`keeper`] | looks, has it decided, does the steps, again and again; [`upkeep`] keeps the walls beside it |
//! | [`install`] | fetches images and puts an app down; [`shelf`] keeps what apps keep |
//! | [`store`] | keeps the catalogues that were handed over, and is searched |
//! | [`checks`] | asks apps how they are |
//! | [`door`] | opens connections for the gateway |
//!
//! Tasks: the servers of both sockets; the keeper; one for each piece of work on an app; one for each check.

mod checks;
mod door;
mod error;
mod health;
mod http;
mod install;
mod judge;
mod keeper;
mod plan;
#[cfg(test)]
mod plan_tests;
mod records;
mod run;
mod secrets;
mod shelf;
mod store;
mod upkeep;
mod view;
mod wishes;
#[cfg(test)]
mod wishes_tests;

pub use error::AppsError;
pub use http::{Desk, routes};
pub use run::run;
