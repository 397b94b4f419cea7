//! A small picture out of a large one. Runs in a decoder alone, where a fault costs one answer.

use std::io::{BufRead, Seek};

use croft_api::preview::{Ask, Refused, Shape};
use image::{
    DynamicImage, ImageDecoder, ImageError, ImageFormat, ImageReader, Limits, RgbImage, codecs::jpeg::JpegEncoder, metadata::Orientation,
};

/// Formats that are read; which one it is, the first bytes say and never the name.
const READ: [ImageFormat; 6] =
    [ImageFormat::Bmp, ImageFormat::Gif, ImageFormat::Jpeg, ImageFormat::Png, ImageFormat::Tiff, ImageFormat::WebP];
/// Pixels of a picture: four times what most phones take. In 8 bits and three colours that are 192 MB.
pub(crate) const MAX_PIXELS: u64 = 64 * 1024 * 1024;
/// One side of a picture; JPEG has no longer ones.
pub(crate) const MAX_SIDE: u32 = 65_535;
/// Bytes that a picture takes in memory.
const MAX_BYTES: u64 = 256 * 1024 * 1024;
/// How well a small picture looks like the large one, of 100: nobody sees a difference at this size.
const QUALITY: u8 = 80;
/// Bytes of a colour profile that is handed on; those of phones and screens have 500 to 3 000.
const MAX_PROFILE_BYTES: usize = 4096;

/// The picture in `source` as a JPEG that gets into the box of `ask`. Small pictures stay as small as they are.
pub(crate) fn shrink(source: impl BufRead + Seek, ask: Ask) -> Result<Vec<u8>, Refused> {
    let mut reader = ImageReader::new(source).with_guessed_format().map_err(|_| Refused::Broken)?;
    if !reader.format().is_some_and(|format| READ.contains(&format)) {
        return Err(Refused::Unsupported);
    }
    let mut limits = Limits::no_limits();
    (limits.max_image_width, limits.max_image_height, limits.max_alloc) = (Some(MAX_SIDE), Some(MAX_SIDE), Some(MAX_BYTES));
    reader.limits(limits);
    let mut decoder = reader.into_decoder().map_err(|error| refused(&error))?;
    let (width, height) = decoder.dimensions();
    if u64::from(width) * u64::from(height) > MAX_PIXELS || decoder.total_bytes() > MAX_BYTES {
        return Err(Refused::TooLarge);
    }
    // What these say is an extra: a picture without is a picture.
    let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    let profile = decoder.icc_profile().unwrap_or_default();
    let large = DynamicImage::from_decoder(decoder).map_err(|error| refused(&error))?;
    drawn(large, ask, orientation, profile)
}

/// A picture that is unpacked, turned as it says and with what its colours mean, as a JPEG that gets into the box of `ask`.
pub(crate) fn drawn(large: DynamicImage, ask: Ask, orientation: Orientation, profile: Option<Vec<u8>>) -> Result<Vec<u8>, Refused> {
    let mut small = scaled(large, &turned(ask, orientation));
    small.apply_orientation(orientation);
    encoded(&on_white(&small), profile.filter(|profile| is_of_rgb(profile)))
}

/// The box before the picture is turned.
fn turned(ask: Ask, orientation: Orientation) -> Ask {
    use Orientation::{Rotate90, Rotate90FlipH, Rotate270, Rotate270FlipH};
    if matches!(orientation, Rotate90 | Rotate270 | Rotate90FlipH | Rotate270FlipH) {
        Ask { width: ask.height, height: ask.width, ..ask }
    } else {
        ask
    }
}

fn scaled(large: DynamicImage, ask: &Ask) -> DynamicImage {
    let (width, height) = (u32::from(ask.width), u32::from(ask.height));
    let large = match ask.shape {
        Shape::Fit => large,
        Shape::Cover => {
            let (w, h) = cut((large.width(), large.height()), (width, height));
            let (x, y) = ((large.width() - w) / 2, (large.height() - h) / 2);
            // Cutting copies, also where nothing is cut off.
            if (w, h) == (large.width(), large.height()) { large } else { large.crop_imm(x, y, w, h) }
        }
    };
    if large.width() <= width && large.height() <= height { large } else { large.thumbnail(width, height) }
}

/// The largest part of a picture that has the shape of the box.
fn cut((width, height): (u32, u32), (box_width, box_height): (u32, u32)) -> (u32, u32) {
    let scale =
        |side: u32, by: u32, through: u32| u32::try_from(u64::from(side) * u64::from(by) / u64::from(through)).unwrap_or(side).max(1);
    let wide = scale(height, box_width, box_height);
    if wide <= width { (wide, height) } else { (width, scale(width, box_height, box_width).min(height)) }
}

/// What is transparent becomes white, as paper is: JPEG has no other way.
fn on_white(picture: &DynamicImage) -> RgbImage {
    if !picture.color().has_alpha() {
        return picture.to_rgb8();
    }
    let picture = picture.to_rgba8();
    let mut paper = RgbImage::from_pixel(picture.width(), picture.height(), image::Rgb([255; 3]));
    for (target, image::Rgba([r, g, b, a])) in paper.pixels_mut().zip(picture.pixels()) {
        let over = |colour: u8| u8::try_from((u16::from(colour) * u16::from(*a) + 255 * (255 - u16::from(*a))) / 255).unwrap_or(u8::MAX);
        *target = image::Rgb([over(*r), over(*g), over(*b)]);
    }
    paper
}

/// Whether a profile is about red, green and blue (ICC.1, 7.2.6), and small.
fn is_of_rgb(profile: &[u8]) -> bool {
    profile.len() <= MAX_PROFILE_BYTES && profile.get(16..20) == Some(b"RGB ")
}

fn encoded(picture: &RgbImage, profile: Option<Vec<u8>>) -> Result<Vec<u8>, Refused> {
    let mut written = Vec::new();
    let mut encoder = JpegEncoder::new_with_quality(&mut written, QUALITY);
    if let Some(profile) = profile {
        // A picture without its profile is a little paler.
        let _ = image::ImageEncoder::set_icc_profile(&mut encoder, profile);
    }
    encoder.encode_image(picture).map_err(|_| Refused::Broken)?;
    Ok(written)
}

fn refused(error: &ImageError) -> Refused {
    match error {
        ImageError::Limits(_) => Refused::TooLarge,
        ImageError::Unsupported(_) => Refused::Unsupported,
        _ => Refused::Broken,
    }
}

#[cfg(test)]
#[path = "picture_tests.rs"]
mod tests;
