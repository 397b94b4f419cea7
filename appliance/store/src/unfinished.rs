//! A store whose very first creation was cut short.
//!
//! redb sizes an empty file before it writes its magic number, so a kill in between leaves zeros and a half header: not a
//! database, but nothing that anybody ever committed either. Such a file is emptied again, so that the next start needs no hand.

use std::{
    fs::{File, TryLockError},
    io,
    os::unix::fs::FileExt,
};

use crate::Trouble;

/// redb's header page, in which a cut creation may already have written all but the magic number.
const HEADER_BYTES: usize = 4096;
/// redb begins a file at about 1 MiB; anything much larger has been in use.
const CREATION_BYTES: u64 = 8 << 20;
/// Where redb's magic number stands.
const MAGIC_BYTES: usize = 9;

/// Empties `file` when it is the rest of a creation that never finished; leaves every other file alone.
pub(crate) fn discard(file: &File) -> Result<(), Trouble> {
    let length = file.metadata()?.len();
    if length == 0 || length > CREATION_BYTES {
        return Ok(());
    }
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => return Err(Trouble::Locked),
        Err(TryLockError::Error(error)) => return Err(error.into()),
    }
    let emptied = if never_committed(file)? { file.set_len(0).and_then(|()| file.sync_all()) } else { Ok(()) };
    file.unlock()?;
    Ok(emptied?)
}

/// Whether magic number and everything behind the header are zeros.
fn never_committed(file: &File) -> io::Result<bool> {
    let mut page = [0_u8; HEADER_BYTES];
    let mut at = 0;
    loop {
        let count = file.read_at(&mut page, at)?;
        if count == 0 {
            return Ok(true);
        }
        let first_page = at < HEADER_BYTES as u64;
        let must_be_zero = if first_page { &page[..count.min(MAGIC_BYTES)] } else { &page[..count] };
        if must_be_zero.iter().any(|byte| *byte != 0) {
            return Ok(false);
        }
        at += count as u64;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Options, Store};

    #[test]
    fn only_a_creation_that_never_finished_is_discarded() {
        let check = |bytes: &[u8], emptied: bool| {
            let file = tempfile::tempfile().unwrap();
            file.write_all_at(bytes, 0).unwrap();
            discard(&file).unwrap();
            assert_eq!(file.metadata().unwrap().len() == 0, emptied);
            assert_eq!(Store::open(file, Options::new("test")).is_ok(), emptied);
        };
        let mut half_header = vec![0_u8; 1 << 20];
        half_header[20] = 7;
        check(&half_header, true);
        check(&[0; 5], true);
        let mut data = vec![0_u8; 1 << 20];
        data[900_000] = 1;
        check(&data, false);
        check(b"hello, this is somebody's text", false);
    }
}
