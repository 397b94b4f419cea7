//! A computer with a stock sync client: `nextcloudcmd` as this machine's Debian has it, or as the newer one of the tools root does.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use crate::{TestBox, binary};

/// Files with their content and folders without, by their path.
pub type Tree = BTreeMap<String, Option<Vec<u8>>>;

/// The sync client of a computer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SyncClient {
    /// This machine's own: 3.7.3 on Debian 12.
    Own,
    /// That of Debian 13 in the tools root, 3.16.7, which only root can enter.
    Newer,
}

impl SyncClient {
    /// Those that can run here.
    #[must_use]
    pub fn all() -> Vec<Self> {
        if nix::unistd::geteuid().is_root() { vec![Self::Own, Self::Newer] } else { vec![Self::Own] }
    }
}

/// A computer of ana's with a folder that is to be as it is on the box.
pub struct Computer {
    home: tempfile::TempDir,
    origin: String,
    password: String,
    client: SyncClient,
}

impl Computer {
    /// A computer with an empty folder and an app password, and this machine's client.
    #[must_use]
    pub fn new(test_box: &TestBox, password: &str) -> Self {
        Self::with(SyncClient::Own, test_box, password)
    }

    /// The same with that client.
    ///
    /// # Panics
    /// There is no room for it.
    #[must_use]
    pub fn with(client: SyncClient, test_box: &TestBox, password: &str) -> Self {
        Self::at(client, &test_box.origin, password)
    }

    /// The same, for which the box is at `origin`.
    ///
    /// # Panics
    /// There is no room for it.
    #[must_use]
    pub fn at(client: SyncClient, origin: &str, password: &str) -> Self {
        let home = tempfile::Builder::new().prefix("croft-computer-").tempdir().expect("a folder");
        fs::create_dir(home.path().join("Croft")).expect("a folder");
        Self { home, origin: origin.to_owned(), password: password.to_owned(), client }
    }

    /// Path of something in the folder.
    #[must_use]
    pub fn path(&self, below: &str) -> PathBuf {
        self.home.path().join("Croft").join(below)
    }

    /// Writes a file, and the folders that it lies in.
    pub fn write(&self, file: &str, content: &[u8]) {
        fs::create_dir_all(self.path(file).parent().expect("a folder")).expect("made");
        fs::write(self.path(file), content).expect("written");
    }

    /// What is in the folder.
    #[must_use]
    pub fn tree(&self) -> Tree {
        tree(&self.path(""))
    }

    /// Runs the client once; whether it was content, and what it said.
    #[must_use]
    pub fn try_sync(&self) -> (bool, String) {
        let output = self.command().output().expect("nextcloudcmd is installed");
        let said = [output.stdout, output.stderr].concat();
        (output.status.success(), String::from_utf8_lossy(&said).into_owned())
    }

    /// Starts the client, which goes on beside the test.
    ///
    /// # Panics
    /// It is not installed.
    #[must_use]
    pub fn begin_sync(&self) -> Child {
        self.command().stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("nextcloudcmd is installed")
    }

    fn command(&self) -> Command {
        // The household's certificate is in no store of this machine.
        let words = ["--non-interactive", "--trust", "--user", "ana", "--password", &self.password];
        let mut command = match self.client {
            SyncClient::Own => {
                let mut command = Command::new("nextcloudcmd");
                command.args(words).arg(self.path("")).env("HOME", self.home.path());
                command
            }
            SyncClient::Newer => {
                let mut command = Command::new(binary("xtask"));
                command.arg("tools-root").arg("--work").arg(self.home.path());
                // It starts in the home.
                command.args(["sh", "-c", "HOME=$PWD QT_QPA_PLATFORM=offscreen exec nextcloudcmd \"$@\"", "nextcloudcmd"]);
                command.args(words).arg("Croft/");
                command
            }
        };
        command.arg(&self.origin);
        command
    }

    /// Runs the client, which must be content; the requests that it made, as `PROPFIND /path`.
    ///
    /// # Panics
    /// The client is not content.
    pub fn sync(&self) -> Vec<String> {
        let (content, said) = self.try_sync();
        assert!(content, "{said}");
        requests(&said)
    }
}

/// The requests in what the client said, as `PROPFIND /path`; methods that the client does not name are `plain`.
fn requests(said: &str) -> Vec<String> {
    let lines = said.lines().filter(|line| line.contains("accessmanager"));
    lines
        .filter_map(|line| {
            let mut quoted = line.split('"').skip(1).step_by(2);
            let (method, address) = (quoted.next()?, quoted.next()?);
            let path = address.splitn(4, '/').nth(3)?;
            Some(format!("{} /{path}", if method.is_empty() { "plain" } else { method }))
        })
        .collect()
}

/// What people see below `root`; the client's own records are left out.
///
/// # Panics
/// It cannot be read.
#[must_use]
pub fn tree(root: &Path) -> Tree {
    let (mut found, mut folders) = (Tree::new(), vec![root.to_owned()]);
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            let name = path.strip_prefix(root).expect("below").to_str().expect("text").to_owned();
            if path.is_dir() {
                found.insert(name, None);
                folders.push(path);
            } else if !name.starts_with(".sync_") && !name.starts_with(".nextcloudsync") {
                found.insert(name, Some(fs::read(&path).expect("read")));
            }
        }
    }
    found
}
