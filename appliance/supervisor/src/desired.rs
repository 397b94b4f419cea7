//! The settings in force, and the one door through which they change: durable before anybody hears of it.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use croft_api::wire::settings::Changed;
use croft_model::{Actor, AuditEntry, Event, Invalid, NetworkSettings, Problem, Section, Settings};
use croft_store::{Store, StoreError, Write};
use jiff::Timestamp;
use tokio::sync::watch;

use crate::{
    audit::{self, NewLine},
    change::{self, Author, InForce, Next, Proposal, Trials},
    error::problem,
    events::Events,
    guard::Way,
    manifests::SUPERVISOR,
    records::{CURRENT, CommitRecord, HISTORY, THE_ONE, TRIAL},
    trial::Trial,
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
    trials: Trials,
    /// Held from reading to publishing, so that generations are published in order.
    writer: Mutex<()>,
}

impl Desired {
    /// Takes up the settings of the last run, or the defaults of a new box.
    pub(crate) fn open(store: Store, events: Events, trials: Trials) -> Result<Self, OpenError> {
        let read = store.read().map_err(OpenError::Store)?;
        let record = read.get(&CURRENT, &THE_ONE).map_err(OpenError::Store)?;
        let trial = read.get(&TRIAL, &THE_ONE).map_err(OpenError::Store)?;
        let in_force = record.map(|record| InForce::read(record, trial)).transpose().map_err(OpenError::Settings)?.unwrap_or_default();
        Ok(Self { store, events, in_force: watch::Sender::new(Arc::new(in_force)), trials, writer: Mutex::new(()) })
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
        let Some(next) = change::plan(&before, proposal, &wish.author, self.trials)? else {
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
        match &in_force.trial {
            Some(trial) => write.put(&TRIAL, &THE_ONE, &trial.record())?,
            None => write.remove(&TRIAL, &THE_ONE).map(drop)?,
        }
        let entry = audit::add(&mut write, line)?;
        write.commit()?;
        self.in_force.send_replace(Arc::new(in_force));
        self.events.tell(Event::Settings { generation, sections });
        self.events.tell(Event::Activity { entry });
        Ok(())
    }

    /// How long a new address is tried.
    pub(crate) fn trial_length(&self) -> Duration {
        match self.trials {
            Trials::Last(length) => length.unsigned_abs(),
            Trials::Never => Duration::ZERO,
        }
    }

    /// Ends the trial that runs: the new address stays.
    ///
    /// # Errors
    /// `no-trial` when none runs; a full disk.
    pub(crate) fn confirm(&self, author: &Author) -> Result<(), Problem> {
        let _alone = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        let now = self.now();
        if now.trial.as_ref().is_none_or(|trial| trial.over) {
            return Err(Problem::new(409, "no-trial", "No new address waits to be kept.")
                .hint("If the box went back to its address of before, set the new one again."));
        }
        if now.trial.as_ref().is_some_and(|trial| !trial.begun) {
            let sentence = "The new address is not in force yet, so nobody can have found the box there.";
            return Err(Problem::new(409, "trial-not-begun", sentence).hint("Try again at the new address in a moment.").retry_after(2));
        }
        self.keep_tried(&now, author)
    }

    /// Ends a trial of the router's address: somebody wants that one, proved or not.
    ///
    /// # Errors
    /// A full disk.
    pub(crate) fn settle(&self, author: &Author) -> Result<(), Problem> {
        let _alone = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        let now = self.now();
        let tried = now.trial.is_some() && now.settings.network == NetworkSettings::default();
        if tried { self.keep_tried(&now, author) } else { Ok(()) }
    }

    fn keep_tried(&self, now: &InForce, author: &Author) -> Result<(), Problem> {
        let sentence = match &now.settings.network.static_address {
            Some(fixed) => format!("Kept the new address {}.", fixed.address.addr()),
            None => "Kept the address that the router gives.".into(),
        };
        let line = NewLine { at: author.at, who: author.who.clone(), action: "network.confirmed".into(), sentence, generation: None };
        let entry = self.end_trial(line).map_err(problem)?;
        self.in_force.send_replace(Arc::new(InForce { trial: None, ..now.clone() }));
        // The section is the same, but it no longer goes back: whoever shows it reads anew.
        self.events.tell(Event::Settings { generation: now.generation, sections: vec![Section::Network] });
        self.events.tell(Event::Activity { entry });
        Ok(())
    }

    fn end_trial(&self, line: NewLine) -> Result<AuditEntry, StoreError> {
        let mut write = self.store.write()?;
        write.remove(&TRIAL, &THE_ONE)?;
        let entry = audit::add(&mut write, line)?;
        write.commit()?;
        Ok(entry)
    }

    /// Notes that the address on trial is in force.
    pub(crate) fn trial_begins(&self, generation: u64) {
        self.change_trial(generation, |trial| Trial { begun: true, ..trial.clone() });
    }

    /// Changes what is known of a running trial, if that makes a difference.
    fn change_trial(&self, generation: u64, change: impl FnOnce(&Trial) -> Trial) {
        self.in_force.send_if_modified(|now| {
            let running = now.trial.as_ref().filter(|trial| trial.generation == generation && !trial.over);
            let changed = running.map(change).filter(|changed| now.trial.as_ref() != Some(changed));
            changed.is_some_and(|trial| {
                *now = Arc::new(InForce { trial: Some(trial), ..(**now).clone() });
                true
            })
        });
    }

    /// Puts what was before a trial into force, whatever the disk says; then into the settings.
    ///
    /// # Errors
    /// The disk does not take it: the settings still say what was tried, and the trial stays over.
    pub(crate) fn roll_back(&self, trial: &Trial, at: Timestamp) -> Result<(), Problem> {
        self.change_trial(trial.generation, |trial| Trial { over: true, ..trial.clone() });
        let who = Actor::Role { name: SUPERVISOR.into() };
        let wish =
            Wish { author: Author { who, why: "Nobody confirmed the new address.".into(), at }, seen: Seen::Whatever, dry_run: false };
        let back = |now: &InForce| {
            // Somebody may have been quicker, by another change or a reset.
            if now.trial.as_ref().is_none_or(|standing| standing.generation != trial.generation) {
                return Err(Problem::new(409, "no-trial", "The trial has ended already."));
            }
            let settings = Settings { network: trial.before.clone(), ..now.settings.clone() };
            let document = serde_json::to_value(&settings).map_err(|error| croft_api::problem::internal(&error))?;
            let sentence = Some("Went back to the address of before, because nobody confirmed the new one.".into());
            Ok((Proposal { document, counters: now.counters, way: Way::Endpoint, action: "network.rolled-back", sentence }, ()))
        };
        match self.change(&wish, back) {
            Ok(_) => Ok(()),
            Err(problem) if problem.code == "no-trial" => Ok(()),
            Err(problem) => Err(problem),
        }
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

    /// Writes beside the settings what `put` wants, together with its line of the audit log.
    ///
    /// # Errors
    /// What `put` refuses, a full disk: nothing was changed then.
    pub(crate) fn record<T>(&self, line: NewLine, put: impl FnOnce(&mut Write) -> Result<T, Problem>) -> Result<T, Problem> {
        let _alone = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        let mut write = self.store.write().map_err(problem)?;
        let put = put(&mut write)?;
        let entry = audit::add(&mut write, line).map_err(problem)?;
        write.commit().map_err(problem)?;
        self.events.tell(Event::Activity { entry });
        Ok(put)
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
