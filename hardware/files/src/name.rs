//! The name of one entry in a directory.

use std::{borrow::Cow, fmt};

/// Longest name in bytes: `NAME_MAX` of the file systems that Croft runs on.
const MAX_BYTES: usize = 255;

/// One path segment that is safe to hand to the system: 1 to 255 bytes of UTF-8 without `/` and NUL, and neither `.` nor `..`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Name(Cow<'static, str>);

/// A text that cannot be a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadName {
    /// Nothing at all.
    #[error("a name is empty")]
    Empty,
    /// `.` or `..`, which mean directories.
    #[error("a name is `.` or `..`")]
    Dots,
    /// Longer than 255 bytes.
    #[error("a name is longer than {MAX_BYTES} bytes")]
    Long,
    /// A slash or a NUL in it.
    #[error("a name contains `/` or a NUL")]
    Character,
}

impl Name {
    /// The name `text`, if it can be one.
    ///
    /// # Errors
    /// Why it cannot.
    pub fn new(text: impl Into<String>) -> Result<Self, BadName> {
        let text = text.into();
        check(text.as_bytes())?;
        Ok(Self(Cow::Owned(text)))
    }

    /// A name that is written in the code; one that cannot be does not compile in a `const`.
    #[must_use]
    pub const fn literal(text: &'static str) -> Self {
        assert!(check(text.as_bytes()).is_ok(), "not a name");
        Self(Cow::Borrowed(text))
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

const fn check(bytes: &[u8]) -> Result<(), BadName> {
    match bytes {
        [] => return Err(BadName::Empty),
        [b'.'] | [b'.', b'.'] => return Err(BadName::Dots),
        _ if bytes.len() > MAX_BYTES => return Err(BadName::Long),
        _ => {}
    }
    let mut index = 0;
    while index < bytes.len() {
        if bytes[index] == b'/' || bytes[index] == 0 {
            return Err(BadName::Character);
        }
        index += 1;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_one_segment_is_a_name() {
        let check = |text: &str, expected: Result<(), BadName>| assert_eq!(Name::new(text).map(|_| ()), expected, "{text:?}");
        for good in ["a", "...", "..a", "über.txt", " ", "a\nb", "a\\b", &"x".repeat(255)] {
            check(good, Ok(()));
        }
        check("", Err(BadName::Empty));
        check(".", Err(BadName::Dots));
        check("..", Err(BadName::Dots));
        check("a/b", Err(BadName::Character));
        check("/", Err(BadName::Character));
        check("a\0", Err(BadName::Character));
        check(&"x".repeat(256), Err(BadName::Long));
        check(&"ü".repeat(128), Err(BadName::Long));
    }
}
