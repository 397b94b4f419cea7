//! Texts of strangers, made harmless: bounded, and without what a terminal or a page would obey.

use std::{fmt, ops::Deref};

use serde::{Deserialize, Serialize};

/// A text of at most `MAX` bytes without control characters except the end of a line. What is longer is cut, with `…` at its end.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(from = "String")]
pub struct Text<const MAX: usize>(String);

impl<const MAX: usize> Text<MAX> {
    /// `text`, trimmed, cleaned and cut.
    #[must_use]
    pub fn new(text: &str) -> Self {
        let mut kept = String::with_capacity(text.len().min(MAX));
        for c in text.trim().chars().filter(|c| !is_obeyed(*c)) {
            if kept.len() + c.len_utf8() > MAX {
                return Self(cut(kept, MAX));
            }
            kept.push(c);
        }
        Self(kept)
    }

    /// Whether nothing stands in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl<const MAX: usize> Deref for Text<MAX> {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl<const MAX: usize> fmt::Display for Text<MAX> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<const MAX: usize> From<String> for Text<MAX> {
    fn from(text: String) -> Self {
        Self::new(&text)
    }
}

impl<const MAX: usize> From<&str> for Text<MAX> {
    fn from(text: &str) -> Self {
        Self::new(text)
    }
}

/// Control characters, and those that turn the order of what is read. Ends of lines and tabs stay.
fn is_obeyed(c: char) -> bool {
    (c.is_control() && c != '\n' && c != '\t') || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// `kept` with `…` at its end, within `max` bytes.
fn cut(mut kept: String, max: usize) -> String {
    while kept.len() + '…'.len_utf8() > max && kept.pop().is_some() {}
    if kept.len() + '…'.len_utf8() <= max {
        kept.push('…');
    }
    kept
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_is_obeyed_goes_and_what_is_long_is_cut() {
        assert_eq!(Text::<20>::new("  a\u{1b}[1mb\u{202e}\nc ").as_str(), "a[1mb\nc");
        assert_eq!(Text::<8>::new("12345678").as_str(), "12345678");
        assert_eq!(Text::<8>::new("123456789").as_str(), "12345…");
        assert_eq!(Text::<2>::new("123").as_str(), "");
    }

    proptest! {
        #[test]
        fn a_text_keeps_its_bound_and_is_the_same_when_read_again(text in ".{0,40}") {
            let once = Text::<16>::new(&text);
            prop_assert!(once.len() <= 16);
            prop_assert!(!once.chars().any(is_obeyed));
            prop_assert_eq!(Text::<16>::new(&once), Text::<16>::new(Text::<16>::new(&once).as_str()));
        }
    }
}
