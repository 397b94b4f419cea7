//! The two ends of a disk: whether there is anything, and a hash that changes when it does.

use std::{
    fs::File,
    io::{self, Read, Seek, SeekFrom},
    path::Path,
    time::Duration,
};

use aws_lc_rs::digest::{Context, SHA256};

use crate::readings::Readings;

/// Bytes that are read at each end: partition tables, and the heads of file systems that begin without one, lie in them.
const END: u64 = 1024 * 1024;
/// Time that a disk gets; one that has to start turning needs about ten seconds. Well below the time that an answer of the API may take.
const LIMIT: Duration = Duration::from_secs(12);

/// What is at the ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Ends {
    pub(crate) all_zero: bool,
    pub(crate) hash: [u8; 32],
}

/// Reads the ends of disks.
#[derive(Debug, Clone, Default)]
pub(crate) struct EndsOfDisks(Readings<Option<Ends>>);

impl EndsOfDisks {
    /// Both ends of a disk of `size` bytes; none where they cannot be read in time. A disk that hangs is given up; its one thread stays with it.
    pub(crate) async fn read(&self, path: &Path, size: u64) -> Option<Ends> {
        let read = move |path: &Path| {
            let found = ends(path, size);
            found.inspect_err(|error| tracing::warn!(disk = %path.display(), %error, "a disk cannot be read")).ok()
        };
        self.0.read(path, LIMIT, read).await?
    }
}

fn ends(path: &Path, size: u64) -> io::Result<Ends> {
    let mut file = File::open(path)?;
    let (mut context, mut all_zero) = (Context::new(&SHA256), true);
    for from in [0, size.saturating_sub(END)] {
        file.seek(SeekFrom::Start(from))?;
        let mut bytes = Vec::new();
        Read::by_ref(&mut file).take(END).read_to_end(&mut bytes)?;
        all_zero &= bytes.iter().all(|byte| *byte == 0);
        context.update(&bytes);
    }
    let mut hash = [0; 32];
    hash.copy_from_slice(context.finish().as_ref());
    Ok(Ends { all_zero, hash })
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::FileExt;

    use super::*;

    #[tokio::test]
    async fn a_byte_at_either_end_is_seen_and_changes_the_hash() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let size = 5 * END;
        file.as_file().set_len(size).unwrap();
        let empty = EndsOfDisks::default().read(file.path(), size).await.unwrap();
        assert!(empty.all_zero);
        let mut seen = vec![empty.hash];
        for (at, told) in [(0, true), (END - 1, true), (size - END, true), (size - 1, true), (2 * END, false)] {
            file.as_file().write_all_at(&[1], at).unwrap();
            let found = EndsOfDisks::default().read(file.path(), size).await.unwrap();
            assert_eq!(seen.contains(&found.hash), !told, "{at}");
            assert!(!found.all_zero);
            seen.push(found.hash);
        }
        assert_eq!(EndsOfDisks::default().read(Path::new("/nothing/here"), size).await, None);
    }
}
