//! Names that end up in addresses, in a container or in a program's environment: typed, so that none has to be checked twice.

use std::{fmt, ops::Deref, str::FromStr};

use croft_model::{AppId, Invalid, MAX_APP_ID};
use serde::{Deserialize, Serialize};

/// Characters of a service's name: it is a label of DNS in the app's network.
pub(crate) const MAX_SERVICE_NAME: usize = 63;
/// Characters of a name of a host, as DNS has it.
pub(crate) const MAX_HOST_NAME: usize = 253;
/// Characters of a variable's name. The longest in the catalogues that were read has 57.
pub(crate) const MAX_VARIABLE_NAME: usize = 128;
/// Characters of a name in a program's environment; longer than a variable's, since some programs take whole paths of settings there.
pub(crate) const MAX_ENV_NAME: usize = 256;
/// Characters of a capability's name.
const MAX_CAPABILITY: usize = 32;
/// Characters of a refused name that its error repeats.
const MAX_SHOWN: usize = 64;

/// A text that is no name of the kind that was asked for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not {kind}: {rule}")]
pub struct NameError {
    text: String,
    kind: &'static str,
    rule: &'static str,
}

macro_rules! name {
    ($(#[$doc:meta])* $name:ident, $kind:literal, $rule:literal, $holds:expr) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// The name as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = NameError;

            fn from_str(text: &str) -> Result<Self, NameError> {
                let holds: fn(&str) -> bool = $holds;
                if holds(text) {
                    return Ok(Self(text.to_owned()));
                }
                let text = text.chars().take(MAX_SHOWN).map(|c| if c.is_control() { ' ' } else { c }).collect();
                Err(NameError { text, kind: $kind, rule: $rule })
            }
        }

        impl TryFrom<String> for $name {
            type Error = NameError;

            fn try_from(text: String) -> Result<Self, NameError> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(name: $name) -> String {
                name.0
            }
        }

        impl Deref for $name {
            type Target = str;

            fn deref(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

name!(
    /// A service of an app, which is also its name in the app's network: `db`.
    ServiceName, "a service's name", "letters, digits, `_`, `.` and `-`, 1 to 63, a letter or digit first", |text| is_label(text, MAX_SERVICE_NAME)
);
name!(
    /// A name of a host: a further name of a service, or one that an app has answered by hand.
    HostName, "a host's name", "letters, digits, `_`, `.` and `-`, 1 to 253, a letter or digit first", |text| is_label(text, MAX_HOST_NAME)
);
name!(
    /// The key of a setting or a secret, as templates name it: `ADMIN_MAIL`.
    VariableName, "a variable's name", "letters, digits and `_`, 1 to 128, no digit first", is_variable
);
name!(
    /// A name in the environment of a program. Programs of Java and Elasticsearch have dots in theirs.
    EnvName, "a name of an environment", "1 to 256 characters without `=`, spaces and control characters", |text| {
        (1..=MAX_ENV_NAME).contains(&text.len()) && !text.chars().any(|c| c == '=' || c.is_whitespace() || c.is_control())
    }
);
name!(
    /// A capability of Linux without its `CAP_`: `NET_ADMIN`.
    Capability, "a capability", "upper case letters, digits and `_`, 1 to 32", |text| {
        (1..=MAX_CAPABILITY).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_')
    }
);

/// The id that `text` of a catalogue becomes: lower case, with a dash for whatever may not stand in one.
///
/// # Errors
/// Nothing of `text` is left, or too much.
pub(crate) fn tidied(text: &str) -> Result<AppId, Invalid> {
    let mut id = String::new();
    for c in text.chars().take(MAX_APP_ID + MAX_SHOWN) {
        match c.to_ascii_lowercase() {
            c if c.is_ascii_lowercase() || c.is_ascii_digit() => id.push(c),
            _ if id.is_empty() || id.ends_with('-') => {}
            _ => id.push('-'),
        }
    }
    id.trim_end_matches('-').parse()
}

fn is_label(text: &str, max: usize) -> bool {
    (1..=max).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-'))
        && text.starts_with(|c: char| c.is_ascii_alphanumeric())
        && !text.contains("..")
}

fn is_variable(text: &str) -> bool {
    (1..=MAX_VARIABLE_NAME).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
        && !text.starts_with(|c: char| c.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_catalogues_are_tidied() {
        for (text, id) in
            [("2FAuth", "2fauth"), ("big-bear_it tools", "big-bear-it-tools"), ("org.x.App!", "org-x-app"), ("--a--b--", "a-b")]
        {
            assert_eq!(tidied(text).unwrap().as_str(), id);
        }
        assert!(tidied("…").is_err());
        assert!(tidied(&"a".repeat(MAX_APP_ID + 1)).is_err());
    }

    #[test]
    fn each_kind_of_name_keeps_its_rule() {
        fn check<T: FromStr>(good: &[&str], bad: &[&str]) {
            for text in good {
                assert!(text.parse::<T>().is_ok(), "{text}");
            }
            for text in bad {
                assert!(text.parse::<T>().is_err(), "{text}");
            }
        }
        let long = "a".repeat(MAX_ENV_NAME + 1);
        check::<ServiceName>(
            &["db", "a.b-c_D", &"a".repeat(MAX_SERVICE_NAME)],
            &["", ".a", "a/b", "a..b", &"a".repeat(MAX_SERVICE_NAME + 1)],
        );
        check::<HostName>(&["a.example"], &["", "-a", "a b", &long]);
        check::<VariableName>(&["_a", "A1"], &["", "1A", "a.b", "a-b", &long]);
        check::<EnvName>(&["A", "xpack.security.enabled", "a-b"], &["", "A=B", "a b", "a\0", &long]);
        check::<Capability>(&["NET_ADMIN"], &["", "net_admin", "CAP-X", &long]);
    }
}
