//! A machine that is only pretended, for tests of those who end it.

use std::sync::{Mutex, PoisonError};

use croft_model::Power;
use futures_util::{FutureExt, future::BoxFuture};

use crate::{Boot, BootError};

/// A pretended machine: notes what it was asked, and refuses while it is told to.
#[derive(Debug, Default)]
pub struct FakeBoot {
    world: Mutex<World>,
}

#[derive(Debug, Default)]
struct World {
    ended: Vec<Power>,
    refusal: Option<&'static str>,
    foreign: bool,
}

impl FakeBoot {
    /// A machine that does as it is told.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Refuses from now on, for this reason; none to do as it is told again.
    pub fn refuse(&self, reason: Option<&'static str>) {
        self.world().refusal = reason;
    }

    /// Is somebody else's machine from now on.
    pub fn disown(&self) {
        self.world().foreign = true;
    }

    /// The ends that were begun so far, in order.
    #[must_use]
    pub fn ended(&self) -> Vec<Power> {
        self.world().ended.clone()
    }

    fn world(&self) -> std::sync::MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Boot for FakeBoot {
    fn may(&self) -> Result<(), BootError> {
        if self.world().foreign { Err(BootError::NotOurs) } else { Ok(()) }
    }

    fn end(&self, how: Power) -> BoxFuture<'_, Result<(), BootError>> {
        let mut world = self.world();
        let answer = match world.refusal {
            Some(reason) => Err(BootError::Refused(how, reason.into())),
            None => {
                world.ended.push(how);
                Ok(())
            }
        };
        std::future::ready(answer).boxed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_asked_is_noted_and_a_refusal_ends_nothing() {
        let boot = FakeBoot::new();
        boot.may().expect("ours");
        boot.end(Power::Restart).now_or_never().expect("at once").expect("done");
        boot.refuse(Some("the bus is gone"));
        let error = boot.end(Power::ShutDown).now_or_never().expect("at once").expect_err("refused");
        assert_eq!(error.to_string(), "the system did not take the order to shut down");
        assert_eq!(boot.ended(), [Power::Restart]);
        boot.disown();
        assert!(matches!(boot.may(), Err(BootError::NotOurs)));
    }
}
