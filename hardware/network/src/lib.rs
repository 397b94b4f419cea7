//! The machine in the network: its addresses, the name it answers by, its clock.
//!
//! **Owns** the trait [`Network`] with its implementations: [`SystemdNetwork`] (networkd, resolved, hostnamed, timesyncd and iwd, by files and
//! over D-Bus, on the appliance) and [`FakeNetwork`] (tests of those above).
//! **Needs** a system that systemd runs, and the right to write to the places of [`SystemdNetwork`].
//! **Emits** nothing by itself: it is asked. A confined process learns here what it must be left with to find the address of a name.
//! **Never** decides: which address, name or zone holds is the supervisor's to say. What it wrote is gone at the next boot, so that no
//! machine is locked out by it for good.

mod describe;
mod fake;
mod files;
mod names;
mod network;
mod systemd;
mod wifi;

pub use fake::{FakeNetwork, World};
pub use names::needs_of_names;
pub use network::{Addressing, Announcement, Drives, Network, NetworkError, TimeSource, WifiError};
pub use systemd::SystemdNetwork;
