//! A program in a world of mounts of its own: it sees the folders that are served, an `/etc` of its own, and nothing
//! else of the box; and it has no more of root than it needs.

use std::{
    ffi::{CStr, CString, OsStr},
    io,
    os::{
        fd::OwnedFd,
        unix::{ffi::OsStrExt, process::CommandExt},
    },
    path::Path,
    process::Command,
};

use nix::{
    errno::Errno,
    fcntl::{OFlag, open},
    libc,
    mount::{MsFlags, mount},
    sched::{CloneFlags, unshare},
    sys::{prctl, signal::Signal, stat::Mode},
    unistd::{chdir, fchdir, mkdir},
};

use crate::conf;

/// Folders with a place below `/srv`, and one for `/etc`.
const FOLDERS: usize = 5;

/// Powers that are left: `CAP_DAC_READ_SEARCH`, `CAP_SETGID`, `CAP_SETUID` and `CAP_NET_BIND_SERVICE` of `capabilities(7)`.
const POWERS: [libc::c_ulong; 4] = [2, 6, 7, 10];
/// Numbers of powers that a kernel may have.
const LAST_POWER: libc::c_ulong = 63;

/// A folder and where the program finds it, prepared because nothing may be allocated after the fork.
struct Bind {
    from: CString,
    at: CString,
}

/// Such a program, which ends with the THREAD that starts it. `home` is the box's folder, `files` where Samba's files lie.
///
/// # Errors
/// A path that is none.
#[expect(unsafe_code, reason = "what is done between fork and execution has no safe form")]
pub(crate) fn command(program: &str, arguments: &[impl AsRef<OsStr>], home: &Path, files: &Path) -> io::Result<Command> {
    let bind = |from: &Path, at: &str| Ok::<_, io::Error>(Bind { from: CString::new(from.as_os_str().as_bytes())?, at: CString::new(at)? });
    let binds: [Bind; FOLDERS] = [
        bind(&home.join("spaces"), conf::SPACES)?,
        bind(&home.join("snapshots"), conf::SNAPSHOTS)?,
        bind(&home.join("times"), conf::TIMES)?,
        bind(&files.join("state"), conf::STATE)?,
        bind(&files.join("etc"), "/etc")?,
    ];
    let box_folder = CString::new(home.as_os_str().as_bytes())?;
    let mut command = Command::new(program);
    command.args(arguments).env_clear().env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin");
    // SAFETY: between fork and execution it makes system calls with texts that were prepared before; it allocates nothing and takes no lock.
    unsafe { command.pre_exec(move || enter(&binds, &box_folder)) };
    Ok(command)
}

fn enter(binds: &[Bind; FOLDERS], box_folder: &CStr) -> io::Result<()> {
    const NONE: Option<&CStr> = None;
    prctl::set_pdeathsig(Signal::SIGKILL)?;
    unshare(CloneFlags::CLONE_NEWNS)?;
    mount(NONE, c"/", NONE, MsFlags::MS_REC | MsFlags::MS_PRIVATE, NONE)?;
    // Opened before anything is covered: the box itself may lie below `/srv`.
    let mut folders: [Option<OwnedFd>; FOLDERS] = [const { None }; FOLDERS];
    for (folder, bind) in folders.iter_mut().zip(binds) {
        let flags = OFlag::O_PATH | OFlag::O_DIRECTORY | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
        *folder = Some(open(bind.from.as_c_str(), flags, Mode::empty())?);
    }
    mount(Some(c"croft"), c"/srv", Some(c"tmpfs"), MsFlags::MS_NODEV | MsFlags::MS_NOSUID, Some(c"mode=0755,size=64k"))?;
    for (folder, bind) in folders.iter().flatten().zip(binds) {
        if bind.at.as_c_str() != c"/etc" {
            mkdir(bind.at.as_c_str(), Mode::from_bits_truncate(0o755))?;
        }
        fchdir(folder)?;
        mount(Some(c"."), bind.at.as_c_str(), NONE, MsFlags::MS_BIND | MsFlags::MS_REC, NONE)?;
    }
    chdir(c"/")?;
    let hidden = mount(Some(c"croft"), box_folder, Some(c"tmpfs"), MsFlags::MS_RDONLY, Some(c"mode=0000,size=4k"));
    match hidden {
        // It is hidden already, below `/srv`.
        Ok(()) | Err(Errno::ENOENT) => {}
        Err(errno) => return Err(errno.into()),
    }
    keep_powers()?;
    Ok(())
}

/// Takes from root what the server does not need, as the unit of the appliance does: it binds a port, finds
/// the folder of a space, and becomes its user.
#[expect(unsafe_code, reason = "the call has no wrapper")]
fn keep_powers() -> io::Result<()> {
    for power in (0..=LAST_POWER).filter(|power| !POWERS.contains(power)) {
        // SAFETY: the call takes numbers alone.
        let dropped = unsafe { libc::prctl(libc::PR_CAPBSET_DROP, power, 0, 0, 0) };
        match Errno::result(dropped) {
            // The kernel has fewer than its manual.
            Ok(_) | Err(Errno::EINVAL) => {}
            Err(errno) => return Err(errno.into()),
        }
    }
    Ok(prctl::set_no_new_privs()?)
}
