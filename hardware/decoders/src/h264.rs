//! One picture of H.264, read by the system's OpenH264. It is loaded at run time, so that `croftd` runs without it, and by decoders alone.

use std::{
    ffi::{c_int, c_long, c_uint, c_void},
    ptr, slice,
};

use libloading::os::unix::{Library, RTLD_LOCAL, RTLD_NOW};

use crate::{Most, Pixels, Unread};

/// The library under the names that Debian 13 and 12 have it by. Between the two nothing has changed that is used here.
const LIBRARIES: [&str; 2] = ["libopenh264.so.8", "libopenh264.so.7"];
/// `DECODER_OPTION_TRACE_LEVEL`, and no words at all.
const TRACE: c_int = 9;
const QUIET: c_int = 0;
/// `videoFormatI420`: luma, and two chromas of half the width and height.
const I420: c_int = 23;
/// From this height on films have the colours of BT.709, else those of BT.601.
const HIGH: usize = 720;

/// `ISVCDecoder`, of which only the first word is known: where its functions are.
#[repr(C)]
struct Decoder(*const Functions);

/// `ISVCDecoderVtbl`.
#[repr(C)]
struct Functions {
    initialize: unsafe extern "C" fn(*mut Decoder, *const Parameters) -> c_long,
    uninitialize: unsafe extern "C" fn(*mut Decoder) -> c_long,
    decode_frame: *const c_void,
    decode_frame_no_delay: unsafe extern "C" fn(*mut Decoder, *const u8, c_int, *mut *mut u8, *mut Frame) -> c_int,
    decode_frame_2: *const c_void,
    flush_frame: unsafe extern "C" fn(*mut Decoder, *mut *mut u8, *mut Frame) -> c_int,
    decode_parser: *const c_void,
    decode_frame_ex: *const c_void,
    set_option: unsafe extern "C" fn(*mut Decoder, c_int, *mut c_void) -> c_long,
    get_option: *const c_void,
}

/// `SDecodingParam`. Zeros are: no file, no concealment of errors, all of the picture, plain H.264.
#[repr(C)]
struct Parameters {
    reconstructed: *const c_void,
    cpu_load: c_uint,
    target_layer: u8,
    concealment: c_int,
    parse_only: bool,
    property_size: c_uint,
    property_kind: c_int,
}

/// `SBufferInfo`.
#[repr(C)]
struct Frame {
    ready: c_int,
    time_in: u64,
    time_out: u64,
    width: c_int,
    height: c_int,
    format: c_int,
    strides: [c_int; 2],
    planes: [*const u8; 3],
}

/// The library, loaded. It stays loaded until the process ends.
pub struct H264 {
    create: unsafe extern "C" fn(*mut *mut Decoder) -> c_long,
    destroy: unsafe extern "C" fn(*mut Decoder),
}

/// A decoder that goes with it.
struct Owned<'a> {
    raw: *mut Decoder,
    library: &'a H264,
}

/// Luma and two chromas, each with the bytes from one row to the next.
struct Planes<'a> {
    width: usize,
    height: usize,
    luma: (&'a [u8], usize),
    chromas: ([&'a [u8]; 2], usize),
}

impl Drop for Owned<'_> {
    #[expect(unsafe_code, reason = "functions of the library")]
    fn drop(&mut self) {
        // SAFETY: `raw` was made by `create`, is ended once, and its first word is where its functions are.
        unsafe {
            ((*(*self.raw).0).uninitialize)(self.raw);
            (self.library.destroy)(self.raw);
        }
    }
}

impl H264 {
    /// Loads the library; none where the system has none. Files are opened by that: do it before the process is confined.
    #[must_use]
    #[expect(unsafe_code, reason = "loading a library runs its code")]
    pub fn load() -> Option<Self> {
        // SAFETY: the system's own library, as trusted as the C library; what it runs when it is loaded needs nothing of us.
        let library = LIBRARIES.into_iter().find_map(|name| unsafe { Library::open(Some(name), RTLD_NOW | RTLD_LOCAL) }.ok())?;
        // SAFETY: the types are those of its header, `codec_api.h`, the same in both releases.
        let functions = unsafe {
            Some(Self { create: *library.get(b"WelsCreateDecoder\0").ok()?, destroy: *library.get(b"WelsDestroyDecoder\0").ok()? })
        };
        std::mem::forget(library);
        functions
    }

    /// The first picture in `stream`, whose parts begin with 0 0 0 1 (ITU-T H.264, B).
    ///
    /// # Errors
    /// [`Unread`].
    #[expect(unsafe_code, reason = "functions of the library, and memory of its own")]
    pub fn read(&self, stream: &[u8], most: Most) -> Result<Pixels, Unread> {
        let decoder = self.decoder()?;
        let length = c_int::try_from(stream.len()).map_err(|_| Unread::TooLarge)?;
        let mut planes = [ptr::null_mut(); 3];
        // SAFETY: numbers and pointers, for all of which zeros are values.
        let mut frame: Frame = unsafe { std::mem::zeroed() };
        // SAFETY: the decoder is there and ready; the stream has as many bytes as is said; the planes and the frame are places for the answer.
        unsafe {
            let functions = &*(*decoder.raw).0;
            (functions.decode_frame_no_delay)(decoder.raw, stream.as_ptr(), length, planes.as_mut_ptr(), &raw mut frame);
            if frame.ready != 1 {
                // It may wait for the next picture to know that this one is whole.
                (functions.flush_frame)(decoder.raw, planes.as_mut_ptr(), &raw mut frame);
            }
        }
        if frame.ready != 1 || frame.format != I420 || frame.planes.iter().any(|plane| plane.is_null()) {
            return Err(Unread::Broken);
        }
        let number = |value: c_int| usize::try_from(value).map_err(|_| Unread::Broken);
        let (width, height) = (number(frame.width)?, number(frame.height)?);
        let [stride, chroma_stride] = [number(frame.strides[0])?, number(frame.strides[1])?];
        let (half_width, half_height) = (width.div_ceil(2), height.div_ceil(2));
        if width == 0 || height == 0 || stride < width || chroma_stride < half_width {
            return Err(Unread::Broken);
        }
        let size = (u32::try_from(width).map_err(|_| Unread::Broken)?, u32::try_from(height).map_err(|_| Unread::Broken)?);
        if most.is_less(size) {
            return Err(Unread::TooLarge);
        }
        // SAFETY: the library says that the planes of the frame are so many rows of so many bytes, of which the last one may end with its last pixel;
        // they stay until it is called again or ended. It does not check that what a stream cuts away at one side is not less than nothing: then the
        // planes lie some rows or pixels beside theirs, and what is read is other memory of this process, which has nothing but the file.
        let plane = |at: usize, stride: usize, (width, height): (usize, usize)| unsafe {
            slice::from_raw_parts(frame.planes[at], stride * (height - 1) + width)
        };
        let half = (half_width, half_height);
        let planes = Planes {
            width,
            height,
            luma: (plane(0, stride, (width, height)), stride),
            chromas: ([plane(1, chroma_stride, half), plane(2, chroma_stride, half)], chroma_stride),
        };
        Ok(Pixels { width: size.0, height: size.1, alpha: false, bytes: planes.colours()?, profile: None })
    }

    #[expect(unsafe_code, reason = "functions of the library")]
    fn decoder(&self) -> Result<Owned<'_>, Unread> {
        let mut raw = ptr::null_mut();
        // SAFETY: `raw` is a place for the answer.
        if unsafe { (self.create)(&raw mut raw) } != 0 || raw.is_null() {
            return Err(Unread::TooLarge);
        }
        let decoder = Owned { raw, library: self };
        let mut quiet = QUIET;
        // SAFETY: numbers and pointers, for all of which zeros are values.
        let parameters: Parameters = unsafe { std::mem::zeroed() };
        // SAFETY: the decoder is there, its first word is where its functions are, and what they are given is there while they run.
        let begun = unsafe {
            let functions = &*(*raw).0;
            (functions.set_option)(raw, TRACE, (&raw mut quiet).cast());
            (functions.initialize)(raw, &raw const parameters)
        };
        if begun == 0 { Ok(decoder) } else { Err(Unread::TooLarge) }
    }
}

impl Planes<'_> {
    /// Red, green and blue of each pixel, out of the narrow range that films have.
    fn colours(&self) -> Result<Vec<u8>, Unread> {
        // Parts of 65 536: of the second chroma in red, of both in green, of the first in blue.
        let [red, green_first, green_second, blue] =
            if self.height < HIGH { [104_597, 25_675, 53_279, 132_201] } else { [117_489, 13_975, 34_925, 138_438] };
        let byte = |value: i32| u8::try_from((value >> 16).clamp(0, 255)).unwrap_or_default();
        let mut bytes = Vec::new();
        bytes.try_reserve_exact(self.width * self.height * 3).map_err(|_| Unread::TooLarge)?;
        for y in 0..self.height {
            let row = self.luma.0.get(y * self.luma.1..).unwrap_or_default();
            let [first, second] = self.chromas.0.map(|plane| plane.get(y / 2 * self.chromas.1..).unwrap_or_default());
            for (x, luma) in row.iter().take(self.width).enumerate() {
                let chroma = |row: &[u8]| i32::from(row.get(x / 2).copied().unwrap_or(128)) - 128;
                let (light, first, second) = ((i32::from(*luma) - 16) * 76_309 + 32_768, chroma(first), chroma(second));
                bytes.extend([
                    byte(light + red * second),
                    byte(light - green_first * first - green_second * second),
                    byte(light + blue * first),
                ]);
            }
        }
        Ok(bytes)
    }
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    const MOST: Most = Most { pixels: 64 << 20, side: 65_535 };

    /// A film of one colour as `ffmpeg` writes it, as a bare stream.
    fn stream(colour: &str, size: &str) -> Vec<u8> {
        let source = format!("color=c={colour}:s={size}:d=1:r=2");
        let arguments = ["-v", "error", "-f", "lavfi", "-i", &source, "-c:v", "libx264", "-pix_fmt", "yuv420p", "-f", "h264", "-"];
        let output = Command::new("ffmpeg").args(arguments).output().expect("ffmpeg is installed by `cargo xtask setup`");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        output.stdout
    }

    #[test]
    fn the_first_picture_of_a_stream_has_its_size_and_its_colour() {
        let library = H264::load().expect("OpenH264 is installed by `cargo xtask setup`");
        for (colour, size, expected, [red, green, blue]) in [
            ("red", "318x178", (318, 178), [255, 0, 0]),
            ("white", "64x64", (64, 64), [255, 255, 255]),
            ("blue", "1280x720", (1280, 720), [0, 0, 255]),
        ] {
            let pixels = library.read(&stream(colour, size), MOST).unwrap();
            assert_eq!((pixels.width, pixels.height), expected, "{colour}");
            assert_eq!(pixels.bytes.len(), (pixels.width * pixels.height * 3) as usize);
            let last = &pixels.bytes[pixels.bytes.len() - 3..];
            let is_near = |found: u8, wanted: u8| found.abs_diff(wanted) < 40;
            assert!(is_near(last[0], red) && is_near(last[1], green) && is_near(last[2], blue), "{colour}: {last:?}");
        }
        let small = Most { pixels: 100, side: 100 };
        assert_eq!(library.read(&stream("red", "64x64"), small).map(drop), Err(Unread::TooLarge));
    }

    #[test]
    fn what_is_no_stream_is_broken() {
        let library = H264::load().expect("OpenH264 is installed by `cargo xtask setup`");
        let whole = stream("red", "64x64");
        for wrong in [&b""[..], b"\0\0\0\x01", b"\0\0\0\x01\x67\xff\xff\xff\xff\xff\xff", &[0x5a; 5000], &whole[..20], &whole[40..]] {
            assert_eq!(library.read(wrong, MOST).map(drop), Err(Unread::Broken));
        }
    }
}
