//! Readings of devices that may hang: each of one device at a time, for all who ask meanwhile.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use futures_util::{
    FutureExt,
    future::{BoxFuture, Shared},
};
use tokio::{task::spawn_blocking, time::timeout};

/// A reading that several wait for; none where its thread has died.
type Reading<T> = Shared<BoxFuture<'static, Option<T>>>;

/// What is being read, by device. Whoever asks while a device is read waits for that reading, so one that hangs takes one thread, however often it is asked.
#[derive(Debug)]
pub(crate) struct Readings<T>(Arc<Mutex<BTreeMap<PathBuf, Reading<T>>>>);

impl<T> Clone for Readings<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T> Default for Readings<T> {
    fn default() -> Self {
        Self(Arc::default())
    }
}

impl<T: Clone + Send + Sync + 'static> Readings<T> {
    /// What `read` gives of the device, or another reading that was under way; none where that takes longer than `limit`.
    pub(crate) async fn read(&self, path: &Path, limit: Duration, read: impl FnOnce(&Path) -> T + Send + 'static) -> Option<T> {
        timeout(limit, self.reading(path, read)).await.ok()?
    }

    /// The reading of a device that is under way, or a new one. It is over when the device has answered, however long that takes.
    fn reading(&self, path: &Path, read: impl FnOnce(&Path) -> T + Send + 'static) -> Reading<T> {
        let mut readings = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(reading) = readings.get(path) {
            return reading.clone();
        }
        let (place, under_way) = (path.to_owned(), Arc::clone(&self.0));
        let answer = spawn_blocking(move || {
            let found = read(&place);
            under_way.lock().unwrap_or_else(PoisonError::into_inner).remove(&place);
            found
        });
        let reading = answer.map(Result::ok).boxed().shared();
        readings.insert(path.to_owned(), reading.clone());
        reading
    }
}

#[cfg(test)]
mod tests {
    use std::{
        fs,
        sync::atomic::{AtomicU32, Ordering},
    };

    use futures_util::future::join_all;

    use super::*;

    #[tokio::test(flavor = "multi_thread")]
    async fn a_device_that_hangs_is_read_once_and_all_who_ask_hear_the_same() {
        let folder = tempfile::tempdir().unwrap();
        let pipe = folder.path().join("pipe");
        // To open a pipe for reading waits for somebody who writes, as a read of a broken disk does for ever.
        nix::unistd::mkfifo(&pipe, nix::sys::stat::Mode::S_IRWXU).unwrap();
        let (readings, count) = (Readings::default(), Arc::new(AtomicU32::new(0)));
        let read = || {
            let count = Arc::clone(&count);
            move |path: &Path| (fs::read(path).unwrap(), count.fetch_add(1, Ordering::Relaxed))
        };
        let asked: Vec<_> = (0..3).map(|_| readings.reading(&pipe, read())).collect();
        assert_eq!(readings.read(&pipe, Duration::ZERO, read()).await, None, "nobody waits for longer than they want to");
        fs::write(&pipe, "x").unwrap();
        assert_eq!(join_all(asked).await, vec![Some((b"x".to_vec(), 0)); 3]);
        assert!(readings.0.lock().unwrap().is_empty(), "it can be asked again");
    }
}
