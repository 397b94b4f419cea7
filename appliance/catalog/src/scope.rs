//! What the variables of a manifest mean, and texts with those meanings put in.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    Known, Part, Setting, SettingKind, Template, Text, Variable, VariableName,
    interpolate::{self, Piece, Rule},
    template::TemplateError,
};

/// Names whose value is not shown while it is typed.
const HIDDEN: &[&str] = &["PASS", "SECRET", "TOKEN", "KEY", "COOKIE"];

/// Characters of a text that a remark repeats.
const MAX_SHOWN: usize = 80;

/// What a variable means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Meaning {
    /// This text, for good.
    Text(String),
    /// What the box knows, which is never empty; and what stands for it where nothing may be open.
    Known(Known, Option<String>),
    /// A secret or a script's variable, which is never empty.
    Given(VariableName),
    /// A setting, which may be empty.
    Setting(VariableName),
    /// A folder of the box; in paths of mounts alone.
    Folder(&'static str),
}

/// The variables of one manifest.
#[derive(Debug, Default)]
pub(crate) struct Scope {
    meanings: BTreeMap<String, Meaning>,
    settings: Vec<Setting>,
    /// Settings whose default was taken for good, where no variable can stand.
    pinned: BTreeMap<VariableName, String>,
    /// Settings that templates name.
    used: BTreeSet<VariableName>,
    /// Variables that the manifest names and declares nowhere.
    asked: BTreeSet<String>,
    /// Whether such variables are what scripts find out.
    by_scripts: bool,
    /// Whether a variable with a default of its own is a setting, too.
    defaults_are_settings: bool,
    scripted: BTreeSet<VariableName>,
    /// What scripts say for good of variables, for places where nothing may be open.
    assumed: BTreeMap<String, String>,
    /// Texts in which a dollar begins nothing.
    kept_dollars: BTreeSet<String>,
}

/// Why a text has no meaning.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ScopeError {
    #[error("{0}")]
    Template(#[from] TemplateError),
    #[error("it wants to know where the box keeps its files (`{0}`)")]
    Folder(String),
    #[error("its value depends on `{0}`, which is known at install")]
    Open(String),
}

impl Scope {
    /// Says what `name` means.
    pub(crate) fn mean(&mut self, name: &str, meaning: Meaning) {
        self.meanings.insert(name.to_owned(), meaning);
    }

    /// Declares a setting, which its key then means.
    pub(crate) fn declare(&mut self, setting: Setting) {
        self.mean(setting.key.clone().as_str(), Meaning::Setting(setting.key.clone()));
        self.settings.push(setting);
    }

    /// What nobody declares, scripts find out from here on.
    pub(crate) fn scripts_find_out(&mut self) {
        self.by_scripts = true;
    }

    /// What `name` is where nothing may be open, since a script says it without asking anything.
    pub(crate) fn assume(&mut self, name: &str, text: &str) {
        self.assumed.insert(name.to_owned(), text.to_owned());
    }

    /// Variables with a default of their own are settings from here on, as people who write compose files by hand mean them.
    pub(crate) fn defaults_are_settings(&mut self) {
        self.defaults_are_settings = true;
    }

    /// What scripts must find out.
    pub(crate) fn scripted(&self) -> &BTreeSet<VariableName> {
        &self.scripted
    }

    /// Whether `name` has a text for good, or a setting's default.
    pub(crate) fn is_settled(&self, name: &str) -> bool {
        match self.meanings.get(name) {
            None | Some(Meaning::Given(_)) => false,
            Some(Meaning::Text(text)) => !text.is_empty(),
            Some(Meaning::Known(..) | Meaning::Folder(_)) => true,
            Some(Meaning::Setting(key)) => self.settings.iter().any(|setting| setting.key == *key && setting.default.is_some()),
        }
    }

    /// Whether scripts find out what `name` is; then they must.
    pub(crate) fn scripts_name(&mut self, name: &str) -> bool {
        let found = self.by_scripts && !self.meanings.contains_key(name);
        if found {
            self.scripted.extend(name.parse::<VariableName>());
        }
        found
    }

    pub(crate) fn is_declared(&self, name: &str) -> bool {
        self.meanings.contains_key(name)
    }

    /// The settings, those that had to be added included; and what is to be said of them.
    pub(crate) fn settings(&mut self) -> (Vec<Setting>, Vec<String>) {
        let mut remarks: Vec<String> =
            (self.asked.iter()).map(|name| format!("`{name}` is declared nowhere, so it is a setting here")).collect();
        let mut kept = Vec::new();
        for mut setting in std::mem::take(&mut self.settings) {
            if let Some(text) = self.pinned.get(&setting.key) {
                remarks.push(format!("`{}` stays at `{text}`, since something depends on it that cannot change later", setting.key));
                setting.choices = vec![crate::Choice { value: Text::new(text), label: Text::new(text) }];
                setting.default = Some(Template::text(text.clone()));
                setting.required = false;
            }
            if self.used.contains(&setting.key) {
                kept.push(setting);
            } else {
                remarks.push(format!("the setting `{}` is used by nothing here, so nobody is asked for it", setting.key));
            }
        }
        (kept, remarks)
    }

    /// `text` with variables for what is open.
    pub(crate) fn template(&mut self, text: &str) -> Result<Template, ScopeError> {
        let pieces = self.pieces(text)?;
        Ok(Template::from_parts(self.parts(pieces)?))
    }

    /// `text` with nothing open: what a person may fill in later has its default.
    pub(crate) fn constant(&mut self, text: &str) -> Result<String, ScopeError> {
        if !text.contains('$') {
            return Ok(text.to_owned());
        }
        {
            let pieces = self.pieces(text)?;
            self.filled(pieces)
        }
    }

    fn pieces(&mut self, text: &str) -> Result<Vec<Piece>, TemplateError> {
        interpolate::pieces(text).or_else(|_| {
            let pieces = interpolate::lenient(text)?;
            self.kept_dollars.insert(text.chars().take(MAX_SHOWN).collect());
            Ok(pieces)
        })
    }

    fn filled(&mut self, pieces: Vec<Piece>) -> Result<String, ScopeError> {
        let mut text = String::new();
        for piece in pieces {
            match piece {
                Piece::Text(part) => text.push_str(&part),
                Piece::Variable { name, rule } => {
                    let value = self.value(&name);
                    match (value, rule) {
                        (Some(value), Rule::Plain | Rule::Else(_) | Rule::Required(_)) if !value.is_empty() => text.push_str(&value),
                        (Some(value), Rule::When(inner)) if !value.is_empty() => text.push_str(&self.filled(inner)?),
                        (_, Rule::Else(inner)) => {
                            let inner = self.filled(inner)?;
                            self.pin(&name, &inner);
                            text.push_str(&inner);
                        }
                        (_, Rule::When(_)) => {}
                        (_, Rule::Plain | Rule::Required(_)) => return Err(ScopeError::Open(name)),
                    }
                }
            }
        }
        Ok(text)
    }

    /// The text that a variable has for good.
    fn value(&mut self, name: &str) -> Option<String> {
        let Some(meaning) = self.meanings.get(name) else { return self.assumed.get(name).cloned() };
        match meaning.clone() {
            Meaning::Text(text) => Some(text),
            Meaning::Folder(folder) => Some(folder.to_owned()),
            Meaning::Known(_, text) => text,
            Meaning::Given(_) => None,
            Meaning::Setting(key) => {
                let default = self.settings.iter().find(|setting| setting.key == key)?.default.clone()?;
                let text = default.as_text()?.to_owned();
                self.pinned.insert(key, text.clone());
                Some(text)
            }
        }
    }

    /// Holds a setting to the text that a place without variables took for it.
    fn pin(&mut self, name: &str, text: &str) {
        if let Some(Meaning::Setting(key)) = self.meanings.get(name) {
            self.pinned.insert(key.clone(), text.to_owned());
        }
    }

    fn parts(&mut self, pieces: Vec<Piece>) -> Result<Vec<Part>, ScopeError> {
        let mut parts = Vec::new();
        for piece in pieces {
            match piece {
                Piece::Text(text) => parts.push(Part::Text(text)),
                Piece::Variable { name, rule } => parts.extend(self.variable(name, rule)?),
            }
        }
        Ok(parts)
    }

    fn variable(&mut self, name: String, rule: Rule) -> Result<Vec<Part>, ScopeError> {
        let meaning = match self.meanings.get(&name) {
            Some(meaning) => meaning.clone(),
            None => match self.undeclared(&name, &rule)? {
                Some(meaning) => meaning,
                None => return if let Rule::Else(inner) = rule { self.parts(inner) } else { Ok(Vec::new()) },
            },
        };
        match meaning {
            Meaning::Folder(_) => Err(ScopeError::Folder(name)),
            Meaning::Text(text) => match rule {
                Rule::Else(inner) if text.is_empty() => self.parts(inner),
                Rule::When(inner) if text.is_empty() => {
                    drop(inner);
                    Ok(Vec::new())
                }
                Rule::When(inner) => self.parts(inner),
                Rule::Plain | Rule::Required(_) | Rule::Else(_) => Ok(vec![Part::Text(text)]),
            },
            Meaning::Known(known, _) => self.given(Variable::Known(known), rule),
            Meaning::Given(key) => self.given(Variable::Declared(key), rule),
            Meaning::Setting(key) => {
                self.used.insert(key.clone());
                let variable = Variable::Declared(key);
                Ok(vec![match rule {
                    Rule::Plain | Rule::Required(_) => Part::Value(variable),
                    Rule::Else(inner) => Part::Else(variable, Template::from_parts(self.parts(inner)?)),
                    Rule::When(inner) => Part::When(variable, Template::from_parts(self.parts(inner)?)),
                }])
            }
        }
    }

    /// A variable that is never empty.
    fn given(&mut self, variable: Variable, rule: Rule) -> Result<Vec<Part>, ScopeError> {
        match rule {
            Rule::When(inner) => self.parts(inner),
            Rule::Plain | Rule::Required(_) | Rule::Else(_) => Ok(vec![Part::Value(variable)]),
        }
    }

    /// What a variable means that nobody declares: what scripts find out, or a setting. Nothing when it has a text of its own for that.
    fn undeclared(&mut self, name: &str, rule: &Rule) -> Result<Option<Meaning>, ScopeError> {
        let is_else = matches!(rule, Rule::Else(_));
        if matches!(rule, Rule::When(_)) || (is_else && !self.by_scripts && !self.defaults_are_settings) {
            return Ok(None);
        }
        let Ok(key) = name.parse::<VariableName>() else { return Err(TemplateError::Wrong(name.to_owned()).into()) };
        if self.by_scripts {
            self.scripted.insert(key.clone());
            return Ok(Some(if is_else { Meaning::Setting(key) } else { Meaning::Given(key) }));
        }
        if let Rule::Else(inner) = rule {
            let default = Some(Template::from_parts(self.parts(inner.clone())?));
            self.declare(Setting { default, ..setting(key.clone()) });
            return Ok(Some(Meaning::Setting(key)));
        }
        self.asked.insert(name.to_owned());
        let hint = if let Rule::Required(word) = rule { word.as_str() } else { "" };
        self.declare(Setting { hint: Text::new(hint), required: matches!(rule, Rule::Required(_)), ..setting(key.clone()) });
        Ok(Some(Meaning::Setting(key)))
    }
}

/// A setting of which nothing but its name is known.
pub(crate) fn setting(key: VariableName) -> Setting {
    let kind = if HIDDEN.iter().any(|part| key.to_ascii_uppercase().contains(part)) { SettingKind::Password } else { SettingKind::Text };
    let label = key.to_ascii_lowercase().replace('_', " ");
    let label = label.get(..1).map(|first| first.to_uppercase() + label.get(1..).unwrap_or_default()).unwrap_or_default();
    Setting {
        label: Text::new(&label),
        key,
        hint: Text::default(),
        kind,
        default: None,
        required: false,
        choices: Vec::new(),
        min: None,
        max: None,
    }
}
