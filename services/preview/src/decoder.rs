//! The process that reads one file: it gives up everything else, reads, answers, and ends.

use std::{
    fs::File,
    io::{self, BufReader, Read, Seek, SeekFrom, Write, stdin, stdout},
    os::fd::AsFd,
};

use croft_api::preview::{Ask, Refused, Shape};
use croft_decoders::{Bounds, Ended, Program};
use croft_sandbox::{Walls, confine, seal};

use crate::{error::DecodeError, picture};

/// The first word of a decoder, as `croftd` knows it.
pub const FIRST_WORD: &str = "decoder";
/// What one file may cost. The largest picture takes 256 MiB, and what it is read from and made of comes to it.
const BOUNDS: Bounds = Bounds { memory_bytes: 512 * 1024 * 1024, cpu_seconds: 15 };
/// Bytes that are read at once.
const BUFFER: usize = 256 * 1024;
/// The signal that nobody sends to itself: SIGKILL. (Past its processor time, a process gets SIGXCPU first.)
const KILLED: i32 = 9;
/// Codes of reasons begin here, above those with which a program ends by itself.
const FIRST_CODE: u8 = 40;

/// A file of which nothing is known but its bytes: a [`File`] itself asks the system for its length, which is no longer left to it.
struct Source(File);

impl Read for Source {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read(buffer)
    }
}

impl Seek for Source {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.0.seek(to)
    }
}

/// Reads the picture on standard input and writes a small one to standard output; gives the code to end with.
///
/// # Errors
/// It cannot be confined: nothing was read then.
pub fn decode(ask: Ask) -> Result<u8, DecodeError> {
    let file = File::from(stdin().as_fd().try_clone_to_owned().map_err(DecodeError::Input)?);
    confine(Walls::default())?;
    croft_decoders::bind(&BOUNDS)?;
    seal(file.as_fd())?;
    let small = picture::shrink(BufReader::with_capacity(BUFFER, Source(file)), ask);
    Ok(match small.and_then(|small| stdout().write_all(&small).and_then(|()| stdout().flush()).map_err(|_| Refused::Broken)) {
        Ok(()) => 0,
        Err(refused) => FIRST_CODE + refused as u8,
    })
}

/// The program that answers `ask`.
pub(crate) fn program(ask: Ask) -> Program {
    let shape = match ask.shape {
        Shape::Fit => "fit",
        Shape::Cover => "cover",
    };
    Program::own(vec![FIRST_WORD.into(), ask.width.to_string(), ask.height.to_string(), shape.into()])
}

/// What it means that a decoder ended in this way.
pub(crate) fn meaning(ended: Ended, written: Vec<u8>) -> Result<Vec<u8>, Refused> {
    match ended {
        Ended::Code(0) if !written.is_empty() => Ok(written),
        Ended::Code(code) => {
            Err(Refused::ALL.into_iter().find(|reason| i32::from(FIRST_CODE + *reason as u8) == code).unwrap_or(Refused::Broken))
        }
        // By somebody else, or for want of memory in the whole box: the file may be read at another time.
        Ended::Signal(KILLED) => Err(Refused::Busy),
        // Out of its own memory or time, or it did what only a decoder does that was taken over.
        Ended::Signal(signal) => {
            tracing::info!(signal, "a decoder was ended over a file");
            Err(Refused::TooLarge)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_reasons_and_all_else_is_broken() {
        let check = |ended: Ended, written: &[u8], expected: Result<&[u8], Refused>| {
            assert_eq!(meaning(ended, written.to_vec()), expected.map(<[u8]>::to_vec), "{ended:?}");
        };
        check(Ended::Code(0), b"x", Ok(b"x"));
        check(Ended::Code(0), b"", Err(Refused::Broken));
        for refused in Refused::ALL {
            check(Ended::Code(i32::from(FIRST_CODE + refused as u8)), b"x", Err(refused));
        }
        check(Ended::Code(101), b"x", Err(Refused::Broken));
        check(Ended::Signal(31), b"x", Err(Refused::TooLarge));
        check(Ended::Signal(KILLED), b"x", Err(Refused::Busy));
    }
}
