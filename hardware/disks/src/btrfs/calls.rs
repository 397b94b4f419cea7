//! The calls of btrfs as functions with plain values. The only unsafe code of this crate; what each call does is told in `btrfs-ioctl(2)`.
#![expect(unsafe_code, reason = "these calls of the kernel have no wrapper")]

use std::{
    ffi::OsStr,
    fs::File,
    io,
    ops::RangeInclusive,
    os::{
        fd::{AsRawFd, BorrowedFd},
        unix::ffi::OsStrExt,
    },
    path::{Path, PathBuf},
};

use croft_model::{Bytes, MemberErrors};
use nix::errno::Errno;

use super::raw;
pub(super) use raw::Counts;

/// Asks `fs_info` for the generation and for the kind of checksum.
const WITH_CHECKSUM_AND_GENERATION: u64 = 1 | 2;
/// The kind of checksum that `mkfs.btrfs` takes by itself: CRC-32C.
const CRC32C: u16 = 0;
/// Where btrfs is asked about devices that are in no file system now.
const CONTROL: &str = "/dev/btrfs-control";
/// `BTRFS_DEV_STATS_RESET`.
const RESET: u64 = 1;
/// `BTRFS_DEVICE_SPEC_BY_ID`.
const BY_NUMBER: u64 = 1 << 3;
/// What takes back the removal of a disk, in the place of the disk's path.
const CANCEL: &str = "cancel";
/// `BTRFS_BALANCE_DATA`, `_SYSTEM`, `_METADATA`, and `_FORCE`: the first three may get fewer copies than they have.
const BALANCE_ALL: u64 = 1 | 2 | 4 | 8;
/// `BTRFS_BALANCE_DATA`.
const BALANCE_DATA: u64 = 1;
/// `BTRFS_BALANCE_ARGS_CONVERT` and `_SOFT`: what is as it should be is left alone.
const CONVERT: u64 = (1 << 8) | (1 << 9);
/// `BTRFS_BALANCE_CTL_CANCEL`.
const BALANCE_CANCEL: u64 = 2;
/// `BTRFS_IOCTL_DEV_REPLACE_CMD_START`, `_STATUS`, `_CANCEL`.
const REPLACE: [u64; 3] = [0, 1, 2];
/// Reads from the disk that goes only what no other one has whole.
const AVOID_READING: u64 = 1;

/// What is known of a file system.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Info {
    pub(super) uuid: [u8; 16],
    /// The highest number of its disks.
    pub(super) highest: u64,
    pub(super) sector_bytes: u32,
    pub(super) is_crc32c: bool,
}

/// What the kernel believes of a disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Device {
    pub(super) number: u64,
    pub(super) uuid: [u8; 16],
    pub(super) used: Bytes,
    pub(super) total: Bytes,
}

/// Space of one use that is kept in one way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Space {
    /// `BTRFS_BLOCK_GROUP_*`: the use and the way.
    pub(super) flags: u64,
    pub(super) total: Bytes,
    pub(super) used: Bytes,
}

/// The ways in which data, metadata and the pool's own tables shall be kept, as `BTRFS_BLOCK_GROUP_*`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Ways {
    pub(super) data: u64,
    pub(super) metadata: u64,
}

/// How a replacement is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Replacement {
    /// None was begun, or the last one has ended.
    None,
    /// So many thousandths of the disk are done.
    Running(u64),
    /// It was interrupted, and the kernel does not go on with it.
    Suspended,
}

/// Where something stands in a tree of the file system. Ordered as the tree is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Key {
    pub(super) object: u64,
    pub(super) kind: u32,
    pub(super) offset: u64,
}

/// Something in a tree of the file system.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Item {
    pub(super) offset: u64,
    pub(super) data: Vec<u8>,
}

/// A tree of the file system and what is looked for in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Within {
    pub(super) tree: u64,
    pub(super) object: u64,
    pub(super) kind: u32,
    /// The last offset that is wanted.
    pub(super) until: u64,
}

/// A file that a block belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Reference {
    pub(super) subvolume: u64,
    pub(super) file: u64,
}

type Directory<'a> = BorrowedFd<'a>;

pub(super) fn info(pool: Directory<'_>) -> io::Result<Info> {
    let mut said = raw::Info {
        highest: 0,
        count: 0,
        uuid: [0; 16],
        node_bytes: 0,
        sector_bytes: 0,
        clone_alignment: 0,
        checksum_kind: 0,
        checksum_bytes: 0,
        flags: WITH_CHECKSUM_AND_GENERATION,
        generation: 0,
        metadata_uuid: [0; 16],
        reserved: [0; 944],
    };
    // SAFETY: the argument is the struct of this call, which the kernel fills and does not keep.
    unsafe { raw::info(pool.as_raw_fd(), &raw mut said) }?;
    Ok(Info { uuid: said.uuid, highest: said.highest, sector_bytes: said.sector_bytes, is_crc32c: said.checksum_kind == CRC32C })
}

/// The disk with this number; none where there is no such one.
pub(super) fn device(pool: Directory<'_>, number: u64) -> io::Result<Option<Device>> {
    let mut said = raw::Device { number, uuid: [0; 16], used: 0, total: 0, file_system: [0; 16], unused: [0; 377], path: [0; _] };
    // SAFETY: the argument is the struct of this call, which the kernel fills and does not keep.
    match unsafe { raw::device(pool.as_raw_fd(), &raw mut said) } {
        Err(Errno::ENODEV) => Ok(None),
        Err(error) => Err(error.into()),
        Ok(_) => Ok(Some(Device { number: said.number, uuid: said.uuid, used: Bytes(said.used), total: Bytes(said.total) })),
    }
}

/// The errors of a disk; none for one that was not there when the file system was mounted.
pub(super) fn errors(pool: Directory<'_>, number: u64) -> io::Result<Option<MemberErrors>> {
    count_errors(pool, number, 0)
}

/// Sets the errors of a disk to zero.
pub(super) fn forget_errors(pool: Directory<'_>, number: u64) -> io::Result<Option<MemberErrors>> {
    count_errors(pool, number, RESET)
}

fn count_errors(pool: Directory<'_>, number: u64, flags: u64) -> io::Result<Option<MemberErrors>> {
    let mut said = raw::Errors { number, count: 5, flags, values: [0; 5], unused: [0; 121] };
    // SAFETY: the argument is the struct of this call, which the kernel fills and does not keep.
    match unsafe { raw::errors(pool.as_raw_fd(), &raw mut said) } {
        Err(Errno::ENODEV) => Ok(None),
        Err(error) => Err(error.into()),
        Ok(_) => {
            let [write, read, flush, corruption, generation] = said.values;
            Ok(Some(MemberErrors { write, read, flush, corruption, generation }))
        }
    }
}

/// All space that is given to something.
pub(super) fn spaces(pool: Directory<'_>) -> io::Result<Vec<Space>> {
    let none = raw::Space { flags: 0, total: 0, used: 0 };
    let mut said = raw::Spaces { head: raw::SpacesHead { slots: raw::SPACES as u64, found: 0 }, spaces: [none; raw::SPACES] };
    // SAFETY: behind the head there is room for as many entries as it says, and the kernel writes no more; the pointer is of the whole.
    unsafe { raw::spaces(pool.as_raw_fd(), (&raw mut said).cast()) }?;
    let found = usize::try_from(said.head.found).unwrap_or(raw::SPACES);
    let of = |space: &raw::Space| Space { flags: space.flags, total: Bytes(space.total), used: Bytes(space.used) };
    Ok(said.spaces.iter().take(found).map(of).collect())
}

pub(super) fn sync(pool: Directory<'_>) -> io::Result<()> {
    // SAFETY: the call has no argument.
    unsafe { raw::sync(pool.as_raw_fd()) }?;
    Ok(())
}

/// Takes in the device at `path`.
pub(super) fn add(pool: Directory<'_>, path: &Path) -> io::Result<()> {
    let said = named(path.as_os_str())?;
    // SAFETY: the argument is the struct of this call with a name that ends in zero; the kernel only reads it.
    allowed(unsafe { raw::add(pool.as_raw_fd(), &raw const said) })
}

/// Lets the pool use all of a disk.
pub(super) fn grow(pool: Directory<'_>, number: u64) -> io::Result<()> {
    let said = named(OsStr::new(&format!("{number}:max")))?;
    // SAFETY: the argument is the struct of this call with a name that ends in zero; the kernel only reads it.
    allowed(unsafe { raw::resize(pool.as_raw_fd(), &raw const said) })
}

/// Moves all off a disk and takes it out.
pub(super) fn remove(pool: Directory<'_>, number: u64) -> io::Result<()> {
    let said = raw::Numbered { fd: 0, transaction: 0, flags: BY_NUMBER, unused: [0; 4], number, rest: [0; 4032] };
    // SAFETY: the argument is the struct of this call; the kernel only reads it.
    allowed(unsafe { raw::remove(pool.as_raw_fd(), &raw const said) })
}

/// Takes back a removal that is under way.
pub(super) fn remove_cancel(pool: Directory<'_>) -> io::Result<()> {
    // Without the flag, the word stands where the number would.
    let mut word = [0; 8];
    word.iter_mut().zip(CANCEL.bytes()).for_each(|(to, from)| *to = from);
    let said = raw::Numbered { fd: 0, transaction: 0, flags: 0, unused: [0; 4], number: u64::from_ne_bytes(word), rest: [0; 4032] };
    // SAFETY: the argument is the struct of this call; the kernel only reads it.
    allowed(unsafe { raw::remove(pool.as_raw_fd(), &raw const said) })
}

/// Moves all that is not kept as `ways` says.
pub(super) fn balance(pool: Directory<'_>, ways: Ways) -> io::Result<()> {
    let to = |target| filter(target, CONVERT);
    begin_balance(pool, asked(BALANCE_ALL, to(ways.data), to(ways.metadata)))
}

/// Moves all contents of files once: the kernel writes each piece to the emptiest disks.
pub(super) fn level(pool: Directory<'_>) -> io::Result<()> {
    begin_balance(pool, asked(BALANCE_DATA, filter(0, 0), filter(0, 0)))
}

/// How many pieces a balance has moved, and how many it will have; none while there is no balance.
pub(super) fn balance_progress(pool: Directory<'_>) -> io::Result<Option<(u64, u64)>> {
    let mut said = asked(0, filter(0, 0), filter(0, 0));
    // SAFETY: the argument is the struct of this call, which the kernel fills; it lives as long as the call.
    match unsafe { raw::balance_progress(pool.as_raw_fd(), &raw mut said) } {
        Ok(_) => Ok(Some((said.progress[2], said.progress[0]))),
        Err(Errno::ENOTCONN) => Ok(None),
        Err(errno) => Err(errno.into()),
    }
}

fn filter(target: u64, flags: u64) -> raw::Filter {
    raw::Filter {
        profiles: 0,
        usage: 0,
        number: 0,
        physical: [0; 2],
        logical: [0; 2],
        target,
        flags,
        limit: 0,
        stripes: [0; 2],
        unused: [0; 6],
    }
}

fn asked(flags: u64, data: raw::Filter, other: raw::Filter) -> raw::Balance {
    raw::Balance { flags, state: 0, data, metadata: other, system: other, progress: [0; 3], unused: [0; 72] }
}

fn begin_balance(pool: Directory<'_>, mut said: raw::Balance) -> io::Result<()> {
    // SAFETY: the argument is the struct of this call, which lives as long as the call.
    allowed(unsafe { raw::balance(pool.as_raw_fd(), &raw mut said) })
}

/// Ends a balance, also a paused one. Returns when it has ended.
pub(super) fn balance_cancel(pool: Directory<'_>) -> io::Result<()> {
    // SAFETY: the argument is a number.
    unsafe { raw::balance_control(pool.as_raw_fd(), BALANCE_CANCEL) }?;
    Ok(())
}

/// Writes what the disk with this number holds to the device at `path`, and takes that in its place.
pub(super) fn replace(pool: Directory<'_>, number: u64, path: &Path) -> io::Result<()> {
    let mut said = raw::Replace {
        command: REPLACE[0],
        result: 0,
        number,
        reading: AVOID_READING,
        from: [0; _],
        to: [0; _],
        padding: [0; 6],
        spare: [0; 64],
    };
    put(&mut said.to, path.as_os_str())?;
    // SAFETY: the argument is the struct of this call with a path that ends in zero; it lives as long as the call.
    unsafe { raw::replace(pool.as_raw_fd(), &raw mut said) }?;
    match said.result {
        0 => Ok(()),
        // BTRFS_IOCTL_DEV_REPLACE_RESULT_ALREADY_STARTED, _SCRUB_INPROGRESS.
        2 | 3 => Err(io::Error::new(io::ErrorKind::ResourceBusy, "something else is being done to the pool")),
        other => Err(io::Error::other(format!("the kernel answered {other}"))),
    }
}

pub(super) fn replacement(pool: Directory<'_>) -> io::Result<Replacement> {
    let said = replacing(pool, REPLACE[1])?;
    // BTRFS_IOCTL_DEV_REPLACE_STATE_STARTED, _SUSPENDED.
    Ok(match said.state {
        1 => Replacement::Running(said.permille),
        4 => Replacement::Suspended,
        _ => Replacement::None,
    })
}

/// Gives a replacement up. Returns when it has ended.
pub(super) fn replace_cancel(pool: Directory<'_>) -> io::Result<()> {
    replacing(pool, REPLACE[2]).map(|_| ())
}

fn replacing(pool: Directory<'_>, command: u64) -> io::Result<raw::Replacing> {
    let mut said = raw::Replacing {
        command,
        result: 0,
        state: 0,
        permille: 0,
        started: 0,
        stopped: 0,
        write_errors: 0,
        read_errors: 0,
        rest: [0; 2024],
        spare: [0; 64],
    };
    // SAFETY: the argument is the struct of this call, which the kernel fills and does not keep.
    unsafe { raw::replacing(pool.as_raw_fd(), &raw mut said) }?;
    Ok(said)
}

/// Reads all on a disk and mends it. What was counted is told also when it ended early.
pub(super) fn scrub(pool: Directory<'_>, number: u64) -> (io::Result<()>, Counts) {
    let mut said = scrub_of(number);
    // SAFETY: the argument is the struct of this call, which lives as long as the call.
    let ended = unsafe { raw::scrub(pool.as_raw_fd(), &raw mut said) };
    (ended.map(|_| ()).map_err(io::Error::from), said.counts)
}

/// How far the comparison of a disk is; none where none runs.
pub(super) fn scrub_progress(pool: Directory<'_>, number: u64) -> io::Result<Option<Counts>> {
    let mut said = scrub_of(number);
    // SAFETY: the argument is the struct of this call, which the kernel fills and does not keep.
    match unsafe { raw::scrub_progress(pool.as_raw_fd(), &raw mut said) } {
        Ok(_) => Ok(Some(said.counts)),
        Err(Errno::ENOTCONN | Errno::ENODEV) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

fn scrub_of(number: u64) -> raw::Scrub {
    raw::Scrub { number, start: 0, end: u64::MAX, flags: 0, counts: Counts::default(), unused: [0; 109] }
}

/// Ends all comparisons. Returns when they have ended.
pub(super) fn scrub_cancel(pool: Directory<'_>) -> io::Result<()> {
    // SAFETY: the call has no argument.
    unsafe { raw::scrub_cancel(pool.as_raw_fd()) }?;
    Ok(())
}

/// The next items of a tree from `offset` on, in order; none at the end.
pub(super) fn search(pool: Directory<'_>, within: Within, offset: u64) -> io::Result<Vec<Item>> {
    let Within { tree, object, kind, until } = within;
    let key = |offset| Key { object, kind, offset };
    let found = keyed(pool, tree, key(offset)..=key(until), 0)?;
    Ok(found.into_iter().map(|(key, data)| Item { offset: key.offset, data }).collect())
}

/// The next items of a tree whose keys are in this range, in order; none at the end. What was last written before the transaction `since` is left out.
pub(super) fn keyed(pool: Directory<'_>, tree: u64, keys: RangeInclusive<Key>, since: u64) -> io::Result<Vec<(Key, Vec<u8>)>> {
    let (from, to) = (keys.start(), keys.end());
    let head = raw::SearchHead {
        tree,
        object: [from.object, to.object],
        offset: [from.offset, to.offset],
        transaction: [since, u64::MAX],
        kind: [from.kind, to.kind],
        items: u32::MAX,
        unused: [0; 9],
        bytes: raw::SEARCHED as u64,
    };
    let mut said = Box::new(raw::Search { head, found: [0; raw::SEARCHED] });
    // SAFETY: behind the head there are as many bytes as it says, and the kernel writes no more; the pointer is of the whole.
    unsafe { raw::search(pool.as_raw_fd(), (&raw mut *said).cast()) }?;
    Ok(items(&said.found, said.head.items))
}

/// Reads what a search brought: a head (transaction, object, offset, kind, length) before each item.
fn items(found: &[u8], count: u32) -> Vec<(Key, Vec<u8>)> {
    let mut items = Vec::new();
    let mut rest = found;
    for _ in 0..count {
        let (Some(object), Some(offset)) = (word(rest, 8), word(rest, 16)) else { break };
        let (Some(kind), Some(length)) = (half_word(rest, 24), half_word(rest, 28)) else { break };
        let end = usize::try_from(length).unwrap_or(usize::MAX).saturating_add(raw::ITEM_HEAD);
        let Some(data) = rest.get(raw::ITEM_HEAD..end) else { break };
        items.push((Key { object, kind, offset }, data.to_vec()));
        rest = rest.get(end..).unwrap_or_default();
    }
    items
}

/// The files that the block at a logical address belongs to; none for one that was freed meanwhile.
pub(super) fn references(pool: Directory<'_>, logical: u64) -> io::Result<Vec<Reference>> {
    let mut list = Box::new(raw::References { bytes_left: 0, bytes_missing: 0, count: 0, missed: 0, words: [0; raw::REFERENCES] });
    let address = (&raw mut *list).expose_provenance();
    let mut said = raw::Logical { logical, bytes: size_of::<raw::References>() as u64, reserved: [0; 3], flags: 0, list: address as u64 };
    // SAFETY: the argument is the struct of this call; the list that it points to is as long as it says and lives as long as the call.
    match unsafe { raw::logical(pool.as_raw_fd(), &raw mut said) } {
        Ok(_) => {}
        Err(Errno::ENOENT) => return Ok(Vec::new()),
        Err(error) => return Err(error.into()),
    }
    let count = usize::try_from(list.count).unwrap_or_default().min(raw::REFERENCES);
    let words = list.words.get(..count).unwrap_or_default();
    Ok(words.as_chunks().0.iter().map(|[file, _, subvolume]| Reference { subvolume: *subvolume, file: *file }).collect())
}

/// The path of a file or folder from the root of its subvolume; one of them where it has several.
pub(super) fn path_of(pool: Directory<'_>, tree: u64, object: u64) -> io::Result<PathBuf> {
    let mut said = raw::Lookup { tree, object, path: [0; _] };
    // SAFETY: the argument is the struct of this call, which the kernel fills and does not keep.
    unsafe { raw::lookup(pool.as_raw_fd(), &raw mut said) }?;
    let path = text(&said.path).as_bytes();
    Ok(PathBuf::from(OsStr::from_bytes(path.strip_suffix(b"/").unwrap_or(path))))
}

/// Eight bytes as a number, as btrfs writes them.
pub(super) fn word(bytes: &[u8], at: usize) -> Option<u64> {
    bytes.get(at..)?.first_chunk().copied().map(u64::from_le_bytes)
}

/// Four bytes as a number.
/// Lets btrfs forget that it has seen a device; one that is mounted it does not forget.
pub(crate) fn forget_device(path: &Path) -> io::Result<()> {
    let (control, said) = (File::open(CONTROL)?, named(path.as_os_str())?);
    // SAFETY: the structure is laid out as the kernel reads it, lives longer than the call, and the descriptor is open.
    allowed(unsafe { raw::forget_device(control.as_raw_fd(), &raw const said) })
}

pub(super) fn half_word(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..)?.first_chunk().copied().map(u32::from_le_bytes)
}

fn named(name: &OsStr) -> io::Result<raw::Named> {
    let mut said = raw::Named { fd: 0, name: [0; _] };
    put(&mut said.name, name)?;
    Ok(said)
}

/// Writes a name with a zero behind it.
pub(super) fn put(to: &mut [u8], name: &OsStr) -> io::Result<()> {
    let name = name.as_bytes();
    let fits = name.len() < to.len() && !name.contains(&0);
    let place = to.get_mut(..name.len()).filter(|_| fits).ok_or_else(|| io::Error::from(Errno::ENAMETOOLONG))?;
    place.copy_from_slice(name);
    Ok(())
}

/// The bytes before the first zero.
fn text(bytes: &[u8]) -> &OsStr {
    OsStr::from_bytes(bytes.split(|byte| *byte == 0).next().unwrap_or_default())
}

/// These calls refuse also by a number above zero (`enum btrfs_err_code`).
fn allowed(answer: nix::Result<i32>) -> io::Result<()> {
    let why = match answer? {
        0 => return Ok(()),
        1 => "two copies need two disks",
        5 => "it is being written to in the place of another disk",
        6 => "no disk is missing",
        7 => "it is the last disk that can be written",
        8 => return Err(io::Error::new(io::ErrorKind::ResourceBusy, "something else is being done to the pool")),
        9 => "three copies need three disks",
        _ => "btrfs does not allow it",
    };
    Err(io::Error::other(why))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_search_brings_is_read_as_far_as_it_goes() {
        let item = |offset: u64, data: &[u8]| {
            let mut bytes = vec![0; raw::ITEM_HEAD];
            bytes[8] = 5;
            bytes[24] = 6;
            bytes[16..24].copy_from_slice(&offset.to_le_bytes());
            bytes[28..32].copy_from_slice(&u32::try_from(data.len()).unwrap().to_le_bytes());
            bytes.extend(data);
            bytes
        };
        let bytes = [item(7, b"abc"), item(9, b"")].concat();
        let key = |offset| Key { object: 5, kind: 6, offset };
        let expected = [(key(7), b"abc".to_vec()), (key(9), Vec::new())];
        assert_eq!(items(&bytes, 2), expected);
        assert_eq!(items(&bytes, 1), expected[..1]);
        assert_eq!(items(&bytes, 5), expected);
        assert_eq!(items(&bytes[..34], 2), []);
    }

    #[test]
    fn names_that_do_not_fit_are_refused() {
        assert!(named(OsStr::new(&"x".repeat(raw::NAME - 1))).is_ok());
        assert!(named(OsStr::new(&"x".repeat(raw::NAME))).is_err());
        assert!(named(OsStr::new("a\0b")).is_err());
    }

    #[test]
    fn a_refusal_by_number_is_an_error() {
        assert!(allowed(Ok(0)).is_ok());
        assert_eq!(allowed(Ok(8)).unwrap_err().kind(), io::ErrorKind::ResourceBusy);
        assert_eq!(allowed(Ok(7)).unwrap_err().to_string(), "it is the last disk that can be written");
        assert_eq!(allowed(Err(Errno::EPERM)).unwrap_err().kind(), io::ErrorKind::PermissionDenied);
    }
}
