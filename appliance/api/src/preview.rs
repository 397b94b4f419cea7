//! What a worker says to the role `preview`, and what comes back, as `docs/formats/preview.md` draws it. Pure: bytes in, words out.

use std::time::Duration;

use serde::{Deserialize, Serialize};

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

/// What a worker asks about a file, whose descriptor comes with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Question {
    /// For a small picture of it.
    Picture(Ask),
    /// When it was taken ([`Taken`]), as the file itself says.
    Taken {
        /// How long the one who asks waits, in whole seconds.
        patience_seconds: u8,
    },
}

/// When a picture or film was taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Taken {
    /// What the clock of the camera showed, in seconds since 1970 as if that were in UTC.
    Wall {
        /// Seconds.
        seconds: i64,
        /// By how many minutes that clock was ahead of UTC, where the camera said so.
        ahead_minutes: Option<i16>,
    },
    /// The moment, in Unix seconds.
    Moment(i64),
}

/// Why there is no picture, or no time.
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

impl Question {
    /// The second byte of a question that is not about a picture.
    const TAKEN: u8 = 2;

    /// The question as bytes.
    #[must_use]
    pub fn encode(self) -> [u8; ASK_BYTES] {
        match self {
            Self::Picture(ask) => ask.encode(),
            Self::Taken { patience_seconds } => [VERSION, Self::TAKEN, 0, 0, 0, 0, patience_seconds],
        }
    }

    /// The question behind `bytes`.
    ///
    /// # Errors
    /// [`BadWords`].
    pub fn decode(bytes: &[u8]) -> Result<Self, BadWords> {
        match bytes {
            &[VERSION, Self::TAKEN, 0, 0, 0, 0, patience_seconds] => Ok(Self::Taken { patience_seconds }),
            _ => Ask::decode(bytes).map(Self::Picture),
        }
    }

    /// How long is waited, at most.
    #[must_use]
    pub fn patience(self) -> Duration {
        let (Self::Picture(Ask { patience_seconds, .. }) | Self::Taken { patience_seconds }) = self;
        Duration::from_secs(patience_seconds.into()).min(MAX_PATIENCE)
    }
}

impl Taken {
    /// Bytes of an answer.
    pub const BYTES: usize = 11;
    /// Seconds since 1970 within which anything was taken: from the first photograph, in 1826, to the year 2199.
    pub const POSSIBLE: std::ops::RangeInclusive<i64> = -4_544_208_000..=7_258_118_399;
    /// Minutes that a clock may be ahead of UTC, or behind.
    const MAX_AHEAD: u16 = 16 * 60;

    /// The answer as bytes; `None` for a file that does not say.
    #[must_use]
    pub fn encode(taken: Option<Self>) -> [u8; Self::BYTES] {
        let (kind, seconds, minutes) = match taken {
            None => (0, 0, 0),
            Some(Self::Wall { seconds, ahead_minutes: None }) => (1, seconds, 0),
            Some(Self::Wall { seconds, ahead_minutes: Some(minutes) }) => (2, seconds, minutes),
            Some(Self::Moment(seconds)) => (3, seconds, 0),
        };
        let mut bytes = [kind; Self::BYTES];
        bytes[1..9].copy_from_slice(&seconds.to_be_bytes());
        bytes[9..].copy_from_slice(&minutes.to_be_bytes());
        bytes
    }

    /// The answer behind `bytes`.
    ///
    /// # Errors
    /// [`BadWords`]: another length or kind, or a time at which nothing was taken.
    pub fn decode(bytes: &[u8]) -> Result<Option<Self>, BadWords> {
        let &[kind, a, b, c, d, e, f, g, h, x, y] = bytes else { return Err(BadWords("another length of a time")) };
        let (seconds, minutes) = (i64::from_be_bytes([a, b, c, d, e, f, g, h]), i16::from_be_bytes([x, y]));
        let taken = match (kind, minutes) {
            (0, 0) if seconds == 0 => return Ok(None),
            (1, 0) => Self::Wall { seconds, ahead_minutes: None },
            (2, minutes) => Self::Wall { seconds, ahead_minutes: Some(minutes) },
            (3, 0) => Self::Moment(seconds),
            _ => return Err(BadWords("a kind of time that is none")),
        };
        taken.is_possible().then_some(Some(taken)).ok_or(BadWords("a time at which nothing was taken"))
    }

    /// The moment in Unix seconds, as clients of the dialect know it: of a clock that did not say how far it was from UTC, as if it were in UTC.
    #[must_use]
    pub fn unix(self) -> i64 {
        match self {
            Self::Wall { seconds, ahead_minutes } => seconds - i64::from(ahead_minutes.unwrap_or(0)) * 60,
            Self::Moment(seconds) => seconds,
        }
    }

    /// Whether anything can have been taken then.
    #[must_use]
    pub fn is_possible(self) -> bool {
        let (Self::Wall { seconds, .. } | Self::Moment(seconds)) = self;
        let ahead = if let Self::Wall { ahead_minutes, .. } = self { ahead_minutes.unwrap_or(0) } else { 0 };
        Self::POSSIBLE.contains(&seconds) && ahead.unsigned_abs() <= Self::MAX_AHEAD
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
        for question in [Question::Picture(ask), Question::Taken { patience_seconds: 7 }] {
            assert_eq!(Question::decode(&question.encode()), Ok(question));
        }
        assert!(Question::decode(&[1, 2, 0, 0, 0, 1, 7]).is_err() && Question::decode(&[1, 3, 0, 0, 0, 0, 7]).is_err());
        for answer in [Ok(7), Err(Refused::Unsupported), Err(Refused::TooLarge), Err(Refused::Broken), Err(Refused::Busy)] {
            assert_eq!(decode_answer(&encode_answer(answer)), Ok(answer.map(|length| length as usize)));
        }
        for wrong in [&[0, 0, 0, 0, 0][..], &[0, 0, 32, 0, 1], &[5, 0, 0, 0, 0], &[0, 0, 0, 1]] {
            assert!(decode_answer(wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn a_time_is_read_as_it_was_written_and_no_impossible_one() {
        let wall = |seconds, ahead_minutes| Some(Taken::Wall { seconds, ahead_minutes });
        let (first, last) = (*Taken::POSSIBLE.start(), *Taken::POSSIBLE.end());
        for taken in [None, wall(first, None), wall(last, Some(-570)), wall(0, Some(0)), Some(Taken::Moment(-1))] {
            assert_eq!(Taken::decode(&Taken::encode(taken)), Ok(taken));
        }
        for taken in [wall(first - 1, None), wall(0, Some(961)), wall(0, Some(i16::MIN)), Some(Taken::Moment(last + 1))] {
            assert!(Taken::decode(&Taken::encode(taken)).is_err(), "{taken:?}");
        }
        for kind in [4, u8::MAX] {
            assert!(Taken::decode(&[kind, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]).is_err());
        }
    }

    croft_fuzz::target! {
        /// A question or an answer has one form, and names nothing past the limits.
        fn small_pictures(input) {
            if let Ok(question) = Question::decode(input) {
                assert_eq!(question.encode(), input);
            }
            if let Ok(ask) = Ask::decode(input) {
                assert!((1..=MAX_SIDE).contains(&ask.width) && (1..=MAX_SIDE).contains(&ask.height) && ask.patience() <= MAX_PATIENCE);
            }
            if let Ok(Ok(length)) = decode_answer(input) {
                assert!(length <= MAX_PICTURE_BYTES);
                assert_eq!(encode_answer(Ok(u32::try_from(length).unwrap())), input);
            }
            if let Ok(taken) = Taken::decode(input) {
                assert_eq!(Taken::encode(taken), input);
                assert!(taken.is_none_or(Taken::is_possible));
            }
        }
    }
}
