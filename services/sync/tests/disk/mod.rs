//! Real file systems on files behind loop devices. They take root.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

/// A mounted image. Dropped, it is unmounted, also when the test fails.
pub(crate) struct Disk {
    pub(crate) at: PathBuf,
}

impl Disk {
    /// A new disk of so many bytes, formatted by the command `make`: the file `disk` in `home`.
    pub(crate) fn make(home: &Path, make: &str, bytes: u64, options: &str) -> Self {
        let image = home.join("disk");
        fs::File::create(&image).unwrap().set_len(bytes).unwrap();
        let (program, how) = make.split_once(' ').unwrap_or((make, ""));
        let arguments: Vec<_> = how.split_whitespace().chain(["-q", text(&image)]).collect();
        run(program, &arguments);
        Self::mount(&image, home.join("mounted"), options)
    }

    pub(crate) fn mount(image: &Path, at: PathBuf, options: &str) -> Self {
        fs::create_dir_all(&at).unwrap();
        run("mount", &["-o", &format!("loop,{options}"), text(image), text(&at)]);
        Self { at }
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let unmounted = Command::new("umount").arg(&self.at).status();
        if !unmounted.is_ok_and(|status| status.success()) {
            let _ = Command::new("umount").arg("-l").arg(&self.at).status();
        }
    }
}

pub(crate) fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

pub(crate) fn run(program: &str, arguments: &[&str]) {
    let output = Command::new(program).args(arguments).output().unwrap_or_else(|error| panic!("{program}: {error}"));
    assert!(output.status.success(), "{program} {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
}
