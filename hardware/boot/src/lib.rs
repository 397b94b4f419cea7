//! Ending and starting the machine that the box runs on.
//!
//! **Owns** the trait [`Boot`] with its implementations: [`SystemdBoot`] (the appliance), [`NoBoot`] (a developer's machine, whose power is not
//! the box's), [`FakeBoot`] (tests of those above).
//! **Needs** the system's bus, on the appliance.
//! **Emits** nothing: what was asked for happens, or the error says why not.
//! **Never** decides when, nor asks anybody: that is the supervisor's part.

mod boot;
mod fake;
mod nowhere;
mod systemd;

pub use boot::{Boot, BootError};
pub use fake::FakeBoot;
pub use nowhere::NoBoot;
pub use systemd::SystemdBoot;
