//! Words that may not stand in some parts of the tree.

use super::{Breach, Layers, Never};
use crate::{source, tree::Tree};

/// Every forbidden word in the sources, and every exception that excuses nothing.
pub(super) fn check(layers: &Layers, tree: &Tree) -> miette::Result<Vec<Breach>> {
    let files: Vec<String> = tree.files()?.into_iter().filter(|file| file.ends_with(".rs")).collect();
    let mut breaches = Vec::new();
    for never in &layers.never {
        let mut idle: Vec<&String> = never.except.keys().collect();
        for file in files.iter().filter(|file| never.concerns(file)) {
            let found = never.find(&tree.read(file)?);
            match never.except.keys().find(|beginning| file.starts_with(*beginning)) {
                Some(exception) if !found.is_empty() => idle.retain(|unused| *unused != exception),
                Some(_) => {}
                None => breaches.extend(found.into_iter().map(|(line, word)| Breach {
                    place: format!("{file}:{line}"),
                    what: format!("`{}`: {}, because {}", word.trim(), never.name, never.because),
                })),
            }
        }
        breaches.extend(idle.into_iter().map(|exception| Breach {
            place: "layers.toml".to_owned(),
            what: format!("the exception {exception} from “{}” excuses nothing any more", never.name),
        }));
    }
    Ok(breaches)
}

impl Never {
    fn concerns(&self, file: &str) -> bool {
        let named = self.files.as_ref().is_none_or(|name| file.rsplit('/').next() == Some(name));
        // Integration tests and build scripts are no part of the product.
        let in_tests = file.contains("/tests/") || file.ends_with("/build.rs") || file.ends_with("/tests.rs");
        named && (self.tests || !in_tests) && self.within.iter().any(|folder| file.starts_with(folder))
    }

    fn find(&self, source: &str) -> Vec<(usize, String)> {
        let lines: Vec<&str> = source.lines().collect();
        let mut found = Vec::new();
        for line in source::code_lines(source).iter().filter(|line| self.tests || !line.in_tests) {
            let whole = lines.get(line.number - 1).copied().unwrap_or_default();
            let word = self.words.iter().find(|word| has_word(&line.code, word));
            if let Some(word) = word.or_else(|| self.texts.iter().find(|text| whole.contains(*text))) {
                found.push((line.number, word.clone()));
            }
        }
        found
    }
}

/// Whether `word` stands in `code` and does not merely end a longer name (`unix::` is not `nix::`).
fn has_word(code: &str, word: &str) -> bool {
    code.match_indices(word).any(|(at, _)| {
        let before = code.get(..at).and_then(|before| before.chars().next_back());
        !word.starts_with(|first: char| first.is_alphanumeric()) || !before.is_some_and(|last| last.is_alphanumeric() || last == '_')
    })
}
