//! Records as lines for a person at a terminal: time, role, how serious, what, and the fields behind it.

use std::{
    fmt::Write as _,
    io::{self, IsTerminal, Write as _},
};

use log::{Level, Log, Metadata, Record, kv};

/// A sink that writes one line a record to standard error.
#[derive(Debug)]
pub struct Terminal {
    role: &'static str,
    coloured: bool,
}

impl Terminal {
    /// Lines that name `role`; coloured when standard error is a terminal and `NO_COLOR` is not set.
    #[must_use]
    pub fn new(role: &'static str) -> Self {
        Self { role, coloured: io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none() }
    }

    fn line(&self, time: &str, record: &Record<'_>) -> String {
        let (colour, plain) = if self.coloured { (colour(record.level()), "\x1b[0m") } else { ("", "") };
        let level = record.level().as_str().to_ascii_lowercase();
        let mut line = Line(format!("{time} {:<10} {colour}{level:<5}{plain} {}", self.role, record.args()));
        // Writing to a String cannot fail, so neither can the visit.
        let _ = record.key_values().visit(&mut line);
        // One record is one line, whatever was in it.
        line.0.replace('\n', "\\n") + "\n"
    }
}

impl Log for Terminal {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &Record<'_>) {
        let time = jiff::Zoned::now().strftime("%H:%M:%S").to_string();
        // A line nobody can read any more is no reason to stop working.
        let _ = io::stderr().lock().write_all(self.line(&time, record).as_bytes());
    }

    fn flush(&self) {}
}

fn colour(level: Level) -> &'static str {
    match level {
        Level::Error => "\x1b[31m",
        Level::Warn => "\x1b[33m",
        Level::Info => "\x1b[32m",
        Level::Debug | Level::Trace => "\x1b[2m",
    }
}

struct Line(String);

impl<'kvs> kv::VisitSource<'kvs> for Line {
    fn visit_pair(&mut self, key: kv::Key<'kvs>, value: kv::Value<'kvs>) -> Result<(), kv::Error> {
        let key = key.as_str().to_ascii_lowercase();
        let text = value.to_string();
        let quoted = text.is_empty() || text.contains([' ', '"', '=', '\n']);
        let _ = if quoted { write!(self.0, " {key}={text:?}") } else { write!(self.0, " {key}={text}") };
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_one_line() {
        let terminal = Terminal { role: "gateway", coloured: false };
        let fields: &[(&str, &str)] = &[("SPACE", "s1"), ("NAME", "two words")];
        let record = Record::builder().args(format_args!("first\nsecond")).level(Level::Info).key_values(&fields).build();
        assert_eq!(terminal.line("06:00:00", &record), "06:00:00 gateway    info  first\\nsecond space=s1 name=\"two words\"\n");
    }
}
