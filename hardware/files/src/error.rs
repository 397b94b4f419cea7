//! What can go wrong, by operation.

use std::io;

use nix::errno::Errno;

/// An operation on files failed.
#[derive(Debug, thiserror::Error)]
#[error("{operation}")]
pub struct FilesError {
    operation: Operation,
    source: io::Error,
}

/// The operation that failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Operation {
    /// Opening a file or directory.
    #[error("cannot open")]
    Open,
    /// Reading a file.
    #[error("cannot read")]
    Read,
    /// Writing a file.
    #[error("cannot write")]
    Write,
    /// Reading the attributes of an entry.
    #[error("cannot read the attributes")]
    Stat,
    /// Setting times or permissions.
    #[error("cannot set the attributes")]
    SetAttributes,
    /// Reading an extended attribute.
    #[error("cannot read an extended attribute")]
    GetXattr,
    /// Writing an extended attribute.
    #[error("cannot write an extended attribute")]
    SetXattr,
    /// Listing a directory.
    #[error("cannot list the directory")]
    List,
    /// Making a directory.
    #[error("cannot make a directory")]
    MakeDir,
    /// Making a file without a name.
    #[error("cannot stage a file")]
    Stage,
    /// Giving what would be replaced a second name.
    #[error("cannot keep what would be replaced")]
    Keep,
    /// Giving a name.
    #[error("cannot publish")]
    Publish,
    /// Removing an entry.
    #[error("cannot remove")]
    Remove,
    /// Bringing data or names to the disk.
    #[error("cannot bring it to the disk")]
    Sync,
    /// Asking for the file system's kind or room.
    #[error("cannot ask the file system")]
    Ask,
    /// Making or using a pipe.
    #[error("the pipe failed")]
    Pipe,
    /// A body made no progress for too long.
    #[error("the other side stalled")]
    Stalled,
    /// Watching a directory.
    #[error("cannot watch a directory")]
    Watch,
    /// Connecting, accepting, sending or receiving.
    #[error("the link failed")]
    Link,
    /// The publisher's thread has ended.
    #[error("the publisher has ended")]
    Ended,
}

impl FilesError {
    pub(crate) fn new(operation: Operation, source: impl Into<io::Error>) -> Self {
        Self { operation, source: source.into() }
    }

    pub(crate) fn ended() -> Self {
        Self::new(Operation::Ended, io::ErrorKind::BrokenPipe)
    }

    /// A copy for each of several waiters: the same operation and the same error of the system.
    pub(crate) fn again(&self) -> Self {
        let source = self.source.raw_os_error().map_or_else(|| self.source.kind().into(), io::Error::from_raw_os_error);
        Self { operation: self.operation, source }
    }

    /// The same error of the system, as one of another operation.
    pub(crate) fn while_doing(self, operation: Operation) -> Self {
        Self { operation, ..self }
    }

    /// What failed.
    #[must_use]
    pub fn operation(&self) -> Operation {
        self.operation
    }

    /// Whether there is no such entry, or a part of the path is not a directory or is a link.
    #[must_use]
    pub fn is_absent(&self) -> bool {
        self.is(&[Errno::ENOENT, Errno::ENOTDIR, Errno::ELOOP, Errno::EXDEV])
    }

    /// Whether the name is taken already.
    #[must_use]
    pub fn is_taken(&self) -> bool {
        self.is(&[Errno::EEXIST, Errno::ENOTEMPTY, Errno::EISDIR])
    }

    /// Whether the disk or the quota is full, or the file would be larger than the file system takes.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.is(&[Errno::ENOSPC, Errno::EDQUOT, Errno::EFBIG])
    }

    /// Whether the system refused for lack of rights or because the file system is read-only.
    #[must_use]
    pub fn is_refused(&self) -> bool {
        self.is(&[Errno::EACCES, Errno::EPERM, Errno::EROFS])
    }

    /// Whether the disk does not give back what was written to this entry, as its checksums or the drive say.
    #[must_use]
    pub fn is_damaged(&self) -> bool {
        self.is(&[Errno::EIO, Errno::EUCLEAN, Errno::EBADMSG])
    }

    /// Whether the other side closed its end.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.is(&[Errno::EPIPE, Errno::ECONNRESET, Errno::ENOTCONN])
    }

    /// Whether what was asked not to wait would have to, or the kernel knows no such question.
    pub(crate) fn would_wait(&self) -> bool {
        self.is(&[Errno::EAGAIN, Errno::EINVAL])
    }

    fn is(&self, errors: &[Errno]) -> bool {
        self.source.raw_os_error().is_some_and(|raw| errors.contains(&Errno::from_raw(raw)))
    }
}
