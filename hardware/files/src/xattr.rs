//! Extended attributes of open files, which nix does not have.

use std::{
    ffi::CStr,
    io,
    os::fd::{AsFd, AsRawFd},
};

use crate::{FilesError, Operation};

/// Longest value that is read, in bytes: what Croft writes is far shorter, and a foreign value is not Croft's.
const MAX_VALUE: usize = 4096;

/// The value of the extended attribute `name` of an open file; `None` where there is none, where the file system has none at all, or where it is
/// longer than any of Croft's.
///
/// # Errors
/// [`Operation::GetXattr`].
pub fn xattr(file: impl AsFd, name: &CStr) -> Result<Option<Vec<u8>>, FilesError> {
    let mut value = vec![0_u8; MAX_VALUE];
    // SAFETY: the descriptor is open for the borrow's life, `name` ends in NUL, and the buffer is as long as said.
    #[expect(unsafe_code, reason = "fgetxattr has no safe wrapper in nix")]
    let length = unsafe { libc::fgetxattr(file.as_fd().as_raw_fd(), name.as_ptr(), value.as_mut_ptr().cast(), value.len()) };
    match usize::try_from(length) {
        Ok(length) => {
            value.truncate(length);
            Ok(Some(value))
        }
        Err(_) => match io::Error::last_os_error() {
            error if matches!(error.raw_os_error(), Some(libc::ENODATA | libc::ENOTSUP | libc::ERANGE)) => Ok(None),
            error => Err(FilesError::new(Operation::GetXattr, error)),
        },
    }
}

/// Sets the extended attribute `name` of an open file.
///
/// # Errors
/// [`Operation::SetXattr`].
pub fn set_xattr(file: impl AsFd, name: &CStr, value: &[u8]) -> Result<(), FilesError> {
    // SAFETY: the descriptor is open for the borrow's life, `name` ends in NUL, and the value is as long as said.
    #[expect(unsafe_code, reason = "fsetxattr has no safe wrapper in nix")]
    let result = unsafe { libc::fsetxattr(file.as_fd().as_raw_fd(), name.as_ptr(), value.as_ptr().cast(), value.len(), 0) };
    if result == 0 { Ok(()) } else { Err(FilesError::new(Operation::SetXattr, io::Error::last_os_error())) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_kept_replaced_and_absent_before() {
        let file = tempfile::tempfile_in(env!("CARGO_MANIFEST_DIR")).unwrap();
        assert_eq!(xattr(&file, c"user.croft.test").unwrap(), None);
        for value in [b"one".as_slice(), b"", &[7; 2000], b"two"] {
            set_xattr(&file, c"user.croft.test", value).unwrap();
            assert_eq!(xattr(&file, c"user.croft.test").unwrap().as_deref(), Some(value));
        }
        assert_eq!(set_xattr(&file, c"nonsense", b"x").unwrap_err().operation(), Operation::SetXattr);
    }
}
