//! A still picture of a film in MP4 or QuickTime (ISO/IEC 14496-12). Runs in a decoder alone.
//!
//! Of a file, which may have many gigabytes, only its list of tracks is read and one picture that needs no other, near a tenth of its length.

pub(crate) mod boxes;
mod stream;
mod track;

use std::io::{Read, Seek, SeekFrom};

use croft_api::preview::{Ask, Refused};
use croft_decoders::{H264, Heif, Most};
use image::{DynamicImage, RgbImage};

use self::{
    boxes::{Place, find},
    track::{Codec, Track},
};
use crate::{
    heif,
    picture::{self, MAX_PIXELS, MAX_SIDE},
};

/// Bytes of the list of tracks. A film of a day has some 20 MB.
const MAX_LIST_BYTES: u64 = 64 * 1024 * 1024;
/// Bytes of one picture; those of the best cameras have 5 MB.
const MAX_SAMPLE_BYTES: u64 = 32 * 1024 * 1024;
/// Kinds of boxes that such a file may begin with; old ones of QuickTime do not say what they are.
const FIRST: [&[u8; 4]; 7] = [b"ftyp", b"free", b"mdat", b"moov", b"pnot", b"skip", b"wide"];

/// The libraries that read single pictures, as far as they are here.
pub(crate) struct Libraries {
    heif: Option<Heif>,
    h264: Option<H264>,
}

impl Libraries {
    /// Loads them, before the process is confined.
    pub(crate) fn load() -> Self {
        Self { heif: Heif::load(), h264: H264::load() }
    }
}

/// Whether a file that begins so is a film, where it is no picture in HEIF.
pub(crate) fn is_one(head: &[u8]) -> bool {
    FIRST.iter().any(|name| head.get(4..8) == Some(name.as_slice()))
}

/// A picture of the film in `source` as a JPEG that gets into the box of `ask`.
pub(crate) fn shrink(libraries: &Libraries, mut source: impl Read + Seek, ask: Ask) -> Result<Vec<u8>, Refused> {
    let whole = Place::whole(&mut source)?;
    let list = find(&mut source, whole, *b"moov")?;
    let list = bytes(&mut source, list, MAX_LIST_BYTES)?;
    let track = Track::of(&list).ok_or(Refused::Unsupported)?;
    // The one near a tenth may lean on one before it, which the first one cannot.
    let [near, first] = track.candidates().ok_or(Refused::Unsupported)?;
    let near_is = picture_at(libraries, &mut source, &track, near, ask);
    if near_is == Err(Refused::Broken) && near != first { picture_at(libraries, &mut source, &track, first, ask) } else { near_is }
}

fn picture_at(
    libraries: &Libraries,
    source: &mut (impl Read + Seek),
    track: &Track<'_>,
    number: u64,
    ask: Ask,
) -> Result<Vec<u8>, Refused> {
    let sample = bytes(source, track.place(number).ok_or(Refused::Broken)?, MAX_SAMPLE_BYTES)?;
    // A library that is not here may be tomorrow, which is not about the film.
    match track.codec {
        Codec::H264 => {
            let library = libraries.h264.as_ref().ok_or(Refused::Busy)?;
            let stream = stream::h264(track.configuration, &sample).ok_or(Refused::Broken)?;
            let pixels = library.read(&stream, Most { pixels: MAX_PIXELS, side: MAX_SIDE }).map_err(heif::refused)?;
            let large = RgbImage::from_raw(pixels.width, pixels.height, pixels.bytes).ok_or(Refused::Broken)?;
            picture::drawn(DynamicImage::from(large), ask, track.orientation, None)
        }
        Codec::Hevc | Codec::Av1 => {
            let library = libraries.heif.as_ref().ok_or(Refused::Busy)?;
            let file = stream::as_heif(track, &sample).ok_or(Refused::Broken)?;
            heif::drawn(library, &file, ask, track.orientation)
        }
    }
}

/// The bytes at `place`, all of them.
fn bytes(source: &mut (impl Read + Seek), place: Place, most: u64) -> Result<Vec<u8>, Refused> {
    if place.length > most {
        return Err(Refused::TooLarge);
    }
    source.seek(SeekFrom::Start(place.at)).map_err(|_| Refused::Broken)?;
    let mut bytes = Vec::new();
    // Grows with what is there, whatever the file says.
    source.take(place.length).read_to_end(&mut bytes).map_err(|_| Refused::Broken)?;
    if bytes.len() as u64 == place.length { Ok(bytes) } else { Err(Refused::Broken) }
}

#[cfg(test)]
#[path = "film_tests.rs"]
mod tests;
