//! Loop devices under a box: whatever is left of them goes when the test ends, however it ends.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

/// The disks of a box, as `cargo xtask up --disks` makes them beside its folder.
#[derive(Debug)]
pub(crate) struct Disks {
    home: PathBuf,
    /// How many of which size: `2x1G`.
    pub(crate) wanted: String,
}

impl Disks {
    /// Those of the box in `home`.
    pub(crate) fn new(home: &Path, wanted: &str) -> Self {
        Self { home: home.to_owned(), wanted: wanted.into() }
    }

    fn folder(&self) -> PathBuf {
        let mut name = self.home.as_os_str().to_owned();
        name.push(".disks");
        name.into()
    }
}

impl Drop for Disks {
    fn drop(&mut self) {
        let said = |program: &str, arguments: &[&str]| Command::new(program).args(arguments).output().ok();
        let (home, folder) = (self.home.to_string_lossy(), self.folder());
        let is_mounted = || std::fs::read_to_string("/proc/self/mounts").is_ok_and(|mounts| mounts.contains(&format!(" {home} ")));
        while is_mounted() {
            // It goes when the last who uses it does.
            if said("umount", &["--lazy", &home]).is_none_or(|output| !output.status.success()) {
                break;
            }
        }
        let list = said("losetup", &["--list", "--noheadings", "--raw", "--output", "NAME,BACK-FILE"]);
        let list = list.map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).unwrap_or_default();
        for (device, file) in list.lines().filter_map(|line| line.split_once(' ')) {
            if Path::new(file).starts_with(&folder) {
                said("losetup", &["--detach", device]);
            }
        }
        let _ = std::fs::remove_dir_all(&folder);
    }
}
