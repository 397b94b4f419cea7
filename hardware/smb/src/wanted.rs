//! What is to be served, as typed values.

use core::fmt;

use croft_model::{Bytes, PersonId, SpaceId, SpaceNumber};
use md4::{Digest, Md4};

/// User ids of devices begin here: this plus the device's number. Above those of spaces, below what systemd gives to containers.
pub const DEVICE_USERS: u32 = 470_000;
/// Longest name of an account in bytes, as Linux has it for users.
pub const MAX_ACCOUNT: usize = 32;

/// All that is served.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wanted {
    /// The name by which the box answers, without `.local`.
    pub host: String,
    /// Who may sign in.
    pub accounts: Vec<Account>,
    /// What there is.
    pub shares: Vec<Share>,
    /// Nobody writes, whatever else is said.
    pub read_only: bool,
}

/// One device with a password of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// The name to sign in with; see [`account_name`].
    pub name: String,
    /// The number of the device, from 1.
    pub number: u16,
    /// The password.
    pub password: NtHash,
}

/// One folder under its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Share {
    /// The name that people see.
    pub name: String,
    /// What lies behind it.
    pub folder: Folder,
    /// Every file in it belongs to the user of this space.
    pub space: SpaceNumber,
    /// Accounts that may only read.
    pub readers: Vec<String>,
    /// Accounts that may read and write.
    pub writers: Vec<String>,
}

/// What lies behind a share.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Folder {
    /// The files of a space, with its snapshots as earlier versions.
    Space(SpaceId),
    /// Where the Macs of a person keep their backups, up to a size.
    TimeMachine(PersonId, Bytes),
}

/// MD4 of a password, which is what SMB signs in by (MS-NLMP, NTOWF). Whoever has it can sign in as if with the password.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct NtHash([u8; 16]);

impl NtHash {
    /// The hash of `password`.
    #[must_use]
    pub fn of(password: &str) -> Self {
        let bytes: Vec<u8> = password.encode_utf16().flat_map(u16::to_le_bytes).collect();
        Self(Md4::digest(bytes).into())
    }

    /// The hash out of its stored form.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// The form to be stored where only root reads.
    #[must_use]
    pub const fn to_bytes(self) -> [u8; 16] {
        self.0
    }
}

impl fmt::Debug for NtHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("NtHash(…)")
    }
}

/// The name of the account of a person's device: `ana-laptop`. Both parts are of a-z, 0-9 and `-`, so that no account is a user of the system
/// (all of which, as Samba sees them, are without `-`); none when it does not fit.
#[must_use]
pub fn account_name(person: &str, device: &str) -> Option<String> {
    let fits = |part: &str| {
        let ends = |c: Option<char>| c.is_some_and(|c| c.is_ascii_lowercase() || c.is_ascii_digit());
        part.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-') && ends(part.chars().next())
    };
    let name = format!("{person}-{device}");
    (fits(person) && fits(device) && !device.ends_with('-') && name.len() <= MAX_ACCOUNT).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_is_that_of_windows() {
        // Known pair of MS-NLMP 4.2.2.1.2.
        let expected = [0xa4, 0xf4, 0x9c, 0x40, 0x65, 0x10, 0xbd, 0xca, 0xb6, 0x82, 0x4e, 0xe7, 0xc3, 0x0f, 0xd8, 0x52];
        assert_eq!(NtHash::of("Password").to_bytes(), expected);
        assert_eq!(format!("{:?}", NtHash::of("Password")), "NtHash(…)");
    }

    #[test]
    fn accounts_have_plain_names_with_a_dash() {
        for (person, device, expected) in [
            ("ana", "laptop", Some("ana-laptop")),
            ("ana-b", "pc-2", Some("ana-b-pc-2")),
            ("ana", "", None),
            ("ana", "-x", None),
            ("ana", "x-", None),
            ("ana", "Laptop", None),
            ("ana", "a:0:0", None),
            ("ana", "a\nroot", None),
            ("", "laptop", None),
            ("ana", "abcdefghijklmnopqrstuvwxyz01", Some("ana-abcdefghijklmnopqrstuvwxyz01")),
            ("ana", "abcdefghijklmnopqrstuvwxyz012", None),
        ] {
            assert_eq!(account_name(person, device).as_deref(), expected, "{person:?} {device:?}");
        }
    }
}
