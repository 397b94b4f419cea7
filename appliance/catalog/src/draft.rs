//! An app while it is read: what is known of it, what was remarked, and why it is refused.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::{
    About, AppId, AppSpec, CatalogueKind, DataPath, MAX_REMARKS, Permission, Scaffold, Source, SpaceClass, Template, Text,
    scope::{Meaning, Scope, ScopeError},
    tree::Node,
};

/// Reasons that are kept of one app; the first tell enough.
const MAX_REASONS: usize = 16;

/// Why an app is refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reason {
    /// Which sort of reason.
    pub kind: ReasonKind,
    /// The reason, as a sentence.
    pub sentence: String,
}

/// Which sort of reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ReasonKind {
    /// No box gives this to an app: its engine, the processes of others.
    Policy,
    /// A privilege that this box has no consent for.
    Privilege,
    /// Something that this box cannot do yet.
    Unsupported,
    /// The manifest is wrong by itself.
    Invalid,
}

/// An app while it is read.
pub(crate) struct Draft {
    pub(crate) spec: AppSpec,
    pub(crate) scope: Scope,
    reasons: Vec<Reason>,
    remarked: BTreeSet<String>,
    /// Where the catalogue's folders lie on this box: the first that begins a path decides.
    pub(crate) places: Vec<(String, Place)>,
    /// Entries of the app's own folder in its catalogue.
    pub(crate) beside: BTreeSet<String>,
    /// The port of the box on which the catalogue has the app's page.
    pub(crate) page: Option<u16>,
}

/// What a folder of a catalogue's own system is here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Place {
    /// The app's data, below this.
    Data(DataPath),
    /// The household's files.
    Space(SpaceClass),
    /// The household's files, for this folder alone and nothing below it.
    WholeSpace(SpaceClass),
}

impl Draft {
    pub(crate) fn new(id: AppId, kind: CatalogueKind) -> Self {
        Self {
            spec: AppSpec {
                about: About { name: Text::new(&id), ..About::default() },
                id,
                kind,
                services: Default::default(),
                door: None,
                ports: Vec::new(),
                settings: Vec::new(),
                secrets: Vec::new(),
                depends_on_apps: BTreeSet::new(),
                addresses: Default::default(),
                permissions: BTreeSet::new(),
                scaffold: Vec::new(),
                evaluate: None,
                remarks: Vec::new(),
            },
            scope: Scope::default(),
            reasons: Vec::new(),
            remarked: BTreeSet::new(),
            places: Vec::new(),
            beside: BTreeSet::new(),
            page: None,
        }
    }

    /// Notes what is different here, once.
    pub(crate) fn remark(&mut self, sentence: impl AsRef<str>) {
        let sentence = sentence.as_ref();
        if self.spec.remarks.len() < MAX_REMARKS && self.remarked.insert(sentence.to_owned()) {
            self.spec.remarks.push(Text::new(sentence));
        }
    }

    /// Notes why the app cannot be taken.
    pub(crate) fn refuse(&mut self, kind: ReasonKind, sentence: impl AsRef<str>) {
        let sentence = Text::<{ crate::MAX_LINE }>::new(sentence.as_ref()).to_string();
        let known = self.reasons.iter().any(|reason| reason.sentence == sentence);
        if self.reasons.len() < MAX_REASONS && !known {
            self.reasons.push(Reason { kind, sentence });
        }
    }

    pub(crate) fn permit(&mut self, permission: Permission) {
        self.spec.permissions.insert(permission);
    }

    /// Remarks on each key of `node` that is not among `known`. Keys of extensions (`x-…`) are nobody's business here.
    pub(crate) fn unknown_keys(&mut self, place: &str, node: &Node, known: &[&str]) {
        for (key, _) in node.entries() {
            if !known.contains(&key.as_str()) && !key.starts_with("x-") {
                self.remark(format!("the key `{key}` of {place} is not known here and was left out"));
            }
        }
    }

    /// The template that `text` of `place` is; an empty one when it is refused.
    pub(crate) fn template(&mut self, place: &str, text: &str) -> Template {
        match self.scope.template(text) {
            Ok(template) => template,
            Err(error) => {
                self.refuse_text(place, &error);
                Template::default()
            }
        }
    }

    /// The text that `text` of `place` is for good.
    pub(crate) fn constant(&mut self, place: &str, text: &str) -> Option<String> {
        match self.scope.constant(text) {
            Ok(text) => Some(text),
            Err(error) => {
                self.refuse_text(place, &error);
                None
            }
        }
    }

    fn refuse_text(&mut self, place: &str, error: &ScopeError) {
        let kind = match error {
            ScopeError::Template(_) => ReasonKind::Invalid,
            ScopeError::Folder(_) | ScopeError::Open(_) => ReasonKind::Unsupported,
        };
        self.refuse(kind, format!("{place}: {error}"));
    }

    /// Parses what `text` of `place` must be, or refuses the app.
    pub(crate) fn parsed<T: std::str::FromStr<Err: std::fmt::Display>>(&mut self, place: &str, text: &str) -> Option<T> {
        match text.parse() {
            Ok(value) => Some(value),
            Err(error) => {
                self.refuse(ReasonKind::Invalid, format!("{place}: {error}"));
                None
            }
        }
    }

    /// What an absolute path of the catalogue's own system is here, when it is one of its folders.
    pub(crate) fn placed(&self, path: &str) -> Option<Result<Source, crate::PathError>> {
        self.places.iter().find_map(|(folder, place)| {
            let rest = path.strip_prefix(folder.as_str())?;
            if !rest.is_empty() && !rest.starts_with('/') {
                return None;
            }
            let rest = rest.trim_start_matches('/');
            if matches!(place, Place::WholeSpace(_)) && !rest.is_empty() {
                return None;
            }
            Some(match place {
                Place::Data(below) => {
                    if rest.is_empty() { Ok(below.clone()) } else { below.join(rest) }.map(|path| Source::AppData { path })
                }
                Place::Space(which) | Place::WholeSpace(which) => rest.parse().map(|path| Source::Space { which: *which, path }),
            })
        })
    }

    pub(crate) fn place(&mut self, folder: &str, place: Place) {
        self.places.push((folder.to_owned(), place));
    }

    /// Puts `from`, a file or folder beside the manifest, into the app's data, if the catalogue has it.
    pub(crate) fn bring(&mut self, from: &DataPath, to: &DataPath) {
        let first = from.as_str().split('/').next().unwrap_or_default();
        let scaffold = Scaffold { from: from.clone(), to: to.clone() };
        let brought =
            |known: &Scaffold| from.as_str().strip_prefix(known.from.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
        if self.beside.contains(first) && !self.spec.scaffold.iter().any(brought) {
            self.spec.scaffold.push(scaffold);
        }
    }

    /// Says what `name` means in this manifest.
    pub(crate) fn mean(&mut self, name: &str, meaning: Meaning) {
        self.scope.mean(name, meaning);
    }

    /// The spec, or why there is none.
    pub(crate) fn finish(mut self) -> Result<AppSpec, Vec<Reason>> {
        let (settings, remarks) = self.scope.settings();
        remarks.into_iter().for_each(|remark| self.remark(remark));
        self.spec.settings = settings;
        if self.spec.settings.len() > crate::MAX_SETTINGS || self.spec.secrets.len() > crate::MAX_SETTINGS {
            self.refuse(ReasonKind::Invalid, format!("it has more than {} settings", crate::MAX_SETTINGS));
        }
        let scripted = self.scope.scripted().clone();
        if !scripted.is_empty() {
            self.spec.evaluate.get_or_insert_default().variables.extend(scripted);
        }
        if self.spec.evaluate.is_some() {
            self.remark("scripts of its catalogue are run for it, in a locked container without a network");
        }
        crate::origins::replace(&mut self.spec, self.page);
        crate::passwords::replace(&mut self.spec);
        let undeclared: Vec<String> = self.spec.undeclared().into_iter().map(ToString::to_string).collect();
        for name in undeclared {
            self.refuse(ReasonKind::Invalid, format!("`{name}` has no value: it is neither a setting nor a secret nor known to the box"));
        }
        if self.spec.services.is_empty() && self.reasons.is_empty() {
            self.refuse(ReasonKind::Invalid, "it has no services");
        }
        if self.reasons.is_empty() { Ok(self.spec) } else { Err(self.reasons) }
    }
}
