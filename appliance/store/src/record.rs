//! Records: JSON behind a version, upgraded step by step when an older release wrote them.

use serde::{Serialize, de::DeserializeOwned};

use crate::Trouble;

/// Largest record in bytes: settings of a large household are some 100 KiB; past this a file is the right place.
pub(crate) const MAX_RECORD_BYTES: usize = 8 << 20;

/// The version, big endian, in front of the JSON.
const VERSION_BYTES: usize = 2;

/// A value in a table that outlives the release which wrote it.
///
/// The first shape of a type is declared by [`crate::first_version!`]. When the shape changes, keep the old type and write:
///
/// ```
/// # use croft_store::{Record, first_version};
/// # use serde::{Deserialize, Serialize};
/// #[derive(Serialize, Deserialize)]
/// struct SessionV1 { person: String }
/// first_version!(SessionV1);
///
/// #[derive(Serialize, Deserialize)]
/// struct Session { person: String, agent: Option<String> }
/// impl Record for Session {
///     const VERSION: u16 = 2;
///     type Previous = SessionV1;
///     fn upgrade(previous: SessionV1) -> Self {
///         Self { person: previous.person, agent: None }
///     }
/// }
/// ```
pub trait Record: Serialize + DeserializeOwned {
    /// The version that this type is; one more than its `Previous`, or 1.
    const VERSION: u16;
    /// The shape before this one; `Self` where there was none.
    type Previous: Record;
    /// This shape from the one before.
    fn upgrade(previous: Self::Previous) -> Self;
}

/// Declares that these types are records in their first shape.
#[macro_export]
macro_rules! first_version {
    ($($record:ty),+ $(,)?) => { $(
        impl $crate::Record for $record {
            const VERSION: u16 = 1;
            type Previous = Self;
            fn upgrade(previous: Self) -> Self {
                previous
            }
        }
    )+ };
}

/// Bytes of a record as they lie in the file.
pub(crate) fn encode<R: Record>(record: &R) -> Result<Vec<u8>, Trouble> {
    let mut bytes = R::VERSION.to_be_bytes().to_vec();
    serde_json::to_writer(&mut bytes, record).map_err(Trouble::Encode)?;
    if bytes.len() > MAX_RECORD_BYTES {
        return Err(Trouble::TooLarge { bytes: bytes.len(), limit: MAX_RECORD_BYTES });
    }
    Ok(bytes)
}

/// A record from the bytes of this or any earlier version.
pub(crate) fn decode<R: Record>(bytes: &[u8]) -> Result<R, Trouble> {
    let (version, json) =
        bytes.split_first_chunk::<VERSION_BYTES>().ok_or_else(|| Trouble::torn("a record is shorter than its version"))?;
    let found = u16::from_be_bytes(*version);
    if found > R::VERSION {
        return Err(Trouble::Future { found, known: R::VERSION });
    }
    step::<R>(found, json)
}

fn step<R: Record>(found: u16, json: &[u8]) -> Result<R, Trouble> {
    if found == R::VERSION {
        return serde_json::from_slice(json).map_err(|error| Trouble::Torn(format!("a record of version {found}: {error}")));
    }
    if R::Previous::VERSION >= R::VERSION {
        return Err(Trouble::Torn(format!("there never was a record of version {found}")));
    }
    step::<R::Previous>(found, json).map(R::upgrade)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;

    #[derive(Serialize, Deserialize, PartialEq, Debug)]
    struct Old {
        name: String,
    }
    first_version!(Old);

    #[derive(Serialize, Deserialize, PartialEq, Debug)]
    struct New {
        name: String,
        age: u8,
    }
    impl Record for New {
        const VERSION: u16 = 2;
        type Previous = Old;
        fn upgrade(previous: Old) -> Self {
            Self { name: previous.name, age: 0 }
        }
    }

    #[test]
    fn each_version_is_read_or_refused_by_name() {
        let check = |bytes: &[u8], expected: Result<New, &str>| match (decode::<New>(bytes), expected) {
            (Ok(found), Ok(wanted)) => assert_eq!(found, wanted),
            (Err(error), Err(part)) => assert!(error.to_string().contains(part), "{error}"),
            (found, wanted) => panic!("{found:?} is not {wanted:?}"),
        };
        check(b"\x00\x02{\"name\":\"ana\",\"age\":9}", Ok(New { name: "ana".into(), age: 9 }));
        check(b"\x00\x01{\"name\":\"ana\"}", Ok(New { name: "ana".into(), age: 0 }));
        check(b"\x00\x03{}", Err("record version 3, known up to 2"));
        check(b"\x00\x00{}", Err("never was a record of version 0"));
        check(b"\x00", Err("shorter than its version"));
        check(b"\x00\x02{\"name\":", Err("record of version 2"));
    }

    #[test]
    fn a_record_above_the_limit_is_refused() {
        let large = Old { name: "x".repeat(MAX_RECORD_BYTES) };
        assert!(matches!(encode(&large), Err(Trouble::TooLarge { .. })));
    }
}
