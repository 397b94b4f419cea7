//! Comparing two trees of files byte by byte: the EFI system partition and its copy.

use std::{
    collections::BTreeSet,
    ffi::OsString,
    fs::{self, File},
    io::{self, Read},
    path::{Path, PathBuf},
};

use crate::DiskError;

/// Deepest folder that is looked into; boot loaders use three.
const MAX_DEPTH: usize = 8;
/// Most files that are looked at; there are about ten.
const MAX_FILES: usize = 4096;
/// Bytes that are compared at once.
const CHUNK: usize = 256 * 1024;

/// Bytes in all files below `root`.
pub(crate) fn size(root: &Path) -> Result<u64, DiskError> {
    let mut total = 0;
    for file in files(root)? {
        let path = root.join(file);
        total += fs::metadata(&path).map_err(|source| unreadable(&path, source))?.len();
    }
    Ok(total)
}

/// Compares all files of two trees but for those named in `but`, which only one of them has.
pub(crate) fn compare(original: &Path, copy: &Path, but: &[&str]) -> Result<(), DiskError> {
    let of = |root: &Path| -> Result<BTreeSet<PathBuf>, DiskError> {
        Ok(files(root)?.into_iter().filter(|file| !but.iter().any(|name| file == Path::new(name))).collect())
    };
    let (wanted, found) = (of(original)?, of(copy)?);
    if let Some(file) = wanted.symmetric_difference(&found).next() {
        return Err(DiskError::Differs(file.display().to_string()));
    }
    for file in wanted {
        let (left, right) = (original.join(&file), copy.join(&file));
        if !same(&left, &right).map_err(|source| unreadable(&file, source))? {
            return Err(DiskError::Differs(file.display().to_string()));
        }
    }
    Ok(())
}

fn same(left: &Path, right: &Path) -> io::Result<bool> {
    let (mut left, mut right) = (File::open(left)?, File::open(right)?);
    loop {
        let (mut one, mut other) = (Vec::with_capacity(CHUNK), Vec::with_capacity(CHUNK));
        Read::by_ref(&mut left).take(CHUNK as u64).read_to_end(&mut one)?;
        Read::by_ref(&mut right).take(CHUNK as u64).read_to_end(&mut other)?;
        if one != other {
            return Ok(false);
        }
        if one.is_empty() {
            return Ok(true);
        }
    }
}

/// All files below `root`, as paths from there. FAT knows nothing but files and folders.
fn files(root: &Path) -> Result<Vec<PathBuf>, DiskError> {
    let mut found = Vec::new();
    let mut folders = vec![(PathBuf::new(), 0)];
    while let Some((folder, depth)) = folders.pop() {
        let path = root.join(&folder);
        let entries = fs::read_dir(&path).map_err(|source| unreadable(&path, source))?;
        for entry in entries {
            let entry = entry.map_err(|source| unreadable(&path, source))?;
            let name: OsString = entry.file_name();
            let kind = entry.file_type().map_err(|source| unreadable(&path, source))?;
            if kind.is_dir() && depth < MAX_DEPTH {
                folders.push((folder.join(name), depth + 1));
            } else if kind.is_file() && found.len() < MAX_FILES {
                found.push(folder.join(name));
            } else {
                return Err(unreadable(&path.join(name), io::Error::other("there is too much, or something that is no file")));
            }
        }
    }
    Ok(found)
}

fn unreadable(path: &Path, source: io::Error) -> DiskError {
    DiskError::Read { what: path.display().to_string(), source }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_difference_is_found() {
        let check = |change: fn(&Path), expected: Option<&str>| {
            let (left, right) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
            for root in [left.path(), right.path()] {
                fs::create_dir_all(root.join("EFI/BOOT")).unwrap();
                fs::write(root.join("EFI/BOOT/BOOTX64.EFI"), vec![7; CHUNK + 5]).unwrap();
                fs::write(root.join("seed"), root.display().to_string()).unwrap();
            }
            change(right.path());
            let found = compare(left.path(), right.path(), &["seed"]);
            let named = found.err().map(|error| matches!(error, DiskError::Differs(file) if Some(file.as_str()) == expected));
            assert_eq!(named, expected.map(|_| true), "{expected:?}");
        };
        let boot = "EFI/BOOT/BOOTX64.EFI";
        check(|_| (), None);
        check(|root| fs::remove_file(root.join("seed")).unwrap(), None);
        check(|root| fs::remove_file(root.join("EFI/BOOT/BOOTX64.EFI")).unwrap(), Some(boot));
        check(|root| fs::write(root.join("EFI/BOOT/BOOTX64.EFI"), vec![7; CHUNK + 4]).unwrap(), Some(boot));
        check(|root| fs::write(root.join("EFI/more"), "x").unwrap(), Some("EFI/more"));
        check(
            |root| {
                let mut bytes = vec![7; CHUNK + 5];
                bytes[CHUNK + 1] = 8;
                fs::write(root.join("EFI/BOOT/BOOTX64.EFI"), bytes).unwrap();
            },
            Some(boot),
        );
    }

    #[test]
    fn a_tree_has_a_size() {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir(root.path().join("a")).unwrap();
        fs::write(root.path().join("a/b"), "12345").unwrap();
        fs::write(root.path().join("c"), "1").unwrap();
        assert_eq!(size(root.path()).unwrap(), 6);
        assert!(size(&root.path().join("none")).is_err());
    }
}
