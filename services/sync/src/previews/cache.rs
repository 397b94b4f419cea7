//! Small pictures that were made before, in `state/sync/<space>/previews/`: bounded, and thrown away at will.

use std::{
    collections::{BTreeMap, HashMap},
    io::{Read, Write},
    sync::{Mutex, MutexGuard, PoisonError},
};

use croft_api::preview::{MAX_PICTURE_BYTES, Refused};
use croft_files::{Dir, FilesError, Name};

use crate::space::Room;

const FOLDER: Name = Name::literal("previews");
/// What is being written has this name until it is whole.
const NEW: Name = Name::literal("new");
/// Bytes of all: some 20 000 tiles.
const MAX_BYTES: u64 = 256 * 1024 * 1024;
/// Files: what a folder holds without becoming slow to list.
const MAX_FILES: usize = 20_000;
/// How a whole JPEG ends (ITU T.81, B.1.1.3). One that a power cut shortened ends otherwise.
const END: &[u8] = &[0xff, 0xd9];

/// Pictures by key, and files of which there are none.
#[derive(Debug)]
pub(crate) struct Cache {
    dir: Dir,
    known: Mutex<Known>,
    max_bytes: u64,
    max_files: usize,
}

/// What is there, by last use.
#[derive(Debug, Default)]
struct Known {
    files: HashMap<String, (u64, u64)>,
    by_use: BTreeMap<u64, String>,
    bytes: u64,
    uses: u64,
}

impl Cache {
    /// The cache in `index`. Blocks.
    pub(super) fn open(index: &Dir) -> Result<Self, FilesError> {
        Self::of(index, MAX_BYTES, MAX_FILES)
    }

    fn of(index: &Dir, max_bytes: u64, max_files: usize) -> Result<Self, FilesError> {
        let dir = index.make_or_open(&FOLDER, 0o700)?;
        let mut found = Vec::new();
        for entry in dir.list()? {
            match dir.stat_of(&entry.name) {
                Ok(stat) if is_key(entry.name.as_str()) => found.push((stat.modified_seconds(), entry.name.as_str().to_owned(), stat.size)),
                _ => dir.remove_tree(&entry.name)?,
            }
        }
        found.sort_unstable();
        let mut known = Known::default();
        found.into_iter().for_each(|(_, key, bytes)| known.put(key, bytes));
        Ok(Self { dir, known: Mutex::new(known), max_bytes, max_files })
    }

    /// What is known for `key`: a picture, or that there is none. Blocks.
    pub(super) fn find(&self, key: &str) -> Option<Result<Vec<u8>, Refused>> {
        {
            let mut known = self.lock();
            let (bytes, _) = *known.files.get(key)?;
            known.put(key.to_owned(), bytes);
        }
        let found = self.read(key);
        if found.is_none() {
            self.lock().take(key);
        }
        found
    }

    fn read(&self, key: &str) -> Option<Result<Vec<u8>, Refused>> {
        let mut bytes = Vec::new();
        let file = self.dir.file(&Name::new(key).ok()?).ok()?;
        file.take(MAX_PICTURE_BYTES as u64 + 1).read_to_end(&mut bytes).ok()?;
        match bytes.as_slice() {
            [reason] => Refused::ALL.into_iter().find(|known| *known as u8 == *reason).map(Err),
            whole if whole.ends_with(END) => Some(Ok(bytes)),
            _ => None,
        }
    }

    /// Keeps what was answered for `key`, where there is room. A picture that cannot be kept is made again. Blocks.
    pub(super) fn keep(&self, key: &str, answer: Result<&[u8], Refused>, room: &Room) {
        let reason;
        let bytes = match answer {
            Ok(picture) => picture,
            Err(refused) => {
                reason = [refused as u8];
                &reason
            }
        };
        if !is_key(key) || room.admit(bytes.len() as u64).is_err() {
            return;
        }
        // Held while it is written: there is one name for what is not whole.
        let mut known = self.lock();
        if let Err(error) = self.write(key, bytes) {
            tracing::warn!(%error, "a small picture cannot be kept");
            return;
        }
        known.put(key.to_owned(), bytes.len() as u64);
        while known.bytes > self.max_bytes || known.files.len() > self.max_files {
            let Some(oldest) = known.oldest() else { break };
            known.take(&oldest);
            if let Ok(name) = Name::new(oldest.as_str())
                && let Err(error) = self.dir.remove_tree(&name)
            {
                tracing::debug!(%error, "an old small picture cannot be removed");
            }
        }
    }

    fn write(&self, key: &str, bytes: &[u8]) -> Result<(), FilesError> {
        let Ok(name) = Name::new(key) else { return Ok(()) };
        let mut file = self.dir.file_for_writing(&NEW)?;
        if let Err(error) = file.set_len(0).and_then(|()| file.write_all(bytes)) {
            tracing::debug!(%error, "a small picture cannot be written");
            return self.dir.remove_tree(&NEW);
        }
        self.dir.set_aside(&NEW, &name)
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Known {
    /// Notes a file as there and just used.
    fn put(&mut self, key: String, bytes: u64) {
        self.take(&key);
        self.uses += 1;
        self.bytes += bytes;
        self.by_use.insert(self.uses, key.clone());
        self.files.insert(key, (bytes, self.uses));
    }

    fn take(&mut self, key: &str) {
        if let Some((bytes, used)) = self.files.remove(key) {
            self.bytes -= bytes;
            self.by_use.remove(&used);
        }
    }

    fn oldest(&self) -> Option<String> {
        self.by_use.first_key_value().map(|(_, key)| key.clone())
    }
}

/// Whether a name is one of the cache's own: an ETag, a side, a shape.
fn is_key(name: &str) -> bool {
    name.len() <= 64 && name.contains('-') && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

#[cfg(test)]
mod tests {
    use std::fs::{self, File};

    use super::*;

    fn dir_of(folder: &tempfile::TempDir) -> Dir {
        Dir::new(File::open(folder.path()).unwrap().into()).unwrap()
    }

    fn picture(byte: u8) -> Vec<u8> {
        [&[byte; 98][..], END].concat()
    }

    #[test]
    fn the_least_used_gives_way_and_a_new_run_finds_the_rest() {
        let folder = tempfile::tempdir().unwrap();
        let dir = dir_of(&folder);
        let room = Room::of(&dir).unwrap();
        let cache = Cache::of(&dir, 350, 3).unwrap();
        for (key, byte) in [("a-1f", 1), ("b-1f", 2), ("c-1f", 3)] {
            cache.keep(key, Ok(&picture(byte)), &room);
        }
        assert_eq!(cache.find("a-1f"), Some(Ok(picture(1))));
        cache.keep("d-1f", Ok(&picture(4)), &room);
        assert_eq!(["a-1f", "b-1f", "c-1f", "d-1f"].map(|key| cache.find(key).is_some()), [true, false, true, true]);
        cache.keep("e-1f", Err(Refused::Broken), &room);
        assert_eq!((cache.find("e-1f"), cache.find("a-1f")), (Some(Err(Refused::Broken)), None), "by count");
        cache.keep("f-1f", Ok(&[&[7; 398], END].concat()), &room);
        assert!(cache.find("f-1f").is_none() && fs::read_dir(folder.path().join("previews")).unwrap().count() == 0, "by bytes");

        cache.keep("g-1f", Ok(&picture(1)), &room);
        fs::write(folder.path().join("previews/new"), "half").unwrap();
        fs::write(folder.path().join("previews/no key"), "").unwrap();
        let again = Cache::of(&dir, 350, 3).unwrap();
        assert_eq!(again.find("g-1f"), Some(Ok(picture(1))));
        assert_eq!(fs::read_dir(folder.path().join("previews")).unwrap().count(), 1);
    }

    #[test]
    fn what_a_power_cut_shortened_or_somebody_removed_is_not_there() {
        let folder = tempfile::tempdir().unwrap();
        let dir = dir_of(&folder);
        let room = Room::of(&dir).unwrap();
        let cache = Cache::of(&dir, 1000, 9).unwrap();
        for (key, damage) in [("a-1f", Some(&b""[..])), ("b-1f", Some(&picture(1)[..50])), ("c-1f", None), ("d-1f", Some(b"\x09"))] {
            cache.keep(key, Ok(&picture(1)), &room);
            let path = folder.path().join("previews").join(key);
            damage.map_or_else(|| fs::remove_file(&path), |bytes| fs::write(&path, bytes)).unwrap();
            assert_eq!(cache.find(key), None, "{key}");
        }
        assert_eq!(cache.lock().bytes, 0);
    }
}
