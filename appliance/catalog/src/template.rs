//! Texts with variables in them: what an importer leaves open, and the box fills in when it starts an app.
//!
//! As text: `${NAME}` is a variable, `${NAME:-text}` stands for `text` while the variable is empty, `${NAME:+text}` while it is not, `$$` is a
//! dollar, and `$}` a brace that ends nothing.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::{VariableName, interpolate};

/// Bytes of a template as text, and of what it becomes. The longest command in the catalogues that were read has some 3 KiB.
pub(crate) const MAX_TEMPLATE_BYTES: usize = 32 * 1024;

/// A text with variables, each of which is known to the box or declared by the app.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Template(Vec<Part>);

/// A piece of a template.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Part {
    /// Text as it is.
    Text(String),
    /// The value of a variable.
    Value(Variable),
    /// The value of a variable, or this while it is empty.
    Else(Variable, Template),
    /// This while a variable is not empty, or nothing.
    When(Variable, Template),
}

/// What a template asks for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Variable {
    /// What the box knows.
    Known(Known),
    /// A setting, a secret, or what a catalogue's scripts find out, by its key.
    Declared(VariableName),
}

macro_rules! known {
    ($($(#[$doc:meta])* $name:ident = $word:literal,)*) => {
        /// What the box knows about itself and about where an app is reached. Its names have a dot, which no name of a catalogue has.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Known {
            $($(#[$doc])* $name,)*
        }

        impl Known {
            /// All of them.
            pub const ALL: &'static [Known] = &[$(Known::$name,)*];

            /// The name in templates.
            #[must_use]
            pub const fn word(self) -> &'static str {
                match self {
                    $(Known::$name => $word,)*
                }
            }
        }
    };
}

known! {
    /// The name under which browsers reach the app: `photos-mybox.local`.
    AppHost = "app.host",
    /// The port on which browsers reach the app.
    AppPort = "app.port",
    /// `https` or `http`, by which browsers reach the app.
    AppScheme = "app.scheme",
    /// The address in the browser, from scheme to port where that is needed, without a slash at the end.
    AppOrigin = "app.origin",
    /// The name of the box in its network: `mybox.local`.
    BoxHost = "box.host",
    /// The name of the box alone: `mybox`.
    BoxName = "box.name",
    /// The address of the box in its network.
    BoxAddress = "box.address",
    /// The address of the box as the app's containers see it.
    BoxGateway = "box.gateway",
    /// The time zone: `Europe/Berlin`.
    BoxTimezone = "box.timezone",
    /// The number of the user whom the app's data belongs to, as its containers see it.
    AppUser = "app.user",
    /// The number of the group whom the app's data belongs to, as its containers see it.
    AppGroup = "app.group",
}

/// A text that is no template.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TemplateError {
    /// It does not end, or what is in braces is nothing that is known here.
    #[error("`{0}` is not a text with variables: a variable is `${{NAME}}`, `${{NAME:-text}}` or `${{NAME:+text}}`, a dollar is `$$`")]
    Wrong(String),
    /// It is longer than a template may be.
    #[error("a text with variables has at most {MAX_TEMPLATE_BYTES} bytes")]
    TooLong,
}

/// A template that cannot be filled in.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unfilled {
    /// Nobody gave a value for this variable.
    #[error("the variable `{0}` has no value")]
    NoValue(String),
    /// The text became longer than it may be.
    #[error("the text became longer than {MAX_TEMPLATE_BYTES} bytes")]
    TooLong,
}

impl Template {
    /// A text without variables.
    #[must_use]
    pub fn text(text: impl Into<String>) -> Self {
        Self::from_parts([Part::Text(text.into())])
    }

    /// A variable alone.
    #[must_use]
    pub fn variable(variable: Variable) -> Self {
        Self(vec![Part::Value(variable)])
    }

    /// These parts, texts that touch joined.
    pub fn from_parts(parts: impl IntoIterator<Item = Part>) -> Self {
        let mut joined: Vec<Part> = Vec::new();
        for part in parts {
            match (joined.last_mut(), part) {
                (_, Part::Text(text)) if text.is_empty() => {}
                (Some(Part::Text(before)), Part::Text(text)) => before.push_str(&text),
                (_, part) => joined.push(part),
            }
        }
        Self(joined)
    }

    /// The parts.
    #[must_use]
    pub fn parts(&self) -> &[Part] {
        &self.0
    }

    /// The text, when there are no variables.
    #[must_use]
    pub fn as_text(&self) -> Option<&str> {
        match self.0.as_slice() {
            [] => Some(""),
            [Part::Text(text)] => Some(text),
            _ => None,
        }
    }

    /// Every variable that it names, those within a variable's `:-` and `:+` included.
    pub fn variables(&self) -> Vec<&Variable> {
        let mut found = Vec::new();
        self.collect(&mut found);
        found
    }

    fn collect<'a>(&'a self, found: &mut Vec<&'a Variable>) {
        for part in &self.0 {
            match part {
                Part::Text(_) => {}
                Part::Value(variable) => found.push(variable),
                Part::Else(variable, inner) | Part::When(variable, inner) => {
                    found.push(variable);
                    inner.collect(found);
                }
            }
        }
    }

    /// The text with the values that `value` gives. `None` means that there is none, which only `:-` and `:+` take.
    ///
    /// # Errors
    /// A variable without a value, or a text that became too long.
    pub fn fill<'a>(&self, value: &impl Fn(&Variable) -> Option<&'a str>) -> Result<String, Unfilled> {
        let mut text = String::new();
        self.fill_into(value, &mut text)?;
        Ok(text)
    }

    fn fill_into<'a>(&self, value: &impl Fn(&Variable) -> Option<&'a str>, text: &mut String) -> Result<(), Unfilled> {
        for part in &self.0 {
            match part {
                Part::Text(part) => text.push_str(part),
                Part::Value(variable) => text.push_str(value(variable).ok_or_else(|| Unfilled::NoValue(variable.to_string()))?),
                Part::Else(variable, inner) => match value(variable) {
                    Some(value) if !value.is_empty() => text.push_str(value),
                    _ => inner.fill_into(value, text)?,
                },
                Part::When(variable, inner) if value(variable).is_some_and(|value| !value.is_empty()) => inner.fill_into(value, text)?,
                Part::When(..) => {}
            }
            if text.len() > MAX_TEMPLATE_BYTES {
                return Err(Unfilled::TooLong);
            }
        }
        Ok(())
    }

    /// Prints the parts. A brace in a text that is `nested` in braces would end these, so it is written as `$}`.
    fn print(&self, f: &mut fmt::Formatter<'_>, nested: bool) -> fmt::Result {
        for part in &self.0 {
            match part {
                Part::Text(text) if nested => f.write_str(&text.replace('$', "$$").replace('}', "$}"))?,
                Part::Text(text) => f.write_str(&text.replace('$', "$$"))?,
                Part::Value(variable) => write!(f, "${{{variable}}}")?,
                Part::Else(variable, inner) | Part::When(variable, inner) => {
                    write!(f, "${{{variable}:{}", if matches!(part, Part::Else(..)) { '-' } else { '+' })?;
                    inner.print(f, true)?;
                    f.write_str("}")?;
                }
            }
        }
        Ok(())
    }

    /// The template with each text as `change` makes it; what `change` has nothing for stays.
    #[must_use]
    pub fn map_text(self, change: &impl Fn(&str) -> Option<Vec<Part>>) -> Self {
        Self::from_parts(self.0.into_iter().flat_map(|part| match part {
            Part::Text(text) => change(&text).unwrap_or_else(|| vec![Part::Text(text)]),
            Part::Else(variable, inner) => vec![Part::Else(variable, inner.map_text(change))],
            Part::When(variable, inner) => vec![Part::When(variable, inner.map_text(change))],
            part @ Part::Value(_) => vec![part],
        }))
    }
}

impl FromStr for Variable {
    type Err = crate::NameError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match Known::ALL.iter().find(|known| known.word() == text) {
            Some(known) => Ok(Self::Known(*known)),
            None => text.parse().map(Self::Declared),
        }
    }
}

impl fmt::Display for Variable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Known(known) => known.word(),
            Self::Declared(name) => name.as_str(),
        })
    }
}

impl fmt::Display for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.print(f, false)
    }
}

impl FromStr for Template {
    type Err = TemplateError;

    fn from_str(text: &str) -> Result<Self, TemplateError> {
        interpolate::template(text)
    }
}

impl TryFrom<String> for Template {
    type Error = TemplateError;

    fn try_from(text: String) -> Result<Self, TemplateError> {
        text.parse()
    }
}

impl From<Template> for String {
    fn from(template: Template) -> String {
        template.to_string()
    }
}
