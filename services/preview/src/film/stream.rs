//! One picture of a film in the form in which its library reads it.

use super::track::{Codec, Track};

/// What begins each part of a bare stream (ITU-T H.264, B.1.1).
const START: &[u8] = &[0, 0, 0, 1];
/// Parts of a picture in H.264: slices, and what they are read by. The rest is for players.
const H264_PARTS: [u8; 4] = [1, 5, 7, 8];
/// The same in HEVC: slices of pictures that need no other, and what they are read by.
const HEVC_SLICES: std::ops::RangeInclusive<u8> = 16..=23;
const HEVC_SETS: std::ops::RangeInclusive<u8> = 32..=34;
/// Where a configuration of HEVC says, in its last two bits, how many bytes a length has, less one (ISO/IEC 14496-15, 8.3.3).
const HEVC_LENGTH: usize = 21;

/// Parts, each behind its length in so many bytes, until the end or one that is not whole.
struct Parts<'a> {
    rest: &'a [u8],
    length_bytes: usize,
}

impl<'a> Iterator for Parts<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<Self::Item> {
        let (length, rest) = self.rest.split_at_checked(self.length_bytes)?;
        let length = length.iter().fold(0_usize, |length, byte| length << 8 | usize::from(*byte));
        let (part, rest) = rest.split_at_checked(length)?;
        self.rest = rest;
        Some(part)
    }
}

/// A picture as a bare stream, with what it is read by before it (ISO/IEC 14496-15, 5.3.3).
pub(super) fn h264(configuration: &[u8], sample: &[u8]) -> Option<Vec<u8>> {
    let length_bytes = usize::from(configuration.get(4)? & 3) + 1;
    let mut sets = Parts { rest: configuration.get(6..)?, length_bytes: 2 };
    let mut stream = Vec::new();
    let mut add = |part: &[u8]| {
        if part.first().is_some_and(|head| H264_PARTS.contains(&(head & 0x1f))) {
            stream.extend_from_slice(START);
            stream.extend_from_slice(part);
        }
    };
    sets.by_ref().take(usize::from(configuration.get(5)? & 0x1f)).for_each(&mut add);
    // A count lies between the two kinds.
    let (count, rest) = sets.rest.split_first()?;
    Parts { rest, length_bytes: 2 }.take(usize::from(*count)).for_each(&mut add);
    Parts { rest: sample, length_bytes }.for_each(&mut add);
    Some(stream)
}

/// A picture as a file in HEIF that has it alone (ISO/IEC 23008-12; AV1 Image File Format).
pub(super) fn as_heif(track: &Track<'_>, sample: &[u8]) -> Option<Vec<u8>> {
    let mut configuration = track.configuration.to_vec();
    let (brand, kind, name, data): (&[u8; 4], &[u8; 4], &[u8; 4], _) = match track.codec {
        Codec::Av1 => (b"avif", b"av01", b"av1C", sample.to_vec()),
        _ => {
            let length = configuration.get_mut(HEVC_LENGTH)?;
            let length_bytes = usize::from(*length & 3) + 1;
            // The library knows lengths of four bytes alone.
            *length |= 3;
            (b"heic", b"hvc1", b"hvcC", hevc(Parts { rest: sample, length_bytes }))
        }
    };
    let (width, height) = (u32::from(track.size.0).to_be_bytes(), u32::from(track.size.1).to_be_bytes());
    let head = boxed(b"ftyp", &[brand, &[0; 4], b"mif1", brand])?;
    let properties = boxed(b"ipco", &[&boxed(name, &[&configuration])?, &boxed(b"ispe", &[&[0; 4], &width, &height])?])?;
    // The first property is essential, the second is not.
    let associations = boxed(b"ipma", &[&[0, 0, 0, 0, 0, 0, 0, 1, 0, 1, 2, 0x81, 2]])?;
    let item = boxed(b"infe", &[&[2, 0, 0, 0, 0, 1, 0, 0], kind, &[0]])?;
    let meta = |at: u32| {
        let place = [&[0, 0, 0, 0, 0x44, 0, 0, 1, 0, 1, 0, 0, 0, 1][..], &at.to_be_bytes(), &u32::try_from(data.len()).ok()?.to_be_bytes()]
            .concat();
        let parts = [
            boxed(b"hdlr", &[&[0; 8], b"pict", &[0; 13]])?,
            boxed(b"pitm", &[&[0, 0, 0, 0, 0, 1]])?,
            boxed(b"iloc", &[&place])?,
            boxed(b"iinf", &[&[0, 0, 0, 0, 0, 1], &item])?,
            boxed(b"iprp", &[&properties, &associations])?,
        ];
        boxed(b"meta", &[&[0; 4], &parts.concat()])
    };
    // Its length does not depend on the number in it.
    let before = head.len() + meta(0)?.len() + 8;
    Some([head, meta(u32::try_from(before).ok()?)?, boxed(b"mdat", &[&data])?].concat())
}

/// The parts of a picture in HEVC, each behind its length in four bytes.
fn hevc(parts: Parts<'_>) -> Vec<u8> {
    let is_wanted = |head: &u8| HEVC_SLICES.contains(&(head >> 1 & 0x3f)) || HEVC_SETS.contains(&(head >> 1 & 0x3f));
    let wanted = parts.filter(|part| part.first().is_some_and(is_wanted));
    wanted.flat_map(|part| [&u32::try_from(part.len()).unwrap_or_default().to_be_bytes()[..], part].concat()).collect()
}

/// A box with these parts in it.
fn boxed(name: &[u8; 4], parts: &[&[u8]]) -> Option<Vec<u8>> {
    let length = u32::try_from(parts.iter().map(|part| part.len()).sum::<usize>() + 8).ok()?;
    Some([&length.to_be_bytes()[..], name, &parts.concat()].concat())
}
