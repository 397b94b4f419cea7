//! The chain of an error in one line, for the journal.

use std::error::Error;

/// `error` and its sources, joined by colons; a source that its parent already quotes is not said twice.
#[must_use]
pub fn error_chain(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut said = text.clone();
    let mut next = error.source();
    while let Some(source) = next {
        let sentence = source.to_string();
        if !said.contains(&sentence) {
            text.push_str(": ");
            text.push_str(&sentence);
        }
        said = sentence;
        next = source.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    enum Outer {
        #[error("cannot open the settings")]
        Plain(#[source] std::io::Error),
        #[error("cannot open the settings: {0}")]
        Quoting(#[source] std::io::Error),
    }

    #[test]
    fn every_source_is_said_once() {
        let full = || std::io::Error::other("disk full");
        let check = |error: Outer| assert_eq!(error_chain(&error), "cannot open the settings: disk full");
        check(Outer::Plain(full()));
        check(Outer::Quoting(full()));
        assert_eq!(error_chain(&full()), "disk full");
    }
}
