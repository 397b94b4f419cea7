//! Earlier times of the space: snapshots beside it, `@GMT-2026.12.01-01.43.36/files`, which somebody else makes and removes. Nothing here writes to them, no id
//! either: what carries none has none there.

use croft_files::{Dir, Name, Opened, Stat};
use jiff::{Timestamp, civil::DateTime, tz::TimeZone};

use super::{
    Entry, FILES, Handle, Space,
    etag::{self, Stamp},
};
use crate::error::{Failure, not_found};

/// What a snapshot is called on the disk. Samba reads such names, too.
const ON_DISK: &str = "@GMT-%Y.%m.%d-%H.%M.%S";
/// What it is called in addresses: a name that people can read and every computer takes.
const SHOWN: &str = "%Y-%m-%d %H.%M.%S UTC";

/// A time of which there is a snapshot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Time(DateTime);

impl Time {
    /// The one that is called `text` in addresses.
    pub(crate) fn of_address(text: &str) -> Option<Self> {
        Self::parse(SHOWN, text)
    }

    /// Its name in addresses.
    pub(crate) fn address(self) -> String {
        self.0.strftime(SHOWN).to_string()
    }

    /// In Unix seconds.
    pub(crate) fn seconds(self) -> i64 {
        TimeZone::UTC.to_timestamp(self.0).map_or(0, Timestamp::as_second)
    }

    fn on_disk(self) -> Result<Name, Failure> {
        Name::new(self.0.strftime(ON_DISK).to_string()).map_err(|_| Failure::Broken("digits are a name"))
    }

    /// Written in any other way, it is none.
    fn parse(format: &str, text: &str) -> Option<Self> {
        let time = DateTime::strptime(format, text).ok()?;
        (time.year() > 0 && time.strftime(format).to_string() == text).then_some(Self(time))
    }
}

impl Space {
    /// The times to which one can look back, the latest first. Blocks.
    pub(crate) fn times(&self) -> Result<Vec<Time>, Failure> {
        let Some(snapshots) = &self.snapshots else { return Ok(Vec::new()) };
        let mut times: Vec<Time> = snapshots.list()?.into_iter().filter_map(|listed| Time::parse(ON_DISK, listed.name.as_str())).collect();
        times.sort_unstable_by(|one, other| other.cmp(one));
        Ok(times)
    }

    /// What was at `path` then. Blocks.
    pub(crate) fn past(&self, time: Time, path: &[Name]) -> Result<Entry, Failure> {
        let snapshots = self.snapshots.as_ref().ok_or_else(not_found)?;
        let files = snapshots.dir(&[time.on_disk()?, FILES])?;
        self.past_opened(files.entry(path)?)
    }

    /// The entry `name` in `parent`, a folder as it was. Blocks.
    pub(crate) fn past_child(&self, parent: &Dir, name: &Name) -> Result<Entry, Failure> {
        self.past_opened(parent.entry(std::slice::from_ref(name))?)
    }

    fn past_opened(&self, (opened, stat): (Opened, Stat)) -> Result<Entry, Failure> {
        match opened {
            Opened::Dir(dir) => {
                let stamp = self.past_stamp(&dir, stat)?;
                Ok(Entry { etag: etag::past_folder(stat), handle: Handle::Dir(dir), stat, stamp })
            }
            Opened::File(file) => {
                let stamp = self.past_stamp(&file, stat)?;
                Ok(Entry { etag: etag::file(stamp, stat), handle: Handle::File(file.into()), stat, stamp })
            }
            Opened::Other => Err(not_found().into()),
        }
    }

    /// Who it was: the same as now, where it carries that.
    fn past_stamp(&self, file: impl std::os::fd::AsFd, stat: Stat) -> Result<Stamp, Failure> {
        Ok(self.ids.known(file, stat)?.unwrap_or(Stamp { id: 0, inode: stat.inode, nonce: 0 }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_has_one_name_on_the_disk_and_one_in_addresses() {
        let time = Time::of_address("2026-12-01 01.43.36 UTC").unwrap();
        assert_eq!((time.on_disk().unwrap().as_str(), time.seconds()), ("@GMT-2026.12.01-01.43.36", 1_796_089_416));
        assert_eq!(Time::parse(ON_DISK, "@GMT-2026.12.01-01.43.36"), Some(time));
        for wrong in [
            "",
            "..",
            "2026-12-01",
            "@GMT-2026.12.01-01.43.36",
            "2026-12-1 01.43.36 UTC",
            "2026-13-01 01.43.36 UTC",
            "2026-02-30 01.43.36 UTC",
            "2026-12-01 01.43.60 UTC",
            " 2026-12-01 01.43.36 UTC",
            "2026-12-01 01.43.36 UTC ",
            "2026-12-01  01.43.36 UTC",
            "2026-12-01 01.43.36 utc",
            "+2026-12-01 01.43.36 UTC",
            "-2026-12-01 01.43.36 UTC",
            "2026-12-01 01.43.36 UTC/..",
        ] {
            assert_eq!(Time::of_address(wrong), None, "{wrong:?}");
        }
    }

    croft_fuzz::target! {
        /// Whatever stands for a time in an address is one name on the disk and nothing else, and is written alike again.
        fn earlier_times(input) {
            if let Ok(text) = std::str::from_utf8(input)
                && let Some(time) = Time::of_address(text)
            {
                assert_eq!(time.address(), text);
                let name = time.on_disk().unwrap();
                assert!(name.as_str().starts_with("@GMT-") && Time::parse(ON_DISK, name.as_str()) == Some(time), "{name}");
            }
        }
    }
}
