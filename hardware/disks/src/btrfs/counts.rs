//! What the pool counts of its subvolumes (simple quotas), and what their files take, read of the pool's own trees.

use std::{
    collections::{HashMap, HashSet},
    io,
    os::fd::BorrowedFd,
    time::{Duration, Instant},
};

use croft_model::Bytes;
use nix::errno::Errno;

use super::calls::{self, Key, Within, half_word, word};
use crate::snapshots::Measured;

/// `BTRFS_ROOT_TREE_OBJECTID`, `BTRFS_QUOTA_TREE_OBJECTID`.
const ROOTS: u64 = 1;
const QUOTAS: u64 = 8;
/// `BTRFS_QGROUP_STATUS_KEY`, `BTRFS_QGROUP_INFO_KEY`, `BTRFS_QGROUP_LIMIT_KEY`.
const STATUS: u32 = 240;
const CHARGED: u32 = 242;
const LIMIT: u32 = 244;
/// `BTRFS_QGROUP_STATUS_FLAG_ON` and `_SIMPLE_MODE`.
const ON_AND_SIMPLE: u64 = 1 | 8;
/// Places in the items of the status, of what is charged, and of a limit; and the flag of a limit that counts.
const STATUS_FLAGS: usize = 16;
const STATUS_SINCE: usize = 32;
const REFERENCED: usize = 8;
const LIMIT_REFERENCED: usize = 8;
const HAS_REFERENCED: u64 = 1;
/// `BTRFS_ORPHAN_OBJECTID`, `BTRFS_ORPHAN_ITEM_KEY`: among the roots, subvolumes that were removed and not cleaned away yet.
const ORPHANS: Within = Within { tree: ROOTS, object: 5_u64.wrapping_neg(), kind: 48, until: u64::MAX };
/// `BTRFS_ROOT_ITEM_KEY`, and where its item has the bytes of the tree itself: behind an inode's item and four numbers.
const ROOT_ITEM: u32 = 132;
const ROOT_BYTES: usize = 160 + 4 * 8;
/// Kinds of items in a subvolume (`BTRFS_INODE_ITEM_KEY`, `_INODE_REF_KEY`, `_INODE_EXTREF_KEY`, `_EXTENT_DATA_KEY`).
const INODE: u32 = 1;
const NAME: u32 = 12;
const LONG_NAME: u32 = 13;
const EXTENT: u32 = 108;
/// Where an inode's item has its mode, and what the mode of a folder is.
const MODE: usize = 52;
const KIND_OF_MODE: u32 = 0o170_000;
const FOLDER: u32 = 0o040_000;
/// Where a name's item has the name itself.
const NAME_TEXT: usize = 10;
/// Places in an extent's item: its transaction, whether its bytes stand in the item itself, those bytes, its address and its length on the disk.
const EXTENT_SINCE: usize = 0;
const EXTENT_KIND: usize = 20;
const INSIDE: u8 = 0;
const EXTENT_BYTES: usize = 21;
const EXTENT_LENGTH: usize = 29;
/// The folder at the root of a subvolume.
const ROOT_FOLDER: u64 = 256;
/// What belongs to the files but is none of them lies below this folder of a space: `docs/formats/space.md`.
const OWN: &[u8] = b".croft";
/// Deepest folder that is followed to its root.
const MAX_DEPTH: usize = 1000;
/// Extents that are remembered so that none counts twice, in less than a hundred megabytes. Behind them, a copy that shares its extents counts as if it did not.
const MAX_EXTENTS: usize = 4 << 20;

/// Folders that are remembered, in some hundred megabytes; a space with more is not counted.
const MAX_FOLDERS: usize = 4 << 20;
/// How long all of a subvolume is looked at.
const LONGEST: Duration = Duration::from_secs(600);

/// How a pool counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Counting {
    /// The transaction before which nothing was counted.
    pub(super) since: u64,
}

/// How the pool counts; none where it does not, or in the way that makes snapshots slow.
pub(super) fn counting(pool: BorrowedFd<'_>) -> io::Result<Option<Counting>> {
    let status = quota(pool, STATUS, 0)?;
    let counts = status.filter(|status| word(status, STATUS_FLAGS).is_some_and(|flags| flags & ON_AND_SIMPLE == ON_AND_SIMPLE));
    Ok(counts.map(|status| Counting { since: word(&status, STATUS_SINCE).unwrap_or_default() }))
}

/// What is charged to a subvolume, and what it may take at the most.
pub(super) fn charged(pool: BorrowedFd<'_>, number: u64) -> io::Result<(Option<Bytes>, Option<Bytes>)> {
    let charged = quota(pool, CHARGED, number)?.and_then(|item| word(&item, REFERENCED));
    let limit = quota(pool, LIMIT, number)?.filter(|item| word(item, 0).is_some_and(|flags| flags & HAS_REFERENCED != 0));
    Ok((charged.map(Bytes), limit.and_then(|item| word(&item, LIMIT_REFERENCED)).map(Bytes)))
}

fn quota(pool: BorrowedFd<'_>, kind: u32, number: u64) -> io::Result<Option<Vec<u8>>> {
    match calls::search(pool, Within { tree: QUOTAS, object: 0, kind, until: number }, number) {
        Ok(items) => Ok(items.into_iter().next().map(|item| item.data)),
        // There is no such tree where nothing is counted.
        Err(error) if error.raw_os_error() == Some(Errno::ENOENT as i32) => Ok(None),
        Err(error) => Err(error),
    }
}

/// How many removed subvolumes still take room.
pub(super) fn uncleaned(pool: BorrowedFd<'_>) -> io::Result<usize> {
    Ok(calls::search(pool, ORPHANS, 0)?.len())
}

/// Looks at every file of the subvolume `number`. Takes a second or so for each million.
pub(super) fn measure(pool: BorrowedFd<'_>, number: u64, since: u64) -> io::Result<Measured> {
    let mut tally = Tally::new(since);
    each(pool, number, 0, |key, data| {
        tally.take(key, data);
        if tally.is_full() { Err(io::Error::other("there are too many folders to count")) } else { Ok(()) }
    })?;
    let root = calls::search(pool, Within { tree: ROOTS, object: number, kind: ROOT_ITEM, until: u64::MAX }, 0)?;
    let tree = root.first().and_then(|item| word(&item.data, ROOT_BYTES)).unwrap_or_default();
    Ok(tally.measured(tree))
}

/// Each extent of the files of the subvolume `number` that lies on the disks; of leaves that were last written before the transaction `since`, none.
pub(super) fn each_extent(pool: BorrowedFd<'_>, number: u64, since: u64, mut look: impl FnMut(Extent)) -> io::Result<()> {
    each(pool, number, since, |key, data| {
        if key.kind == EXTENT
            && let Some(extent) = Extent::parse(data)
        {
            look(extent);
        }
        Ok(())
    })
}

/// Each item of a subvolume in order, for as long as [`LONGEST`].
fn each(pool: BorrowedFd<'_>, number: u64, since: u64, mut look: impl FnMut(Key, &[u8]) -> io::Result<()>) -> io::Result<()> {
    let begun = Instant::now();
    let end = Key { object: u64::MAX, kind: u32::MAX, offset: u64::MAX };
    let mut next = Some(Key { object: ROOT_FOLDER, kind: 0, offset: 0 });
    while let Some(from) = next {
        if begun.elapsed() > LONGEST {
            return Err(io::Error::new(io::ErrorKind::TimedOut, "there is too much to look at"));
        }
        let items = calls::keyed(pool, number, from..=end, since)?;
        next = items.last().and_then(|(key, _)| after(*key));
        items.iter().try_for_each(|(key, data)| look(*key, data))?;
    }
    Ok(())
}

/// Bytes on the disks that files have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Extent {
    pub(super) address: u64,
    pub(super) length: u64,
    /// The transaction in which it was written.
    pub(super) made: u64,
}

impl Extent {
    /// None for bytes that stand in the item itself, and for a hole.
    fn parse(data: &[u8]) -> Option<Self> {
        let is_inside = *data.get(EXTENT_KIND)? == INSIDE;
        let address = word(data, EXTENT_BYTES).filter(|address| *address > 0 && !is_inside)?;
        Some(Self { address, length: word(data, EXTENT_LENGTH)?, made: word(data, EXTENT_SINCE)? })
    }
}

/// The next key that there can be.
fn after(key: Key) -> Option<Key> {
    let Key { object, kind, offset } = key;
    match (offset.checked_add(1), kind.checked_add(1)) {
        (Some(offset), _) => Some(Key { object, kind, offset }),
        (None, Some(kind)) => Some(Key { object, kind, offset: 0 }),
        (None, None) => object.checked_add(1).map(|object| Key { object, kind: 0, offset: 0 }),
    }
}

/// What was seen so far of a subvolume's items, which come in order: of each file what it is, its name, its extents.
struct Tally {
    since: u64,
    /// The file or folder whose items come now: its number, whether it is a folder, and the folder in which it is.
    now: (u64, bool, u64),
    /// In which folder each folder is.
    folders: HashMap<u64, u64>,
    /// The space's own folder.
    own: Option<u64>,
    /// Bytes of the files in each folder; of those without a name in 0.
    bytes: HashMap<u64, u64>,
    extents: HashSet<u64>,
    counted: u64,
}

impl Tally {
    fn new(since: u64) -> Self {
        Self { since, now: (0, false, 0), folders: HashMap::new(), own: None, bytes: HashMap::new(), extents: HashSet::new(), counted: 0 }
    }

    fn take(&mut self, key: Key, data: &[u8]) {
        if self.now.0 != key.object {
            self.now = (key.object, false, 0);
        }
        match key.kind {
            INODE => self.now.1 = half_word(data, MODE).is_some_and(|mode| mode & KIND_OF_MODE == FOLDER),
            NAME => self.name(key.offset, data.get(NAME_TEXT..).unwrap_or_default()),
            LONG_NAME => self.name(word(data, 0).unwrap_or_default(), &[]),
            EXTENT => self.extent(data),
            _ => {}
        }
    }

    /// Whether there are more folders than are counted.
    fn is_full(&self) -> bool {
        self.folders.len().max(self.bytes.len()) > MAX_FOLDERS
    }

    fn name(&mut self, folder: u64, name: &[u8]) {
        let (number, is_folder, place) = &mut self.now;
        if *place == 0 {
            *place = folder;
        }
        if *is_folder {
            self.folders.insert(*number, folder);
            if folder == ROOT_FOLDER && name == OWN {
                self.own = Some(*number);
            }
        }
    }

    fn extent(&mut self, data: &[u8]) {
        let length = match Extent::parse(data) {
            Some(Extent { address, length, made }) => {
                let is_new = self.extents.len() >= MAX_EXTENTS || self.extents.insert(address);
                let length = if is_new { length } else { 0 };
                if made >= self.since {
                    self.counted = self.counted.saturating_add(length);
                }
                length
            }
            None if data.get(EXTENT_KIND) == Some(&INSIDE) => data.len().saturating_sub(EXTENT_BYTES) as u64,
            None => return,
        };
        let bytes = self.bytes.entry(self.now.2).or_default();
        *bytes = bytes.saturating_add(length);
    }

    fn measured(self, tree: u64) -> Measured {
        let (mut files, mut own) = (0_u64, 0_u64);
        for (folder, bytes) in &self.bytes {
            let sum = if self.is_own(*folder) { &mut own } else { &mut files };
            *sum = sum.saturating_add(*bytes);
        }
        Measured { files: Bytes(files), own: Bytes(own), counted: Bytes(self.counted.saturating_add(tree)), held: Bytes(0) }
    }

    /// Whether a folder lies in the space's own one. What has no name yet is on its way.
    fn is_own(&self, folder: u64) -> bool {
        let mut at = folder;
        for _ in 0..MAX_DEPTH {
            match at {
                0 => return true,
                ROOT_FOLDER => return false,
                _ if Some(at) == self.own => return true,
                _ => at = self.folders.get(&at).copied().unwrap_or_default(),
            }
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn inode(mode: u32) -> Vec<u8> {
        let mut data = vec![0; 160];
        data[MODE..MODE + 4].copy_from_slice(&mode.to_le_bytes());
        data
    }

    fn name(text: &str) -> Vec<u8> {
        [&[0; 8], &u16::try_from(text.len()).unwrap().to_le_bytes()[..], text.as_bytes()].concat()
    }

    fn extent(made: u64, address: u64, length: u64) -> Vec<u8> {
        let mut data = vec![0; 53];
        data[EXTENT_KIND] = 1;
        for (at, value) in [(EXTENT_SINCE, made), (EXTENT_BYTES, address), (EXTENT_LENGTH, length)] {
            data[at..at + 8].copy_from_slice(&value.to_le_bytes());
        }
        data
    }

    fn key(object: u64, kind: u32, offset: u64) -> Key {
        Key { object, kind, offset }
    }

    #[test]
    fn files_and_what_belongs_to_them_are_told_apart_and_no_extent_counts_twice() {
        let mut tally = Tally::new(5);
        let items = [
            (key(256, INODE, 0), inode(FOLDER)),
            (key(256, NAME, 256), name("..")),
            (key(257, INODE, 0), inode(FOLDER)),
            (key(257, NAME, 256), name("files")),
            (key(258, INODE, 0), inode(FOLDER)),
            (key(258, NAME, 256), name(".croft")),
            (key(259, INODE, 0), inode(FOLDER)),
            (key(259, NAME, 258), name("versions")),
            (key(260, INODE, 0), inode(0o100_600)),
            (key(260, NAME, 257), name("a")),
            (key(260, EXTENT, 0), extent(5, 4096, 1000)),
            (key(260, EXTENT, 4096), extent(4, 8192, 100)),
            (key(260, EXTENT, 8192), extent(9, 0, 7)),
            (key(261, INODE, 0), inode(0o100_600)),
            (key(261, NAME, 259), name("1")),
            (key(261, EXTENT, 0), extent(6, 4096, 1000)),
            (key(261, EXTENT, 4096), extent(6, 12288, 30)),
            // A folder of that name elsewhere is one of the person's.
            (key(262, INODE, 0), inode(FOLDER)),
            (key(262, NAME, 257), name(".croft")),
            (key(263, INODE, 0), inode(0o100_600)),
            (key(263, LONG_NAME, 12345), 262_u64.to_le_bytes().to_vec()),
            (key(263, EXTENT, 0), [vec![0; EXTENT_BYTES], vec![1; 5]].concat()),
            // One that is being received has no name yet.
            (key(264, INODE, 0), inode(0o100_600)),
            (key(264, EXTENT, 0), extent(6, 16384, 4)),
        ];
        items.iter().for_each(|(key, data)| tally.take(*key, data));
        let expected = Measured { files: Bytes(1105), own: Bytes(34), counted: Bytes(1034 + 16), held: Bytes(0) };
        assert_eq!(tally.measured(16), expected);
    }

    #[test]
    fn keys_follow_each_other_to_the_end() {
        let check = |from: (u64, u32, u64), expected: Option<(u64, u32, u64)>| {
            let next = after(key(from.0, from.1, from.2));
            assert_eq!(next.map(|key| (key.object, key.kind, key.offset)), expected, "{from:?}");
        };
        check((1, 2, 3), Some((1, 2, 4)));
        check((1, 2, u64::MAX), Some((1, 3, 0)));
        check((1, u32::MAX, u64::MAX), Some((2, 0, 0)));
        check((u64::MAX, u32::MAX, u64::MAX), None);
    }

    proptest! {
        #[test]
        fn no_item_is_read_past_its_end(items in proptest::collection::vec((0_u64..300, 0_u32..120, any::<u64>(), proptest::collection::vec(any::<u8>(), 0..60)), 0..40)) {
            let mut tally = Tally::new(5);
            items.iter().for_each(|(object, kind, offset, data)| tally.take(key(*object, *kind, *offset), data));
            let measured = tally.measured(0);
            prop_assert!(measured.counted.0 <= measured.files.0.saturating_add(measured.own.0));
        }
    }
}
