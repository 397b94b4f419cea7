//! The time of the last change, as clients set it.

use std::time::SystemTime;

use croft_files::Stat;

use crate::{
    error::Failure,
    methods::put,
    space::{Entry, Handle, etag},
};

/// The property's names: of sync clients, and of Windows' Explorer.
const NAMES: [(&str, &str); 3] = [("DAV:", "lastmodified"), ("", "lastmodified"), ("urn:schemas-microsoft-com:", "Win32LastModifiedTime")];

/// A time that a file system can hold, in seconds and nanoseconds since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Time(i64, i64);

impl Time {
    /// Whether the property sets the time.
    pub(super) fn is_set_by(namespace: &str, name: &str) -> bool {
        NAMES.contains(&(namespace, name))
    }

    /// The time in `text`: seconds since 1970, or a date as HTTP writes it.
    pub(super) fn of(text: &str) -> Option<Self> {
        let text = text.trim();
        let date = httpdate::parse_http_date(text).ok().and_then(|time| time.duration_since(SystemTime::UNIX_EPOCH).ok());
        let seconds = date.map_or_else(|| text.to_owned(), |since| since.as_secs().to_string());
        put::modified(&seconds).ok().map(|(seconds, nanoseconds)| Self(seconds, nanoseconds))
    }

    /// Gives the entry this time. Its content stays what it is, and so do its checksums. Blocks.
    pub(super) fn set(self, entry: &Entry) -> Result<(), Failure> {
        match &entry.handle {
            Handle::Dir(dir) => croft_files::set_modified(dir, self.0, self.1)?,
            Handle::File(file) => {
                // Only of what is still as it was looked at: the new time must not hide that somebody else wrote to it.
                let unchanged = etag::file(entry.stamp, Stat::of(file)?) == entry.etag;
                let sums = entry.sums().filter(|_| unchanged);
                croft_files::set_modified(file, self.0, self.1)?;
                let stat = Stat::of(file)?;
                if let Some(sums) = sums.filter(|_| stat.size == entry.stat.size) {
                    sums.write(file, &etag::file(entry.stamp, stat))?;
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_seconds_or_dates() {
        let check = |text: &str, expected| assert_eq!(Time::of(text), expected, "{text}");
        check("1700000000", Some(Time(1_700_000_000, 0)));
        check(" 1700000000.5 ", Some(Time(1_700_000_000, 500_000_000)));
        check("Tue, 14 Nov 2023 22:13:20 GMT", Some(Time(1_700_000_000, 0)));
        for wrong in ["", "-1", "yesterday", "Fri, 31 Dec 9999 23:59:59 GMT", "Mon, 01 Jan 0001 00:00:00 GMT"] {
            check(wrong, None);
        }
    }
    croft_fuzz::target! {
        /// A time is one that every file system holds, and is read as the same when it is written as seconds.
        fn times(input) {
            let Ok(text) = std::str::from_utf8(input) else { return };
            let Some(Time(seconds, nanoseconds)) = Time::of(text) else { return };
            assert!((0..1 << 34).contains(&seconds) && (0..1_000_000_000).contains(&nanoseconds));
            assert_eq!(put::modified(&format!("{seconds}.{nanoseconds:09}")).unwrap(), (seconds, nanoseconds));
        }
    }
}
