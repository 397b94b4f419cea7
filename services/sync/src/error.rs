//! Why a worker cannot start, and how failures inside become problem documents.

use croft_files::FilesError;
use croft_model::Problem;
use croft_store::StoreError;

/// A worker cannot start or had to end.
#[derive(Debug, thiserror::Error)]
pub enum SyncError {
    /// What the supervisor hands over is missing or wrong.
    #[error("the worker was not started as the manifest says")]
    Inherit(#[from] croft_api::inherit::InheritError),
    /// A directory or the socket cannot be used.
    #[error("the space cannot be opened: {what}")]
    Space {
        /// What was being done.
        what: &'static str,
        /// How it failed.
        #[source]
        source: FilesError,
    },
    /// `records.redb` cannot be used. Ids of files must not be guessed, so nothing is served.
    #[error("the records of the space (.croft/records.redb) cannot be used. {}", source.hint())]
    Records {
        /// How it failed.
        #[source]
        source: StoreError,
    },
    /// A thread or task of the worker is gone.
    #[error("a part of the worker ended unexpectedly")]
    Ended,
}

/// A failure inside one request.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// The client is told this.
    #[error(transparent)]
    Problem(#[from] Problem),
    /// Files failed.
    #[error("the files of the space")]
    Files(#[from] FilesError),
    /// The content of a file cannot be read.
    #[error("the content of a file cannot be read")]
    Read(#[source] std::io::Error),
    /// The records failed.
    #[error("the records of the space")]
    Store(#[from] StoreError),
    /// Something that does not happen while the machine is well.
    #[error("{0}")]
    Broken(&'static str),
    /// The client, or the link to it, is gone: there is nobody to answer.
    #[error("the client is gone")]
    Gone,
}

impl Failure {
    /// The answer to it; `None` when there is nobody to answer. Causes go to the journal.
    pub(crate) fn problem(self) -> Option<Problem> {
        Some(match self {
            Self::Gone => return None,
            Self::Problem(problem) => problem,
            Self::Files(error) if error.is_full() => full(),
            Self::Files(error) if error.is_absent() => not_found(),
            Self::Files(error) if error.is_refused() => {
                tracing::warn!(%error, "the system refuses an entry of the space");
                Problem::new(403, "file-refused", "The box itself may not touch this file or folder.")
                    .hint("It was put there by somebody with other rights. Ask an owner to hand it to the space's user.")
            }
            Self::Store(error) if matches!(error.trouble(), croft_store::Trouble::Full) => full(),
            other => croft_api::problem::internal(&other),
        })
    }
}

/// The disk or the quota is full.
pub(crate) fn full() -> Problem {
    Problem::new(507, "disk-full", "There is not enough room on the box for this file. What was there before is unchanged.")
        .hint("Delete something and empty the trash, or ask an owner for a larger disk or quota.")
}

/// There is no such entry, or the caller may not know whether there is.
pub(crate) fn not_found() -> Problem {
    Problem::new(404, "not-found", "There is no such file or folder.")
}

/// The folder for something new is not there.
pub(crate) fn no_folder() -> Problem {
    Problem::new(409, "folder-missing", "The folder for this does not exist.").hint("Make the folder first.")
}

/// A condition of the request does not hold.
pub(crate) fn stale() -> Problem {
    Problem::new(412, "changed-meanwhile", "The file or folder is not as the request expects it; somebody changed it meanwhile.")
        .hint("Read it again, then decide.")
}
