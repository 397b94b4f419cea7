//! The engine of apps with real Podman, a real registry and the kernel's rules; and the one in memory by the same tests, as far as they are of it.
//!
//! Root runs these, and the root of tools has the programs. A part that is missing is a failure.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test's own tools fail by panicking, which is how a test fails"
)]

mod containers;
mod ends;
mod images;
mod same;
mod talk;
mod walls;
mod world;
