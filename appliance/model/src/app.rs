//! Apps that the box hosts: what is wanted of each.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    ops::Deref,
    str::FromStr,
};

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{Invalid, PersonId};

/// Apps of a box. Each has a network and a range of users of its own.
pub const MAX_APPS: usize = 128;
/// Longest id of an app: with the box's name behind it, it is one label of a host name.
pub const MAX_APP_ID: usize = 40;
/// Longest label of a host name, in bytes (RFC 1035 section 2.3.4).
const MAX_LABEL: usize = 63;
/// What is filled in of one app, and how long one value is.
const MAX_VALUES: usize = 64;
const MAX_VALUE: usize = 1024;
/// Longest key of a value.
const MAX_KEY: usize = 64;

/// An app, in addresses, on disk and in host names: `a-z`, digits and `-`, a letter or digit at both ends, 1 to 40.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(try_from = "String", into = "String")]
#[schema(value_type = String, example = json!("photos"))]
pub struct AppId(String);

impl AppId {
    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The host name under which the app answers at home, of a box of this name: one label, since phones look up no others by multicast.
    #[must_use]
    pub fn host(&self, box_host: &str) -> String {
        format!("{}-{box_host}.local", self.0)
    }

    /// The host name under which the app answers on the machine that the box runs on.
    #[must_use]
    pub fn local_host(&self) -> String {
        format!("{}.localhost", self.0)
    }
}

impl Deref for AppId {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for AppId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for AppId {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let letters = text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
        if letters && (1..=MAX_APP_ID).contains(&text.len()) && !text.starts_with('-') && !text.ends_with('-') {
            Ok(Self(text.into()))
        } else {
            Err(Invalid::new("app", "is no id of an app: 1 to 40 of a-z, 0-9 and `-`, with none of these at its ends"))
        }
    }
}

impl TryFrom<String> for AppId {
    type Error = Invalid;

    fn try_from(text: String) -> Result<Self, Invalid> {
        text.parse()
    }
}

impl From<AppId> for String {
    fn from(id: AppId) -> String {
        id.0
    }
}

/// What is wanted of an app that is installed. What it consists of stands with the role `apps`; how it was installed cannot be patched.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct HostedApp {
    /// The number that its network and its users go by; handed out once, never used again.
    pub number: u16,
    /// The name that people read, 1 to 64 characters.
    pub name: String,
    /// Whether it runs.
    #[serde(default = "yes")]
    pub running: bool,
    /// Whether it reaches the internet.
    #[serde(default)]
    pub way_out: WayOut,
    /// Who gets to it.
    #[serde(default)]
    pub open_to: OpenTo,
    /// The people whom it is open to, where it is open to some.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub people: BTreeSet<PersonId>,
    /// What somebody filled in, by the key of the app's own question.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub values: BTreeMap<String, String>,
}

fn yes() -> bool {
    true
}

/// Whether something leaves an app's own network.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum WayOut {
    /// Nothing, not even questions for names.
    #[default]
    Closed,
    /// The internet, and neither the home's network nor other apps nor the box itself.
    Open,
}

/// Who gets to an app. The box asks who it is before the app is asked anything.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum OpenTo {
    /// Everybody who has signed in.
    #[default]
    Household,
    /// Those who are named.
    People,
    /// Everybody who reaches the box, without a sign-in.
    Public,
}

impl HostedApp {
    /// Whether this person gets to it.
    #[must_use]
    pub fn lets_in(&self, person: Option<PersonId>) -> bool {
        match self.open_to {
            OpenTo::Public => true,
            OpenTo::Household => person.is_some(),
            OpenTo::People => person.is_some_and(|person| self.people.contains(&person)),
        }
    }
}

/// The rules of the section.
pub(crate) fn validate(apps: &BTreeMap<AppId, HostedApp>, box_host: &str, people: impl Fn(PersonId) -> bool) -> Result<(), Invalid> {
    if apps.len() > MAX_APPS {
        return Err(Invalid::new("apps", format!("has {} entries; at most {MAX_APPS} are possible", apps.len())));
    }
    let mut numbers = BTreeSet::new();
    for (id, app) in apps {
        let key = |key: &str| format!("apps.{id}.{key}");
        crate::validate::label(&key("name"), &app.name)?;
        if id.as_str().len() + 1 + box_host.len() > MAX_LABEL {
            return Err(Invalid::new("box.host", format!("is too long for the address of the app {id}: both make one name of 63 letters")));
        }
        if app.number == 0 || !numbers.insert(app.number) {
            return Err(Invalid::new(key("number"), "is 0 or another app's"));
        }
        if app.open_to != OpenTo::People && !app.people.is_empty() {
            return Err(Invalid::new(key("people"), "names those whom the app is open to, where `open_to` is `people`, and nobody else"));
        }
        if let Some(nobody) = app.people.iter().find(|person| !people(**person)) {
            return Err(Invalid::new(key("people"), format!("{nobody} is nobody of this household")));
        }
        let fits = |(name, value): (&String, &String)| {
            (1..=MAX_KEY).contains(&name.len()) && value.len() <= MAX_VALUE && !value.chars().any(char::is_control)
        };
        if app.values.len() > MAX_VALUES || !app.values.iter().all(fits) {
            return Err(Invalid::new(
                key("values"),
                "has more than 64 entries, or one with a long name or a value that is not one line of 1024 bytes",
            ));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn app(number: u16) -> HostedApp {
        HostedApp {
            number,
            name: "Photos".into(),
            running: true,
            way_out: WayOut::Closed,
            open_to: OpenTo::Household,
            people: BTreeSet::new(),
            values: BTreeMap::new(),
        }
    }

    fn check(apps: &[(&str, HostedApp)], host: &str, key: Option<&str>) {
        let apps = apps.iter().map(|(id, app)| (id.parse().expect("an id"), app.clone())).collect();
        let verdict = validate(&apps, host, |person| person.number() == 1);
        assert_eq!(verdict.err().map(|invalid| invalid.key), key.map(str::to_owned), "{apps:?}");
    }

    #[test]
    fn ids_are_a_piece_of_a_host_name() {
        for (text, is_one) in [
            ("photos", true),
            ("2fauth", true),
            ("a", true),
            ("a-b", true),
            (&"a".repeat(MAX_APP_ID), true),
            (&"a".repeat(MAX_APP_ID + 1), false),
            ("", false),
            ("-a", false),
            ("a-", false),
            ("A", false),
            ("a_b", false),
            ("a.b", false),
            ("../a", false),
        ] {
            assert_eq!(text.parse::<AppId>().is_ok(), is_one, "{text}");
        }
    }

    #[test]
    fn what_contradicts_itself_is_refused() {
        check(&[("photos", app(1)), ("notes", app(2))], "croft", None);
        check(&[("photos", app(1)), ("notes", app(1))], "croft", Some("apps.photos.number"));
        check(&[("photos", app(0))], "croft", Some("apps.photos.number"));
        check(&[("photos", HostedApp { name: String::new(), ..app(1) })], "croft", Some("apps.photos.name"));
        check(&[(&"a".repeat(MAX_APP_ID), app(1))], &"h".repeat(MAX_LABEL - MAX_APP_ID), Some("box.host"));
        check(&[(&"a".repeat(MAX_APP_ID), app(1))], &"h".repeat(MAX_LABEL - MAX_APP_ID - 1), None);
        let some = |number: u32| HostedApp { open_to: OpenTo::People, people: [PersonId::from_number(number)].into(), ..app(1) };
        check(&[("photos", some(1))], "croft", None);
        check(&[("photos", some(2))], "croft", Some("apps.photos.people"));
        check(&[("photos", HostedApp { open_to: OpenTo::Household, ..some(1) })], "croft", Some("apps.photos.people"));
        // Open to people of whom nobody is left: to nobody.
        check(&[("photos", HostedApp { open_to: OpenTo::People, ..app(1) })], "croft", None);
        let filled = |value: String| HostedApp { values: [("KEY".to_owned(), value)].into(), ..app(1) };
        check(&[("photos", filled("x".repeat(MAX_VALUE)))], "croft", None);
        check(&[("photos", filled("x".repeat(MAX_VALUE + 1)))], "croft", Some("apps.photos.values"));
        check(&[("photos", filled("two\nlines".into()))], "croft", Some("apps.photos.values"));
        let many: Vec<(String, HostedApp)> = (1..=129).map(|number| (format!("a{number}"), app(number))).collect();
        let many: Vec<(&str, HostedApp)> = many.iter().map(|(id, app)| (id.as_str(), app.clone())).collect();
        check(&many, "croft", Some("apps"));
    }

    #[test]
    fn an_app_lets_in_whom_it_is_open_to() {
        let [ana, ben] = [1, 2].map(|number| Some(PersonId::from_number(number)));
        let to = |open_to, people: &[PersonId]| HostedApp { open_to, people: people.iter().copied().collect(), ..app(1) };
        let verdict = |app: HostedApp| [None, ana, ben].map(|person| app.lets_in(person));
        assert_eq!(verdict(to(OpenTo::Household, &[])), [false, true, true]);
        assert_eq!(verdict(to(OpenTo::Public, &[])), [true, true, true]);
        assert_eq!(verdict(to(OpenTo::People, &[PersonId::from_number(2)])), [false, false, true]);
    }
}
