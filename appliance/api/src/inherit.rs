//! The descriptors that a role is started with: sockets, directories and files by name.
//!
//! The protocol is systemd's (`sd_listen_fds_with_names(3)`): descriptors from 3 on, `LISTEN_FDS` of them, named in `LISTEN_FDNAMES`.

use std::{
    collections::BTreeMap,
    env,
    os::fd::{AsFd, BorrowedFd, FromRawFd, OwnedFd, RawFd},
};

use nix::fcntl::{FcntlArg, FdFlag, fcntl};

/// First inherited descriptor, fixed by the protocol.
const FIRST: RawFd = 3;
/// More descriptors than any manifest names; a larger count is a mistake.
const MAX: usize = 64;

/// Something about the inherited descriptors is not as the manifest says.
#[derive(Debug, thiserror::Error)]
pub enum InheritError {
    /// The variables do not hold what the protocol says.
    #[error("LISTEN_FDS and LISTEN_FDNAMES do not agree: {0}. Start roles through the supervisor")]
    Malformed(String),
    /// A descriptor that the role needs was not handed over.
    #[error("no descriptor named `{0}` was handed over. Start roles through the supervisor")]
    Missing(String),
    /// A descriptor is not open or not of the kind that its name says.
    #[error("descriptor `{name}` cannot be used")]
    Unusable {
        /// Its name.
        name: String,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// An environment variable that the role needs is missing or wrong.
    #[error("the variable {0} is missing or wrong. Start roles through the supervisor")]
    Variable(&'static str),
}

/// The descriptors of this process, each taken once.
#[derive(Debug, Default)]
pub struct Descriptors(BTreeMap<String, OwnedFd>);

impl Descriptors {
    /// Takes over all inherited descriptors and keeps them from programs that this process starts. Call it once, first thing in `main`.
    ///
    /// # Errors
    /// Variables that contradict each other, or a descriptor that is not open.
    pub fn from_env() -> Result<Self, InheritError> {
        let Ok(count) = env::var("LISTEN_FDS") else { return Ok(Self::default()) };
        let malformed = |what: String| InheritError::Malformed(what);
        if env::var("LISTEN_PID").is_ok_and(|pid| pid != std::process::id().to_string()) {
            return Err(malformed("LISTEN_PID names another process".into()));
        }
        let count: usize = count.parse().ok().filter(|n| *n <= MAX).ok_or_else(|| malformed(format!("`{count}` descriptors")))?;
        let names = env::var("LISTEN_FDNAMES").unwrap_or_default();
        let names: Vec<&str> = names.split(':').filter(|name| !name.is_empty()).collect();
        if names.len() != count {
            return Err(malformed(format!("{count} descriptors, {} names", names.len())));
        }
        let mut taken = BTreeMap::new();
        for (fd, name) in (FIRST..).zip(names) {
            let unusable = |source: nix::Error| InheritError::Unusable { name: name.into(), source: source.into() };
            // SAFETY: the protocol gives this process FIRST..FIRST+count; each number is visited once, so each has one owner.
            #[expect(unsafe_code, reason = "inherited descriptors arrive as numbers; there is no safe way to own them")]
            let owned = unsafe { OwnedFd::from_raw_fd(fd) };
            if let Err(source) = fcntl(owned.as_fd(), FcntlArg::F_SETFD(FdFlag::FD_CLOEXEC)) {
                std::mem::forget(owned);
                return Err(unusable(source));
            }
            if taken.insert(name.to_owned(), owned).is_some() {
                return Err(malformed(format!("`{name}` twice")));
            }
        }
        Ok(Self(taken))
    }

    /// Descriptors made by hand, for tests that run a role in their own process.
    #[must_use]
    pub fn from_pairs(pairs: impl IntoIterator<Item = (String, OwnedFd)>) -> Self {
        Self(pairs.into_iter().collect())
    }

    /// Takes the descriptor `name`.
    ///
    /// # Errors
    /// It was not handed over, or was taken before.
    pub fn take(&mut self, name: &str) -> Result<OwnedFd, InheritError> {
        self.0.remove(name).ok_or_else(|| InheritError::Missing(name.into()))
    }

    /// Looks at the descriptor `name` without taking it.
    #[must_use]
    pub fn borrow(&self, name: &str) -> Option<BorrowedFd<'_>> {
        self.0.get(name).map(AsFd::as_fd)
    }

    /// Takes a Unix stream listener.
    ///
    /// # Errors
    /// It is missing or not a listening Unix socket.
    pub fn unix_listener(&mut self, name: &str) -> Result<tokio::net::UnixListener, InheritError> {
        let listener = std::os::unix::net::UnixListener::from(self.take(name)?);
        listener
            .set_nonblocking(true)
            .and_then(|()| tokio::net::UnixListener::from_std(listener))
            .map_err(|source| InheritError::Unusable { name: name.into(), source })
    }

    /// Takes a TCP listener.
    ///
    /// # Errors
    /// It is missing or not a listening TCP socket.
    pub fn tcp_listener(&mut self, name: &str) -> Result<tokio::net::TcpListener, InheritError> {
        let listener = std::net::TcpListener::from(self.take(name)?);
        listener
            .set_nonblocking(true)
            .and_then(|()| tokio::net::TcpListener::from_std(listener))
            .map_err(|source| InheritError::Unusable { name: name.into(), source })
    }

    /// Takes the directory of the roles' sockets.
    ///
    /// # Errors
    /// It is missing.
    pub fn run_directory(&mut self) -> Result<RunDirectory, InheritError> {
        Ok(RunDirectory(std::sync::Arc::new(self.take("run")?)))
    }
}

/// The directory in which the roles' Unix sockets lie, held open so that neither long paths nor closed parents matter.
#[derive(Debug, Clone)]
pub struct RunDirectory(std::sync::Arc<OwnedFd>);

impl RunDirectory {
    /// The run directory behind an open descriptor.
    #[must_use]
    pub fn new(directory: OwnedFd) -> Self {
        Self(std::sync::Arc::new(directory))
    }

    /// A path by which this process reaches the socket `name`, always short enough for `sun_path`.
    #[must_use]
    pub fn socket(&self, name: &str) -> std::path::PathBuf {
        use std::os::fd::AsRawFd;
        format!("/proc/self/fd/{}/{name}", self.0.as_raw_fd()).into()
    }
}

impl AsFd for RunDirectory {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}
