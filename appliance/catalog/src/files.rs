//! Where a catalogue's files come from. This crate reads none by itself: a folder, an archive or a test hands them in.

use std::collections::BTreeMap;

/// Entries of one folder of a catalogue. The largest public catalogue has some 700 apps.
pub const MAX_LISTED: usize = 20_000;

/// The files of a catalogue. Paths are names with `/` between them, without `.` and `..`; the topmost folder is the empty path.
pub trait Files {
    /// The entries of a folder, in the order of their names; at most [`MAX_LISTED`].
    ///
    /// # Errors
    /// It cannot be read, or has too many entries.
    fn list(&self, folder: &str) -> Result<Vec<Entry>, FileError>;

    /// The text of a file, when there is one.
    ///
    /// # Errors
    /// It cannot be read, is no text, has more than `max_bytes`, or leads out of the catalogue.
    fn read(&self, file: &str, max_bytes: usize) -> Result<Option<String>, FileError>;
}

/// An entry of a folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its name.
    pub name: String,
    /// What it is.
    pub kind: EntryKind,
}

/// What an entry is. Sockets, devices and the like are not listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EntryKind {
    /// A file.
    File,
    /// A folder.
    Folder,
    /// A link to somewhere outside of the catalogue.
    Outside,
}

/// A file of a catalogue that cannot be had.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FileError {
    /// The system said no.
    #[error("{path} cannot be read: {why}")]
    Unreadable {
        /// Which one.
        path: String,
        /// What the system said.
        why: String,
    },
    /// It is no UTF-8.
    #[error("{0} is no text")]
    NoText(String),
    /// It is larger than a file of its kind may be.
    #[error("{path} has more than {max_bytes} bytes")]
    TooLarge {
        /// Which one.
        path: String,
        /// The most that it may have.
        max_bytes: usize,
    },
    /// It is a link to somewhere outside.
    #[error("{0} leads out of the catalogue")]
    LeadsOut(String),
    /// A folder has more entries than one may have.
    #[error("{0} has more than {MAX_LISTED} entries")]
    TooMany(String),
}

/// Files in memory: what an archive or a test holds.
#[derive(Debug, Clone, Default)]
pub struct FilesInMemory(BTreeMap<String, String>);

impl<P: Into<String>, T: Into<String>> FromIterator<(P, T)> for FilesInMemory {
    fn from_iter<I: IntoIterator<Item = (P, T)>>(files: I) -> Self {
        Self(files.into_iter().map(|(path, text)| (path.into(), text.into())).collect())
    }
}

impl Files for FilesInMemory {
    fn list(&self, folder: &str) -> Result<Vec<Entry>, FileError> {
        let below = if folder.is_empty() { String::new() } else { format!("{folder}/") };
        let mut entries: BTreeMap<&str, EntryKind> = BTreeMap::new();
        for path in self.0.range(below.clone()..).map(|(path, _)| path).take_while(|path| path.starts_with(&below)) {
            match path.get(below.len()..).and_then(|rest| rest.split_once('/')) {
                Some((name, _)) => entries.insert(name, EntryKind::Folder),
                None => entries.insert(path.get(below.len()..).unwrap_or_default(), EntryKind::File),
            };
        }
        if entries.len() > MAX_LISTED {
            return Err(FileError::TooMany(folder.to_owned()));
        }
        Ok(entries.into_iter().map(|(name, kind)| Entry { name: name.to_owned(), kind }).collect())
    }

    fn read(&self, file: &str, max_bytes: usize) -> Result<Option<String>, FileError> {
        match self.0.get(file) {
            Some(text) if text.len() > max_bytes => Err(FileError::TooLarge { path: file.to_owned(), max_bytes }),
            found => Ok(found.cloned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_in_memory_are_listed_as_folders_are() {
        let files = FilesInMemory::from_iter([("a/b/c", "1"), ("a/d", "2"), ("ab", "3")]);
        let listed = |folder| {
            files
                .list(folder)
                .unwrap()
                .into_iter()
                .map(|entry| format!("{}{}", entry.name, if entry.kind == EntryKind::Folder { "/" } else { "" }))
                .collect::<Vec<_>>()
        };
        assert_eq!(listed(""), ["a/", "ab"]);
        assert_eq!(listed("a"), ["b/", "d"]);
        assert!(listed("x").is_empty());
        assert_eq!(files.read("a/d", 1).unwrap().as_deref(), Some("2"));
        assert_eq!(files.read("a", 1).unwrap(), None);
        assert!(matches!(files.read("a/d", 0), Err(FileError::TooLarge { .. })));
    }
}
