//! Memory for reading past the kernel's own (`O_DIRECT`), which wants whole pages.

/// Bytes of a page, or more: the largest sectors that disks have.
const PAGE: usize = 4096;

/// Bytes that begin at a page.
pub(crate) struct Aligned {
    held: Vec<u8>,
    from: usize,
    length: usize,
}

impl Aligned {
    /// So many bytes, all zero.
    pub(crate) fn new(length: usize) -> Self {
        let held = vec![0; length + PAGE];
        let from = held.as_ptr().align_offset(PAGE).min(PAGE);
        Self { held, from, length }
    }

    /// The bytes.
    pub(crate) fn bytes(&mut self) -> &mut [u8] {
        self.held.get_mut(self.from..self.from + self.length).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_begins_at_a_page() {
        for length in [1, 4096, 5000, 1_048_576] {
            let mut aligned = Aligned::new(length);
            assert_eq!(aligned.bytes().len(), length);
            assert!(aligned.bytes().as_ptr().addr().is_multiple_of(PAGE));
        }
    }
}
