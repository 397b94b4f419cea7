//! Samba's files below the box's folder: all that it reads is written here, and nothing of the machine's own is read by it.

use std::{
    fs::{self, DirBuilder},
    io,
    os::unix::fs::DirBuilderExt,
    path::{Path, PathBuf},
};

use crate::{SmbError, Wanted, conf};

/// Where they lie, below the box's folder; gone with the boot on the appliance, and made anew from the settings.
pub(crate) const FOLDER: &str = "run/shares";
/// The folders that Samba wants to have for itself, with their modes.
const STATE: [(&str, u32); 7] = [
    ("state", 0o755),
    ("state/private", 0o700),
    ("state/lock", 0o755),
    ("state/cache", 0o755),
    ("state/pid", 0o755),
    ("state/ncalrpc", 0o755),
    ("state/log", 0o700),
];

/// Where Samba's files lie, and whom it answers.
#[derive(Debug, Clone)]
pub(crate) struct Files {
    folder: PathBuf,
    port: u16,
    interfaces: &'static [&'static str],
}

impl Files {
    pub(crate) fn new(home: &Path, port: u16, interfaces: &'static [&'static str]) -> Self {
        Self { folder: home.join(FOLDER), port, interfaces }
    }

    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Writes what is different from what lies there. Accounts come before shares, so that no share names one that is not there.
    pub(crate) fn write(&self, wanted: &Wanted) -> Result<(), SmbError> {
        self.write_all(wanted).map_err(|error| SmbError::Files("write the files of Samba", error))
    }

    fn write_all(&self, wanted: &Wanted) -> io::Result<()> {
        for (name, mode) in [("", 0o700), ("etc", 0o755), ("etc/samba", 0o700)].into_iter().chain(STATE) {
            match DirBuilder::new().mode(mode).create(self.folder.join(name)) {
                Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
                _ => {}
            }
        }
        let texts = [
            ("etc/nsswitch.conf", conf::NSSWITCH.to_owned(), 0o644),
            ("etc/passwd", conf::passwd(wanted), 0o644),
            ("etc/group", conf::group(wanted), 0o644),
            ("etc/samba/smbpasswd", conf::smbpasswd(wanted), 0o600),
            ("etc/samba/smb.conf", conf::smb_conf(wanted, self.port, self.interfaces), 0o600),
        ];
        for (name, text, mode) in texts {
            let path = self.folder.join(name);
            if fs::read(&path).ok().as_deref() != Some(text.as_bytes()) {
                croft_store::replace_file(&path, text.as_bytes(), mode)?;
            }
        }
        Ok(())
    }

    /// Removes what could let somebody in.
    pub(crate) fn remove(&self) -> Result<(), SmbError> {
        match fs::remove_dir_all(self.folder.join("etc")) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(SmbError::Files("remove the files of Samba", error)),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;
    use crate::{Account, NtHash};

    #[test]
    fn passwords_are_for_root_alone_and_go_with_the_shares() {
        let home = tempfile::tempdir().expect("a folder");
        fs::create_dir(home.path().join("run")).expect("made");
        let files = Files::new(home.path(), 445, &[]);
        let account = Account { name: "ana-pc".into(), number: 1, password: NtHash::of("x") };
        let wanted = Wanted { accounts: vec![account], ..Wanted::default() };
        for _ in 0..2 {
            files.write(&wanted).expect("written");
        }
        let place = home.path().join("run/shares");
        let mode = |name: &str| fs::metadata(place.join(name)).expect("there").permissions().mode() & 0o777;
        assert_eq!((mode(""), mode("etc/samba"), mode("etc/samba/smbpasswd"), mode("etc/passwd")), (0o700, 0o700, 0o600, 0o644));
        files.write(&Wanted::default()).expect("written");
        assert_eq!(fs::read_to_string(place.join("etc/samba/smbpasswd")).expect("there"), "");
        files.remove().expect("removed");
        files.remove().expect("nothing to remove");
        assert!(!place.join("etc").exists());
    }
}
