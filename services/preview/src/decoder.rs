//! The process that reads one file: it gives up everything else, reads, answers, and ends.

use std::{
    cell::Cell,
    fs::File,
    io::{self, BufReader, Read, Seek, SeekFrom, Write, stdin, stdout},
    os::{fd::AsFd, unix::fs::FileExt},
    sync::Once,
};

use croft_api::preview::{Ask, MAX_FILE_BYTES, Question, Refused, Shape, Taken};
use croft_decoders::{Bounds, Ended, Heif, Program};
use croft_sandbox::{Threads, Walls, confine, seal};

use crate::{error::DecodeError, film, heif, picture, taken};

/// The first word of a decoder, as `croftd` knows it.
pub const FIRST_WORD: &str = "decoder";
/// The first word of what reads when something was taken.
pub const TAKEN_WORD: &str = "taken";
/// What one file may cost. The largest picture takes 256 MiB, and what it is read from and made of comes to it.
const BOUNDS: Bounds = Bounds { memory_bytes: 512 * 1024 * 1024, cpu_seconds: 15, processes: Some(0) };
/// Bytes that are read at once.
const BUFFER: usize = 256 * 1024;
/// SIGXCPU: past its processor time.
const OUT_OF_TIME: i32 = 24;
/// SIGKILL: by somebody else, or for want of memory in the whole role.
const KILLED: i32 = 9;
/// SIGILL, SIGABRT, SIGFPE, SIGSEGV: the file has led its own code astray, and would again.
const ASTRAY: [i32; 4] = [4, 6, 8, 11];
/// Codes of reasons begin here, above those with which a program ends by itself.
const FIRST_CODE: u8 = 40;
/// The code where the file could not be read, or the answer not be written: a fault of the box.
const NOT_READ: u8 = 50;
/// The code where a library that reads such files is not here or could not be loaded: that passes, and is no fault to report each time.
const NO_LIBRARY: u8 = FIRST_CODE + Refused::Busy as u8;
/// What a decoder may say about a file.
const ABOUT_THE_FILE: [Refused; 3] = [Refused::Unsupported, Refused::TooLarge, Refused::Broken];

/// A file of which nothing is known but its bytes: a [`File`] itself asks the system for its length, which is no longer left to it.
struct Source<'a> {
    file: File,
    /// Whether the system could not read. What decoders make of that looks like a broken file.
    failed: &'a Cell<bool>,
}

/// What a file is read by.
enum Reader {
    Picture,
    /// None where the library is not here or could not be loaded.
    Heif(Option<Heif>),
    Film(film::Libraries),
}

impl Reader {
    /// The one for `file`, by its first bytes, with the libraries that it takes, which can only be loaded before the process is confined.
    fn of(file: &File) -> Self {
        let head = head(file);
        if heif::is_one(&head) {
            Self::Heif(Heif::load())
        } else if film::is_one(&head) {
            Self::Film(film::Libraries::load())
        } else {
            Self::Picture
        }
    }

    fn threads(&self) -> Threads {
        if matches!(self, Self::Picture) { Threads::One } else { Threads::More }
    }

    fn shrink(&self, mut source: Source<'_>, ask: Ask) -> Result<Vec<u8>, Refused> {
        let length = source.seek(SeekFrom::End(0)).and_then(|length| source.rewind().map(|()| length)).map_err(|_| Refused::Broken)?;
        match self {
            Self::Film(libraries) => film::shrink(libraries, source, ask),
            _ if length > MAX_FILE_BYTES => Err(Refused::TooLarge),
            Self::Heif(library) => heif::shrink(library.as_ref().ok_or(Refused::Busy)?, source, ask),
            Self::Picture => picture::shrink(BufReader::with_capacity(BUFFER, source), ask),
        }
    }
}

impl Read for Source<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read(buffer);
        // A place that cannot be in any file is what the file says.
        self.failed.set(self.failed.get() || read.as_ref().is_err_and(|error| error.kind() != io::ErrorKind::InvalidInput));
        read
    }
}

impl Seek for Source<'_> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.file.seek(to)
    }
}

/// Reads the picture on standard input and writes a small one to standard output; gives the code to end with.
///
/// # Errors
/// It cannot be confined: nothing was read then.
pub fn decode(ask: Ask) -> Result<u8, DecodeError> {
    let file = File::from(stdin().as_fd().try_clone_to_owned().map_err(DecodeError::Input)?);
    let reader = Reader::of(&file);
    let threads = reader.threads();
    let processes = if threads == Threads::More { None } else { BOUNDS.processes };
    confine(Walls::default())?;
    croft_decoders::bind(&Bounds { processes, ..BOUNDS })?;
    seal(file.as_fd(), threads)?;
    let failed = Cell::new(false);
    let small = reader.shrink(Source { file, failed: &failed }, ask);
    Ok(match small {
        Ok(small) if stdout().write_all(&small).and_then(|()| stdout().flush()).is_ok() => 0,
        Err(refused) if !failed.get() => FIRST_CODE + refused as u8,
        _ => NOT_READ,
    })
}

/// The first bytes, to be compared and nothing else: less where there are none, or where they cannot be read, which the decoder then finds, too.
fn head(file: &File) -> Vec<u8> {
    let mut head = vec![0; heif::HEAD_BYTES];
    let read = file.read_at(&mut head, 0).unwrap_or_default();
    head.truncate(read);
    head
}

/// Reads on standard input when something was taken, behind the same walls, and writes it to standard output; gives the code to end with.
///
/// # Errors
/// It cannot be confined: nothing was read then.
pub fn read_taken() -> Result<u8, DecodeError> {
    let file = File::from(stdin().as_fd().try_clone_to_owned().map_err(DecodeError::Input)?);
    confine(Walls::default())?;
    croft_decoders::bind(&BOUNDS)?;
    seal(file.as_fd(), Threads::One)?;
    let failed = Cell::new(false);
    let taken = taken::read(Source { file, failed: &failed });
    let written = !failed.get() && stdout().write_all(&Taken::encode(taken)).and_then(|()| stdout().flush()).is_ok();
    Ok(if written { 0 } else { NOT_READ })
}

/// The program that answers `question`.
pub(crate) fn program(question: Question) -> Program {
    let Question::Picture(ask) = question else { return Program::own(vec![TAKEN_WORD.into()]) };
    let shape = match ask.shape {
        Shape::Fit => "fit",
        Shape::Cover => "cover",
    };
    Program::own(vec![FIRST_WORD.into(), ask.width.to_string(), ask.height.to_string(), shape.into()])
}

/// What it means that a decoder ended in this way. A reason other than [`Refused::Busy`] is remembered, so it must be one of the file.
pub(crate) fn meaning(ended: Ended, written: Vec<u8>) -> Result<Vec<u8>, Refused> {
    match ended {
        Ended::Code(0) if !written.is_empty() => return Ok(written),
        Ended::Code(code) => {
            if let Some(refused) = ABOUT_THE_FILE.into_iter().find(|reason| i32::from(FIRST_CODE + *reason as u8) == code) {
                return Err(refused);
            }
            if code == i32::from(NO_LIBRARY) {
                static SAID: Once = Once::new();
                SAID.call_once(|| {
                    tracing::warn!("some pictures have no small ones: a library that reads them is missing or cannot be loaded")
                });
            } else {
                tracing::error!(code, "a decoder failed");
            }
        }
        Ended::Signal(OUT_OF_TIME) => return Err(Refused::TooLarge),
        Ended::Signal(KILLED) => tracing::error!("a decoder was killed, maybe for want of memory"),
        // A fault of its own, or it did what is not left to it.
        Ended::Signal(signal) if ASTRAY.contains(&signal) => {
            tracing::warn!(signal, "a file led its decoder astray");
            return Err(Refused::Broken);
        }
        Ended::Signal(signal) => tracing::error!(signal, "a decoder was ended by a signal"),
    }
    Err(Refused::Busy)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_about_the_file_is_said_about_it() {
        let check = |ended: Ended, written: &[u8], expected: Result<&[u8], Refused>| {
            assert_eq!(meaning(ended, written.to_vec()), expected.map(<[u8]>::to_vec), "{ended:?}");
        };
        check(Ended::Code(0), b"x", Ok(b"x"));
        for refused in ABOUT_THE_FILE {
            check(Ended::Code(i32::from(FIRST_CODE + refused as u8)), b"x", Err(refused));
        }
        check(Ended::Signal(OUT_OF_TIME), b"x", Err(Refused::TooLarge));
        for code in [0, 1, i32::from(NO_LIBRARY), i32::from(NOT_READ), 101] {
            check(Ended::Code(code), b"", Err(Refused::Busy));
        }
        for signal in ASTRAY {
            check(Ended::Signal(signal), b"x", Err(Refused::Broken));
        }
        for signal in [7, KILLED, 31] {
            check(Ended::Signal(signal), b"x", Err(Refused::Busy));
        }
    }

    #[test]
    fn a_library_that_is_not_here_is_not_about_the_file() {
        let check = |bytes: &[u8], expected: Refused| {
            let mut file = tempfile::tempfile().unwrap();
            file.write_all(bytes).unwrap();
            let ask = Ask { shape: Shape::Fit, width: 9, height: 9, patience_seconds: 1 };
            assert_eq!(Reader::Heif(None).shrink(Source { file, failed: &Cell::new(false) }, ask), Err(expected));
        };
        check(b"\0\0\0\x18ftypheic", Refused::Busy);
    }

    #[test]
    fn a_file_that_cannot_be_read_is_told_from_a_short_one() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let check = |file: File, expected: bool| {
            let failed = Cell::new(false);
            let mut source = Source { file, failed: &failed };
            assert_eq!((source.read_exact(&mut [0; 8]).is_err(), failed.get()), (true, expected));
        };
        check(File::open(file.path()).unwrap(), false);
        check(File::options().write(true).open(file.path()).unwrap(), true);
    }
}
