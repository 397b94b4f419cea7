//! What the commands print.

use std::io::{self, Write};

/// Prints one line. A reader that went away is not our trouble.
pub(crate) fn line(text: &str) {
    let mut out = io::stdout().lock();
    let _ = writeln!(out, "{text}").and_then(|()| out.flush());
}
