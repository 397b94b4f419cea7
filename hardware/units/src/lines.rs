//! What units write: the latest lines, bounded in number and length.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Mutex, PoisonError},
};

use jiff::Timestamp;

/// Lines kept a unit: enough to see what led to a crash, about 200 KiB at the worst that happens in practice.
const MAX_LINES: usize = 2000;
/// Longest line, in bytes; the rest of a longer one is cut off.
pub(crate) const MAX_LINE: usize = 4096;

/// A line that a unit wrote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// When it came.
    pub at: Timestamp,
    /// The line, without its end.
    pub text: String,
}

/// The latest lines of all units.
#[derive(Debug, Default)]
pub(crate) struct Lines(Mutex<BTreeMap<String, VecDeque<Line>>>);

impl Lines {
    pub(crate) fn add(&self, unit: &str, text: &[u8], at: Timestamp) {
        let text = String::from_utf8_lossy(text.get(..MAX_LINE).unwrap_or(text)).into_owned();
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let lines = all.entry(unit.to_owned()).or_default();
        if lines.len() == MAX_LINES {
            lines.pop_front();
        }
        lines.push_back(Line { at, text });
    }

    pub(crate) fn last(&self, unit: &str, count: usize) -> Vec<Line> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.get(unit).map(|lines| lines.iter().skip(lines.len().saturating_sub(count)).cloned().collect()).unwrap_or_default()
    }
}

/// Cuts bytes as they arrive into lines; keeps at most [`MAX_LINE`] of an unfinished one.
#[derive(Debug, Default)]
pub(crate) struct Cutter(Vec<u8>);

impl Cutter {
    /// Takes bytes in and gives each line that they finish.
    pub(crate) fn feed(&mut self, bytes: &[u8], mut line: impl FnMut(&[u8])) {
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            let (text, ends) = piece.strip_suffix(b"\n").map_or((piece, false), |text| (text, true));
            let room = MAX_LINE.saturating_sub(self.0.len());
            self.0.extend_from_slice(text.get(..room).unwrap_or(text));
            if ends {
                line(&self.0);
                self.0.clear();
            }
        }
    }

    /// The rest that no line end followed.
    pub(crate) fn rest(self) -> Option<Vec<u8>> {
        (!self.0.is_empty()).then_some(self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_become_lines_however_they_arrive() {
        let mut cutter = Cutter::default();
        let mut lines = Vec::new();
        for bytes in ["one\ntw", "o\n\nthr", "ee"] {
            cutter.feed(bytes.as_bytes(), |line| lines.push(String::from_utf8_lossy(line).into_owned()));
        }
        assert_eq!(lines, ["one", "two", ""]);
        assert_eq!(cutter.rest().as_deref(), Some(&b"three"[..]));
    }

    #[test]
    fn number_and_length_are_bounded() {
        let mut cutter = Cutter::default();
        cutter.feed(&vec![b'x'; 3 * MAX_LINE], |_| unreachable!("no end came"));
        cutter.feed(b"y\n", |line| assert_eq!(line.len(), MAX_LINE));
        let lines = Lines::default();
        for number in 0..MAX_LINES + 3 {
            lines.add("role", number.to_string().as_bytes(), Timestamp::UNIX_EPOCH);
        }
        assert_eq!(lines.last("role", usize::MAX).len(), MAX_LINES);
        assert_eq!(lines.last("role", 1)[0].text, (MAX_LINES + 2).to_string());
        assert!(lines.last("nobody", 5).is_empty());
    }
}
