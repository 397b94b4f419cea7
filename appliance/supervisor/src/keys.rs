//! The key of the capabilities: the seed is made here and handed to identity; here only the public half is used.

use std::{fs, io, path::Path};

use croft_api::{capability::Minter, random};
use croft_store::replace_file;

/// Bytes of the seed of an Ed25519 key (RFC 8032).
const SEED: usize = 32;

/// The public key, in hexadecimal, of the seed in the file at `path`, which is made when it is not there. It lies below `run/`, so on the
/// appliance it ends with the boot; until then identity may come and go without a new one.
///
/// # Errors
/// The file cannot be read or written, or there is no randomness.
pub(crate) fn public_key(path: &Path) -> io::Result<String> {
    let seed = match fs::read(path) {
        Ok(seed) if seed.len() == SEED => seed,
        Ok(_) => make(path)?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => make(path)?,
        Err(error) => return Err(error),
    };
    let minter = Minter::from_seed(&seed).ok_or_else(|| io::Error::other("the seed is no key"))?;
    Ok(minter.public_key_hex())
}

fn make(path: &Path) -> io::Result<Vec<u8>> {
    let seed = random::bytes::<SEED>().map_err(io::Error::other)?;
    replace_file(path, &seed, 0o600)?;
    Ok(seed.to_vec())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_seed_is_made_once_and_for_one_user_only() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("capability.seed");
        let first = public_key(&path).expect("made");
        assert_eq!(public_key(&path).expect("read"), first);
        assert_eq!(fs::metadata(&path).expect("there").permissions().mode() & 0o777, 0o600);
        fs::write(&path, "short").expect("written");
        assert_ne!(public_key(&path).expect("made anew"), first, "a torn seed is replaced");
    }
}
