//! Quantities with their units.

use std::fmt;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// An amount of data in bytes, shown to people in decimal units as disks are sold.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(transparent)]
pub struct Bytes(pub u64);

impl fmt::Display for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const STEPS: [(&str, u64); 4] = [("TB", 1_000_000_000_000), ("GB", 1_000_000_000), ("MB", 1_000_000), ("kB", 1_000)];
        match STEPS.iter().find(|(_, size)| self.0 >= *size) {
            Some((unit, size)) => {
                let tenths = (u128::from(self.0) * 10 + u128::from(*size) / 2) / u128::from(*size);
                write!(f, "{}.{} {unit}", tenths / 10, tenths % 10)
            }
            None => write!(f, "{} bytes", self.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Bytes;

    #[test]
    fn sizes_read_as_people_say_them() {
        for (bytes, text) in [
            (0, "0 bytes"),
            (999, "999 bytes"),
            (1_000, "1.0 kB"),
            (1_250_000, "1.3 MB"),
            (4_000_000_000_000, "4.0 TB"),
            (u64::MAX, "18446744.1 TB"),
        ] {
            assert_eq!(Bytes(bytes).to_string(), text);
        }
    }
}
