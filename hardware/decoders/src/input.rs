//! A descriptor as it comes from another process, and whether a decoder may have it.

use std::os::fd::OwnedFd;

use nix::{
    fcntl::{FcntlArg, OFlag, fcntl},
    sys::stat::{SFlag, fstat},
};

/// A plain file that can be read and not written, and is not too large.
#[derive(Debug)]
pub struct Input(pub(crate) OwnedFd);

/// Why a descriptor is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    /// A folder, a pipe, a socket or a device: reading it may never end.
    #[error("is no plain file")]
    Kind,
    /// It can be written by, or names a file without opening it.
    #[error("is not open for reading alone")]
    Mode,
    /// The file has more bytes than are read.
    #[error("is too large")]
    TooLarge,
}

impl Input {
    /// Judges `descriptor`; a file of more than `most_bytes` is none.
    ///
    /// # Errors
    /// [`Unfit`].
    pub fn new(descriptor: OwnedFd, most_bytes: u64) -> Result<Self, Unfit> {
        let stat = fstat(&descriptor).map_err(|_| Unfit::Kind)?;
        if SFlag::from_bits_truncate(stat.st_mode) & SFlag::S_IFMT != SFlag::S_IFREG {
            return Err(Unfit::Kind);
        }
        let flags = OFlag::from_bits_retain(fcntl(&descriptor, FcntlArg::F_GETFL).map_err(|_| Unfit::Mode)?);
        if flags & OFlag::O_ACCMODE != OFlag::O_RDONLY || flags.contains(OFlag::O_PATH) {
            return Err(Unfit::Mode);
        }
        match u64::try_from(stat.st_size) {
            Ok(size) if size <= most_bytes => Ok(Self(descriptor)),
            _ => Err(Unfit::TooLarge),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{
        fs::{File, OpenOptions},
        io::Write,
    };

    use super::*;

    #[test]
    fn only_a_plain_file_for_reading_of_a_bounded_size_is_taken() {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(b"12345").unwrap();
        let path = file.path();
        let check = |descriptor: OwnedFd, most: u64, expected: Option<Unfit>| {
            assert_eq!(Input::new(descriptor, most).err(), expected);
        };
        check(File::open(path).unwrap().into(), 5, None);
        check(File::open(path).unwrap().into(), 4, Some(Unfit::TooLarge));
        check(OpenOptions::new().write(true).open(path).unwrap().into(), 5, Some(Unfit::Mode));
        check(OpenOptions::new().read(true).write(true).open(path).unwrap().into(), 5, Some(Unfit::Mode));
        check(nix::fcntl::open(path, OFlag::O_PATH, nix::sys::stat::Mode::empty()).unwrap(), 5, Some(Unfit::Mode));
        check(File::open(path.parent().unwrap()).unwrap().into(), 5, Some(Unfit::Kind));
        check(File::open("/dev/zero").unwrap().into(), 5, Some(Unfit::Kind));
        check(nix::unistd::pipe().unwrap().0, 5, Some(Unfit::Kind));
    }
}
