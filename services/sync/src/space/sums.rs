//! Checksums that came with a file's content: kept beside it, and void as soon as it is another.

use std::os::fd::AsFd;

use croft_api::bulk::{Digest, DigestKind};
use croft_files::{FilesError, set_xattr, xattr};

/// The extended attribute of the checksums.
const ATTRIBUTE: &std::ffi::CStr = c"user.croft.sum";
/// Before everything that this version wrote.
const VERSION: &str = "1 ";

/// Checksums as clients read them: `SHA1:… SHA256:…`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Sums(String);

impl Sums {
    /// Those that were compared with the content, if there are any.
    pub(crate) fn of(digests: &[Digest]) -> Option<Self> {
        let hex = |kind| digests.iter().find(|digest| digest.kind == kind).map(|digest| &digest.hex);
        let both = [("SHA1", hex(DigestKind::Sha1)), ("SHA256", hex(DigestKind::Sha256))];
        let known: Vec<String> = both.iter().filter_map(|(name, hex)| Some(format!("{name}:{}", (*hex)?))).collect();
        (!known.is_empty()).then(|| Self(known.join(" ")))
    }

    /// The checksums beside `file`, if they are of the content that has the ETag `etag`: size, time, inode and nonce are in it, so a file that was changed
    /// by somebody else has none.
    pub(crate) fn read(file: impl AsFd, etag: &str) -> Option<Self> {
        // One that cannot be read is as good as none.
        let value = xattr(file, ATTRIBUTE).ok().flatten()?;
        Self::decode(&value, etag)
    }

    /// Writes them beside `file`, whose content has the ETag `etag`. A file that can carry none is kept without.
    ///
    /// # Errors
    /// The disk is full.
    pub(crate) fn write(&self, file: impl AsFd, etag: &str) -> Result<(), FilesError> {
        match set_xattr(file, ATTRIBUTE, self.encode(etag).as_bytes()) {
            Err(error) if error.is_full() => Err(error),
            Err(error) => {
                tracing::debug!(%error, "a file cannot carry its checksums");
                Ok(())
            }
            Ok(()) => Ok(()),
        }
    }

    /// Those that another worker says are the content's.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        Self::decode(format!("{VERSION} {text}").as_bytes(), "")
    }

    /// As text.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    fn encode(&self, etag: &str) -> String {
        format!("{VERSION}{etag} {}", self.0)
    }

    fn decode(bytes: &[u8], etag: &str) -> Option<Self> {
        let text = std::str::from_utf8(bytes).ok()?.strip_prefix(VERSION)?.strip_prefix(etag)?.strip_prefix(' ')?;
        let good = |part: &str| {
            let (hex, length) = match part.split_once(':')? {
                ("SHA1", hex) => (hex, 40),
                ("SHA256", hex) => (hex, 64),
                _ => return None,
            };
            (hex.len() == length && hex.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))).then_some(())
        };
        text.split(' ').all(|part| good(part).is_some()).then(|| Self(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn digests() -> [Digest; 2] {
        [(DigestKind::Sha256, "0a".repeat(32)), (DigestKind::Sha1, "0b".repeat(20))].map(|(kind, hex)| Digest { kind, hex })
    }

    #[test]
    fn checksums_are_those_of_one_content() {
        assert_eq!(Sums::of(&[]), None);
        let sums = Sums::of(&digests()).unwrap();
        assert_eq!(sums.as_str(), format!("SHA1:{} SHA256:{}", "0b".repeat(20), "0a".repeat(32)));
        let file = tempfile::tempfile_in(env!("CARGO_MANIFEST_DIR")).unwrap();
        assert_eq!(Sums::read(&file, "e1"), None);
        sums.write(&file, "e1").unwrap();
        assert_eq!(Sums::read(&file, "e1"), Some(sums));
        assert_eq!(Sums::read(&file, "e2"), None, "another content");
        assert_eq!(Sums::read(&file, "e"), None);
    }

    proptest! {
        #[test]
        fn what_was_not_written_so_is_none(text in "1 e( (SHA1|SHA256|MD5)?:?[0-9a-f<]{0,70}){0,3}") {
            if let Some(sums) = Sums::decode(text.as_bytes(), "e") {
                prop_assert_eq!(sums.encode("e"), text);
                prop_assert!(!sums.as_str().contains('<'));
            }
        }
    }
}
