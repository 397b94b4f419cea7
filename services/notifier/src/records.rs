//! What the notifier keeps: what was told, what waits, how each destination does, and the secrets for them.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs::OpenOptions,
    os::{
        fd::{AsRawFd, OwnedFd},
        unix::fs::OpenOptionsExt,
    },
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use croft_model::Secret;
use croft_store::{Options, Order, Read, Store, Table, Write, first_version};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{
    error::NotifierError,
    plan::{Book, Message},
};

/// The one key of the one record.
const ONLY: u8 = 0;
const BOOK: Table<u8, Book> = Table::new("book");
const QUEUE: Table<u64, Waiting> = Table::new("queue");
const TALLIES: Table<String, Tally> = Table::new("tallies");
const SECRETS: Table<String, SecretRecord> = Table::new("secrets");

/// Rows of a table that are read: more than its writers leave in it.
const MAX_ROWS: usize = 4096;

/// A message for one destination.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Waiting {
    /// The destination.
    pub(crate) to: String,
    /// The same for all destinations, and for each try.
    pub(crate) id: String,
    pub(crate) made: Timestamp,
    pub(crate) message: Message,
    /// Another destination took it.
    #[serde(default)]
    pub(crate) taken: bool,
    pub(crate) tries: u32,
    /// When it is tried next.
    pub(crate) next: Timestamp,
}

/// How a destination does.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Tally {
    pub(crate) told: u64,
    pub(crate) dropped: u64,
    pub(crate) sent_bytes: u64,
    pub(crate) last_told: Option<Timestamp>,
    /// When it was last tried and why that failed, if it did.
    pub(crate) failing: Option<(Timestamp, String)>,
    /// When a message was given up, until one is taken again.
    pub(crate) gave_up: Option<Timestamp>,
}

/// A secret, and what it is good for. It stands here alone: not in the settings, their history, or an answer.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct SecretRecord {
    /// For a password: server, port and name. Nobody else is sent it, whatever the settings say later.
    bound_to: String,
    secret: String,
}

first_version!(Book, Waiting, Tally, SecretRecord);

/// Everything that is kept but for the secrets.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Kept {
    pub(crate) book: Book,
    pub(crate) queue: BTreeMap<u64, Waiting>,
    pub(crate) tallies: BTreeMap<String, Tally>,
}

/// The role's store. The secrets are read at its start and then known: what is told of a disk in trouble must not need that disk.
#[derive(Clone)]
pub(crate) struct Records {
    store: Store,
    secrets: Arc<Mutex<Secrets>>,
}

#[derive(Default)]
struct Secrets {
    known: BTreeMap<String, SecretRecord>,
    /// Those on disk that are known no more.
    stale: BTreeSet<String>,
}

impl Records {
    /// Opens `notifier.redb` in the directory `state`, readable by this user alone.
    pub(crate) fn open(state: &OwnedFd) -> Result<Self, NotifierError> {
        let path = format!("/proc/self/fd/{}/notifier.redb", state.as_raw_fd());
        let file = OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(path);
        Self::of(Store::open(file.map_err(NotifierError::OpenStore)?, Options::new("notifier"))?)
    }

    fn of(store: Store) -> Result<Self, NotifierError> {
        let known = store.read()?.range(&SECRETS, .., Order::Ascending, MAX_ROWS)?.into_iter().collect();
        Ok(Self { store, secrets: Arc::new(Mutex::new(Secrets { known, ..Secrets::default() })) })
    }

    fn secrets(&self) -> MutexGuard<'_, Secrets> {
        self.secrets.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Everything that is kept. Blocks.
    pub(crate) fn load(&self) -> Result<Kept, NotifierError> {
        let read: Read = self.store.read()?;
        Ok(Kept {
            book: read.get(&BOOK, &ONLY)?.unwrap_or_default(),
            queue: read.range(&QUEUE, .., Order::Ascending, MAX_ROWS)?.into_iter().collect(),
            tallies: read.range(&TALLIES, .., Order::Ascending, MAX_ROWS)?.into_iter().collect(),
        })
    }

    /// Makes what is on disk equal to `after`, whatever it was: all of it or nothing, durable when it returns.
    pub(crate) async fn save(&self, after: Kept) -> Result<(), NotifierError> {
        self.change(move |write| {
            write.put(&BOOK, &ONLY, &after.book)?;
            let queue = write.range(&QUEUE, .., Order::Ascending, MAX_ROWS)?.into_iter().collect();
            write_map(write, &QUEUE, &queue, &after.queue)?;
            let tallies = write.range(&TALLIES, .., Order::Ascending, MAX_ROWS)?.into_iter().collect();
            write_map(write, &TALLIES, &tallies, &after.tallies)
        })
        .await
    }

    /// Keeps the secret of a destination; one that was there is gone.
    pub(crate) async fn keep(&self, name: String, bound_to: String, secret: &Secret) -> Result<(), NotifierError> {
        let record = SecretRecord { bound_to, secret: secret.expose().to_owned() };
        let records = self.clone();
        self.run(move || {
            let mut write = records.store.write()?;
            write.put(&SECRETS, &name, &record)?;
            write.commit()?;
            // Here, so that it is known also when whoever asked is gone.
            let mut secrets = records.secrets();
            secrets.stale.remove(&name);
            secrets.known.insert(name, record);
            Ok(())
        })
        .await
    }

    /// Forgets the secrets of all but these destinations, at once; on disk as soon as it takes that.
    pub(crate) async fn keep_only(&self, names: &[String]) -> Result<(), NotifierError> {
        let gone = {
            let mut secrets = self.secrets();
            let Secrets { known, stale } = &mut *secrets;
            stale.extend(known.extract_if(.., |name, _| !names.contains(name)).map(|(name, _)| name));
            stale.clone()
        };
        if gone.is_empty() {
            return Ok(());
        }
        let removed = gone.clone();
        self.change(move |write| removed.iter().try_for_each(|name| write.remove(&SECRETS, name).map(drop)).map_err(Into::into)).await?;
        self.secrets().stale.retain(|name| !gone.contains(name));
        Ok(())
    }

    /// The secret of a destination, if one is kept for exactly this use.
    pub(crate) fn secret(&self, name: &str, bound_to: &str) -> Option<Secret> {
        let secrets = self.secrets();
        let record = secrets.known.get(name).filter(|record| record.bound_to == bound_to)?;
        Secret::try_from(record.secret.clone()).ok()
    }

    async fn change(&self, change: impl FnOnce(&mut Write) -> Result<(), NotifierError> + Send + 'static) -> Result<(), NotifierError> {
        let store = self.store.clone();
        self.run(move || {
            let mut write = store.write()?;
            change(&mut write)?;
            Ok(write.commit()?)
        })
        .await
    }

    /// Runs to its end even if nobody waits for it any more.
    async fn run(&self, work: impl FnOnce() -> Result<(), NotifierError> + Send + 'static) -> Result<(), NotifierError> {
        tokio::task::spawn_blocking(work).await?
    }
}

fn write_map<K, V>(write: &mut Write, table: &Table<K, V>, before: &BTreeMap<K, V>, after: &BTreeMap<K, V>) -> Result<(), NotifierError>
where
    K: croft_store::Key + Ord,
    V: croft_store::Record + PartialEq,
{
    for key in before.keys().filter(|key| !after.contains_key(key)) {
        write.remove(table, key)?;
    }
    for (key, value) in after.iter().filter(|(key, value)| before.get(key) != Some(value)) {
        write.put(table, key, value)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::Occasion;

    #[tokio::test]
    async fn what_waits_is_there_after_a_restart_and_a_secret_is_good_for_one_use() {
        let folder = tempfile::tempdir().unwrap();
        let open = || Records::open(&std::fs::File::open(folder.path()).unwrap().into()).unwrap();
        let message = Message { occasion: Occasion::Test, items: Vec::new(), more: 0, last: false };
        let waiting = Waiting {
            to: "mail".into(),
            id: "msg_1".into(),
            made: Timestamp::UNIX_EPOCH,
            message,
            taken: false,
            tries: 2,
            next: Timestamp::UNIX_EPOCH,
        };
        let mut kept = Kept::default();
        kept.queue.insert(7, waiting);
        kept.tallies.insert("mail".into(), Tally { told: 3, ..Tally::default() });
        let records = open();
        records.save(kept.clone()).await.unwrap();
        let secret = Secret::try_from("hush".to_owned()).unwrap_or_else(|_| panic!("short"));
        records.keep("mail".into(), "mail.example.org:465 box".into(), &secret).await.unwrap();
        drop(records);
        let records = open();
        assert_eq!(records.load().unwrap(), kept);
        let secret = |bound_to: &str| records.secret("mail", bound_to).map(|secret| secret.expose().to_owned());
        assert_eq!(secret("mail.example.org:465 box"), Some("hush".into()));
        assert_eq!(secret("elsewhere.example.org:465 box"), None, "it goes to nobody else");
        let emptied = Kept { book: kept.book.clone(), ..Kept::default() };
        records.save(emptied.clone()).await.unwrap();
        assert_eq!(records.load().unwrap(), emptied);
        records.keep_only(&["phone".into()]).await.unwrap();
        assert!(records.secret("mail", "mail.example.org:465 box").is_none());
        drop(records);
        assert!(open().secret("mail", "mail.example.org:465 box").is_none());
    }

    #[tokio::test]
    async fn a_disk_that_takes_nothing_keeps_nobody_from_being_told() {
        let disk = croft_store::crash::Disk::new();
        let records = Records::of(Store::open_on(&disk, Options::new("notifier")).unwrap()).unwrap();
        let secret = |text: &str| Secret::try_from(text.to_owned()).unwrap_or_else(|_| panic!("short"));
        records.keep("mail".into(), "a".into(), &secret("hush")).await.unwrap();
        disk.cut_power_after(0);
        for _ in 0..2 {
            let kept = Kept { tallies: [("mail".into(), Tally::default())].into(), ..Kept::default() };
            records.save(kept).await.unwrap_err();
            records.keep("mail".into(), "b".into(), &secret("not kept")).await.unwrap_err();
            assert_eq!(records.secret("mail", "a").map(|secret| secret.expose().to_owned()), Some("hush".into()));
        }
        records.keep_only(&[]).await.unwrap_err();
        assert!(records.secret("mail", "a").is_none(), "it is forgotten at once");
    }
}
