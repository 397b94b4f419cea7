//! What lies in the file systems of a disk: looked at through [`ReadOnly`], within bounds.

use std::{
    collections::VecDeque,
    ffi::{CString, OsStr},
    io,
    os::{
        fd::{AsFd, BorrowedFd, OwnedFd},
        unix::ffi::OsStrExt,
    },
    path::PathBuf,
    time::{Duration, Instant},
};

use croft_model::{Bytes, Inside, InsideEntry, InsidePart, PartKind, Unfit, Unshown};
use jiff::Timestamp;
use nix::{
    dir::Dir,
    errno::Errno,
    fcntl::{AtFlags, OFlag, openat},
    sys::{
        stat::{Mode, fstatat},
        statvfs::fstatvfs,
    },
};
use tokio::{task::spawn_blocking, time::timeout};

use crate::{
    DiskError, LinuxDisks,
    contents::kind,
    empty::Chosen,
    lsblk::Device,
    read_only::{Kind, ReadOnly},
};

/// Entries that are looked at in a file system, and the time for that: enough to see what it is, and no more.
const MAX_ENTRIES: u64 = 5000;
const MAX_TIME: Duration = Duration::from_secs(2);
/// Entries at the top, and newest files, that are told.
const MAX_TOP: usize = 200;
const MAX_NEWEST: usize = 20;
/// Deepest folder that is looked into.
const MAX_DEPTH: usize = 12;
/// Folders that wait to be looked into.
const MAX_WAITING: usize = 2000;
/// File systems of a disk that are looked into.
const MAX_PARTS: usize = 8;
/// Time for all of a disk; well below the time that an answer of the API may take.
const LIMIT: Duration = Duration::from_secs(25);

/// A file system to look into: what it is called, and the devices that it lies on or why it is not looked into.
struct Wanted {
    name: String,
    file_system: String,
    from: Result<Source, Unshown>,
}

/// What a file system lies on.
pub(crate) struct Source {
    pub(crate) kind: Kind,
    pub(crate) devices: Vec<PathBuf>,
    /// Whether disks of it are missing.
    pub(crate) missing: bool,
    /// Whether a btrfs has a log of what reached no other place.
    pub(crate) log: bool,
}

/// Looks into the file systems of a disk, if `contents` is what is on it and nothing uses it.
pub(crate) async fn look(disks: &LinuxDisks, id: &croft_model::DiskId, contents: &str) -> Result<Inside, DiskError> {
    let chosen = Chosen::find_for(disks, id, contents, &[Unfit::ReadOnly]).await?;
    let all: Vec<Device> = disks.found().await?.into_iter().map(|found| found.device).collect();
    let mut wanted = Vec::new();
    let parts = chosen.device().with_parts().into_iter().filter(|part| part.fstype.is_some()).take(MAX_PARTS);
    for part in parts {
        wanted.push(Wanted {
            name: crate::contents::part_name(part),
            file_system: crate::contents::clean(part.fstype.as_deref()),
            from: source(disks, &all, part).await.and_then(|source| if source.missing { Err(Unshown::Incomplete) } else { Ok(source) }),
        });
    }
    let looking = spawn_blocking(move || {
        // Keeps the name of the disk for this disk.
        let _chosen = chosen;
        Inside { parts: wanted.into_iter().map(part).collect() }
    });
    let lost = |error: io::Error| DiskError::Read { what: "the disk".into(), source: error };
    timeout(LIMIT, looking).await.map_err(|_| DiskError::Stalled(LIMIT))?.map_err(|error| lost(io::Error::other(error)))
}

/// The devices that a file system lies on.
pub(crate) async fn source(disks: &LinuxDisks, all: &[Device], part: &Device) -> Result<Source, Unshown> {
    match kind(part) {
        PartKind::Locked => return Err(Unshown::Locked),
        PartKind::Member => return Err(Unshown::Spanned),
        PartKind::Swap => return Err(Unshown::NotKnown),
        _ => {}
    }
    let kind = Kind::of(part.fstype.as_deref().unwrap_or_default()).ok_or(Unshown::NotKnown)?;
    if part.fstype.as_deref() != Some("btrfs") {
        return Ok(Source { kind, devices: vec![part.path.clone()], missing: false, log: false });
    }
    let own = disks.blocks().read(&part.path).await.ok_or(Unshown::Damaged)?;
    if crate::btrfs::is_mounted(&own.uuid) {
        return Err(Unshown::OwnPool);
    }
    let mut devices = vec![part.path.clone()];
    let mut numbers = vec![own.number];
    let candidates =
        all.iter().flat_map(Device::with_parts).filter(|other| other.fstype.as_deref() == Some("btrfs") && other.path != part.path);
    for other in candidates {
        let block = disks.blocks().read(&other.path).await.filter(|block| block.uuid == own.uuid);
        if let Some(block) = block.filter(|block| !numbers.contains(&block.number)) {
            devices.push(other.path.clone());
            numbers.push(block.number);
        }
    }
    Ok(Source { kind, devices, missing: (numbers.len() as u64) < own.disks, log: own.log })
}

fn part(wanted: Wanted) -> InsidePart {
    let Wanted { name, file_system, from } = wanted;
    let empty = InsidePart {
        name,
        file_system,
        unshown: None,
        used: Bytes(0),
        size: Bytes(0),
        top: Vec::new(),
        newest: Vec::new(),
        files: 0,
        whole: false,
    };
    let shown = from.and_then(|Source { kind, devices, .. }| {
        ReadOnly::mount(&kind, &devices).and_then(|mounted| walk(mounted.root()?)).map_err(|error| {
            tracing::info!(%error, kind = ?kind.name, "a file system is not shown");
            if error.raw_os_error() == Some(Errno::ENODEV as i32) { Unshown::NotKnown } else { Unshown::Damaged }
        })
    });
    match shown {
        Ok(walked) => InsidePart {
            used: walked.used,
            size: walked.size,
            top: walked.top,
            newest: walked.newest,
            files: walked.files,
            whole: walked.whole,
            ..empty
        },
        Err(why) => InsidePart { unshown: Some(why), ..empty },
    }
}

/// What was seen in a file system.
#[derive(Debug)]
struct Walked {
    used: Bytes,
    size: Bytes,
    top: Vec<InsideEntry>,
    newest: Vec<InsideEntry>,
    files: u64,
    whole: bool,
}

/// Looks at the folders nearest to the top first. What cannot be read is left out, and then not all was seen.
fn walk(root: BorrowedFd<'_>) -> io::Result<Walked> {
    let about = fstatvfs(root)?;
    let size = about.blocks().saturating_mul(about.fragment_size());
    let used = about.blocks().saturating_sub(about.blocks_free()).saturating_mul(about.fragment_size());
    let mut walked = Walked { used: Bytes(used), size: Bytes(size), top: Vec::new(), newest: Vec::new(), files: 0, whole: true };
    let (begun, mut entries) = (Instant::now(), 0);
    let mut waiting: VecDeque<Vec<CString>> = VecDeque::from([Vec::new()]);
    'folders: while let Some(way) = waiting.pop_front() {
        let Ok((fd, mut folder)) = descend(root, &way).and_then(|fd| Ok((fd.try_clone()?, Dir::from_fd(fd)?))) else {
            walked.whole = false;
            continue;
        };
        for entry in folder.iter() {
            if entries >= MAX_ENTRIES || begun.elapsed() > MAX_TIME {
                walked.whole = false;
                break 'folders;
            }
            let Ok(entry) = entry else {
                walked.whole = false;
                continue 'folders;
            };
            let name = entry.file_name();
            if name == c"." || name == c".." {
                continue;
            }
            entries += 1;
            let Ok(about) = fstatat(&fd, name, AtFlags::AT_SYMLINK_NOFOLLOW) else {
                walked.whole = false;
                continue;
            };
            let is = about.st_mode & nix::libc::S_IFMT;
            let (is_folder, is_file) = (is == nix::libc::S_IFDIR, is == nix::libc::S_IFREG);
            let mut inner = way.clone();
            inner.push(name.to_owned());
            if is_folder || is_file {
                let entry = InsideEntry {
                    path: shown(&inner),
                    folder: is_folder,
                    size: Bytes(if is_file { u64::try_from(about.st_size).unwrap_or_default() } else { 0 }),
                    modified: Timestamp::from_second(about.st_mtime).ok(),
                };
                if way.is_empty() && walked.top.len() < MAX_TOP {
                    walked.top.push(entry.clone());
                }
                if is_file {
                    walked.files += 1;
                    remember(&mut walked.newest, entry);
                }
            }
            if is_folder {
                if inner.len() < MAX_DEPTH && waiting.len() < MAX_WAITING { waiting.push_back(inner) } else { walked.whole = false }
            }
        }
    }
    walked.top.sort_by(|a, b| b.folder.cmp(&a.folder).then_with(|| a.path.cmp(&b.path)));
    Ok(walked)
}

/// Keeps the newest files, the newest first.
fn remember(newest: &mut Vec<InsideEntry>, entry: InsideEntry) {
    let at = newest.partition_point(|known| known.modified >= entry.modified);
    if at < MAX_NEWEST {
        newest.insert(at, entry);
        newest.truncate(MAX_NEWEST);
    }
}

/// Opens a folder step by step, so that no link is followed.
fn descend(root: BorrowedFd<'_>, way: &[CString]) -> io::Result<OwnedFd> {
    let flags = OFlag::O_RDONLY | OFlag::O_DIRECTORY | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC | OFlag::O_NONBLOCK;
    let mut at = openat(root, c".", flags, Mode::empty())?;
    for name in way {
        at = openat(at.as_fd(), name.as_c_str(), flags, Mode::empty())?;
    }
    Ok(at)
}

/// The way to an entry, as text that can be shown: without signs that steer a terminal or turn the direction of writing.
fn shown(way: &[CString]) -> String {
    let names = way.iter().map(|name| OsStr::from_bytes(name.as_bytes()).to_string_lossy());
    let steers = |c: char| c.is_control() || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    names
        .map(|name| name.chars().map(|c| if steers(c) { char::REPLACEMENT_CHARACTER } else { c }).collect::<String>())
        .collect::<Vec<_>>()
        .join("/")
}

#[cfg(test)]
mod tests {
    use std::{fs, fs::File};

    use super::*;

    #[test]
    fn the_newest_files_are_found_and_nothing_outside() {
        let (folder, outside) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let write = |path: &str, seconds: u64| {
            let path = folder.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            let file = File::create(path).unwrap();
            file.set_len(seconds).unwrap();
            file.set_modified(std::time::UNIX_EPOCH + Duration::from_secs(seconds)).unwrap();
        };
        (1..=30).for_each(|number| write(&format!("a/{number}.txt"), number * 10));
        write("b/c/new", 1000);
        write("a\u{202e}\u{7}b", 5);
        fs::write(outside.path().join("secret"), "x").unwrap();
        std::os::unix::fs::symlink(outside.path(), folder.path().join("link")).unwrap();
        nix::unistd::mkfifo(&folder.path().join("pipe"), Mode::S_IRWXU).unwrap();

        let root = File::open(folder.path()).unwrap();
        let walked = walk(root.as_fd()).unwrap();
        let top: Vec<(&str, bool)> = walked.top.iter().map(|entry| (entry.path.as_str(), entry.folder)).collect();
        assert_eq!(top, [("a", true), ("b", true), ("a\u{fffd}\u{fffd}b", false)]);
        assert_eq!((walked.files, walked.whole, walked.newest.len()), (32, true, MAX_NEWEST));
        assert_eq!(
            (walked.newest[0].path.as_str(), walked.newest[0].size, walked.newest[1].path.as_str()),
            ("b/c/new", Bytes(1000), "a/30.txt")
        );
        assert!(walked.size.0 > 0 && walked.used.0 > 0);
    }

    #[test]
    fn looking_ends() {
        let folder = tempfile::tempdir().unwrap();
        let root = File::open(folder.path()).unwrap();
        let deep = (0..MAX_DEPTH + 2).fold(folder.path().to_owned(), |path, _| path.join("d"));
        fs::create_dir_all(deep).unwrap();
        assert!(!walk(root.as_fd()).unwrap().whole, "too deep");
        (0..MAX_ENTRIES + 10).for_each(|number| drop(File::create(folder.path().join(number.to_string())).unwrap()));
        let walked = walk(root.as_fd()).unwrap();
        assert_eq!((walked.whole, walked.top.len(), walked.newest.len()), (false, MAX_TOP, MAX_NEWEST));
        assert!(walked.files <= MAX_ENTRIES);
    }
}
