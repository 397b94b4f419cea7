//! Fuzz targets: what holds whatever a stranger sends.
//!
//! Owns: [`target!`], which makes a test of a property. As an ordinary test it judges each file of its corpus, the folder `fuzz/<name of the test>/` of the
//! crate that has it, and some thousand changed ones, the same in every run. Built by `cargo xtask fuzz`, the same test looks for inputs by itself, led by
//! the code that they reach (libFuzzer). Needs: a corpus of at least one file. Never part of the product: crates have it for their tests alone.

#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "a test's own tools fail by panicking, which is how a test fails"
)]

mod change;

use std::{
    fs,
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    path::Path,
};

#[cfg(fuzzing)]
#[doc(hidden)]
pub use bolero;

use change::Chance;

/// Changed inputs of one run: a second or two for all targets, without optimisation.
const CHANGED: usize = 4096;

/// Makes a test of a property: `fn name(input)` and what must hold of each `input`, a slice of bytes.
#[macro_export]
macro_rules! target {
    ($(#[$doc:meta])* fn $name:ident($input:ident) $property:block) => {
        $(#[$doc])*
        #[test]
        fn $name() {
            $crate::judge!($name, |$input: &[u8]| $property);
        }
    };
}

/// Looks for inputs of which a property does not hold; see [`target!`].
#[cfg(fuzzing)]
#[doc(hidden)]
#[macro_export]
macro_rules! judge {
    ($name:ident, $property:expr) => {
        if $crate::is_wanted(stringify!($name)) {
            $crate::bolero::check!().for_each($property)
        }
    };
}

/// Whether libFuzzer is to run the target `name`. It starts the program anew to compare corpora, and then no argument says which test was meant.
#[cfg(fuzzing)]
#[doc(hidden)]
#[must_use]
pub fn is_wanted(name: &str) -> bool {
    std::env::var("CROFT_FUZZ").is_ok_and(|wanted| wanted == name)
}

/// Judges the corpus and changed inputs; see [`target!`].
#[cfg(not(fuzzing))]
#[doc(hidden)]
#[macro_export]
macro_rules! judge {
    ($name:ident, $property:expr) => {
        $crate::judge(concat!(env!("CARGO_MANIFEST_DIR"), "/fuzz/", stringify!($name)), $property)
    };
}

/// Judges each file of `corpus`, and changed ones.
#[doc(hidden)]
pub fn judge(corpus: impl AsRef<Path>, property: impl Fn(&[u8])) {
    let corpus = corpus.as_ref();
    let files = read(corpus);
    let judge = |input: &[u8], origin: &str| {
        if let Err(broken) = catch_unwind(AssertUnwindSafe(|| property(input))) {
            eprintln!(
                "{origin} breaks the property: b\"{}\"\na file with it in {} is judged each time",
                input.escape_ascii(),
                corpus.display()
            );
            resume_unwind(broken);
        }
    };
    for (name, bytes) in &files {
        judge(bytes, name);
    }
    let mut chance = Chance::default();
    for number in 0..CHANGED {
        judge(&change::changed(&mut chance, &files), &format!("changed input {number}"));
    }
}

/// The files of a corpus with their names, in the order of these.
fn read(corpus: &Path) -> Vec<(String, Vec<u8>)> {
    let listed = fs::read_dir(corpus).unwrap_or_else(|error| panic!("a target has a corpus in {}: {error}", corpus.display()));
    let mut files: Vec<_> = listed
        .map(|entry| {
            let path = entry.expect("a folder that was opened is listed").path();
            (path.display().to_string(), fs::read(&path).expect("a corpus holds files alone"))
        })
        .collect();
    assert!(!files.is_empty(), "{} is empty", corpus.display());
    files.sort();
    files
}

#[cfg(test)]
mod tests {
    use super::*;

    fn corpus(files: &[&str]) -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        for (number, text) in files.iter().enumerate() {
            fs::write(dir.path().join(number.to_string()), text).unwrap();
        }
        dir
    }

    #[test]
    fn a_property_that_does_not_hold_is_found() {
        let holds = |files: &[&str], property: fn(&[u8])| {
            let dir = corpus(files);
            catch_unwind(|| judge(dir.path(), property)).is_ok()
        };
        assert!(holds(&["a", "b"], |_| {}));
        assert!(!holds(&[], |_| {}), "a target without a corpus proves nothing");
        assert!(!holds(&["a", "b"], |input| assert_ne!(input, b"b")), "each file is judged");
        assert!(!holds(&["<a>", "(b)"], |input| assert!(!input.contains(&b'<') || !input.contains(&b'('))), "files are mixed");
        assert!(!holds(&["abc"], |input| assert!(input.len() < 5)), "and grow");
        assert!(!holds(&["abc"], |input| assert!(!input.is_empty())), "and shrink");
    }

    #[test]
    fn every_run_judges_the_same() {
        let dir = corpus(&["a", "bc"]);
        let run = || {
            let seen = std::cell::RefCell::new(Vec::new());
            judge(dir.path(), |input| seen.borrow_mut().push(input.to_vec()));
            seen.into_inner()
        };
        assert_eq!(run(), run());
    }
}
