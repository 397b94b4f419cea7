//! Boxes: a length, a name of four letters, and what is in them (ISO/IEC 14496-12, 4.2).

use std::io::{Read, Seek, SeekFrom};

use croft_api::preview::Refused;

/// Boxes that are looked at for one. A film has some five; one in pieces has thousands, but begins with the one that is looked for.
const MAX_BOXES: usize = 1024;
/// Bytes of a length and a name.
const HEAD: u64 = 8;

/// Some bytes of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) at: u64,
    pub(crate) length: u64,
}

impl Place {
    /// All of `source`.
    pub(crate) fn whole(source: &mut impl Seek) -> Result<Self, Refused> {
        Ok(Self { at: 0, length: source.seek(SeekFrom::End(0)).map_err(|_| Refused::Broken)? })
    }
}

/// Where in a file what is in the first box called `name` at `place` is.
pub(crate) fn find(source: &mut (impl Read + Seek), place: Place, name: [u8; 4]) -> Result<Place, Refused> {
    let mut at = place.at;
    let end = at.saturating_add(place.length);
    for _ in 0..MAX_BOXES {
        if at >= end {
            break;
        }
        source.seek(SeekFrom::Start(at)).map_err(|_| Refused::Broken)?;
        let mut head = [0; 8];
        source.read_exact(&mut head).map_err(|_| Refused::Broken)?;
        let [a, b, c, d, found @ ..] = head;
        let (length, used) = match u32::from_be_bytes([a, b, c, d]) {
            // It goes on until the end.
            0 => (end - at, HEAD),
            // A longer length follows the name.
            1 => {
                let mut long = [0; 8];
                source.read_exact(&mut long).map_err(|_| Refused::Broken)?;
                (u64::from_be_bytes(long), 2 * HEAD)
            }
            length => (u64::from(length), HEAD),
        };
        let inside = length.checked_sub(used).ok_or(Refused::Broken)?;
        if found == name {
            return Ok(Place { at: at + used, length: inside });
        }
        at = at.checked_add(length).ok_or(Refused::Broken)?;
    }
    Err(Refused::Unsupported)
}

/// The boxes in some bytes, by name, until their end or the first one that is none.
pub(super) struct Boxes<'a>(pub(super) &'a [u8]);

impl<'a> Iterator for Boxes<'a> {
    type Item = ([u8; 4], &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let (&[a, b, c, d, ref name @ ..], _) = self.0.split_first_chunk::<8>()?;
        let length = match usize::try_from(u32::from_be_bytes([a, b, c, d])).ok()? {
            0 => self.0.len(),
            length => length,
        };
        let inside = self.0.get(8..length)?;
        self.0 = self.0.get(length..).unwrap_or_default();
        Some((*name, inside))
    }
}

/// What is in the first box called by the first of `names` in `inside`, in the first one called by the second in that, and so on.
pub(super) fn within<'a>(inside: &'a [u8], names: &[&[u8; 4]]) -> Option<&'a [u8]> {
    names.iter().try_fold(inside, |inside, wanted| Boxes(inside).find(|(name, _)| name == *wanted).map(|(_, inside)| inside))
}

/// The number in the four bytes from `at` on.
pub(super) fn number(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..)?.first_chunk().map(|four| u32::from_be_bytes(*four))
}
