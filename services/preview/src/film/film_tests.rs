//! Films as a well-known program makes them, and as nobody should.

use std::{fs, io::Cursor, process::Command};

use croft_api::preview::Shape;
use image::ImageFormat;

use super::*;

const BOX: Ask = Ask { shape: Shape::Fit, width: 256, height: 256, patience_seconds: 1 };
/// Red on the left half, blue on the right one, for three seconds with a picture every half second that needs no other.
const HALVES: &str = "color=c=red:s=400x400:r=10:d=3,pad=800:400:0:0:blue";
const H264: &[&str] = &["-c:v", "libx264", "-g", "5"];
const HEVC: &[&str] = &["-c:v", "libx265", "-tag:v", "hvc1", "-x265-params", "log-level=none:keyint=5"];
const AV1: &[&str] = &["-c:v", "libaom-av1", "-cpu-used", "8", "-g", "5", "-t", "0.5"];
/// A quarter to the right, in 16.16 and 2.30 (ISO/IEC 14496-12, 8.3.2).
const TO_THE_RIGHT: [u32; 9] = [0, 0x1_0000, 0, 0xffff_0000, 0, 0, 0, 0, 0x4000_0000];

#[expect(clippy::disallowed_methods, reason = "a test has its films made")]
fn made(ending: &str, options: &[&str]) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let to = folder.path().join(format!("a.{ending}"));
    let mut program = Command::new("ffmpeg");
    program.args(["-v", "error", "-f", "lavfi", "-i", HALVES, "-pix_fmt", "yuv420p"]).args(options).arg(&to);
    let output = program.output().expect("ffmpeg is installed by `cargo xtask setup`");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    fs::read(to).unwrap()
}

fn small(film: &[u8]) -> Result<Vec<u8>, Refused> {
    shrink(&Libraries::load(), Cursor::new(film), BOX)
}

fn drawn(film: &[u8]) -> RgbImage {
    image::load_from_memory_with_format(&small(film).unwrap(), ImageFormat::Jpeg).unwrap().to_rgb8()
}

fn is_red(picture: &RgbImage, x: u32, y: u32) -> bool {
    let pixel = picture.get_pixel(x, y).0;
    pixel[0] > 180 && pixel[2] < 80
}

/// Where what is in the box called `name` begins.
fn inside(film: &[u8], name: &[u8; 4]) -> usize {
    film.windows(4).position(|four| four == name).unwrap() + 4
}

fn with(film: &[u8], at: usize, numbers: &[u32]) -> Vec<u8> {
    let mut film = film.to_vec();
    for (place, number) in film[at..].chunks_exact_mut(4).zip(numbers) {
        place.copy_from_slice(&number.to_be_bytes());
    }
    film
}

#[test]
fn a_film_has_a_picture_turned_as_it_says() {
    for (ending, options) in [("mp4", H264), ("mov", HEVC), ("mp4", AV1), ("mp4", &[H264, &["-movflags", "faststart"]].concat())] {
        let film = made(ending, options);
        let picture = drawn(&film);
        assert_eq!(picture.dimensions(), (256, 128), "{options:?}");
        assert!(is_red(&picture, 20, 20) && !is_red(&picture, 230, 20), "{options:?}");
        let picture = drawn(&with(&film, inside(&film, b"tkhd") + 40, &TO_THE_RIGHT));
        assert_eq!(picture.dimensions(), (128, 256), "{options:?}");
        assert!(is_red(&picture, 20, 20) && !is_red(&picture, 20, 230), "{options:?}");
    }
}

#[test]
fn the_picture_is_one_near_a_tenth_that_needs_no_other() {
    let film = made("mp4", H264);
    let list = &film[inside(&film, b"moov")..];
    let track = Track::of(list).unwrap();
    assert_eq!((track.codec, track.size, track.candidates()), (Codec::H264, (800, 400), Some([0, 0])));
    let place = |number: u64| track.place(number).unwrap();
    assert_eq!(place(0).at, inside(&film, b"mdat") as u64);
    assert_eq!(
        place(29).at + place(29).length,
        film.windows(4).position(|four| four == b"moov").unwrap() as u64 - 4,
        "the last one ends its box"
    );
    assert_eq!(track.place(30), None);
    let many = with(&film, inside(&film, b"stsz") + 8, &[120]);
    assert_eq!(Track::of(&many[inside(&many, b"moov")..]).unwrap().candidates(), Some([10, 0]));
}

#[test]
fn what_is_no_film_or_a_broken_one_is_said_to_be_that() {
    let film = made("mp4", &[H264, &["-movflags", "faststart"]].concat());
    let check = |film: &[u8], expected: Refused| assert_eq!(small(film), Err(expected), "{:?}", &film[..film.len().min(12)]);
    let at = |name: &[u8; 4]| inside(&film, name);
    check(b"", Refused::Unsupported);
    check(b"\0\0\0\x08ftyp", Refused::Unsupported);
    check(&[b"\0\0\0\x08free".repeat(2000), film.clone()].concat(), Refused::Unsupported);
    for length in (40..at(b"mdat")).step_by(31) {
        assert!(small(&film[..length]).is_err(), "{length}");
    }
    check(&film[..at(b"mdat") + 20], Refused::Broken);
    // A list of tracks of almost 4 GiB, of 2^64 bytes, shorter than its own head, of nothing.
    check(&with(&film, at(b"moov") - 8, &[u32::MAX]), Refused::TooLarge);
    check(b"\0\0\0\x01moov\xff\xff\xff\xff\xff\xff\xff\xff", Refused::TooLarge);
    check(b"\0\0\0\x01free\xff\xff\xff\xff\xff\xff\xff\xff\0\0\0\x08moov", Refused::Unsupported);
    check(&with(&film, at(b"moov") - 8, &[7]), Refused::Broken);
    check(&with(&film, at(b"moov") - 8, &[8]), Refused::Unsupported);
    // Sizes of pictures: 2^32 of them, one of 4 GiB each, none.
    check(&with(&film, at(b"stsz") + 4, &[u32::MAX, u32::MAX]), Refused::TooLarge);
    check(&with(&film, at(b"stsz") + 8, &[0]), Refused::Unsupported);
    check(&made("mp4", &[H264, &["-movflags", "frag_keyframe+empty_moov"]].concat()), Refused::Unsupported);
    // Chunks: none, each of nothing, from the last one back, at the end of everything.
    check(&with(&film, at(b"stsc") + 4, &[0]), Refused::Broken);
    check(&with(&film, at(b"stsc") + 12, &[0]), Refused::Broken);
    check(&with(&film, at(b"stsc") + 8, &[0]), Refused::Broken);
    check(&with(&film, at(b"stco") + 8, &[u32::MAX]), Refused::Broken);
    check(&with(&film, at(b"avcC"), &[0, 0, u32::MAX]), Refused::Broken);
    check(&with(&film, at(b"hdlr") + 8, &[0]), Refused::Unsupported);
}

#[test]
fn a_library_that_is_not_here_is_not_about_the_film() {
    let none = Libraries { heif: None, h264: None };
    for (ending, options) in [("mp4", H264), ("mov", HEVC)] {
        assert_eq!(shrink(&none, Cursor::new(made(ending, options)), BOX), Err(Refused::Busy), "{options:?}");
    }
    assert_eq!(shrink(&none, Cursor::new(b"\0\0\0\x08ftyp"), BOX), Err(Refused::Unsupported));
}

#[test]
fn no_box_with_another_length_or_name_troubles_the_reader() {
    let film = made("mp4", H264);
    let list = inside(&film, b"moov") - 8;
    for at in list..film.len() - 8 {
        for number in [0, 1, 9, u32::MAX] {
            let wrong = with(&film, at, &[number]);
            if let Some(track) = Track::of(&wrong[list + 8..])
                && let Some(candidates) = track.candidates()
            {
                let _ = candidates.map(|number| track.place(number));
                let _ = stream::h264(track.configuration, &wrong[..200]);
                let _ = stream::as_heif(&track, &wrong[..200]);
            }
        }
    }
}
