//! Units that are only pretended, for tests of those who use them. They pass the same contract test as the real ones.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use futures_util::{FutureExt, future::BoxFuture};
use tokio::sync::mpsc;

use crate::{Exit, Line, News, UnitError, UnitEvent, UnitSpec, Units};

/// What a pretended unit does when it is started.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fate {
    /// Says that it is ready and serves until it is stopped.
    Serve,
    /// Starts and says nothing.
    Silence,
    /// Ends at once, without having been ready.
    Fail(Exit),
    /// Says that it is ready and then ends.
    End(Exit),
}

/// Pretended units. Each serves unless it was given another [`Fate`].
pub struct FakeUnits {
    world: Mutex<World>,
    events: mpsc::UnboundedSender<UnitEvent>,
}

#[derive(Default)]
struct World {
    fates: BTreeMap<String, Fate>,
    running: BTreeMap<String, i32>,
    started: Vec<String>,
    stopped: Vec<String>,
    last_pid: i32,
}

impl FakeUnits {
    /// No units yet, and the channel of their events.
    #[must_use]
    pub fn new() -> (Self, mpsc::UnboundedReceiver<UnitEvent>) {
        let (events, receiver) = mpsc::unbounded_channel();
        (Self { world: Mutex::default(), events }, receiver)
    }

    /// Says what `unit` does from its next start on.
    pub fn fate(&self, unit: &str, fate: Fate) {
        self.world().fates.insert(unit.into(), fate);
    }

    /// Says that the process `pid` is this unit from now on.
    pub fn pose(&self, unit: &str, pid: i32) {
        self.world().running.insert(unit.into(), pid);
    }

    /// Ends a running unit.
    pub fn end(&self, unit: &str, exit: Exit) {
        if self.world().running.remove(unit).is_some() {
            self.tell(unit, News::Exited(exit));
        }
    }

    /// All starts so far, in order.
    #[must_use]
    pub fn started(&self) -> Vec<String> {
        self.world().started.clone()
    }

    /// All stops so far, in order.
    #[must_use]
    pub fn stopped(&self) -> Vec<String> {
        self.world().stopped.clone()
    }

    fn world(&self) -> std::sync::MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn tell(&self, unit: &str, news: News) {
        // An error means that the test no longer listens.
        let _ = self.events.send(UnitEvent { unit: unit.into(), news });
    }

    fn begin(&self, spec: UnitSpec) -> Result<i32, UnitError> {
        let mut world = self.world();
        if world.running.contains_key(&spec.name) {
            return Err(UnitError::Running(spec.name));
        }
        world.last_pid += 1;
        let pid = world.last_pid;
        world.started.push(spec.name.clone());
        let fate = world.fates.get(&spec.name).cloned().unwrap_or(Fate::Serve);
        match fate {
            Fate::Fail(exit) => self.tell(&spec.name, News::Exited(exit)),
            Fate::End(exit) => {
                self.tell(&spec.name, News::Ready);
                self.tell(&spec.name, News::Exited(exit));
            }
            Fate::Serve | Fate::Silence => {
                if fate == Fate::Serve {
                    self.tell(&spec.name, News::Ready);
                }
                world.running.insert(spec.name, pid);
            }
        }
        Ok(pid)
    }

    fn halt(&self, unit: &str) {
        let running = self.world().running.remove(unit).is_some();
        if running {
            self.world().stopped.push(unit.into());
            self.tell(unit, News::Exited(Exit::Orderly));
        }
    }
}

impl Units for FakeUnits {
    fn start(&self, spec: UnitSpec) -> BoxFuture<'_, Result<i32, UnitError>> {
        std::future::ready(self.begin(spec)).boxed()
    }

    fn stop<'a>(&'a self, unit: &'a str, _grace: Duration) -> BoxFuture<'a, Result<(), UnitError>> {
        self.halt(unit);
        std::future::ready(Ok(())).boxed()
    }

    fn pid(&self, unit: &str) -> Option<i32> {
        self.world().running.get(unit).copied()
    }

    fn unit_of(&self, pid: i32) -> Option<String> {
        self.world().running.iter().find(|(_, running)| **running == pid).map(|(unit, _)| unit.clone())
    }

    fn lines<'a>(&'a self, _unit: &'a str, _count: usize) -> BoxFuture<'a, Vec<Line>> {
        std::future::ready(Vec::new()).boxed()
    }
}
