//! Reading what is in memory, without waiting for a disk.

use std::{fs::File, io, os::fd::AsRawFd};

use crate::{FilesError, Operation};

/// Fills `bytes` from `offset` of `file`; `false` where the disk would have to be waited for, or the file is shorter.
///
/// # Errors
/// [`Operation::Read`].
pub fn read_remembered(file: &File, bytes: &mut [u8], offset: u64) -> Result<bool, FilesError> {
    let Ok(offset) = libc::off_t::try_from(offset) else { return Ok(false) };
    let part = libc::iovec { iov_base: bytes.as_mut_ptr().cast(), iov_len: bytes.len() };
    // SAFETY: the descriptor is open for the borrow's life, and the one part is a buffer that is borrowed alone and as long as said.
    #[expect(unsafe_code, reason = "preadv2 has no safe wrapper in nix")]
    let read = unsafe { libc::preadv2(file.as_raw_fd(), &raw const part, 1, offset, libc::RWF_NOWAIT) };
    match usize::try_from(read) {
        Ok(read) => Ok(read == bytes.len()),
        Err(_) => match io::Error::last_os_error() {
            error if matches!(error.raw_os_error(), Some(libc::EAGAIN | libc::EOPNOTSUPP | libc::EINTR)) => Ok(false),
            error => Err(FilesError::new(Operation::Read, error)),
        },
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn what_was_just_written_is_in_memory_and_what_is_not_there_is_not() {
        let mut file = tempfile::tempfile_in(env!("CARGO_MANIFEST_DIR")).unwrap();
        file.write_all(b"0123456789").unwrap();
        let mut bytes = [0; 4];
        assert!(read_remembered(&file, &mut bytes, 3).unwrap());
        assert_eq!(&bytes, b"3456");
        assert!(!read_remembered(&file, &mut bytes, 8).unwrap());
        assert!(!read_remembered(&file, &mut bytes, u64::MAX).unwrap());
        assert!(read_remembered(&file, &mut [], 3).unwrap());
    }
}
