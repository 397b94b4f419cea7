//! Folders that are only pretended to be served, for tests of those who have them served.

use std::sync::{Mutex, PoisonError};

use futures_util::{FutureExt, future::BoxFuture};

use crate::{PORT, Smb, SmbError, Wanted};

/// Notes what it was asked, and refuses while it is told to.
#[derive(Debug, Default)]
pub struct FakeSmb {
    world: Mutex<World>,
}

#[derive(Debug, Default)]
struct World {
    served: Option<Wanted>,
    refusal: Option<&'static str>,
    stuck: bool,
}

impl FakeSmb {
    /// One that does as it is told.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Refuses from now on, for this reason; none to do as it is told again.
    pub fn refuse(&self, reason: Option<&'static str>) {
        self.world().refusal = reason;
    }

    /// Cannot be ended from now on, or can again.
    pub fn stick(&self, stuck: bool) {
        self.world().stuck = stuck;
    }

    /// What is served now; none when nothing answers.
    #[must_use]
    pub fn served(&self) -> Option<Wanted> {
        self.world().served.clone()
    }

    fn world(&self) -> std::sync::MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Smb for FakeSmb {
    fn may(&self) -> Result<(), SmbError> {
        Ok(())
    }

    fn port(&self) -> u16 {
        PORT
    }

    fn serve<'a>(&'a self, wanted: &'a Wanted) -> BoxFuture<'a, Result<(), SmbError>> {
        let mut world = self.world();
        let done = match world.refusal {
            Some(reason) => Err(SmbError::Program("smbd", reason.into())),
            None => {
                world.served = Some(wanted.clone());
                Ok(())
            }
        };
        std::future::ready(done).boxed()
    }

    fn end(&self) -> BoxFuture<'_, Result<(), SmbError>> {
        let mut world = self.world();
        let done = if world.stuck { Err(SmbError::Program("smbd", "it does not end".into())) } else { Ok(()) };
        if done.is_ok() {
            world.served = None;
        }
        std::future::ready(done).boxed()
    }
}
