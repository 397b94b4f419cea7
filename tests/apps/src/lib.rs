//! What tests of apps stand on: an engine as `cargo xtask up --apps` has it, a registry beside it, and images that are made here. No internet.
//!
//! Owns: [`TestEngine`], [`Registry`], [`Image`]. Needs: root, `xtask` built, and the root of tools (`cargo xtask tools-root`).

#![expect(clippy::expect_used, clippy::panic, reason = "a test's own tools fail by panicking, which is how a test fails")]

mod engine;
mod image;
mod inside;
mod registry;

pub use engine::TestEngine;
pub use image::{Image, Pushed, busybox};
pub use inside::Inside;
pub use registry::{Cut, Registry};
