//! A folder of this machine as the files of a catalogue. What leads out of it is not followed.

use std::{
    fs::{self, File},
    io::{self, Read},
    path::{Path, PathBuf},
};

use croft_catalog::{Entry, EntryKind, FileError, Files, MAX_LISTED};

/// The folder of a catalogue.
pub(super) struct Folder(PathBuf);

impl Folder {
    /// The folder `path`, by its real place.
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        let real = path.canonicalize()?;
        if real.is_dir() { Ok(Self(real)) } else { Err(io::Error::from(io::ErrorKind::NotADirectory)) }
    }

    /// The real place of `path`, when it lies in the catalogue.
    fn within(&self, path: &str) -> Result<Option<PathBuf>, FileError> {
        match self.0.join(path).canonicalize() {
            Ok(real) if real.starts_with(&self.0) => Ok(Some(real)),
            Ok(_) => Err(FileError::LeadsOut(path.to_owned())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(unreadable(path, &error)),
        }
    }

    fn kind(&self, path: &Path, entry: &fs::DirEntry) -> Option<EntryKind> {
        let is = entry.file_type().ok()?;
        if is.is_symlink() {
            return match path.canonicalize() {
                Ok(real) if !real.starts_with(&self.0) => Some(EntryKind::Outside),
                Ok(real) if real.is_dir() => Some(EntryKind::Folder),
                Ok(real) if real.is_file() => Some(EntryKind::File),
                Ok(_) => None,
                Err(_) => Some(EntryKind::Outside),
            };
        }
        if is.is_dir() { Some(EntryKind::Folder) } else { is.is_file().then_some(EntryKind::File) }
    }
}

impl Files for Folder {
    fn list(&self, folder: &str) -> Result<Vec<Entry>, FileError> {
        let Some(real) = self.within(folder)? else { return Ok(Vec::new()) };
        let named = || if folder.is_empty() { self.0.display().to_string() } else { folder.to_owned() };
        let mut entries = Vec::new();
        for entry in fs::read_dir(&real).map_err(|error| unreadable(&named(), &error))? {
            let entry = entry.map_err(|error| unreadable(&named(), &error))?;
            if entries.len() >= MAX_LISTED {
                return Err(FileError::TooMany(named()));
            }
            // A name that is no text is none of a catalogue.
            let Ok(name) = entry.file_name().into_string() else { continue };
            entries.extend(self.kind(&entry.path(), &entry).map(|kind| Entry { name, kind }));
        }
        entries.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(entries)
    }

    fn read(&self, file: &str, max_bytes: usize) -> Result<Option<String>, FileError> {
        let Some(real) = self.within(file)? else { return Ok(None) };
        // A pipe would be waited for without end, so only a file is opened.
        if !real.is_file() {
            return Err(unreadable(file, &io::Error::other("it is no file")));
        }
        let limit = u64::try_from(max_bytes).unwrap_or(u64::MAX).saturating_add(1);
        let mut bytes = Vec::new();
        let read = File::open(&real).and_then(|open| open.take(limit).read_to_end(&mut bytes));
        read.map_err(|error| unreadable(file, &error))?;
        if bytes.len() > max_bytes {
            return Err(FileError::TooLarge { path: file.to_owned(), max_bytes });
        }
        String::from_utf8(bytes).map(Some).map_err(|_| FileError::NoText(file.to_owned()))
    }
}

fn unreadable(path: &str, error: &io::Error) -> FileError {
    FileError::Unreadable { path: path.to_owned(), why: error.to_string() }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn nothing_outside_is_listed_or_read() {
        let dir = tempfile::tempdir().unwrap();
        let (inside, outside) = (dir.path().join("in"), dir.path().join("out"));
        fs::create_dir_all(inside.join("app")).unwrap();
        fs::create_dir(&outside).unwrap();
        fs::write(outside.join("secret"), "s").unwrap();
        fs::write(inside.join("app/a.yml"), "abc").unwrap();
        fs::write(inside.join("app/b.bin"), [0xff]).unwrap();
        symlink("../out", inside.join("away")).unwrap();
        symlink("../../out/secret", inside.join("app/link")).unwrap();
        symlink("a.yml", inside.join("app/same")).unwrap();
        symlink("nothing", inside.join("app/gone")).unwrap();

        let folder = Folder::open(&inside).unwrap();
        let listed =
            |path| folder.list(path).unwrap().into_iter().map(|entry| format!("{} {:?}", entry.name, entry.kind)).collect::<Vec<_>>();
        assert_eq!(listed(""), ["app Folder", "away Outside"]);
        assert_eq!(listed("app"), ["a.yml File", "b.bin File", "gone Outside", "link Outside", "same File"]);
        assert_eq!(folder.read("app/same", 3).unwrap().as_deref(), Some("abc"));
        assert_eq!(folder.read("app/gone", 3).unwrap(), None);
        for (path, max, says) in [
            ("app/link", 9, "app/link leads out of the catalogue"),
            ("../out/secret", 9, "../out/secret leads out of the catalogue"),
            ("app/a.yml", 2, "app/a.yml has more than 2 bytes"),
            ("app/b.bin", 9, "app/b.bin is no text"),
            ("app", 9, "app cannot be read: it is no file"),
        ] {
            assert_eq!(folder.read(path, max).unwrap_err().to_string(), says);
        }
        assert!(Folder::open(&inside.join("app/a.yml")).is_err());
        assert!(Folder::open(&inside.join("nowhere")).is_err());
    }
}
