//! Choosing the sink and putting everything in place, once a process.

use std::{panic, sync::Arc};

use log::{Log, Metadata, Record};
use systemd_journal_logger::{JournalLog, connected_to_journal};
use tracing_subscriber::{EnvFilter, layer::SubscriberExt, util::SubscriberInitExt};

use crate::{Fields, Terminal};

/// Names the filter, in the syntax of `tracing-subscriber` (`info`, `warn,croft_sync=debug`).
const FILTER: &str = "CROFT_LOG";
/// Without a filter: changes of state and worse.
const DEFAULT_FILTER: &str = "info";

/// Logging could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum InitError {
    /// `CROFT_LOG` is not a filter.
    #[error("{FILTER}={text} is not a filter; try {FILTER}=info or {FILTER}=croft_sync=debug")]
    Filter {
        /// What was found.
        text: String,
        /// Why it is none.
        source: tracing_subscriber::filter::ParseError,
    },
    /// Something else logs already; [`init`] is called once, first.
    #[error("logging is set up twice in one process")]
    Twice,
}

/// Sends this process's events to the journal when standard error is connected to it, else to the terminal; panics, too.
///
/// # Errors
/// [`InitError`].
pub fn init(role: &'static str) -> Result<(), InitError> {
    let text = std::env::var(FILTER).unwrap_or_else(|_| DEFAULT_FILTER.to_owned());
    let filter = EnvFilter::try_new(&text).map_err(|source| InitError::Filter { text, source })?;
    let sink = Sink(sink(role));
    // Libraries that speak through `log` are heard when something is wrong.
    log::set_boxed_logger(Box::new(sink.clone())).map_err(|_| InitError::Twice)?;
    log::set_max_level(log::LevelFilter::Warn);
    tracing_subscriber::registry().with(filter).with(Fields::new(sink)).try_init().map_err(|_| InitError::Twice)?;
    panic::set_hook(Box::new(|panic| {
        let message = panic.payload_as_str().unwrap_or("no message");
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        tracing::error!(place, "a fault in Croft: {message}");
    }));
    Ok(())
}

fn sink(role: &'static str) -> Arc<dyn Log> {
    if connected_to_journal()
        && let Ok(journal) = JournalLog::empty()
    {
        return Arc::new(journal.with_syslog_identifier(format!("croft-{role}")).add_extra_field("ROLE", role));
    }
    Arc::new(Terminal::new(role))
}

/// The sink, shared between `tracing` and `log`.
#[derive(Clone)]
struct Sink(Arc<dyn Log>);

impl Log for Sink {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        self.0.enabled(metadata)
    }
    fn log(&self, record: &Record<'_>) {
        self.0.log(record);
    }
    fn flush(&self) {
        self.0.flush();
    }
}
