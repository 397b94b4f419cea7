//! The settings in force, and the one door through which they change: durable before anybody hears of it.

use std::sync::{Arc, Mutex, PoisonError};

use croft_api::wire::settings::Changed;
use croft_model::{Event, Invalid, Problem, Section};
use croft_store::{Store, StoreError};
use tokio::sync::watch;

use crate::{
    audit::{self, NewLine},
    change::{self, Author, InForce, Next, Proposal},
    error::problem,
    events::Events,
    records::{CURRENT, CommitRecord, HISTORY, THE_ONE},
};

/// Why the settings cannot be taken up at the start.
#[derive(Debug)]
pub(crate) enum OpenError {
    Store(StoreError),
    Settings(Invalid),
}

/// What a writer says that it has seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Seen {
    /// This version of this section.
    Version(Section, String),
    /// The writer does not look at a section: endpoints, reverts, imports.
    Whatever,
}

/// How a change is made.
#[derive(Debug)]
pub(crate) struct Wish {
    pub(crate) author: Author,
    pub(crate) seen: Seen,
    pub(crate) dry_run: bool,
}

/// The settings in force. Every call that writes blocks until the disk has it.
#[derive(Debug)]
pub(crate) struct Desired {
    store: Store,
    events: Events,
    in_force: watch::Sender<Arc<InForce>>,
    /// Held from reading to publishing, so that generations are published in order.
    writer: Mutex<()>,
}

impl Desired {
    /// Takes up the settings of the last run, or the defaults of a new box.
    pub(crate) fn open(store: Store, events: Events) -> Result<Self, OpenError> {
        let record = store.read().and_then(|read| read.get(&CURRENT, &THE_ONE)).map_err(OpenError::Store)?;
        let in_force = record.map(InForce::read).transpose().map_err(OpenError::Settings)?.unwrap_or_default();
        Ok(Self { store, events, in_force: watch::Sender::new(Arc::new(in_force)), writer: Mutex::new(()) })
    }

    /// The settings in force now.
    pub(crate) fn now(&self) -> Arc<InForce> {
        Arc::clone(&self.in_force.borrow())
    }

    /// Follows the settings; the present ones count as seen.
    pub(crate) fn follow(&self) -> watch::Receiver<Arc<InForce>> {
        self.in_force.subscribe()
    }

    /// Makes what `propose` wants out of the settings in force, together with what else it gives back.
    ///
    /// # Errors
    /// A stale version, a refused proposal, a full disk: nothing was changed then.
    pub(crate) fn change<T>(
        &self,
        wish: &Wish,
        propose: impl FnOnce(&InForce) -> Result<(Proposal, T), Problem>,
    ) -> Result<(Changed, T), Problem> {
        let _alone = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        let before = self.now();
        check_seen(&before, &wish.seen)?;
        let (proposal, extra) = propose(&before)?;
        let Some(next) = change::plan(&before, proposal, &wish.author)? else {
            let unchanged = Changed { generation: before.generation, dry_run: wish.dry_run, commit: None, etags: before.etags() };
            return Ok((unchanged, extra));
        };
        let shown = if wish.dry_run { &*before } else { &next.in_force };
        let changed =
            Changed { generation: shown.generation, dry_run: wish.dry_run, commit: Some(next.commit.clone()), etags: shown.etags() };
        if !wish.dry_run {
            self.commit(next).map_err(problem)?;
        }
        Ok((changed, extra))
    }

    fn commit(&self, next: Next) -> Result<(), StoreError> {
        let Next { in_force, commit, action, sentence } = next;
        let (generation, sections) = (commit.generation, commit.changes.keys().copied().collect());
        let line = NewLine { at: commit.at, who: commit.who.clone(), action: action.into(), sentence, generation: Some(generation) };
        let mut write = self.store.write()?;
        write.put(&CURRENT, &THE_ONE, &in_force.record())?;
        write.put(&HISTORY, &generation, &CommitRecord(commit))?;
        let entry = audit::add(&mut write, line)?;
        write.commit()?;
        self.in_force.send_replace(Arc::new(in_force));
        self.events.tell(Event::Settings { generation, sections });
        self.events.tell(Event::Activity { entry });
        Ok(())
    }

    /// Adds a line to the audit log that changes no settings.
    pub(crate) fn note(&self, line: NewLine) -> Result<(), StoreError> {
        let _alone = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        let mut write = self.store.write()?;
        let entry = audit::add(&mut write, line)?;
        write.commit()?;
        self.events.tell(Event::Activity { entry });
        Ok(())
    }

    /// The store below, for reading.
    pub(crate) fn store(&self) -> &Store {
        &self.store
    }
}

fn check_seen(before: &InForce, seen: &Seen) -> Result<(), Problem> {
    let Seen::Version(section, etag) = seen else { return Ok(()) };
    let current = before.etag(*section);
    if etag.trim() == "*" || etag.split(',').any(|one| one.trim() == current) {
        return Ok(());
    }
    Err(Problem::new(412, "settings-stale", format!("Somebody has changed the section {section} since you read it."))
        .hint(format!("Read it anew, look at the difference, and send If-Match: {current}."))
        .key(section.key()))
}
