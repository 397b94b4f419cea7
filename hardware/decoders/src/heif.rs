//! Pictures in HEIF (HEIC, AVIF), read by the system's libheif. It is loaded at run time, so that `croftd` runs without it, and by decoders alone.

use std::{
    env::consts::ARCH,
    ffi::{CString, c_char, c_int, c_void},
    path::Path,
    ptr,
};

use libloading::os::unix::{Library, RTLD_LOCAL, RTLD_NOW};

use crate::{Most, Pixels, Unread};

/// The library under the name that programs link to it by. Only what its releases 1.15 and 1.23 both have is used.
const LIBRARY: &str = "libheif.so.1";
/// The oldest release whose functions are as they are called here: 1.15.0.
const OLDEST: u32 = 0x010f_0000;
/// From this release on the limit of a picture's size is the side of a square; before, each side's own: 1.19.0.
const BY_PIXELS: u32 = 0x0113_0000;
/// What reads HEVC and AV1 where the library does not do so by itself; in the place where Debian puts them.
const PLUGINS: [&str; 2] = ["libheif-libde265.so", "libheif-dav1d.so"];
/// Thumbnails of one picture that are looked at; cameras write one.
const MAX_THUMBNAILS: usize = 4;
/// Bytes of a colour profile that is taken out of a file.
const MAX_PROFILE_BYTES: usize = 1 << 20;

/// `heif_colorspace_RGB`, `heif_chroma_interleaved_RGB` and `_RGBA`, `heif_channel_interleaved`.
const SPACE_RGB: c_int = 1;
const CHROMA_RGB: c_int = 10;
const CHROMA_RGBA: c_int = 11;
const CHANNEL: c_int = 10;
/// Codes of `heif_error`: what it does not know, a kind of file or a feature, and what is past memory or a limit.
const UNSUPPORTED: [c_int; 2] = [3, 4];
const NO_MEMORY: c_int = 6;
/// `heif_error_Plugin_loading_error`: what it would know with a plugin that is not there.
const NO_PLUGIN: c_int = 11;

/// `struct heif_error`.
#[repr(C)]
struct Outcome {
    code: c_int,
    subcode: c_int,
    words: *const c_char,
}

/// The beginning of `struct heif_decoding_options`, which only the library makes.
#[repr(C)]
struct Options {
    version: u8,
    ignore_transformations: u8,
    progress: [*const c_void; 4],
    convert_hdr_to_8bit: u8,
}

/// Declares functions of the library: a field for each, looked up by its name.
macro_rules! functions {
    ($($name:ident: fn($($argument:ty),*) $(-> $result:ty)?;)*) => {
        #[expect(non_snake_case, reason = "the library names one so")]
        struct Functions {
            $($name: unsafe extern "C" fn($($argument),*) $(-> $result)?,)*
        }

        impl Functions {
            /// SAFETY: the library must declare them so.
            #[expect(unsafe_code, reason = "a symbol says nothing of its type")]
            unsafe fn of(library: &Library) -> Result<Self, libloading::Error> {
                // SAFETY: the caller's promise.
                unsafe { Ok(Self { $($name: *library.get(concat!(stringify!($name), "\0").as_bytes())?,)* }) }
            }
        }
    };
}

functions! {
    heif_get_version_number: fn() -> u32;
    heif_init: fn(*const c_void) -> Outcome;
    heif_load_plugin: fn(*const c_char, *mut *const c_void) -> Outcome;
    heif_context_alloc: fn() -> *mut c_void;
    heif_context_free: fn(*mut c_void);
    heif_context_set_max_decoding_threads: fn(*mut c_void, c_int);
    heif_context_set_maximum_image_size_limit: fn(*mut c_void, c_int);
    heif_context_read_from_memory_without_copy: fn(*mut c_void, *const u8, usize, *const c_void) -> Outcome;
    heif_context_get_primary_image_handle: fn(*mut c_void, *mut *mut c_void) -> Outcome;
    heif_image_handle_release: fn(*mut c_void);
    heif_image_handle_get_width: fn(*mut c_void) -> c_int;
    heif_image_handle_get_height: fn(*mut c_void) -> c_int;
    heif_image_handle_has_alpha_channel: fn(*mut c_void) -> c_int;
    heif_image_handle_get_list_of_thumbnail_IDs: fn(*mut c_void, *mut u32, c_int) -> c_int;
    heif_image_handle_get_thumbnail: fn(*mut c_void, u32, *mut *mut c_void) -> Outcome;
    heif_image_handle_get_raw_color_profile_size: fn(*mut c_void) -> usize;
    heif_image_handle_get_raw_color_profile: fn(*mut c_void, *mut u8) -> Outcome;
    heif_decoding_options_alloc: fn() -> *mut Options;
    heif_decoding_options_free: fn(*mut Options);
    heif_decode_image: fn(*mut c_void, *mut *mut c_void, c_int, c_int, *const Options) -> Outcome;
    heif_image_release: fn(*mut c_void);
    heif_image_get_width: fn(*const c_void, c_int) -> c_int;
    heif_image_get_height: fn(*const c_void, c_int) -> c_int;
    heif_image_get_plane_readonly: fn(*const c_void, c_int, *mut c_int) -> *const u8;
}

/// The library, loaded with its plugins. It stays loaded until the process ends.
pub struct Heif(Functions);

/// Something of the library's that is given back by `release`.
struct Owned {
    raw: *mut c_void,
    release: unsafe extern "C" fn(*mut c_void),
}

impl Drop for Owned {
    #[expect(unsafe_code, reason = "a function of the library")]
    fn drop(&mut self) {
        // SAFETY: whoever made this had `raw` from the library, with the function that gives it back, and nobody else does.
        unsafe { (self.release)(self.raw) }
    }
}

impl Heif {
    /// Loads the library; none where the system has none, or an older one. Files are opened by that: do it before the process is confined.
    #[must_use]
    #[expect(unsafe_code, reason = "loading a library runs its code")]
    pub fn load() -> Option<Self> {
        // SAFETY: the system's own library, as trusted as the C library; what it runs when it is loaded needs nothing of us.
        let library = unsafe { Library::open(Some(LIBRARY), RTLD_NOW | RTLD_LOCAL) }.ok()?;
        // SAFETY: the types are those of its header, the same in all releases of this name.
        let functions = unsafe { Functions::of(&library) }.ok()?;
        // A library with threads and destructors is not unloaded.
        std::mem::forget(library);
        // SAFETY: no arguments; and a null for no parameters, as the header says.
        let new_enough = unsafe { (functions.heif_get_version_number)() >= OLDEST };
        if !new_enough {
            return None;
        }
        // SAFETY: as above. It fails where it may not list the folder of plugins, which is why they are loaded by name.
        let _ = unsafe { (functions.heif_init)(ptr::null()) };
        for plugin in PLUGINS.map(|name| format!("/usr/lib/{ARCH}-linux-gnu/libheif/plugins/{name}")) {
            if !Path::new(&plugin).is_file() {
                continue;
            }
            let path = CString::new(plugin).ok()?;
            let mut info = ptr::null();
            // SAFETY: a path that ends with a zero, and a place for the answer. One that cannot be loaded is an error without effect.
            let _ = unsafe { (functions.heif_load_plugin)(path.as_ptr(), &raw mut info) };
        }
        Some(Self(functions))
    }

    /// The picture in `file`, turned as it is to be seen; in place of it its thumbnail, where that has the same shape and is `enough` by width and
    /// height.
    ///
    /// # Errors
    /// [`Unread`].
    pub fn read(&self, file: &[u8], most: Most, enough: impl Fn(u32, u32) -> bool) -> Result<Pixels, Unread> {
        let context = self.context(file, most)?;
        let picture = self.picture(&context)?;
        let whole = self.size(&picture)?;
        if most.is_less(whole) {
            return Err(Unread::TooLarge);
        }
        let profile = self.profile(&picture);
        let thumbnail = self
            .thumbnails(&picture)
            .into_iter()
            .find(|small| self.size(small).is_ok_and(|size| is_same_shape(size, whole) && enough(size.0, size.1)));
        let pixels = thumbnail.and_then(|small| self.decode(&small, most).ok());
        Ok(Pixels { profile, ..pixels.map_or_else(|| self.decode(&picture, most), Ok)? })
    }

    #[expect(unsafe_code, reason = "functions of the library")]
    fn context(&self, file: &[u8], most: Most) -> Result<Owned, Unread> {
        // SAFETY: no arguments.
        let raw = unsafe { (self.0.heif_context_alloc)() };
        if raw.is_null() {
            return Err(Unread::TooLarge);
        }
        let context = Owned { raw, release: self.0.heif_context_free };
        // SAFETY: no arguments.
        let by_pixels = unsafe { (self.0.heif_get_version_number)() >= BY_PIXELS };
        // Where it looks at sides alone, the pixels are counted before anything is unpacked, as far as the file says them.
        let side = if by_pixels { most.pixels.isqrt() } else { u64::from(most.side) };
        let side = c_int::try_from(side).unwrap_or(c_int::MAX);
        // SAFETY: the context is there until `context` is dropped, and so are the bytes of `file`, which outlive it with every caller: the context
        // does not leave `read`.
        let outcome = unsafe {
            (self.0.heif_context_set_max_decoding_threads)(raw, 0);
            (self.0.heif_context_set_maximum_image_size_limit)(raw, side);
            (self.0.heif_context_read_from_memory_without_copy)(raw, file.as_ptr(), file.len(), ptr::null())
        };
        judged(&outcome).map(|()| context)
    }

    #[expect(unsafe_code, reason = "functions of the library")]
    fn picture(&self, context: &Owned) -> Result<Owned, Unread> {
        let mut raw = ptr::null_mut();
        // SAFETY: the context is there, and `raw` is a place for the answer.
        judged(&unsafe { (self.0.heif_context_get_primary_image_handle)(context.raw, &raw mut raw) })?;
        self.handle(raw)
    }

    /// The handle behind `raw`, which the library has just made.
    fn handle(&self, raw: *mut c_void) -> Result<Owned, Unread> {
        if raw.is_null() { Err(Unread::Broken) } else { Ok(Owned { raw, release: self.0.heif_image_handle_release }) }
    }

    /// Its width and height as it is to be seen.
    #[expect(unsafe_code, reason = "functions of the library")]
    fn size(&self, handle: &Owned) -> Result<(u32, u32), Unread> {
        // SAFETY: the handle is there.
        let (width, height) =
            unsafe { ((self.0.heif_image_handle_get_width)(handle.raw), (self.0.heif_image_handle_get_height)(handle.raw)) };
        sides(width, height)
    }

    #[expect(unsafe_code, reason = "functions of the library")]
    fn thumbnails(&self, handle: &Owned) -> Vec<Owned> {
        let mut ids = [0; MAX_THUMBNAILS];
        let room = c_int::try_from(ids.len()).unwrap_or_default();
        // SAFETY: the handle is there, and so is room for as many ids as is said.
        let count = unsafe { (self.0.heif_image_handle_get_list_of_thumbnail_IDs)(handle.raw, ids.as_mut_ptr(), room) };
        let found = ids.into_iter().take(usize::try_from(count).unwrap_or_default());
        found
            .filter_map(|id| {
                let mut raw = ptr::null_mut();
                // SAFETY: the handle is there, the id is one of its own, and `raw` is a place for the answer.
                judged(&unsafe { (self.0.heif_image_handle_get_thumbnail)(handle.raw, id, &raw mut raw) }).ok()?;
                self.handle(raw).ok()
            })
            .collect()
    }

    #[expect(unsafe_code, reason = "functions of the library")]
    fn profile(&self, handle: &Owned) -> Option<Vec<u8>> {
        // SAFETY: the handle is there.
        let length = unsafe { (self.0.heif_image_handle_get_raw_color_profile_size)(handle.raw) };
        if !(1..=MAX_PROFILE_BYTES).contains(&length) {
            return None;
        }
        let mut profile = vec![0; length];
        // SAFETY: the handle is there, and so is room for as many bytes as it has said that it writes.
        judged(&unsafe { (self.0.heif_image_handle_get_raw_color_profile)(handle.raw, profile.as_mut_ptr()) }).ok()?;
        Some(profile)
    }

    #[expect(unsafe_code, reason = "functions of the library")]
    fn decode(&self, handle: &Owned, most: Most) -> Result<Pixels, Unread> {
        // SAFETY: the handle is there.
        let alpha = unsafe { (self.0.heif_image_handle_has_alpha_channel)(handle.raw) } != 0;
        // SAFETY: no arguments.
        let options = unsafe { (self.0.heif_decoding_options_alloc)() };
        if options.is_null() {
            return Err(Unread::TooLarge);
        }
        let mut raw = ptr::null_mut();
        let chroma = if alpha { CHROMA_RGBA } else { CHROMA_RGB };
        // SAFETY: the library has made the options, at least as long as they are declared here; the handle is there, and `raw` is a place for the answer.
        let outcome = unsafe {
            (*options).convert_hdr_to_8bit = 1;
            let outcome = (self.0.heif_decode_image)(handle.raw, &raw mut raw, SPACE_RGB, chroma, options);
            (self.0.heif_decoding_options_free)(options);
            outcome
        };
        judged(&outcome)?;
        if raw.is_null() {
            return Err(Unread::Broken);
        }
        let image = Owned { raw, release: self.0.heif_image_release };
        self.pixels(&image, alpha, most)
    }

    /// Copies the pixels of an image out, row by row.
    #[expect(unsafe_code, reason = "functions of the library, and memory of its own")]
    fn pixels(&self, image: &Owned, alpha: bool, most: Most) -> Result<Pixels, Unread> {
        let mut stride = 0;
        // SAFETY: the image is there, and `stride` is a place for the answer.
        let (width, height, plane) = unsafe {
            (
                (self.0.heif_image_get_width)(image.raw, CHANNEL),
                (self.0.heif_image_get_height)(image.raw, CHANNEL),
                (self.0.heif_image_get_plane_readonly)(image.raw, CHANNEL, &raw mut stride),
            )
        };
        let (width, height) = sides(width, height)?;
        if most.is_less((width, height)) {
            return Err(Unread::TooLarge);
        }
        let row = width as usize * if alpha { 4 } else { 3 };
        let stride = usize::try_from(stride).map_err(|_| Unread::Broken)?;
        if plane.is_null() || stride < row {
            return Err(Unread::Broken);
        }
        let mut bytes = Vec::new();
        bytes.try_reserve_exact(row * height as usize).map_err(|_| Unread::TooLarge)?;
        for line in 0..height as usize {
            // SAFETY: the plane has `height` rows, `stride` bytes from one to the next, and the image is there; of each no more than its stride is read.
            bytes.extend_from_slice(unsafe { std::slice::from_raw_parts(plane.add(line * stride), row) });
        }
        Ok(Pixels { width, height, alpha, bytes, profile: None })
    }
}

fn judged(outcome: &Outcome) -> Result<(), Unread> {
    match outcome.code {
        0 => Ok(()),
        NO_MEMORY => Err(Unread::TooLarge),
        NO_PLUGIN => Err(Unread::NotNow),
        code if UNSUPPORTED.contains(&code) => Err(Unread::Unsupported),
        _ => Err(Unread::Broken),
    }
}

fn sides(width: c_int, height: c_int) -> Result<(u32, u32), Unread> {
    match (u32::try_from(width), u32::try_from(height)) {
        (Ok(width), Ok(height)) if width > 0 && height > 0 => Ok((width, height)),
        _ => Err(Unread::Broken),
    }
}

/// Whether a thumbnail shows all of the picture: it would have another shape where a part was cut away from only one of the two. Its sides are
/// rounded, often to even numbers.
fn is_same_shape((width, height): (u32, u32), (whole_width, whole_height): (u32, u32)) -> bool {
    let (one, other) = (u64::from(width) * u64::from(whole_height), u64::from(height) * u64::from(whole_width));
    one.abs_diff(other) <= 2 * u64::from(whole_width.max(whole_height))
}

#[cfg(test)]
#[path = "heif_tests.rs"]
mod tests;
