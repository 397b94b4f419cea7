//! Pictures as cameras make them, and as nobody should.

use std::io::Cursor;

use image::{ImageFormat, Rgb, Rgba, RgbaImage};

use super::*;

const BOX: Ask = Ask { shape: Shape::Fit, width: 256, height: 256, patience_seconds: 1 };

/// Red on the left half, blue on the right one.
fn halves(width: u32, height: u32) -> RgbImage {
    RgbImage::from_fn(width, height, |x, _| if x < width / 2 { Rgb([250, 10, 10]) } else { Rgb([10, 10, 250]) })
}

fn as_bytes(picture: impl Into<DynamicImage>, format: ImageFormat) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    picture.into().write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

/// A JPEG that says by EXIF how it is turned.
fn turned_jpeg(picture: &RgbImage, orientation: u8) -> Vec<u8> {
    let plain = as_bytes(picture.clone(), ImageFormat::Jpeg);
    let tiff = [b"II*\0\x08\0\0\0\x01\0".as_slice(), &[0x12, 0x01, 3, 0, 1, 0, 0, 0, orientation, 0, 0, 0], &[0; 4]].concat();
    let segment = [b"Exif\0\0".as_slice(), &tiff].concat();
    let length = u16::try_from(segment.len() + 2).unwrap().to_be_bytes();
    [&plain[..2], &[0xff, 0xe1], &length, &segment, &plain[2..]].concat()
}

fn shrunk(bytes: &[u8], ask: Ask) -> Result<RgbImage, Refused> {
    let small = shrink(Cursor::new(bytes), ask)?;
    assert!(small.starts_with(&[0xff, 0xd8, 0xff]), "an answer is a JPEG");
    Ok(image::load_from_memory_with_format(&small, ImageFormat::Jpeg).unwrap().to_rgb8())
}

fn is_red(pixel: &Rgb<u8>) -> bool {
    pixel.0[0] > 180 && pixel.0[2] < 80
}

#[test]
fn every_format_gets_into_the_box_and_nothing_is_enlarged() {
    for format in READ {
        for ((width, height), shape, expected) in [
            ((800, 400), Shape::Fit, (256, 128)),
            ((400, 800), Shape::Fit, (128, 256)),
            ((800, 400), Shape::Cover, (256, 256)),
            ((60, 30), Shape::Fit, (60, 30)),
            ((60, 30), Shape::Cover, (30, 30)),
            ((1, 1), Shape::Cover, (1, 1)),
        ] {
            let small = shrunk(&as_bytes(halves(width, height), format), Ask { shape, ..BOX }).unwrap();
            assert_eq!(small.dimensions(), expected, "{format:?} {width}x{height} {shape:?}");
        }
    }
    let wide = shrunk(&as_bytes(halves(5000, 2), ImageFormat::Png), BOX).unwrap();
    assert_eq!(wide.dimensions(), (256, 1));
}

#[test]
fn a_turned_picture_stands_upright() {
    for (orientation, expected, red_at) in
        [(1, (256, 128), (10, 10)), (3, (256, 128), (250, 10)), (6, (128, 256), (10, 10)), (8, (128, 256), (10, 250))]
    {
        let small = shrunk(&turned_jpeg(&halves(800, 400), orientation), BOX).unwrap();
        assert_eq!(small.dimensions(), expected, "orientation {orientation}");
        assert!(is_red(small.get_pixel(red_at.0, red_at.1)), "orientation {orientation}");
        assert!(!is_red(small.get_pixel(expected.0 - 1 - red_at.0, expected.1 - 1 - red_at.1)), "orientation {orientation}");
    }
}

#[test]
fn what_is_transparent_is_white() {
    let glass = RgbaImage::from_fn(300, 300, |x, _| Rgba([200, 0, 0, if x < 150 { 0 } else { 255 }]));
    let small = shrunk(&as_bytes(glass, ImageFormat::Png), BOX).unwrap();
    assert!(small.get_pixel(20, 20).0.iter().all(|part| *part > 240) && is_red(small.get_pixel(240, 20)));
}

#[test]
fn what_is_no_picture_or_a_broken_one_is_said_to_be_that() {
    let jpeg = as_bytes(halves(800, 400), ImageFormat::Jpeg);
    let png = as_bytes(halves(800, 400), ImageFormat::Png);
    let check = |bytes: &[u8], expected: Refused| {
        assert_eq!(shrink(Cursor::new(bytes), BOX).err(), Some(expected), "{:?}", &bytes[..bytes.len().min(8)])
    };
    check(b"", Refused::Unsupported);
    check(b"hello", Refused::Unsupported);
    check(b"<svg xmlns=\"http://www.w3.org/2000/svg\"><script>alert(1)</script></svg>", Refused::Unsupported);
    check(b"%PDF-1.7", Refused::Unsupported);
    check(&png[..png.len() / 2], Refused::Broken);
    check(&png[..20], Refused::Broken);
    check(&jpeg[..200], Refused::Broken);
    check(&[&jpeg[..20], &[0; 4000]].concat(), Refused::Broken);
}

/// A PNG whose head says `side` times `side` pixels, with nothing in it that would fill them.
fn claims_to_be(side: u32) -> Vec<u8> {
    let mut png = as_bytes(halves(8, 8), ImageFormat::Png);
    png[16..20].copy_from_slice(&side.to_be_bytes());
    png[20..24].copy_from_slice(&side.to_be_bytes());
    let check = crc(&png[12..29]).to_be_bytes();
    png[29..33].copy_from_slice(&check);
    png
}

/// The checksum of PNG (RFC 2083, 15).
fn crc(bytes: &[u8]) -> u32 {
    let step = |rest: u32| if rest & 1 == 1 { 0xedb8_8320 ^ (rest >> 1) } else { rest >> 1 };
    !bytes.iter().fold(u32::MAX, |rest, byte| (0..8).fold(rest ^ u32::from(*byte), |rest, _| step(rest)))
}

#[test]
fn a_picture_that_would_fill_the_memory_is_not_unpacked() {
    for side in [8193, 60_000, 70_000, u32::MAX / 2] {
        assert_eq!(shrink(Cursor::new(claims_to_be(side)), BOX).err(), Some(Refused::TooLarge), "{side}");
    }
    assert_eq!(shrink(Cursor::new(claims_to_be(9)), BOX).err(), Some(Refused::Broken), "the checksum holds");
}
