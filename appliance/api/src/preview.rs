//! What a worker says to the role `preview`, and what comes back, as `docs/formats/preview.md` draws it. Pure: bytes in, words out.

use std::time::Duration;

/// Name of the socket below the directory of sockets.
pub const SOCKET: &str = "preview.sock";
/// The first byte of each question.
const VERSION: u8 = 1;
/// Version of the decoder. It rises with a release that reads more files or draws them otherwise: what is kept of an older one is asked anew.
pub const DECODER_VERSION: u8 = 2;
/// Bytes of a question.
pub const ASK_BYTES: usize = 7;
/// Bytes of the head of an answer.
pub const ANSWER_BYTES: usize = 5;
/// Bytes of one packet of a picture.
pub const PIECE_BYTES: usize = 64 * 1024;
/// Bytes of a small picture: a box of the largest side, noise all over, has less.
pub const MAX_PICTURE_BYTES: usize = 2 * 1024 * 1024;
/// Width and height of a small picture at most.
pub const MAX_SIDE: u16 = 1024;
/// Bytes of a file that is looked at.
pub const MAX_FILE_BYTES: u64 = 256 * 1024 * 1024;
/// The longest that somebody may wait.
pub const MAX_PATIENCE: Duration = Duration::from_secs(30);

/// How a picture gets into a box.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Shape {
    /// All of it is there, and one side of the box may stay empty.
    Fit = 0,
    /// The box is full, and what stands out is cut off on both sides alike.
    Cover = 1,
}

/// A small picture that is wanted. The file's descriptor comes with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ask {
    /// How it gets into the box.
    pub shape: Shape,
    /// Width of the box.
    pub width: u16,
    /// Height of the box.
    pub height: u16,
    /// How long the one who asks waits, in whole seconds.
    pub patience_seconds: u8,
}

/// Why there is no picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Refused {
    /// Nobody here reads such files.
    Unsupported = 1,
    /// It has more pixels or bytes, or takes more processor time, than one file may.
    TooLarge = 2,
    /// It is not what it begins as.
    Broken = 3,
    /// Others come first for longer than the one who asks waits, or the box has a fault. It says nothing about the file.
    Busy = 4,
}

impl Refused {
    /// Every reason.
    pub const ALL: [Self; 4] = [Self::Unsupported, Self::TooLarge, Self::Broken, Self::Busy];
}

/// What is no question or answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct BadWords(&'static str);

impl Ask {
    /// The question as bytes.
    #[must_use]
    pub fn encode(self) -> [u8; ASK_BYTES] {
        let ([w, idth], [h, eight]) = (self.width.to_be_bytes(), self.height.to_be_bytes());
        [VERSION, self.shape as u8, w, idth, h, eight, self.patience_seconds]
    }

    /// The question behind `bytes`.
    ///
    /// # Errors
    /// [`BadWords`]: another version or length, or a box past the limits.
    pub fn decode(bytes: &[u8]) -> Result<Self, BadWords> {
        let &[VERSION, shape, w, idth, h, eight, patience_seconds] = bytes else {
            return Err(BadWords("another version or length of a question"));
        };
        let shape = match shape {
            0 => Shape::Fit,
            1 => Shape::Cover,
            _ => return Err(BadWords("a shape that is none")),
        };
        let (width, height) = (u16::from_be_bytes([w, idth]), u16::from_be_bytes([h, eight]));
        let side = 1..=MAX_SIDE;
        if !side.contains(&width) || !side.contains(&height) {
            return Err(BadWords("a box of nothing, or past the largest"));
        }
        Ok(Self { shape, width, height, patience_seconds })
    }

    /// How long is waited, at most.
    #[must_use]
    pub fn patience(self) -> Duration {
        Duration::from_secs(self.patience_seconds.into()).min(MAX_PATIENCE)
    }
}

/// The head of an answer as bytes: bytes of the picture that follows, or why there is none.
#[must_use]
pub fn encode_answer(answer: Result<u32, Refused>) -> [u8; ANSWER_BYTES] {
    let (status, length) = match answer {
        Ok(length) => (0, length),
        Err(refused) => (refused as u8, 0),
    };
    let [a, b, c, d] = length.to_be_bytes();
    [status, a, b, c, d]
}

/// The head of an answer behind `bytes`.
///
/// # Errors
/// [`BadWords`]: another length, a reason that is none, a picture of nothing or past the largest.
pub fn decode_answer(bytes: &[u8]) -> Result<Result<usize, Refused>, BadWords> {
    let &[status, a, b, c, d] = bytes else { return Err(BadWords("another length of an answer")) };
    if status > 0 {
        return Refused::ALL.into_iter().find(|reason| *reason as u8 == status).map(Err).ok_or(BadWords("a reason that is none"));
    }
    let length = usize::try_from(u32::from_be_bytes([a, b, c, d])).unwrap_or(usize::MAX);
    if (1..=MAX_PICTURE_BYTES).contains(&length) { Ok(Ok(length)) } else { Err(BadWords("a picture of nothing, or past the largest")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_is_read_and_nothing_else() {
        let ask = Ask { shape: Shape::Cover, width: 256, height: 1024, patience_seconds: 200 };
        assert_eq!(Ask::decode(&ask.encode()), Ok(ask));
        assert_eq!(ask.patience(), MAX_PATIENCE);
        for wrong in [
            &[][..],
            &[2, 0, 1, 0, 1, 0, 1],
            &[1, 2, 1, 0, 1, 0, 1],
            &[1, 0, 0, 0, 1, 0, 1],
            &[1, 0, 1, 0, 4, 1, 1],
            &[1, 0, 1, 0, 1, 0, 1, 1],
        ] {
            assert!(Ask::decode(wrong).is_err(), "{wrong:?}");
        }
        for answer in [Ok(7), Err(Refused::Unsupported), Err(Refused::TooLarge), Err(Refused::Broken), Err(Refused::Busy)] {
            assert_eq!(decode_answer(&encode_answer(answer)), Ok(answer.map(|length| length as usize)));
        }
        for wrong in [&[0, 0, 0, 0, 0][..], &[0, 0, 32, 0, 1], &[5, 0, 0, 0, 0], &[0, 0, 0, 1]] {
            assert!(decode_answer(wrong).is_err(), "{wrong:?}");
        }
    }

    croft_fuzz::target! {
        /// A question or an answer has one form, and names nothing past the limits.
        fn small_pictures(input) {
            if let Ok(ask) = Ask::decode(input) {
                assert_eq!(ask.encode(), input);
                assert!((1..=MAX_SIDE).contains(&ask.width) && (1..=MAX_SIDE).contains(&ask.height) && ask.patience() <= MAX_PATIENCE);
            }
            if let Ok(Ok(length)) = decode_answer(input) {
                assert!(length <= MAX_PICTURE_BYTES);
                assert_eq!(encode_answer(Ok(u32::try_from(length).unwrap())), input);
            }
        }
    }
}
