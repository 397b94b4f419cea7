//! When a picture or film was taken, as its file says. Runs in a decoder alone, where a fault costs one answer.

use std::io::{self, BufReader, Read, Seek, SeekFrom};

use croft_api::preview::Taken;
use exif::{DateTime, Exif, In, Tag, Value};
use jiff::{civil, tz::TimeZone};

use crate::film::{
    self,
    boxes::{Place, find},
};

/// Bytes that are read of one file at most. A photo says it in its first few thousand; a TIFF may say it at its end.
const MOST_BYTES: u64 = 64 << 20;
/// Bytes that are read at once.
const BUFFER: usize = 16 * 1024;
/// Seconds from the beginning of 1904, from which films count, to that of 1970.
const SINCE_1904: i64 = 2_082_844_800;
/// Reads no more than it may.
struct Sparing<R> {
    source: R,
    left: u64,
}

impl<R: Read> Read for Sparing<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let most = usize::try_from(self.left).unwrap_or(usize::MAX).min(buffer.len());
        let read = self.source.read(&mut buffer[..most])?;
        self.left -= read as u64;
        Ok(read)
    }
}

impl<R: Seek> Seek for Sparing<R> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.source.seek(to)
    }
}

/// When what is in `source` was taken; `None` where it does not say, or nothing that can be.
pub(crate) fn read(source: impl Read + Seek) -> Option<Taken> {
    let mut source = BufReader::with_capacity(BUFFER, Sparing { source, left: MOST_BYTES });
    let read = exif::Reader::new().continue_on_error(true).read_from_container(&mut source);
    // What a camera's maker has added may be broken; the time is not.
    let taken = match read.or_else(|error| error.distill_partial_result(|_| {})) {
        Ok(exif) => of_exif(&exif),
        Err(_) => source.seek(SeekFrom::Start(0)).ok().and_then(|_| of_film(&mut source)),
    };
    taken.filter(|taken| taken.is_possible())
}

/// The time of a photo: when it was taken, else when it was digitized; never when it was changed.
fn of_exif(exif: &Exif) -> Option<Taken> {
    let text = |tag| match &exif.get_field(tag, In::PRIMARY)?.value {
        Value::Ascii(lines) => lines.first().map(Vec::as_slice),
        _ => None,
    };
    let pairs = [(Tag::DateTimeOriginal, Tag::OffsetTimeOriginal), (Tag::DateTimeDigitized, Tag::OffsetTimeDigitized)];
    pairs.into_iter().find_map(|(time, offset)| of_text(text(time)?, text(offset)))
}

fn of_text(time: &[u8], offset: Option<&[u8]>) -> Option<Taken> {
    let mut read = DateTime::from_ascii(time).ok()?;
    // A clock without one is taken as it stands.
    let ahead_minutes = offset.and_then(|offset| read.parse_offset(offset).ok()).and(read.offset);
    let part = |number: u8| i8::try_from(number).ok();
    let (year, month, day) = (i16::try_from(read.year).ok()?, part(read.month)?, part(read.day)?);
    let wall = civil::DateTime::new(year, month, day, part(read.hour)?, part(read.minute)?, part(read.second)?, 0).ok()?;
    Some(Taken::Wall { seconds: TimeZone::UTC.to_timestamp(wall).ok()?.as_second(), ahead_minutes })
}

/// The time of a film in MP4 or QuickTime: when it was made, in its movie header.
fn of_film(source: &mut (impl Read + Seek)) -> Option<Taken> {
    if !film::is_one(&bytes::<8>(source)?) {
        return None;
    }
    let mut place = Place::whole(source).ok()?;
    for name in [*b"moov", *b"mvhd"] {
        place = find(source, place, name).ok()?;
    }
    source.seek(SeekFrom::Start(place.at)).ok()?;
    // Version and flags, then the time, which is longer in version 1.
    let seconds = match u32::from_be_bytes(bytes(source)?) >> 24 {
        0 => i64::from(u32::from_be_bytes(bytes(source)?)),
        1 => i64::try_from(u64::from_be_bytes(bytes(source)?)).ok()?,
        _ => return None,
    };
    // A camera without a clock writes 0.
    (seconds > 0).then_some(Taken::Moment(seconds - SINCE_1904))
}

fn bytes<const N: usize>(source: &mut impl Read) -> Option<[u8; N]> {
    let mut bytes = [0; N];
    source.read_exact(&mut bytes).ok()?;
    Some(bytes)
}

#[cfg(test)]
#[path = "taken_tests.rs"]
mod tests;
