//! Files that say when they were taken, and files that lie.

use std::io::Cursor;

use proptest::prelude::*;

use super::*;

/// 3 May 2026, 14:05:06, as if that were in UTC.
const WALL: i64 = 1_777_817_106;
const TIME: &str = "2026:05:03 14:05:06";

/// An entry: tag, type, count, and its value or where that is.
fn entry(tag: u16, kind: u16, count: u32, value: u32) -> Vec<u8> {
    [&tag.to_be_bytes()[..], &kind.to_be_bytes(), &count.to_be_bytes(), &value.to_be_bytes()].concat()
}

/// A directory of entries, in front of the next at `next`.
fn directory(entries: &[Vec<u8>], next: u32) -> Vec<u8> {
    [&u16::try_from(entries.len()).unwrap().to_be_bytes()[..], &entries.concat(), &next.to_be_bytes()].concat()
}

/// What a camera writes: a directory that leads to another one with texts, by their tags.
fn block(texts: &[(u16, &str)]) -> Vec<u8> {
    let second = 8 + 2 + 12 + 4;
    let mut at = second + 2 + 12 * u32::try_from(texts.len()).unwrap() + 4;
    let mut entries = Vec::new();
    for (tag, text) in texts {
        let count = u32::try_from(text.len()).unwrap() + 1;
        entries.push(entry(*tag, 2, count, at));
        at += count;
    }
    let texts: Vec<u8> = texts.iter().flat_map(|(_, text)| [text.as_bytes(), b"\0"].concat()).collect();
    [b"MM\0\x2a\0\0\0\x08", &directory(&[entry(0x8769, 4, 1, second)], 0)[..], &directory(&entries, 0), &texts].concat()
}

fn jpeg(block: &[u8]) -> Vec<u8> {
    let length = u16::try_from(block.len() + 8).unwrap().to_be_bytes();
    [&b"\xff\xd8\xff\xe1"[..], &length, b"Exif\0\0", block, b"\xff\xd9"].concat()
}

fn chunk(kind: &[u8; 4], content: &[u8]) -> Vec<u8> {
    [&u32::try_from(content.len()).unwrap().to_be_bytes()[..], kind, content, b"\0\0\0\0"].concat()
}

fn png(block: &[u8]) -> Vec<u8> {
    [&b"\x89PNG\r\n\x1a\n"[..], &chunk(b"IHDR", &[0; 13]), &chunk(b"eXIf", block), &chunk(b"IEND", b"")].concat()
}

fn webp(block: &[u8]) -> Vec<u8> {
    let pad = [0].repeat(block.len() % 2);
    let content = [&b"WEBPEXIF"[..], &u32::try_from(block.len()).unwrap().to_le_bytes(), block, &pad].concat();
    [&b"RIFF"[..], &u32::try_from(content.len()).unwrap().to_le_bytes(), &content].concat()
}

/// A box of MP4, QuickTime and HEIF.
fn boxed(kind: &[u8; 4], content: &[u8]) -> Vec<u8> {
    [&u32::try_from(content.len() + 8).unwrap().to_be_bytes()[..], kind, content].concat()
}

fn heic(block: &[u8]) -> Vec<u8> {
    let front = boxed(b"ftyp", b"heic\0\0\0\0mif1heic");
    let item = boxed(b"infe", b"\x02\0\0\0\0\x01\0\0Exif\0");
    let items = boxed(b"iinf", &[b"\0\0\0\0\0\x01", &item[..]].concat());
    let content = [&b"\0\0\0\0"[..], block].concat();
    let place = |at: usize| {
        let at = u32::try_from(at).unwrap().to_be_bytes();
        let length = u32::try_from(content.len()).unwrap().to_be_bytes();
        let place = boxed(b"iloc", &[&b"\0\0\0\0\x44\0\0\x01\0\x01\0\0\0\x01"[..], &at, &length].concat());
        boxed(b"meta", &[b"\0\0\0\0", &items[..], &place].concat())
    };
    let data = front.len() + place(0).len() + 8;
    [front, place(data), boxed(b"mdat", &content)].concat()
}

/// A film that was made at `seconds` since 1904, its description behind its pictures, as phones write it.
fn film(seconds: u64) -> Vec<u8> {
    let short = u32::try_from(seconds);
    let header = match short {
        Ok(seconds) => [&[0; 4][..], &seconds.to_be_bytes(), &[0; 92]].concat(),
        Err(_) => [&[1, 0, 0, 0][..], &seconds.to_be_bytes(), &[0; 100]].concat(),
    };
    let movie = [boxed(b"free", b"12345"), boxed(b"mvhd", &header)].concat();
    [boxed(b"ftyp", b"isom\0\0\0\0isommp42"), boxed(b"mdat", &[7; 3000]), boxed(b"moov", &movie)].concat()
}

fn check(file: &[u8], expected: Option<Taken>) {
    assert_eq!(read(Cursor::new(file)), expected, "{:02x?}", &file[..file.len().min(64)]);
}

const fn wall(seconds: i64, ahead_minutes: Option<i16>) -> Option<Taken> {
    Some(Taken::Wall { seconds, ahead_minutes })
}

#[test]
fn every_kind_of_picture_says_it() {
    let block = block(&[(0x9003, TIME), (0x9011, "+02:00")]);
    for file in [block.clone(), jpeg(&block), png(&block), webp(&block), heic(&block)] {
        check(&file, wall(WALL, Some(120)));
    }
}

#[test]
fn what_the_camera_showed_is_taken_as_it_stands() {
    let said = |texts: &[(u16, &str)], expected| check(&jpeg(&block(texts)), expected);
    said(&[(0x9003, TIME)], wall(WALL, None));
    said(&[(0x9003, TIME), (0x9011, "-03:30")], wall(WALL, Some(-210)));
    said(&[(0x9003, TIME), (0x9011, "   :  ")], wall(WALL, None));
    said(&[(0x9004, TIME)], wall(WALL, None));
    said(&[(0x9003, "    :  :     :  :  "), (0x9004, TIME)], wall(WALL, None));
    said(&[(0x9003, "1826:06:01 12:00:00")], wall(-4_531_118_400, None));
    for nothing in
        ["0000:00:00 00:00:00", "2026:13:03 14:05:06", "2026:02:30 14:05:06", "2026-05-03 14:05:06", "9999:01:01 00:00:00", "2026", ""]
    {
        said(&[(0x9003, nothing)], None);
    }
    said(&[(0x0132, TIME)], None);
    said(&[], None);
}

#[test]
fn a_film_says_it_wherever_its_description_lies() {
    let since_1904 = u64::try_from(WALL + SINCE_1904).unwrap();
    check(&film(since_1904), Some(Taken::Moment(WALL)));
    check(&film(u64::from(u32::MAX) + 1), Some(Taken::Moment(i64::from(u32::MAX) + 1 - SINCE_1904)));
    for never in [0, u64::MAX, u64::MAX / 2] {
        check(&film(never), None);
    }
    let whole = film(since_1904);
    for cut in 0..whole.len() - 96 {
        check(&whole[..cut], None);
    }
    check(&[&b"\0\0\0\x08wide"[..], &whole[24..]].concat(), Some(Taken::Moment(WALL)));
    check(&[&b"\0\0\0\x08xxxx"[..], &whole].concat(), None);
}

#[test]
fn hostile_blocks_end_and_say_nothing() {
    let head = b"MM\0\x2a\0\0\0\x08";
    let with = |rest: Vec<u8>| [&head[..], &rest].concat();
    for hostile in [
        // Directories in a circle.
        with(directory(&[entry(0x0100, 3, 1, 0)], 8)),
        with(directory(&[entry(0x8769, 4, 1, 8)], 8)),
        // Counts of 2^32, and values past the end.
        with(directory(&[entry(0x9003, 2, u32::MAX, 8)], 0)),
        with(directory(&[entry(0x8769, 4, u32::MAX, u32::MAX)], u32::MAX)),
        with([&u16::MAX.to_be_bytes()[..], &entry(0x9003, 2, 20, 8)].concat()),
        head.to_vec(),
        b"MM\0\x2a\xff\xff\xff\xff".to_vec(),
    ] {
        for file in [hostile.clone(), jpeg(&hostile), png(&hostile), webp(&hostile), heic(&hostile)] {
            check(&file, None);
        }
    }
    // Boxes in a circle, of no length, of 2^64 bytes, and more than anybody writes.
    for hostile in [
        boxed(b"ftyp", b"isom\0\0\0\0").repeat(20_000),
        [boxed(b"ftyp", b"isom\0\0\0\0"), b"\0\0\0\x01moov\0\0\0\0\0\0\0\0".to_vec()].concat(),
        [boxed(b"ftyp", b"isom\0\0\0\0"), b"\0\0\0\x01free\xff\xff\xff\xff\xff\xff\xff\xff".to_vec()].concat(),
        [boxed(b"ftyp", b"isom\0\0\0\0"), b"\0\0\0\x07free".to_vec()].concat(),
        [boxed(b"ftyp", b"isom\0\0\0\0"), b"\0\0\0\0free".to_vec()].concat(),
        [boxed(b"ftyp", b"heic\0\0\0\0mif1"), b"\0\0\0\x01meta\x7f\xff\xff\xff\xff\xff\xff\xff".to_vec()].concat(),
    ] {
        check(&hostile, None);
    }
    let whole = jpeg(&block(&[(0x9003, TIME)]));
    for cut in 0..whole.len() - 3 {
        check(&whole[..cut], None);
    }
}

#[test]
fn no_more_is_read_than_may_be() {
    let mut source = Sparing { source: io::repeat(7), left: 10 };
    let mut bytes = Vec::new();
    assert_eq!((source.read_to_end(&mut bytes).unwrap(), source.left), (10, 0));
}

proptest! {
    #[test]
    fn nothing_that_a_file_says_troubles_the_reader(
        at in 0_usize..2000, bytes in prop::collection::vec(any::<u8>(), 0..16), kind in 0..6_usize
    ) {
        let block = block(&[(0x9003, TIME), (0x9011, "+02:00")]);
        let mut file = match kind {
            0 => block,
            1 => jpeg(&block),
            2 => png(&block),
            3 => webp(&block),
            4 => heic(&block),
            _ => film(7),
        };
        let at = at % file.len();
        let end = (at + bytes.len()).min(file.len());
        file[at..end].copy_from_slice(&bytes[..end - at]);
        if let Some(taken) = read(Cursor::new(file)) {
            prop_assert!(taken.is_possible());
        }
    }
}
