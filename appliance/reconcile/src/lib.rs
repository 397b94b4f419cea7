//! The loop that makes the world what it should be: observe, plan, apply, and how long to wait between tries.
//!
//! **Owns** the loop ([`run`]) and the judgement of things that keep ending ([`Judge`]).
//! **Needs** a [`Reconcile`] that knows the domain. **Never** knows any domain itself, and never reads a clock: times are arguments.

mod cycle;
mod judge;

pub use cycle::{Next, Reconcile, run};
pub use judge::{Ending, Judge, Verdict};
