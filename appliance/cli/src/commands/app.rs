//! `croft app`.

pub(crate) mod life;
mod read;

pub(crate) use life::{Life as App, run};
