//! ETags and the stamp that lies in an entry's extended attribute, as `docs/formats/space.md` draws them.

use aws_lc_rs::digest::{Context, SHA256};
use croft_files::Stat;

/// The extended attribute of the stamp.
pub(crate) const ATTRIBUTE: &std::ffi::CStr = c"user.croft.id";
/// Bytes of a hash that an ETag shows: no two of a household's will ever meet.
const SHOWN: usize = 16;

/// What is written into an entry's attribute.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stamp {
    pub(crate) id: u64,
    /// The inode that it was written for; another one means a copy.
    pub(crate) inode: u64,
    /// Drawn anew with each published content.
    pub(crate) nonce: u32,
}

impl Stamp {
    pub(crate) fn encode(self) -> Vec<u8> {
        format!("1 {} {} {:08x}", self.id, self.inode, self.nonce).into_bytes()
    }

    /// The stamp in `bytes`; `None` for anything that this version did not write.
    pub(crate) fn decode(bytes: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(bytes).ok()?;
        let mut fields = text.strip_prefix("1 ")?.split(' ');
        let stamp = Self {
            id: fields.next()?.parse().ok()?,
            inode: fields.next()?.parse().ok()?,
            nonce: u32::from_str_radix(fields.next()?, 16).ok()?,
        };
        (fields.next().is_none() && stamp.encode() == bytes).then_some(stamp)
    }
}

/// The ETag of a file, without quotes.
pub(crate) fn file(stamp: Stamp, stat: Stat) -> String {
    // Times before 1970 wrap around; they only have to differ.
    let modified = stat.modified_ns.to_be_bytes();
    let numbers = [stamp.id, stat.inode, stat.size, u64::from(stamp.nonce)].map(u64::to_be_bytes);
    hash(&[b"file", numbers.as_flattened(), &modified])
}

/// The ETag of an earlier content of the file `id`, without quotes.
pub(crate) fn version(id: u64, stat: Stat) -> String {
    let modified = stat.modified_ns.to_be_bytes();
    hash(&[b"version", [id, stat.inode, stat.size].map(u64::to_be_bytes).as_flattened(), &modified])
}

/// The ETag of a folder as it was at a time, without quotes. Nothing there changes any more.
pub(crate) fn past_folder(stat: Stat) -> String {
    hash(&[b"past", &stat.inode.to_be_bytes(), &stat.modified_ns.to_be_bytes()])
}

/// The ETag of a folder at sequence number `sequence` of `epoch`, without quotes.
pub(crate) fn folder(epoch: u64, id: u64, sequence: u64) -> String {
    hash(&[b"folder", [epoch, id, sequence].map(u64::to_be_bytes).as_flattened()])
}

/// The ETag of a person's root: its own and, of each mount, name, ETag and permission letters. NUL divides, since no name holds one.
pub(crate) fn composed<'a>(own: &'a str, mounts: impl Iterator<Item = [&'a str; 3]>) -> String {
    let mut parts = vec![b"root".as_slice(), own.as_bytes()];
    for part in mounts.flatten() {
        parts.extend([b"\0".as_slice(), part.as_bytes()]);
    }
    hash(&parts)
}

fn hash(parts: &[&[u8]]) -> String {
    let mut context = Context::new(&SHA256);
    parts.iter().for_each(|part| context.update(part));
    hex::encode(&context.finish().as_ref()[..SHOWN])
}

#[cfg(test)]
mod tests {
    use croft_files::Kind;
    use proptest::prelude::*;

    use super::*;

    const STAT: Stat = Stat { kind: Kind::File, device: 1, inode: 2, names: 1, size: 3, modified_ns: 4 };
    const STAMP: Stamp = Stamp { id: 5, inode: 2, nonce: 6 };

    #[test]
    fn each_part_changes_the_etag_and_the_device_does_not() {
        let base = file(STAMP, STAT);
        assert_eq!(base.len(), 2 * SHOWN);
        assert_eq!(base, file(STAMP, Stat { device: 9, ..STAT }));
        let others = [
            file(Stamp { id: 9, ..STAMP }, STAT),
            file(Stamp { nonce: 9, ..STAMP }, STAT),
            file(STAMP, Stat { inode: 9, ..STAT }),
            file(STAMP, Stat { size: 9, ..STAT }),
            file(STAMP, Stat { modified_ns: -9, ..STAT }),
            folder(1, 2, 3),
            folder(1, 2, 4),
            folder(2, 2, 3),
            composed("a", [["b", "c", "d"]].into_iter()),
            composed("a", [["b", "c", "e"]].into_iter()),
            composed("a", [].into_iter()),
        ];
        let mut all = others.to_vec();
        all.push(base);
        all.sort();
        all.dedup();
        assert_eq!(all.len(), others.len() + 1);
    }

    #[test]
    fn an_etag_never_changes_between_releases() {
        assert_eq!(file(STAMP, STAT), "aafd344d7b86c3a276178138068bea25");
    }

    proptest! {
        #[test]
        fn a_stamp_is_read_as_it_was_written(id in any::<u64>(), inode in any::<u64>(), nonce in any::<u32>()) {
            let stamp = Stamp { id, inode, nonce };
            prop_assert_eq!(Stamp::decode(&stamp.encode()), Some(stamp));
        }

        #[test]
        fn foreign_bytes_are_no_stamp(bytes in prop::collection::vec(any::<u8>(), 0..40)) {
            if let Some(stamp) = Stamp::decode(&bytes) {
                prop_assert_eq!(stamp.encode(), bytes);
            }
        }
    }
}
