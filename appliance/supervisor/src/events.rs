//! The one event stream: bounded, and honest to listeners that are too slow.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use croft_model::Event;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, broadcast};

/// Events that a slow listener may be behind before it is told that it missed some.
const BACKLOG: usize = 256;
/// Listeners at a time: some browsers for each person of a household.
pub(crate) const MAX_LISTENERS: usize = 128;

/// Where news is told and heard.
#[derive(Debug, Clone)]
pub(crate) struct Events {
    sender: broadcast::Sender<Arc<Event>>,
    slots: Arc<Semaphore>,
    /// The number of the list of disks that was told last.
    disks: Arc<AtomicU64>,
}

/// A listener's place; it is free again when this is dropped.
#[derive(Debug)]
pub(crate) struct Listener {
    pub(crate) receiver: broadcast::Receiver<Arc<Event>>,
    _slot: OwnedSemaphorePermit,
}

impl Events {
    pub(crate) fn new() -> Self {
        Self { sender: broadcast::channel(BACKLOG).0, slots: Arc::new(Semaphore::new(MAX_LISTENERS)), disks: Arc::default() }
    }

    /// Tells everybody who listens now.
    pub(crate) fn tell(&self, event: Event) {
        // An error means that nobody listens, which is fine.
        let _ = self.sender.send(Arc::new(event));
    }

    /// Tells that the list of disks is worth reading anew, where this number of it was not told yet.
    pub(crate) fn disks(&self, number: u64) {
        if number != 0 && self.disks.swap(number, Ordering::Relaxed) != number {
            self.tell(Event::Disks);
        }
    }

    /// A place to listen, if one is free.
    pub(crate) fn listen(&self) -> Option<Listener> {
        let slot = Arc::clone(&self.slots).try_acquire_owned().ok()?;
        Some(Listener { receiver: self.sender.subscribe(), _slot: slot })
    }
}

impl Listener {
    /// The next event; `Missed` after a gap, nothing when the box is ending. Cancel-safe, as receiving is.
    pub(crate) async fn next(&mut self) -> Option<Arc<Event>> {
        match self.receiver.recv().await {
            Ok(event) => Some(event),
            Err(broadcast::error::RecvError::Lagged(_)) => Some(Arc::new(Event::Missed)),
            Err(broadcast::error::RecvError::Closed) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(generation: u64) -> Event {
        Event::Settings { generation, sections: Vec::new() }
    }

    #[tokio::test]
    async fn a_slow_listener_is_told_that_it_missed_something() {
        let events = Events::new();
        let mut listener = events.listen().expect("a place");
        for generation in 0..=BACKLOG as u64 {
            events.tell(settings(generation));
        }
        assert_eq!(listener.next().await.as_deref(), Some(&Event::Missed));
        assert_eq!(listener.next().await.as_deref(), Some(&settings(1)));
    }

    #[tokio::test]
    async fn news_of_disks_is_told_once() {
        let events = Events::new();
        let mut listener = events.listen().expect("a place");
        [0, 7, 7, 0, 8].into_iter().for_each(|number| events.disks(number));
        events.tell(settings(1));
        let heard = [listener.next().await, listener.next().await, listener.next().await].map(|event| event.as_deref().cloned());
        assert_eq!(heard, [Some(Event::Disks), Some(Event::Disks), Some(settings(1))]);
    }

    #[test]
    fn places_are_bounded_and_given_back() {
        let events = Events::new();
        let mut all: Vec<_> = (0..MAX_LISTENERS).map(|_| events.listen().expect("a place")).collect();
        assert!(events.listen().is_none());
        all.pop();
        assert!(events.listen().is_some());
    }
}
