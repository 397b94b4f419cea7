//! What libraries make of a file.

/// A picture without gaps between its rows, from the top.
#[derive(Debug)]
pub struct Pixels {
    /// Pixels of a row.
    pub width: u32,
    /// Rows.
    pub height: u32,
    /// Whether a pixel has a fourth byte, for how much of it is there.
    pub alpha: bool,
    /// Red, green and blue of each pixel, a byte each.
    pub bytes: Vec<u8>,
    /// What its colours mean (ICC.1), where the file says so.
    pub profile: Option<Vec<u8>>,
}

/// The largest picture that is unpacked.
#[derive(Debug, Clone, Copy)]
pub struct Most {
    /// Pixels in all.
    pub pixels: u64,
    /// Pixels of a side.
    pub side: u32,
}

/// Why there is no picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unread {
    /// Nothing reads such a file.
    #[error("nothing reads it")]
    Unsupported,
    /// What reads such a file is not on this machine, or could not be loaded.
    #[error("what reads it is not here")]
    NotNow,
    /// It would take more than one file may.
    #[error("it is too large")]
    TooLarge,
    /// It is not what it begins as.
    #[error("it is broken")]
    Broken,
}

impl Most {
    /// Whether a picture of this width and height is larger.
    #[must_use]
    pub fn is_less(self, (width, height): (u32, u32)) -> bool {
        width.max(height) > self.side || u64::from(width) * u64::from(height) > self.pixels
    }
}
