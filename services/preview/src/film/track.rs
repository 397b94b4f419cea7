//! The track of pictures in a film: how they are packed, how they are turned, and where each is (ISO/IEC 14496-12, 8).

use image::metadata::Orientation;

use super::boxes::{Boxes, Place, number, within};

/// Bytes of a description of pictures before the boxes in it (ISO/IEC 14496-12, 12.1.3).
const DESCRIPTION: usize = 78;

/// How pictures are packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Codec {
    H264,
    Hevc,
    Av1,
}

/// A track as the list of tracks describes it.
pub(super) struct Track<'a> {
    pub(super) codec: Codec,
    /// What a reader of this codec must know before: `avcC`, `hvcC` or `av1C`.
    pub(super) configuration: &'a [u8],
    /// Its width and height before it is turned.
    pub(super) size: (u16, u16),
    pub(super) orientation: Orientation,
    table: &'a [u8],
}

impl<'a> Track<'a> {
    /// The first track of pictures that can be read, in what is in a box `moov`.
    pub(super) fn of(list: &'a [u8]) -> Option<Self> {
        Boxes(list).filter(|(name, _)| name == b"trak").find_map(|(_, track)| Self::new(track))
    }

    fn new(track: &'a [u8]) -> Option<Self> {
        let media = within(track, &[b"mdia"])?;
        if within(media, &[b"hdlr"])?.get(8..12) != Some(b"vide") {
            return None;
        }
        let table = within(media, &[b"minf", b"stbl"])?;
        // Behind a version and a count.
        let descriptions = within(table, &[b"stsd"])?.get(8..)?;
        let (name, description) = Boxes(descriptions).next()?;
        let (codec, configuration) = match &name {
            b"avc1" | b"avc3" => (Codec::H264, b"avcC"),
            b"hvc1" | b"hev1" | b"dvh1" | b"dvhe" => (Codec::Hevc, b"hvcC"),
            b"av01" => (Codec::Av1, b"av1C"),
            _ => return None,
        };
        let side = |at: usize| description.get(at..)?.first_chunk().map(|two| u16::from_be_bytes(*two));
        Some(Self {
            codec,
            configuration: within(description.get(DESCRIPTION..)?, &[configuration])?,
            size: (side(24)?, side(26)?),
            orientation: within(track, &[b"tkhd"]).map_or(Orientation::NoTransforms, turned),
            table,
        })
    }

    /// Two pictures that need no other, by number from 0: the last one before a tenth of all, and the first. None in a film in pieces, whose list has
    /// no pictures.
    pub(super) fn candidates(&self) -> Option<[u64; 2]> {
        let near = match number(within(self.table, &[b"stsz"])?, 8)? {
            0 => return None,
            count => u64::from(count) / 10,
        };
        // Without such a table none needs another.
        let Some(table) = within(self.table, &[b"stss"]) else { return Some([near, 0]) };
        let numbers = || fields(table, 4).filter_map(|[number]| u64::from(number).checked_sub(1));
        let first = numbers().min()?;
        Some([numbers().filter(|number| *number <= near).max().unwrap_or(first), first])
    }

    /// Where in the file the picture of this number is.
    pub(super) fn place(&self, wanted: u64) -> Option<Place> {
        let (chunk, before) = self.chunk_of(wanted)?;
        let mut at = match within(self.table, &[b"stco"]) {
            Some(table) => u64::from(fields::<1>(table, 4).nth(chunk)?[0]),
            None => {
                let [high, low] = fields::<2>(within(self.table, &[b"co64"])?, 4).nth(chunk)?;
                u64::from(high) << 32 | u64::from(low)
            }
        };
        // Others of its chunk lie before it.
        let sizes = within(self.table, &[b"stsz"])?;
        let same = u64::from(number(sizes, 4)?);
        if wanted >= u64::from(number(sizes, 8)?) {
            return None;
        }
        if same > 0 {
            return Some(Place { at: at.checked_add(same.checked_mul(before)?)?, length: same });
        }
        let (first, before) = (usize::try_from(wanted - before).ok()?, usize::try_from(before).ok()?);
        let mut sizes = fields::<1>(sizes, 8).skip(first).map(|[size]| u64::from(size));
        for _ in 0..before {
            at = at.checked_add(sizes.next()?)?;
        }
        Some(Place { at, length: sizes.next()? })
    }

    /// In which chunk a picture is, and how many lie before it there.
    fn chunk_of(&self, wanted: u64) -> Option<(usize, u64)> {
        let table = within(self.table, &[b"stsc"])?;
        let nexts = fields::<3>(table, 4).skip(1).map(|[first, ..]| u64::from(first)).chain([u64::MAX]);
        let mut before = 0_u64;
        for ([first, each, _], next) in fields::<3>(table, 4).zip(nexts) {
            let (first, each) = (u64::from(first), u64::from(each));
            let chunks = next.checked_sub(first)?;
            let ahead = wanted.checked_sub(before)?;
            if each > 0 && ahead / each < chunks {
                return Some((usize::try_from((first + ahead / each).checked_sub(1)?).ok()?, ahead % each));
            }
            before = before.checked_add(chunks.checked_mul(each)?)?;
        }
        None
    }
}

/// The entries of a table, of `N` numbers of four bytes each, as many as it says at `at`, and has behind that.
fn fields<const N: usize>(table: &[u8], at: usize) -> impl Iterator<Item = [u32; N]> {
    let count = number(table, at).and_then(|count| usize::try_from(count).ok()).unwrap_or_default();
    let entries = table.get(at + 4..).unwrap_or_default();
    entries.chunks_exact(4 * N).take(count).map(|entry| std::array::from_fn(|field| number(entry, 4 * field).unwrap_or_default()))
}

/// How a picture is turned, by the matrix of its track's head: signs are enough.
fn turned(head: &[u8]) -> Orientation {
    // Times and lengths have eight bytes in the second version.
    let at = if head.first() == Some(&1) { 52 } else { 40 };
    let sign = |field: usize| number(head, at + 4 * field).map_or(0, |value| value.cast_signed().signum());
    match [sign(0), sign(1), sign(3), sign(4)] {
        [0, 1, -1, 0] => Orientation::Rotate90,
        [-1, 0, 0, -1] => Orientation::Rotate180,
        [0, -1, 1, 0] => Orientation::Rotate270,
        [-1, 0, 0, 1] => Orientation::FlipHorizontal,
        [1, 0, 0, -1] => Orientation::FlipVertical,
        [0, 1, 1, 0] => Orientation::Rotate90FlipH,
        [0, -1, -1, 0] => Orientation::Rotate270FlipH,
        _ => Orientation::NoTransforms,
    }
}
