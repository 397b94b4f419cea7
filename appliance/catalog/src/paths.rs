//! Paths inside of a container, of an app's data and of the box: none leads upwards.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// Bytes of a path. Linux allows 4096; a quarter leaves room for what stands in front of it.
pub(crate) const MAX_PATH: usize = 1024;
/// Characters of a refused path that its error repeats.
const MAX_SHOWN: usize = 80;

/// A text that is no path of the kind that was asked for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not {kind}: it must {rule}")]
pub struct PathError {
    text: String,
    kind: &'static str,
    rule: &'static str,
}

macro_rules! path {
    ($(#[$doc:meta])* $name:ident, $kind:literal, $rule:literal, $normal:expr) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// The path as text, without a slash at its end.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = PathError;

            fn from_str(text: &str) -> Result<Self, PathError> {
                let normal: fn(&str) -> Option<String> = $normal;
                normal(text).map(Self).ok_or_else(|| PathError {
                    text: text.chars().take(MAX_SHOWN).map(|c| if c.is_control() { ' ' } else { c }).collect(),
                    kind: $kind,
                    rule: $rule,
                })
            }
        }

        impl TryFrom<String> for $name {
            type Error = PathError;

            fn try_from(text: String) -> Result<Self, PathError> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(path: $name) -> String {
                path.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

path!(
    /// An absolute path inside of a container.
    ContainerPath, "a path in a container", "begin with `/`, without `..` and control characters, in 1024 bytes", absolute
);
path!(
    /// An absolute path of the box itself, which an app reaches with a person's consent alone.
    HostPath, "a path of the box", "begin with `/`, without `..` and control characters, in 1024 bytes", absolute
);
path!(
    /// A path below an app's data, or below the folder of an app in its catalogue; `.` is the whole of it.
    DataPath, "a path of an app's data", "not begin with `/`, without `..` and control characters, in 1024 bytes", relative
);

impl DataPath {
    /// The whole folder.
    #[must_use]
    pub fn whole() -> Self {
        Self(".".to_owned())
    }

    /// `name` below this path.
    ///
    /// # Errors
    /// `name` is no such path, or too long with this one in front.
    pub fn join(&self, name: &str) -> Result<Self, PathError> {
        if self.0 == "." { name.parse() } else { format!("{}/{name}", self.0).parse() }
    }
}

impl HostPath {
    /// Whether `other` is this path or lies below it.
    #[must_use]
    pub fn holds(&self, other: &str) -> bool {
        self.0 == "/" || other.strip_prefix(&self.0).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }
}

fn absolute(text: &str) -> Option<String> {
    let parts = parts(text.strip_prefix('/')?)?;
    Some(format!("/{}", parts.join("/")))
}

fn relative(text: &str) -> Option<String> {
    if text.starts_with('/') {
        return None;
    }
    let parts = parts(text)?;
    Some(if parts.is_empty() { ".".to_owned() } else { parts.join("/") })
}

/// The names of a path; nothing when one of them may not stand there.
fn parts(text: &str) -> Option<Vec<&str>> {
    if text.len() >= MAX_PATH || text.chars().any(char::is_control) {
        return None;
    }
    let parts: Vec<&str> = text.split('/').filter(|part| !part.is_empty() && *part != ".").collect();
    (!parts.contains(&"..")).then_some(parts)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn paths_are_normal_and_never_lead_upwards() {
        for (text, normal) in [("/", "/"), ("/a/", "/a"), ("//a//./b", "/a/b"), ("/a..b", "/a..b")] {
            assert_eq!(text.parse::<ContainerPath>().unwrap().as_str(), normal);
            assert!(text.parse::<DataPath>().is_err());
        }
        for (text, normal) in [("", "."), ("./", "."), ("./a/b/", "a/b")] {
            assert_eq!(text.parse::<DataPath>().unwrap().as_str(), normal);
            assert!(text.parse::<HostPath>().is_err());
        }
        for bad in ["/..", "/a/../b", "/a\0b", "/a\nb", &format!("/{}", "a".repeat(MAX_PATH))] {
            assert!(bad.parse::<ContainerPath>().is_err(), "{bad:?}");
            assert!(bad[1..].parse::<DataPath>().is_err(), "{bad:?}");
        }
        assert_eq!(DataPath::whole().join("a").unwrap().join("b").unwrap().as_str(), "a/b");
        assert!(DataPath::whole().join("../a").is_err());
    }

    #[test]
    fn a_folder_holds_what_is_below_it() {
        let holds = |path: &str, other| path.parse::<HostPath>().unwrap().holds(other);
        assert!(holds("/", "/run/x") && holds("/run", "/run/x") && holds("/run/x", "/run/x"));
        assert!(!holds("/run/x", "/run") && !holds("/ru", "/run"));
    }

    proptest! {
        #[test]
        fn no_path_leads_out(text in "[a./\\\\]{0,12}") {
            if let Ok(path) = text.parse::<DataPath>() {
                prop_assert!(path.as_str().split('/').all(|part| part != ".." && !part.is_empty()));
                prop_assert_eq!(path.as_str().parse::<DataPath>().unwrap(), path);
            }
        }
    }
}
