//! What a decoder may use. It binds itself, since it begins as our own program and meets nothing foreign before.

use nix::sys::resource::{Resource, setrlimit};

/// Bounds of one decoder.
#[derive(Debug, Clone, Copy)]
pub struct Bounds {
    /// Bytes of its address space.
    pub memory_bytes: u64,
    /// Seconds of processor time.
    pub cpu_seconds: u64,
    /// Processes and threads that it may start; the system counts all of its user, so there is no bound where a library starts threads.
    pub processes: Option<u64>,
}

/// A bound could not be set.
#[derive(Debug, thiserror::Error)]
#[error("the {0} of a decoder cannot be bounded")]
pub struct BoundsError(&'static str, #[source] nix::Error);

/// Binds this process, for good: its memory and time, no file made or opened from now on, no process, no picture of its memory left behind.
///
/// # Errors
/// The system refuses.
pub fn bind(bounds: &Bounds) -> Result<(), BoundsError> {
    let limits = [
        ("memory", Resource::RLIMIT_AS, Some(bounds.memory_bytes)),
        ("time", Resource::RLIMIT_CPU, Some(bounds.cpu_seconds)),
        ("files", Resource::RLIMIT_FSIZE, Some(0)),
        ("descriptors", Resource::RLIMIT_NOFILE, Some(0)),
        ("processes", Resource::RLIMIT_NPROC, bounds.processes),
        ("core", Resource::RLIMIT_CORE, Some(0)),
    ];
    limits.into_iter().filter_map(|(what, resource, most)| Some((what, resource, most?))).try_for_each(|(what, resource, most)| {
        // Past the softer bound of time comes a signal that says why; past the harder one the end.
        let hard = if resource == Resource::RLIMIT_CPU { most + 1 } else { most };
        setrlimit(resource, most, hard).map_err(|error| BoundsError(what, error))
    })
}
