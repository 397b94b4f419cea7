//! Small pictures of HEIC and AVIF. Runs in a decoder alone.

use std::io::{Read, Seek, SeekFrom};

use croft_api::preview::{Ask, Refused, Shape};
use croft_decoders::{Heif, Most, Pixels, Unread};
use image::{DynamicImage, RgbImage, RgbaImage, metadata::Orientation};

use crate::picture::{self, MAX_PIXELS, MAX_SIDE};

/// Bytes of a file, which is read at once; cameras write 1 to 20 MB, some with a short film behind the picture.
const MAX_BYTES: u64 = 64 * 1024 * 1024;
/// What the first box of such a file says that it is, first of all or among others (ISO/IEC 23008-12, 10; AV1 Image File Format, 8).
const BRANDS: [&[u8; 4]; 10] = [b"avif", b"avis", b"heic", b"heim", b"heis", b"heix", b"hevc", b"hevx", b"mif1", b"msf1"];
/// Bytes of brands that are looked at, with the head of their box.
pub(crate) const HEAD_BYTES: usize = 64;

/// Whether a file that begins so is a picture in HEIF.
pub(crate) fn is_one(head: &[u8]) -> bool {
    let Some((&[a, b, c, d, b'f', b't', b'y', b'p'], brands)) = head.split_first_chunk() else { return false };
    let length = usize::try_from(u32::from_be_bytes([a, b, c, d])).unwrap_or(usize::MAX).saturating_sub(8);
    // The second word is a version.
    let mut brands = brands.get(..length).unwrap_or(brands).chunks_exact(4).enumerate().filter(|(at, _)| *at != 1);
    brands.any(|(_, brand)| BRANDS.iter().any(|known| known.as_slice() == brand))
}

/// The picture in `source` as a JPEG that gets into the box of `ask`.
pub(crate) fn shrink(heif: &Heif, mut source: impl Read + Seek, ask: Ask) -> Result<Vec<u8>, Refused> {
    let length = source.seek(SeekFrom::End(0)).and_then(|length| source.rewind().map(|()| length)).map_err(|_| Refused::Broken)?;
    if length > MAX_BYTES {
        return Err(Refused::TooLarge);
    }
    let mut file = Vec::with_capacity(usize::try_from(length).unwrap_or_default());
    source.take(length).read_to_end(&mut file).map_err(|_| Refused::Broken)?;
    drawn(heif, &file, ask, Orientation::NoTransforms)
}

/// The picture in the bytes of such a file, turned beyond what they say.
pub(crate) fn drawn(heif: &Heif, file: &[u8], ask: Ask, orientation: Orientation) -> Result<Vec<u8>, Refused> {
    let most = Most { pixels: MAX_PIXELS, side: MAX_SIDE };
    let pixels = heif.read(file, most, |width, height| is_enough(ask, width, height)).map_err(refused)?;
    let Pixels { width, height, alpha, bytes, profile } = pixels;
    let large = if alpha {
        RgbaImage::from_raw(width, height, bytes).map(DynamicImage::from)
    } else {
        RgbImage::from_raw(width, height, bytes).map(DynamicImage::from)
    };
    picture::drawn(large.ok_or(Refused::Broken)?, ask, orientation, profile)
}

/// Whether a picture of this size need not be enlarged.
fn is_enough(ask: Ask, width: u32, height: u32) -> bool {
    let (wide, high) = (width >= u32::from(ask.width), height >= u32::from(ask.height));
    match ask.shape {
        Shape::Fit => wide || high,
        Shape::Cover => wide && high,
    }
}

/// What that means to the one who asked.
pub(crate) fn refused(unread: Unread) -> Refused {
    match unread {
        Unread::Unsupported => Refused::Unsupported,
        Unread::NotNow => Refused::Busy,
        Unread::TooLarge => Refused::TooLarge,
        Unread::Broken => Refused::Broken,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_box_says_what_it_is() {
        for (head, expected) in [
            (&b"\0\0\0\x18ftypheic\0\0\0\0mif1heic"[..], true),
            (b"\0\0\0\x1cftypmif1\0\0\0\0mif1miafavif", true),
            (b"\0\0\0\x18ftypjxl \0\0\0\0jxl msf1", true),
            (b"\xff\xff\xff\xffftypavif", true),
            (b"\0\0\0\x14ftypisom\0\0\0\0isomheic", false),
            (b"\0\0\0\x14ftypqt  heicqt  ", false),
            (b"\0\0\0\0ftypheic", false),
            (b"\0\0\0\x18moovheic\0\0\0\0mif1heic", false),
            (b"\0\0\0\x18ftyphei", false),
            (b"\0\0\0\x18f", false),
            (b"", false),
        ] {
            assert_eq!(is_one(head), expected, "{head:?}");
        }
    }

    #[test]
    fn a_thumbnail_is_enough_where_nothing_need_be_enlarged() {
        for (shape, size, expected) in [
            (Shape::Fit, (256, 10), true),
            (Shape::Fit, (10, 300), true),
            (Shape::Fit, (255, 255), false),
            (Shape::Cover, (256, 10), false),
            (Shape::Cover, (256, 256), true),
        ] {
            assert_eq!(
                is_enough(Ask { shape, width: 256, height: 256, patience_seconds: 1 }, size.0, size.1),
                expected,
                "{shape:?} {size:?}"
            );
        }
    }
}
