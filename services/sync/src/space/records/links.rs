//! Records of links: what each opens and for what, and who used it when.

use croft_api::wire::links::LinkUse;
use croft_model::{LinkKind, PersonId};
use croft_store::{Order, StoreError, Table, first_version};
use serde::{Deserialize, Serialize};

use super::Records;

/// Links of a space: more than anybody looks through, and read whole for a list.
pub(crate) const MAX_LINKS: usize = 500;
/// Uses that are remembered of a link: the latest.
pub(crate) const MAX_USES: usize = 100;

/// A link. Without its secret nobody can use it, and whoever reads this file has the space's files anyway.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Link {
    /// 32 hexadecimal digits.
    pub(crate) secret: String,
    /// The file id of what it opens.
    pub(crate) target: u64,
    /// Where that was last seen: decoded path inside the space.
    pub(crate) path: String,
    pub(crate) folder: bool,
    pub(crate) kind: LinkKind,
    pub(crate) label: String,
    pub(crate) by: PersonId,
    /// The name of who made it, then.
    pub(crate) by_name: String,
    /// Unix time in seconds, as all times here.
    pub(crate) made: i64,
    pub(crate) expires: Option<i64>,
    pub(crate) password: Option<Guarded>,
    /// Downloads that it allows.
    pub(crate) downloads: Option<u64>,
    /// When it was noticed that who made it may no longer share.
    pub(crate) ended: Option<i64>,
}

/// What a password is compared with.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Guarded {
    /// Hexadecimal.
    pub(crate) salt: String,
    /// Hexadecimal.
    pub(crate) hash: String,
    pub(crate) rounds: u32,
}

/// What was done by a link.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Uses {
    pub(crate) downloaded: u64,
    /// Files that came in, and folders that were made.
    pub(crate) received: u64,
    pub(crate) received_bytes: u64,
    /// The latest first.
    pub(crate) latest: Vec<LinkUse>,
}

first_version!(Link, Uses);

const LINKS: Table<String, Link> = Table::new("links");
const USES: Table<String, Uses> = Table::new("link-uses");

impl Records {
    /// The link of this key.
    pub(crate) fn link(&self, key: &str) -> Result<Option<(Link, Uses)>, StoreError> {
        let (read, key) = (self.0.read()?, key.to_owned());
        let Some(link) = read.get(&LINKS, &key)? else { return Ok(None) };
        Ok(Some((link, read.get(&USES, &key)?.unwrap_or_default())))
    }

    /// All of them, by key.
    pub(crate) fn links(&self) -> Result<Vec<(String, Link, Uses)>, StoreError> {
        let read = self.0.read()?;
        let all = read.range(&LINKS, .., Order::Ascending, MAX_LINKS)?;
        all.into_iter()
            .map(|(key, link)| {
                let uses = read.get(&USES, &key)?.unwrap_or_default();
                Ok((key, link, uses))
            })
            .collect()
    }

    /// Remembers a new link, durably. False where there are too many, or one of this key.
    pub(crate) fn add_link(&self, key: &str, link: &Link) -> Result<bool, StoreError> {
        let (mut write, key) = (self.0.write()?, key.to_owned());
        if write.get(&LINKS, &key)?.is_some() || write.range(&LINKS, .., Order::Ascending, MAX_LINKS)?.len() >= MAX_LINKS {
            return Ok(false);
        }
        write.put(&LINKS, &key, link)?;
        write.commit()?;
        Ok(true)
    }

    /// Changes a link, durably, and gives it as it is then; `None` where there is none any more.
    pub(crate) fn change_link(&self, key: &str, change: impl FnOnce(&mut Link)) -> Result<Option<Link>, StoreError> {
        let (mut write, key) = (self.0.write()?, key.to_owned());
        let Some(mut link) = write.get(&LINKS, &key)? else { return Ok(None) };
        change(&mut link);
        write.put(&LINKS, &key, &link)?;
        write.commit()?;
        Ok(Some(link))
    }

    /// Forgets a link, durably. False where there is none.
    pub(crate) fn forget_link(&self, key: &str) -> Result<bool, StoreError> {
        let (mut write, key) = (self.0.write()?, key.to_owned());
        let known = write.remove(&LINKS, &key)?;
        write.remove(&USES, &key)?;
        write.commit()?;
        Ok(known)
    }

    /// Counts one use of the link, durably, if `admits` it among those before.
    pub(crate) fn use_link(&self, key: &str, one: LinkUse, admits: impl FnOnce(&mut Uses) -> bool) -> Result<bool, StoreError> {
        let (mut write, key) = (self.0.write()?, key.to_owned());
        if write.get(&LINKS, &key)?.is_none() {
            return Ok(false);
        }
        let mut uses = write.get(&USES, &key)?.unwrap_or_default();
        if !admits(&mut uses) {
            return Ok(false);
        }
        uses.latest.insert(0, one);
        uses.latest.truncate(MAX_USES);
        write.put(&USES, &key, &uses)?;
        write.commit()?;
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use std::fs::File;

    use croft_api::wire::links::LinkDeed;
    use croft_files::Dir;

    use super::*;

    fn link(made: i64) -> Link {
        Link {
            secret: "00".repeat(16),
            target: 7,
            path: "a/b".into(),
            folder: true,
            kind: LinkKind::Read,
            label: String::new(),
            by: PersonId::from_number(1),
            by_name: "ana".into(),
            made,
            expires: None,
            password: None,
            downloads: Some(2),
            ended: None,
        }
    }

    #[test]
    fn links_are_kept_and_used_within_their_limits() {
        let folder = tempfile::tempdir().unwrap();
        let records = Records::open(&Dir::new(File::open(folder.path()).unwrap().into()).unwrap()).unwrap();
        assert!(records.add_link("a", &link(1)).unwrap());
        assert!(!records.add_link("a", &link(2)).unwrap(), "the key is taken");
        assert_eq!(records.link("a").unwrap().unwrap().0.made, 1);
        let one = |at: i64| LinkUse { at, address: "192.0.2.x".into(), what: LinkDeed::Downloaded, name: "b".into() };
        let download = |uses: &mut Uses| {
            uses.downloaded += 1;
            uses.downloaded <= 2
        };
        assert!(records.use_link("a", one(1), download).unwrap() && records.use_link("a", one(2), download).unwrap());
        assert!(!records.use_link("a", one(3), download).unwrap(), "there were two");
        assert_eq!(records.link("a").unwrap().unwrap().1.downloaded, 2);
        for at in 0..200 {
            assert!(records.use_link("a", one(at), |_| true).unwrap());
        }
        let uses = records.link("a").unwrap().unwrap().1;
        assert_eq!((uses.latest.len(), uses.latest[0].at), (MAX_USES, 199));
        assert_eq!(records.change_link("a", |link| link.label = "x".into()).unwrap().unwrap().label, "x");
        for number in 1..MAX_LINKS {
            assert!(records.add_link(&format!("k{number}"), &link(1)).unwrap());
        }
        assert!(!records.add_link("one more", &link(1)).unwrap());
        assert!(records.forget_link("a").unwrap() && !records.forget_link("a").unwrap());
        assert!(records.link("a").unwrap().is_none() && !records.use_link("a", one(1), |_| true).unwrap());
        assert!(records.change_link("a", |_| ()).unwrap().is_none());
        assert_eq!(records.links().unwrap().len(), MAX_LINKS - 1);
    }
}
