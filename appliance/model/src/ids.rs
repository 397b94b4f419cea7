//! Typed ids. Their text form is what stands in URLs, on disk and in the settings; none is ever used again.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A text that is not an id of the kind that was asked for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not {kind}: expected `{prefix}` and a number from 1, like `{prefix}1`")]
pub struct IdError {
    text: String,
    kind: &'static str,
    prefix: char,
}

macro_rules! numbered_id {
    ($(#[$doc:meta])* $name:ident, $number:ty, $prefix:literal, $kind:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
        #[serde(try_from = "String", into = "String")]
        #[schema(value_type = String, example = json!(concat!($prefix, "1")))]
        pub struct $name($number);

        impl $name {
            /// The id with this number.
            #[must_use]
            pub const fn from_number(number: $number) -> Self {
                Self(number)
            }

            /// The number behind the prefix.
            #[must_use]
            pub const fn number(self) -> $number {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}{}", $prefix, self.0)
            }
        }

        impl FromStr for $name {
            type Err = IdError;

            fn from_str(text: &str) -> Result<Self, IdError> {
                let wrong = || IdError { text: text.chars().take(64).collect(), kind: $kind, prefix: $prefix };
                let digits = text.strip_prefix($prefix).ok_or_else(wrong)?;
                let plain = digits.bytes().all(|b| b.is_ascii_digit()) && !digits.starts_with('0');
                let number: $number = digits.parse().map_err(|_| wrong())?;
                if plain { Ok(Self(number)) } else { Err(wrong()) }
            }
        }

        impl TryFrom<String> for $name {
            type Error = IdError;

            fn try_from(text: String) -> Result<Self, IdError> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> String {
                id.to_string()
            }
        }
    };
}

numbered_id!(
    /// A person of the household: `p1`.
    PersonId, u32, 'p', "a person's id"
);
numbered_id!(
    /// A space, one tree of files: `s1`. Its number is the space number, so at most 65 535 spaces ever exist on a box.
    SpaceId, u16, 's', "a space's id"
);
numbered_id!(
    /// A task of the supervisor: `t1`.
    TaskId, u64, 't', "a task's id"
);
numbered_id!(
    /// A session or an app password, as listed and revoked: `k1`. It is not the secret.
    SessionId, u64, 'k', "a session's id"
);

/// The number of a space: the upper part of each of its file ids.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(transparent)]
pub struct SpaceNumber(pub u16);

impl SpaceNumber {
    /// Bits of a file id below the space number. 2^36 files a space keep ids below 2^53, which JavaScript still counts exactly.
    const COUNTER_BITS: u32 = 36;

    /// The file id of this space's `counter`th entry; `None` when the counter has outgrown its bits.
    #[must_use]
    pub fn file_id(self, counter: u64) -> Option<u64> {
        (counter < 1 << Self::COUNTER_BITS).then_some((u64::from(self.0) << Self::COUNTER_BITS) | counter)
    }

    /// The space that the entry with the file id `id` belongs to; `None` when no space could have given it.
    #[must_use]
    pub fn of_file(id: u64) -> Option<Self> {
        u16::try_from(id >> Self::COUNTER_BITS).ok().filter(|number| *number > 0).map(Self)
    }
}

impl From<SpaceId> for SpaceNumber {
    fn from(id: SpaceId) -> Self {
        Self(id.number())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: Option<u32>) {
        assert_eq!(text.parse::<PersonId>().ok().map(PersonId::number), expected, "{text:?}");
    }

    #[test]
    fn ids_are_read_strictly() {
        check("p1", Some(1));
        check("p4294967295", Some(u32::MAX));
        for wrong in ["", "p", "p0", "p01", "p-1", "p+1", "s1", "p1 ", "P1", "p4294967296", "p1/.."] {
            check(wrong, None);
        }
    }

    #[test]
    fn file_ids_stay_below_two_to_the_53() {
        let last = SpaceNumber(u16::MAX).file_id((1 << 36) - 1).expect("fits");
        assert!(last < 1 << 53);
        assert_eq!(SpaceNumber(1).file_id(1 << 36), None);
        assert_eq!(SpaceNumber(2).file_id(5), Some((2 << 36) + 5));
        assert_eq!(SpaceNumber::of_file(last), Some(SpaceNumber(u16::MAX)));
        assert_eq!(SpaceNumber::of_file((2 << 36) + 5), Some(SpaceNumber(2)));
        assert_eq!((SpaceNumber::of_file(5), SpaceNumber::of_file(1 << 52)), (None, None));
    }
}
