//! Clients of WebDAV that others made: rclone and cadaver.

use std::{
    fs,
    io::Write,
    path::Path,
    process::{Command, Stdio},
};

use crate::{Plain, TestBox};

/// rclone with a remote `box:` at an address of the box, as ana. With the vendor `nextcloud` it speaks that dialect.
pub struct Rclone<'a> {
    test_box: &'a TestBox,
    password: String,
    vendor: &'static str,
    home: tempfile::TempDir,
}

impl<'a> Rclone<'a> {
    /// With an app password of ana's.
    ///
    /// # Panics
    /// rclone is not installed.
    #[must_use]
    pub fn new(test_box: &'a TestBox, password: &str, vendor: &'static str) -> Self {
        let obscured = Command::new("rclone").args(["obscure", password]).output().expect("rclone is installed");
        let password = String::from_utf8(obscured.stdout).expect("text").trim().to_owned();
        Self { test_box, password, vendor, home: tempfile::tempdir().expect("a folder") }
    }

    /// Its home, removed with it.
    #[must_use]
    pub fn home(&self) -> &Path {
        self.home.path()
    }

    /// Runs it on the remote at `address`; whether it was content, and what it said.
    ///
    /// # Panics
    /// rclone is not installed.
    #[must_use]
    pub fn at(&self, address: &str, arguments: &[&str]) -> (bool, String) {
        let output = Command::new("rclone")
            .args(arguments)
            .arg("--ca-cert")
            .arg(self.test_box.path("ca.pem"))
            .args(["--retries", "1", "--low-level-retries", "1"])
            .env("HOME", self.home.path())
            .env("RCLONE_CONFIG", self.home.path().join("none.conf"))
            .env("RCLONE_CONFIG_BOX_TYPE", "webdav")
            .env("RCLONE_CONFIG_BOX_URL", format!("{}{address}", self.test_box.origin))
            .env("RCLONE_CONFIG_BOX_VENDOR", self.vendor)
            .env("RCLONE_CONFIG_BOX_USER", "ana")
            .env("RCLONE_CONFIG_BOX_PASS", &self.password)
            .output()
            .expect("rclone is installed");
        let said = [output.stdout, output.stderr].concat();
        (output.status.success(), String::from_utf8_lossy(&said).into_owned())
    }

    /// The same on ana's files.
    ///
    /// # Panics
    /// It was not content.
    pub fn run(&self, arguments: &[&str]) -> String {
        let address = if self.vendor == "nextcloud" { "/remote.php/dav/files/ana/" } else { "/dav/files/ana/" };
        let (content, said) = self.at(address, arguments);
        assert!(content, "{arguments:?}: {said}");
        said
    }
}

/// What cadaver says to somebody who types `typed` in the folder `home`, at ana's files. It trusts what the system trusts, and no household
/// is among that: so it comes over [`Plain`].
///
/// # Panics
/// cadaver is not installed.
#[must_use]
pub fn cadaver(test_box: &TestBox, password: &str, home: &Path, typed: &str) -> String {
    let plain = Plain::of(test_box);
    fs::write(home.join(".netrc"), format!("machine localhost\nlogin ana\npassword {password}\n")).expect("written");
    let mut cadaver = Command::new("cadaver")
        .arg(format!("http://localhost:{}/dav/files/ana/", plain.port()))
        .current_dir(home)
        .env("HOME", home)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("cadaver is installed");
    cadaver.stdin.take().expect("piped").write_all(typed.as_bytes()).expect("typed");
    let output = cadaver.wait_with_output().expect("an end");
    String::from_utf8_lossy(&output.stdout).into_owned()
}
