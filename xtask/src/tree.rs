//! The source tree: where things are, and which files belong to it.

use std::{
    fs,
    path::{Path, PathBuf},
};

use miette::{Context, IntoDiagnostic};

/// Folders that hold built or fetched things, never sources.
const NOT_SOURCES: [&str; 6] = ["target", "node_modules", "dist", ".git", "test-results", "playwright-report"];

/// The project's folder.
#[derive(Clone, Debug)]
pub(crate) struct Tree {
    root: PathBuf,
    /// This program, as it was found at its start: a build may put another file in its place meanwhile.
    itself: PathBuf,
}

impl Tree {
    /// The tree that this command was built from.
    pub(crate) fn here() -> Self {
        let xtask = Path::new(env!("CARGO_MANIFEST_DIR"));
        let itself = std::env::current_exe().unwrap_or_else(|_| "xtask".into());
        Self { root: xtask.parent().unwrap_or(xtask).to_owned(), itself }
    }

    /// A tree somewhere else, for tests of the checks.
    #[cfg(test)]
    pub(crate) fn at(root: &Path) -> Self {
        Self { root: root.to_owned(), itself: PathBuf::new() }
    }

    /// The project's folder.
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// The program of these commands.
    pub(crate) fn xtask(&self) -> &Path {
        &self.itself
    }

    /// A path inside the tree.
    pub(crate) fn path(&self, inside: &str) -> PathBuf {
        self.root.join(inside)
    }

    /// Where cargo and these commands build.
    pub(crate) fn target(&self) -> PathBuf {
        std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| self.root.join("target"), PathBuf::from)
    }

    /// The text of a file in the tree.
    pub(crate) fn read(&self, inside: &str) -> miette::Result<String> {
        fs::read_to_string(self.path(inside)).into_diagnostic().wrap_err_with(|| format!("cannot read {inside}"))
    }

    /// Every source file, as a path relative to the root, sorted.
    pub(crate) fn files(&self) -> miette::Result<Vec<String>> {
        let mut files = Vec::new();
        let mut folders = vec![self.root.clone()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(&folder).into_diagnostic().wrap_err_with(|| format!("cannot list {}", folder.display()))? {
                let entry = entry.into_diagnostic()?;
                let kind = entry.file_type().into_diagnostic()?;
                if NOT_SOURCES.iter().any(|name| entry.file_name() == *name) {
                    continue;
                }
                if kind.is_dir() {
                    folders.push(entry.path());
                } else if kind.is_file()
                    && let Ok(inside) = entry.path().strip_prefix(&self.root)
                {
                    files.push(inside.to_string_lossy().into_owned());
                }
            }
        }
        files.sort();
        Ok(files)
    }
}
