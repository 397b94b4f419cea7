//! Telling people when something is not well: by mail, and by webhooks.
//!
//! **Owns** `notifier.redb`: what was told, what waits, how each destination does, and the secrets for them, which nobody is shown.
//! **Needs** box, time and notify of the settings, and the warnings as they come and go, from the supervisor; the network, outwards alone.
//! **Emits** mails and webhooks; warnings about those that nobody takes, which it does not tell; lines for the activity.
//! **Never** listens on a network address, calls the box itself, follows a redirect, sends a password unencrypted or to another server than it was
//! set for, reads more of an answer than its head, or writes words of its own: what it says stands in Repairs.
//!
//! Why it is so: `docs/decisions/notify.md`. What it sends: `docs/formats/notifications.md`.
//!
//! [`plan`] decides what is told when, [`judge`] who may be called, [`words`] how it reads, all pure. The [`desk`] keeps the queue and has it
//! [`deliver`]ed by [`mail`] and [`webhook`] over what [`dial`] connects.
//!
//! Tasks: the socket's server; the desk, and one for each destination that is being told; the one that writes down.

mod deliver;
mod desk;
mod dial;
mod error;
mod failure;
mod health;
mod http;
mod judge;
mod mail;
mod plan;
#[cfg(test)]
mod plan_tests;
mod records;
mod run;
mod webhook;
mod words;

pub use desk::Desk;
pub use error::NotifierError;
pub use http::routes;
pub use run::run;
