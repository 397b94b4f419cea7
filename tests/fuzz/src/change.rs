//! Changed inputs, the same in every run.

/// The longest input that is made: what a small body may have.
const LONGEST: usize = 64 * 1024;
/// Changes of one input.
const CHANGES: usize = 5;
/// Bytes that mean something to parsers.
const MEANINGFUL: &[u8] = b"\0\t\n\r \"#%&'()*+,-./0:;<=>?@[\\]^_{|}~\x7f\x80\xc3\xff";

/// Numbers that look like chance, and are the same in every run (xorshift64*).
pub(super) struct Chance(u64);

impl Default for Chance {
    fn default() -> Self {
        Self(0x9e37_79b9_7f4a_7c15)
    }
}

impl Chance {
    /// A number below `end`, or 0.
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        // Its upper half is the better one, and fits a size on every machine.
        let number = self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 32;
        usize::try_from(number).unwrap_or_default().checked_rem(end).unwrap_or_default()
    }

    fn byte(&mut self) -> u8 {
        if self.below(2) == 0 { MEANINGFUL[self.below(MEANINGFUL.len())] } else { u8::try_from(self.below(256)).unwrap_or_default() }
    }

    /// A part of `whole`, of 16 bytes at most or of any length.
    fn part<'a>(&mut self, whole: &'a [u8]) -> &'a [u8] {
        let rest = &whole[self.below(whole.len() + 1)..];
        let most = if self.below(4) == 0 { rest.len() } else { rest.len().min(16) };
        &rest[..self.below(most + 1)]
    }
}

/// One of the `files` with some changes, or with parts of others.
pub(super) fn changed(chance: &mut Chance, files: &[(String, Vec<u8>)]) -> Vec<u8> {
    let mut input = files[chance.below(files.len())].1.clone();
    for _ in 0..=chance.below(CHANGES) {
        let at = chance.below(input.len() + 1);
        match chance.below(7) {
            0 => input.insert(at, chance.byte()),
            1 if at < input.len() => input[at] = chance.byte(),
            2 if at < input.len() => input[at] ^= 1 << chance.below(8),
            3 => {
                let gone = chance.part(&input[at..]).len();
                input.drain(at..at + gone);
            }
            4 => {
                let again = chance.part(&input).repeat(1 + chance.below(64));
                drop(input.splice(at..at, again));
            }
            5 => {
                let from = chance.below(files.len());
                let other = chance.part(&files[from].1).to_vec();
                drop(input.splice(at..at, other));
            }
            _ => input.truncate(at),
        }
        input.truncate(LONGEST);
    }
    input
}
