//! What identity keeps: its tables, and the one way to change them.

use std::{
    collections::BTreeSet,
    fs::OpenOptions,
    os::{
        fd::{AsRawFd, OwnedFd},
        unix::fs::OpenOptionsExt,
    },
};

use croft_model::{PersonId, Scope};
use croft_store::{Options, Read, Record, Store, Table, Write, first_version};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{error::IdentityError, secrets::Hash};

/// The one key of tables with one record.
pub(crate) const ONLY: u8 = 0;

/// Whether the box has an owner, and the pairing code until then.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "lowercase")]
pub(crate) enum DoorRecord {
    /// Nobody has claimed the box.
    Unclaimed {
        /// The pairing code, readable, because the console shows it until it is used.
        code: String,
        /// Wrong guesses so far.
        wrong: u32,
        /// When the last wrong guess was made.
        last_wrong: Option<Timestamp>,
    },
    /// Claimed, and when.
    Claimed {
        /// When.
        at: Timestamp,
    },
}

/// The household's certificate authority.
#[derive(Serialize, Deserialize)]
pub(crate) struct AuthorityRecord {
    /// Private key, PKCS #8 in PEM. It stands nowhere else.
    pub(crate) key_pem: String,
    /// Its own certificate in PEM.
    pub(crate) certificate_pem: String,
}

/// The recovery kit, as far as it is kept.
#[derive(Serialize, Deserialize)]
pub(crate) struct KitRecord {
    /// Hash of its 256 bits.
    pub(crate) hash: Hash,
    /// When it was made.
    pub(crate) made: Timestamp,
}

/// How a person proves to be it.
#[derive(Serialize, Deserialize)]
pub(crate) struct CredentialRecord {
    /// PHC string of the passphrase's argon2id hash.
    pub(crate) passphrase: String,
    /// When it was set.
    pub(crate) changed: Timestamp,
    /// Whether the person was an owner then or has been one since: such a passphrase is reset by the recovery kit alone.
    pub(crate) of_owner: bool,
}

/// The shape of [`CredentialRecord`] that did not know of owners; the next list of people says who is one.
#[derive(Serialize, Deserialize)]
pub(crate) struct CredentialRecordV1 {
    passphrase: String,
    changed: Timestamp,
}

impl Record for CredentialRecord {
    const VERSION: u16 = 2;
    type Previous = CredentialRecordV1;

    fn upgrade(previous: CredentialRecordV1) -> Self {
        Self { passphrase: previous.passphrase, changed: previous.changed, of_owner: false }
    }
}

/// A browser that is signed in, under the hash of its token.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct SessionRecord {
    /// Number of its id.
    pub(crate) number: u64,
    /// The person.
    pub(crate) person: PersonId,
    /// What the browser calls itself.
    pub(crate) agent: String,
    /// Address at which it signed in.
    pub(crate) address: String,
    /// When it signed in.
    pub(crate) created: Timestamp,
    /// When it was last used, to the hour.
    pub(crate) last_used: Timestamp,
}

/// An app password, under its hash.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct AppPasswordRecord {
    /// Number of its id.
    pub(crate) number: u64,
    /// The person.
    pub(crate) person: PersonId,
    /// What it is for.
    pub(crate) name: String,
    /// What it is good for.
    pub(crate) scopes: BTreeSet<Scope>,
    /// When it was made.
    pub(crate) created: Timestamp,
    /// When it was last used, to the hour.
    pub(crate) last_used: Option<Timestamp>,
}

/// An invitation, under the hash of its code.
#[derive(Serialize, Deserialize)]
pub(crate) struct InvitationRecord {
    /// Who is invited.
    pub(crate) person: PersonId,
    /// Until when it is good.
    pub(crate) expires: Timestamp,
}

/// The number that the next session or app password gets.
#[derive(Serialize, Deserialize)]
pub(crate) struct CounterRecord {
    next: u64,
}

first_version!(
    DoorRecord,
    AuthorityRecord,
    KitRecord,
    CredentialRecordV1,
    SessionRecord,
    AppPasswordRecord,
    InvitationRecord,
    CounterRecord
);

pub(crate) const DOOR: Table<u8, DoorRecord> = Table::new("door");
pub(crate) const AUTHORITY: Table<u8, AuthorityRecord> = Table::new("authority");
pub(crate) const KIT: Table<u8, KitRecord> = Table::new("kit");
pub(crate) const CREDENTIALS: Table<u32, CredentialRecord> = Table::new("credentials");
pub(crate) const SESSIONS: Table<Hash, SessionRecord> = Table::new("sessions");
pub(crate) const APP_PASSWORDS: Table<Hash, AppPasswordRecord> = Table::new("app_passwords");
pub(crate) const INVITATIONS: Table<Hash, InvitationRecord> = Table::new("invitations");
const COUNTER: Table<u8, CounterRecord> = Table::new("counter");

/// Identity's store.
#[derive(Debug, Clone)]
pub(crate) struct Records(Store);

impl Records {
    /// Opens `identity.redb` in the directory `state`, readable by this user alone.
    pub(crate) fn open(state: &OwnedFd) -> Result<Self, IdentityError> {
        let path = format!("/proc/self/fd/{}/identity.redb", state.as_raw_fd());
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(path)
            .map_err(IdentityError::OpenStore)?;
        Ok(Self(Store::open(file, Options::new("identity"))?))
    }

    /// What is committed now.
    pub(crate) fn read(&self) -> Result<Read, IdentityError> {
        Ok(self.0.read()?)
    }

    /// Changes what is kept; durable when it returns, and all of it or nothing. An error of `change` leaves no trace.
    pub(crate) async fn change<T: Send + 'static, E: From<IdentityError> + Send + 'static>(
        &self,
        change: impl FnOnce(&mut Write) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E> {
        self.change_and_tell(change, |_| ()).await
    }

    /// The same, with `tell` called as soon as it is durable, also when whoever asked for it has hung up meanwhile.
    pub(crate) async fn change_and_tell<T: Send + 'static, E: From<IdentityError> + Send + 'static>(
        &self,
        change: impl FnOnce(&mut Write) -> Result<T, E> + Send + 'static,
        tell: impl FnOnce(&T) + Send + 'static,
    ) -> Result<T, E> {
        let store = self.0.clone();
        let done = tokio::task::spawn_blocking(move || {
            let mut write = store.write().map_err(IdentityError::from)?;
            let value = change(&mut write)?;
            write.commit().map_err(IdentityError::from)?;
            tell(&value);
            Ok(value)
        });
        done.await.map_err(IdentityError::from)?
    }

    /// The same at the start, where blocking harms nobody.
    pub(crate) fn change_now<T>(&self, change: impl FnOnce(&mut Write) -> Result<T, IdentityError>) -> Result<T, IdentityError> {
        let mut write = self.0.write()?;
        let value = change(&mut write)?;
        write.commit()?;
        Ok(value)
    }
}

/// The next number for a session or an app password; none is given twice.
pub(crate) fn next_number(write: &mut Write) -> Result<u64, IdentityError> {
    let next = write.get(&COUNTER, &ONLY)?.map_or(1, |counter| counter.next);
    write.put(&COUNTER, &ONLY, &CounterRecord { next: next + 1 })?;
    Ok(next)
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    fn records(folder: &tempfile::TempDir) -> Records {
        Records::open(&std::fs::File::open(folder.path()).unwrap().into()).unwrap()
    }

    #[tokio::test]
    async fn what_is_durable_is_told_also_when_who_asked_has_hung_up() {
        let folder = tempfile::tempdir().unwrap();
        let (tell, told) = tokio::sync::oneshot::channel();
        let records = records(&folder);
        let change = records.change_and_tell::<_, IdentityError>(next_number, move |number| {
            let _ = tell.send(*number);
        });
        // Asked once and dropped.
        let _ = change.now_or_never();
        assert_eq!(told.await.unwrap(), 1);
    }

    #[test]
    fn credentials_of_the_first_shape_are_read() {
        const FIRST: Table<u32, CredentialRecordV1> = Table::new("credentials");
        let folder = tempfile::tempdir().unwrap();
        let records = records(&folder);
        let first = CredentialRecordV1 { passphrase: "hash".into(), changed: Timestamp::UNIX_EPOCH };
        records.change_now(|write| Ok(write.put(&FIRST, &1, &first)?)).unwrap();
        let now = records.read().unwrap().get(&CREDENTIALS, &1).unwrap().unwrap();
        assert_eq!((now.passphrase.as_str(), now.changed, now.of_owner), ("hash", Timestamp::UNIX_EPOCH, false));
    }
}
