//! What is asked of a worker about the photos of its space, in the header [`Photos::HEADER`] of a GET; and the shape of the answers.

use std::{cmp::Reverse, fmt};

use super::Header;

/// Bytes of the name of a time zone. The longest has 32.
pub const ZONE_BYTES: usize = 64;
/// Years that a month may lie in.
const YEARS: std::ops::RangeInclusive<i32> = 1..=9998;

/// A month of the calendar, counted from January of the year 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Month(i32);

/// A question about photos.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Photos {
    /// How many each month has, by the clock of a time zone: a [`Timeline`](crate::wire::photos::Timeline) as JSON.
    Months {
        /// Its IANA name.
        zone: String,
    },
    /// The latest so many of one month: a [`Shot`] each.
    Shots {
        /// The month.
        month: Month,
        /// How many of them.
        until: usize,
        /// Its IANA name.
        zone: String,
    },
    /// Those with the ids in the body, a JSON list, which SEARCH brings: [`PhotoRow`](crate::wire::photos::PhotoRow)s as JSON.
    Rows {
        /// Its IANA name.
        zone: String,
    },
}

/// A photo's place in the timeline: what the clock on the wall showed, in seconds since 1970 as if that were in UTC, and its file id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shot {
    /// Seconds.
    pub wall: i64,
    /// File id.
    pub id: u64,
}

impl Month {
    /// The month of a year; none for one that no calendar of people has.
    #[must_use]
    pub fn new(year: i32, month: i32) -> Option<Self> {
        (YEARS.contains(&year) && (1..=12).contains(&month)).then_some(Self(year * 12 + month - 1))
    }

    /// What `2026-05` means.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (year, month) = text.split_once('-')?;
        let digits = |text: &str, count: usize| text.len() == count && text.bytes().all(|byte| byte.is_ascii_digit());
        if !digits(year, 4) || !digits(month, 2) {
            return None;
        }
        Self::new(year.parse().ok()?, month.parse().ok()?)
    }
}

impl fmt::Display for Month {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{:04}-{:02}", self.0.div_euclid(12), self.0.rem_euclid(12) + 1)
    }
}

impl Photos {
    /// The gateway's own header.
    pub const HEADER: &'static str = "croft-photos";

    /// The header that asks.
    #[must_use]
    pub fn header(&self) -> Header {
        let words = match self {
            Self::Months { zone } => format!("months {zone}"),
            Self::Shots { month, until, zone } => format!("shots {month} {until} {zone}"),
            Self::Rows { zone } => format!("rows {zone}"),
        };
        (Self::HEADER.to_owned(), words)
    }

    /// The question in a header's value.
    #[must_use]
    pub fn parse(words: &str) -> Option<Self> {
        let words: Vec<&str> = words.split(' ').collect();
        match words.as_slice() {
            ["months", zone] => Some(Self::Months { zone: (*zone).to_owned() }),
            ["shots", month, until, zone] => {
                Some(Self::Shots { month: Month::parse(month)?, until: until.parse().ok()?, zone: (*zone).to_owned() })
            }
            ["rows", zone] => Some(Self::Rows { zone: (*zone).to_owned() }),
            _ => None,
        }
    }
}

impl Shot {
    /// Bytes of one.
    pub const BYTES: usize = 16;

    /// The place as bytes.
    #[must_use]
    pub fn encode(self) -> [u8; Self::BYTES] {
        let mut bytes = [0; Self::BYTES];
        bytes[..8].copy_from_slice(&self.wall.to_be_bytes());
        bytes[8..].copy_from_slice(&self.id.to_be_bytes());
        bytes
    }

    /// The places in an answer; `None` for a part of one.
    #[must_use]
    pub fn decode_all(bytes: &[u8]) -> Option<Vec<Self>> {
        let (whole, rest) = bytes.as_chunks::<{ Self::BYTES }>();
        let shots = whole.iter().map(|bytes| {
            let (wall, id) = (bytes.first_chunk().copied().unwrap_or_default(), bytes.last_chunk().copied().unwrap_or_default());
            Self { wall: i64::from_be_bytes(wall), id: u64::from_be_bytes(id) }
        });
        rest.is_empty().then(|| shots.collect())
    }

    /// By this the latest comes first, and those of one second in one order everywhere.
    #[must_use]
    pub fn key(self) -> (Reverse<i64>, u64) {
        (Reverse(self.wall), self.id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn questions_and_places_are_read_as_they_are_written() {
        let month = Month::new(2026, 5).unwrap();
        let zone = "America/Argentina/ComodRivadavia".to_owned();
        for asked in [Photos::Months { zone: zone.clone() }, Photos::Shots { month, until: 200, zone: zone.clone() }, Photos::Rows { zone }]
        {
            assert_eq!(Photos::parse(&asked.header().1), Some(asked));
        }
        for wrong in ["", "months", "shots 2026-5 1 UTC", "shots 2026-05 -1 UTC", "rows", "months a b"] {
            assert_eq!(Photos::parse(wrong), None, "{wrong}");
        }
        let shots = [Shot { wall: -1, id: 7 }, Shot { wall: i64::MAX, id: u64::MAX }, Shot { wall: i64::MIN, id: 0 }];
        let bytes: Vec<u8> = shots.iter().flat_map(|shot| shot.encode()).collect();
        assert_eq!(Shot::decode_all(&bytes).unwrap(), shots);
        assert_eq!(Shot::decode_all(&bytes[1..]), None);
    }

    #[test]
    fn months_are_those_of_a_calendar() {
        for (text, expected) in [
            ("2026-05", true),
            ("0001-01", true),
            ("0000-12", false),
            ("2026-13", false),
            ("2026-00", false),
            ("2026-5", false),
            ("+202-05", false),
            ("202605", false),
        ] {
            assert_eq!(Month::parse(text).map(|month| month.to_string()), expected.then(|| text.to_owned()), "{text}");
        }
    }
}
