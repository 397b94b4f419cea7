//! How a box speaks about itself: tracing to the journal or the terminal, chains of errors, metrics.
//!
//! **Owns** the one way from a `tracing` event to a line that somebody reads: event → [`Fields`] layer → `log` record with
//! key-values → journal ([`systemd_journal_logger`]) or terminal. Fields of the spans around an event arrive as fields of its own.
//! **Needs** standard error, and `JOURNAL_STREAM` to know that the journal reads it. `CROFT_LOG` filters (`info`, `croft_sync=debug`).
//! **Emits** journal fields whose names are valid there ([`field_name`]), Prometheus text ([`Metrics`]).
//! **Never** decides what is worth saying, and never fails a program: a line that cannot be written is dropped.

mod chain;
mod fields;
mod init;
mod metrics;
mod terminal;

pub use chain::error_chain;
pub use fields::{Fields, field_name};
pub use init::{InitError, init};
pub use metrics::{Counter, Gauge, Metrics};
pub use terminal::Terminal;
