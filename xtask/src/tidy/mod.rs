//! `cargo xtask tidy`: what the house style says and no other tool sees.
//!
//! One file looks at single files, one at what the tree says about itself (links, versions, dependencies).

mod files;
mod whole;

use std::fmt;

use crate::{say, tree::Tree};

/// Something that is not as STYLE.md says.
#[derive(Debug)]
pub(crate) struct Complaint {
    place: String,
    what: String,
    /// Told, but no reason to fail.
    only_warns: bool,
}

impl Complaint {
    fn new(place: impl Into<String>, what: impl Into<String>) -> Self {
        Self { place: place.into(), what: what.into(), only_warns: false }
    }

    fn warning(place: impl Into<String>, what: impl Into<String>) -> Self {
        Self { only_warns: true, ..Self::new(place, what) }
    }
}

impl fmt::Display for Complaint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = if self.only_warns { " (a warning)" } else { "" };
        write!(f, "{}: {}{kind}", self.place, self.what)
    }
}

/// Checks the tree and prints every complaint; only warnings pass.
pub(crate) fn run(tree: &Tree) -> miette::Result<()> {
    let files = tree.files()?;
    let mut complaints = whole::check(tree, &files)?;
    for file in files.iter().filter(|file| files::is_text(file)) {
        complaints.extend(files::check(file, &tree.read(file)?));
    }
    for complaint in &complaints {
        say::line(&complaint.to_string());
    }
    match complaints.iter().filter(|complaint| !complaint.only_warns).count() {
        0 => {
            say::line(&format!("tidy: {} files are in order", files.len()));
            Ok(())
        }
        count => Err(miette::miette!(help = "STYLE.md says why for each of them", "{count} things are untidy")),
    }
}
