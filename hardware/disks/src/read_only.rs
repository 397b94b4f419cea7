//! A foreign file system mounted so that nothing can be written to it, and nowhere: it has no place in the tree of files, and goes when its descriptor does.
//!
//! Between the disk and the file system stands a loop device that was made for reading from a descriptor opened for reading: whatever a file system
//! tries, no write gets through, and no mark has to be taken off the disk afterwards. It goes with the mount, also when the process is killed.
#![expect(unsafe_code, reason = "these calls of the kernel have no wrapper")]

use std::{
    ffi::{CStr, CString},
    fs::{File, OpenOptions},
    io,
    os::{
        fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd},
        unix::{ffi::OsStrExt, fs::OpenOptionsExt},
    },
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError, RwLock},
};

use nix::{errno::Errno, fcntl::OFlag, libc};

use crate::btrfs;

/// Gives out numbers of loop devices.
const CONTROL: &str = "/dev/loop-control";
/// How often a number is asked for that somebody else takes first.
const TRIES: usize = 16;
/// `LO_FLAGS_READ_ONLY` and `LO_FLAGS_AUTOCLEAR` of `linux/loop.h`.
const FLAGS: u32 = 1 | 4;
/// What btrfs did not forget yet, since somebody still read from it. Names of loop devices, which are given out anew.
static UNFORGOTTEN: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());
/// Held by whoever mounts: meanwhile btrfs forgets nothing, which might be what is just being mounted.
static MOUNTING: RwLock<()> = RwLock::new(());
/// What of `linux/mount.h` is used: descriptors that programs do not inherit, and the commands of fsconfig(2).
const CLOSED_ON_EXEC: libc::c_uint = 1;
const SET_FLAG: libc::c_uint = 0;
const SET_TEXT: libc::c_uint = 1;
const CREATE: libc::c_uint = 6;
/// Read-only, no set-user-id, no devices, no programs, no times of access.
const WALLS: libc::c_uint = 0x1 | 0x2 | 0x4 | 0x8 | 0x10;

/// `loop_info64` of `linux/loop.h`.
#[repr(C)]
struct Info {
    before: [u64; 3],
    offset: u64,
    limit: u64,
    number: u32,
    cipher: [u32; 2],
    flags: u32,
    names: [[u8; 64]; 2],
    key: [u8; 32],
    init: [u64; 2],
}

/// `loop_config` of `linux/loop.h`.
#[repr(C)]
struct Config {
    fd: u32,
    block_bytes: u32,
    info: Info,
    reserved: [u64; 8],
}

nix::ioctl_none_bad!(loop_get_free, 0x4c82);
nix::ioctl_write_ptr_bad!(loop_configure, 0x4c0a, Config);

/// A kind of file system that is looked into, and what it is told so that it repairs nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Kind {
    pub(crate) name: &'static CStr,
    /// What it must know to repair nothing, and can do without where it would repair nothing anyway.
    cautions: &'static [&'static CStr],
    flags: Vec<&'static CStr>,
    texts: &'static [(&'static CStr, &'static CStr)],
}

impl Kind {
    /// The kernel's name of what blkid calls so; none for what is not looked into.
    pub(crate) fn of(file_system: &str) -> Option<Self> {
        let plain = |name| Self { name, cautions: &[], flags: Vec::new(), texts: &[] };
        match file_system {
            // What is to happen at an error stands in the superblock, which a stranger wrote: it may say that this machine is to stop.
            "ext2" | "ext3" | "ext4" => Some(Self { cautions: &[c"noload"], texts: &[(c"errors", c"continue")], ..plain(c"ext4") }),
            // Two copies of one disk have the same UUID.
            "xfs" => Some(Self { cautions: &[c"norecovery"], flags: vec![c"nouuid"], ..plain(c"xfs") }),
            // The whole tree, whichever part of it its owner chose to see first.
            "btrfs" => Some(Self { texts: &[(c"rescue", c"nologreplay"), (c"subvolid", c"5")], ..plain(c"btrfs") }),
            // These have names in letters of two bytes, which are told as UTF-8 only to those who ask for it.
            "vfat" => Some(Self { flags: vec![c"utf8"], ..plain(c"vfat") }),
            "exfat" => Some(Self { texts: &[(c"iocharset", c"utf8")], ..plain(c"exfat") }),
            "ntfs" => Some(Self { texts: &[(c"iocharset", c"utf8")], ..plain(c"ntfs3") }),
            "iso9660" => Some(Self { texts: &[(c"iocharset", c"utf8")], ..plain(c"iso9660") }),
            _ => None,
        }
    }

    /// The same, which says itself whether it would have to repair something: on a device for reading it cannot.
    pub(crate) fn trusting(&self) -> Self {
        Self { cautions: &[], ..self.clone() }
    }

    /// The same, which does without disks that are missing.
    pub(crate) fn degraded(&self) -> Self {
        Self { flags: self.flags.iter().copied().chain([c"degraded"]).collect(), ..self.clone() }
    }
}

/// A mounted file system.
#[derive(Debug)]
pub(crate) struct ReadOnly {
    root: Option<OwnedFd>,
    /// The loop devices below it, held until it is mounted; their names until it is gone.
    devices: Vec<PathBuf>,
    is_btrfs: bool,
}

impl ReadOnly {
    /// Mounts what lies on `devices`, of which btrfs may have several.
    pub(crate) fn mount(kind: &Kind, devices: &[PathBuf]) -> io::Result<Self> {
        let _mounting = MOUNTING.read().unwrap_or_else(PoisonError::into_inner);
        let loops = devices.iter().map(|device| shield(device)).collect::<io::Result<Vec<_>>>()?;
        let mut this = Self { root: None, devices: loops.iter().map(|(path, _)| path.clone()).collect(), is_btrfs: kind.name == c"btrfs" };
        let context = open(kind.name)?;
        let (first, others) = this.devices.split_first().ok_or(io::ErrorKind::InvalidInput)?;
        configure(&context, SET_TEXT, Some(c"source"), Some(&path(first)?))?;
        for other in others {
            configure(&context, SET_TEXT, Some(c"device"), Some(&path(other)?))?;
        }
        configure(&context, SET_FLAG, Some(c"ro"), None)?;
        for flag in kind.cautions.iter().chain(&kind.flags) {
            configure(&context, SET_FLAG, Some(flag), None)?;
        }
        for (key, value) in kind.texts {
            configure(&context, SET_TEXT, Some(key), Some(value))?;
        }
        configure(&context, CREATE, None, None)?;
        this.root = Some(detached(&context)?);
        Ok(this)
    }

    /// Its topmost folder, for reading.
    pub(crate) fn root(&self) -> io::Result<BorrowedFd<'_>> {
        self.root.as_ref().map(AsFd::as_fd).ok_or_else(|| io::ErrorKind::NotFound.into())
    }
}

impl Drop for ReadOnly {
    fn drop(&mut self) {
        drop(self.root.take());
        if self.is_btrfs {
            // Whoever reads still holds the device, so what is not forgotten now is tried again.
            UNFORGOTTEN.lock().unwrap_or_else(PoisonError::into_inner).append(&mut self.devices);
            forget();
        }
    }
}

/// Tells btrfs to forget what is mounted no longer: what it has seen once, it remembers by a name that is another device's soon. What somebody reads
/// still is kept for the next time. Blocks.
pub(crate) fn forget() {
    // Whoever mounts does not wait for this; it is called again.
    let Ok(_alone) = MOUNTING.try_write() else { return };
    UNFORGOTTEN.lock().unwrap_or_else(PoisonError::into_inner).retain(|device| match btrfs::forget_device(device) {
        Err(error) if error.raw_os_error() == Some(Errno::EBUSY as i32) => true,
        Ok(()) => false,
        // It does not know it any more.
        Err(error) => {
            tracing::debug!(%error, device = %device.display(), "btrfs does not forget a device");
            false
        }
    });
}

/// A loop device for reading over `device`, which nobody else may hold. It is gone when nobody has it open.
fn shield(device: &Path) -> io::Result<(PathBuf, File)> {
    let backing = OpenOptions::new().read(true).custom_flags(OFlag::O_EXCL.bits()).open(device)?;
    let control = OpenOptions::new().read(true).write(true).open(CONTROL)?;
    let fd = u32::try_from(backing.as_raw_fd()).map_err(io::Error::other)?;
    for _ in 0..TRIES {
        // SAFETY: the call takes no pointer, and the descriptor is open.
        let number = unsafe { loop_get_free(control.as_raw_fd()) }?;
        let path = PathBuf::from(format!("/dev/loop{number}"));
        let open = File::open(&path)?;
        let info = Info {
            before: [0; 3],
            offset: 0,
            limit: 0,
            number: 0,
            cipher: [0; 2],
            flags: FLAGS,
            names: [[0; 64]; 2],
            key: [0; 32],
            init: [0; 2],
        };
        let config = Config { fd, block_bytes: 0, info, reserved: [0; 8] };
        // SAFETY: the structure is laid out as the kernel reads it, lives longer than the call, and both descriptors are open.
        match unsafe { loop_configure(open.as_raw_fd(), &raw const config) } {
            Ok(_) => return Ok((path, open)),
            Err(Errno::EBUSY) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Err(io::ErrorKind::ResourceBusy.into())
}

fn path(path: &Path) -> io::Result<CString> {
    CString::new(path.as_os_str().as_bytes()).map_err(io::Error::other)
}

/// Takes over a descriptor that a system call gave.
fn taken(answer: libc::c_long) -> io::Result<OwnedFd> {
    let fd = RawFd::try_from(Errno::result(answer)?).map_err(io::Error::other)?;
    // SAFETY: the kernel has just made this descriptor for us, and nobody else knows it.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

fn open(kind: &CStr) -> io::Result<OwnedFd> {
    // SAFETY: the text ends with a zero and lives longer than the call.
    taken(unsafe { libc::syscall(libc::SYS_fsopen, kind.as_ptr(), CLOSED_ON_EXEC) })
}

fn configure(context: &OwnedFd, command: libc::c_uint, key: Option<&CStr>, value: Option<&CStr>) -> io::Result<()> {
    let pointer = |text: Option<&CStr>| text.map_or(std::ptr::null(), CStr::as_ptr);
    // SAFETY: each text is absent, or ends with a zero and lives longer than the call; the descriptor is open.
    let answer = unsafe { libc::syscall(libc::SYS_fsconfig, context.as_raw_fd(), command, pointer(key), pointer(value), 0) };
    Errno::result(answer).map(drop).map_err(io::Error::from)
}

/// The file system as a mount of its own that is attached nowhere.
fn detached(context: &OwnedFd) -> io::Result<OwnedFd> {
    // SAFETY: the call takes no pointer, and the descriptor is open.
    taken(unsafe { libc::syscall(libc::SYS_fsmount, context.as_raw_fd(), CLOSED_ON_EXEC, WALLS) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_structures_are_as_long_as_the_kernels() {
        assert_eq!((size_of::<Info>(), size_of::<Config>()), (232, 304));
    }

    #[test]
    fn a_disk_does_not_say_that_this_machine_is_to_stop() {
        if !nix::unistd::geteuid().is_root() || !Path::new(CONTROL).exists() {
            return;
        }
        let image = tempfile::NamedTempFile::new().unwrap();
        image.as_file().set_len(8 << 20).unwrap();
        for program in [["mkfs.ext4", "-q"], ["tune2fs", "-epanic"]] {
            let output = std::process::Command::new(program[0]).arg(program[1]).arg(image.path()).output().unwrap();
            assert!(output.status.success(), "{output:?}");
        }
        let kind = Kind::of("ext4").unwrap();
        for kind in [kind.clone(), kind.trusting()] {
            let mounted = ReadOnly::mount(&kind, &[image.path().to_owned()]).unwrap();
            assert!(mounted.root().is_ok());
            let name = mounted.devices[0].file_name().unwrap().to_str().unwrap();
            let options = std::fs::read_to_string(format!("/proc/fs/ext4/{name}/options")).unwrap();
            assert!(options.lines().any(|option| option == "errors=continue"), "{options}");
        }
    }

    #[test]
    fn of_btrfs_all_is_read() {
        assert!(Kind::of("btrfs").unwrap().texts.contains(&(c"subvolid", c"5")));
    }

    #[test]
    fn only_known_kinds_are_looked_into() {
        let check = |name: &str, expected: Option<&CStr>| assert_eq!(Kind::of(name).map(|kind| kind.name), expected, "{name}");
        check("ext2", Some(c"ext4"));
        check("ntfs", Some(c"ntfs3"));
        for other in ["", "swap", "crypto_LUKS", "LVM2_member", "proc", "overlay", "nfs", "zfs_member", "btrfs,rw"] {
            check(other, None);
        }
    }
}
