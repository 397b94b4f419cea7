//! A whole catalogue: which kind it is, and what becomes of each app in it.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::names::tidied;
use crate::{
    AppId, AppSpec, CatalogueKind, Files, MAX_TITLE, Reason, ReasonKind, Text, casaos, compose,
    draft::Draft,
    files::{Entry, EntryKind, FileError},
    plain, runtipi,
    tree::{MAX_FILE_BYTES, Node, TreeError},
    umbrel::{self, Scripts},
};

/// Folders in which a catalogue's apps are; the topmost one otherwise.
const FOLDERS: &[&str] = &["Apps", "apps"];
/// Names of a compose file, the first that is there counts.
const COMPOSE: &[&str] = &["docker-compose.yml", "docker-compose.yaml", "compose.yml", "compose.yaml"];
/// Names of Umbrel's manifest.
const UMBREL: &[&str] = &["umbrel-app.yml", "umbrel-app.yaml"];
/// Runtipi's manifest, and the services beside it.
const RUNTIPI: (&str, &str) = ("config.json", "docker-compose.json");
/// Our own manifest.
const CROFT: &str = "croft.toml";
/// Bytes of a file beside a manifest: scripts, variables, small configurations.
const MAX_BESIDE_BYTES: usize = 64 * 1024;
/// Files beside one manifest that are read.
const MAX_BESIDE: usize = 32;
/// What an app is called that lies in the topmost folder and has no name.
const NAMELESS: &str = "app";

/// What a catalogue holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Catalogue {
    /// Its apps, by the names of their folders.
    pub apps: Vec<ReadApp>,
}

/// An app of a catalogue, as it was read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReadApp {
    /// Its id; the name of its folder where that gives none.
    pub id: Text<MAX_TITLE>,
    /// The folder of its manifest below the catalogue's; empty for an app that is the catalogue.
    pub folder: String,
    /// The sort of its manifest.
    pub kind: CatalogueKind,
    /// What became of it.
    pub outcome: Outcome,
}

/// What became of an app.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "is", content = "with", rename_all = "kebab-case")]
pub enum Outcome {
    /// It is as its catalogue has it.
    Imported(Box<AppSpec>),
    /// Something is different here: the spec's remarks say what.
    Remarks(Box<AppSpec>),
    /// It cannot be taken.
    Refused(Vec<Reason>),
}

/// A catalogue that cannot be read at all.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CatalogueError {
    /// Its folder cannot be read.
    #[error(transparent)]
    Files(#[from] FileError),
    /// There is no app in it.
    #[error(
        "there is no app here: neither a compose file nor folders with `umbrel-app.yml`, `config.json` or a compose file, also not below `Apps` or `apps`"
    )]
    Nothing,
}

/// An app that cannot be read.
#[derive(Debug, thiserror::Error)]
enum AppError {
    #[error(transparent)]
    File(#[from] FileError),
    #[error("{0}: {1}")]
    Tree(String, TreeError),
    #[error("{0}")]
    Name(#[from] croft_model::Invalid),
    #[error("there is no `{0}`")]
    Missing(String),
}

/// Reads a whole catalogue. An app that is wrong is refused by itself and keeps no other from being read.
///
/// # Errors
/// The topmost folder cannot be read, or there is no app in it.
pub fn read(files: &impl Files) -> Result<Catalogue, CatalogueError> {
    let top = files.list("")?;
    if let Some(kind) = kind_of(&top) {
        let mut taken = BTreeSet::new();
        return Ok(Catalogue { apps: vec![app(files, "", NAMELESS, &top, kind, &mut taken)] });
    }
    let mut apps = Vec::new();
    let mut outside = Vec::new();
    let mut taken = BTreeSet::new();
    let folders =
        FOLDERS.iter().copied().filter(|folder| top.iter().any(|entry| entry.name == **folder && entry.kind == EntryKind::Folder));
    let folders: Vec<&str> = folders.chain([""]).collect();
    for folder in folders {
        let entries = if folder.is_empty() { top.clone() } else { files.list(folder)? };
        for entry in entries {
            let path = join(folder, &entry.name);
            match entry.kind {
                EntryKind::File => {}
                // A name with a dot is one of a file.
                EntryKind::Outside if entry.name.contains('.') => {}
                EntryKind::Outside => {
                    let error = FileError::LeadsOut(path.clone());
                    outside.push(refused(&entry.name, &path, CatalogueKind::Compose, ReasonKind::Invalid, &error.to_string()));
                }
                EntryKind::Folder => match files.list(&path) {
                    Ok(inner) => {
                        if let Some(kind) = kind_of(&inner) {
                            apps.push(app(files, &path, &entry.name, &inner, kind, &mut taken));
                        }
                    }
                    Err(error) => apps.push(refused(&entry.name, &path, CatalogueKind::Compose, ReasonKind::Invalid, &error.to_string())),
                },
            }
        }
        if !apps.is_empty() {
            apps.append(&mut outside);
            break;
        }
    }
    if apps.is_empty() { Err(CatalogueError::Nothing) } else { Ok(Catalogue { apps }) }
}

fn join(folder: &str, name: &str) -> String {
    if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") }
}

fn has(entries: &[Entry], name: &str) -> bool {
    entries.iter().any(|entry| entry.name == name && entry.kind != EntryKind::Folder)
}

/// What a folder with these entries holds. A compose file may still turn out to be one of CasaOS or Runtipi: others have a `config.json`, too.
fn kind_of(entries: &[Entry]) -> Option<CatalogueKind> {
    let compose = COMPOSE.iter().any(|name| has(entries, name));
    if UMBREL.iter().any(|name| has(entries, name)) {
        Some(CatalogueKind::Umbrel)
    } else if has(entries, RUNTIPI.0) && has(entries, RUNTIPI.1) {
        Some(CatalogueKind::Runtipi)
    } else {
        compose.then_some(CatalogueKind::Compose)
    }
}

fn refused(name: &str, folder: &str, kind: CatalogueKind, reason: ReasonKind, sentence: &str) -> ReadApp {
    let sentence = Text::<{ crate::MAX_LINE }>::new(sentence).to_string();
    let id = compose::app_id(name).map_or_else(|_| Text::new(name), |id| Text::new(&id));
    ReadApp { id, folder: folder.to_owned(), kind, outcome: Outcome::Refused(vec![Reason { kind: reason, sentence }]) }
}

fn app(files: &impl Files, folder: &str, name: &str, entries: &[Entry], kind: CatalogueKind, taken: &mut BTreeSet<AppId>) -> ReadApp {
    let found = Found { files, folder, name, entries };
    let draft = match kind {
        CatalogueKind::Umbrel => found.umbrel(),
        CatalogueKind::Runtipi => {
            found.tree(RUNTIPI.0, Node::json).and_then(|config| found.runtipi(&config, found.tree(RUNTIPI.1, Node::json)?))
        }
        CatalogueKind::Casaos | CatalogueKind::Compose => found.compose(),
    };
    let draft = match draft {
        Ok(draft) => draft,
        Err(error) => return refused(name, folder, kind, ReasonKind::Invalid, &error.to_string()),
    };
    let (id, kind) = (draft.spec.id.clone(), draft.spec.kind);
    if !taken.insert(id.clone()) {
        return refused(&id, folder, kind, ReasonKind::Invalid, "another app of the catalogue has the same id");
    }
    let outcome = match draft.finish() {
        Ok(spec) if spec.remarks.is_empty() => Outcome::Imported(Box::new(spec)),
        Ok(spec) => Outcome::Remarks(Box::new(spec)),
        Err(reasons) => Outcome::Refused(reasons),
    };
    ReadApp { id: Text::new(&id), folder: folder.to_owned(), kind, outcome }
}

/// The folder of an app.
struct Found<'a, F> {
    files: &'a F,
    folder: &'a str,
    name: &'a str,
    entries: &'a [Entry],
}

impl<F: Files> Found<'_, F> {
    fn text(&self, name: &str) -> Result<String, AppError> {
        self.files.read(&join(self.folder, name), MAX_FILE_BYTES)?.ok_or_else(|| AppError::Missing(name.to_owned()))
    }

    fn tree(&self, name: &str, read: fn(&str) -> Result<Node, TreeError>) -> Result<Node, AppError> {
        read(&self.text(name)?).map_err(|error| AppError::Tree(name.to_owned(), error))
    }

    fn first(&self, names: &[&'static str]) -> Result<&'static str, AppError> {
        let found = names.iter().find(|name| has(self.entries, name)).copied();
        found.ok_or_else(|| AppError::Missing(names.first().copied().unwrap_or_default().to_owned()))
    }

    /// The texts of files beside the manifest that `root` asks for.
    fn texts(&self, root: &Node) -> Result<BTreeMap<String, String>, AppError> {
        let mut texts = BTreeMap::new();
        for path in compose::asks_for(root)
            .into_iter()
            .chain(has(self.entries, plain::VARIABLES).then(|| plain::VARIABLES.to_owned()))
            .take(MAX_BESIDE)
        {
            // What is no path within the folder is refused where it is used.
            let Ok(inner) = path.parse::<crate::DataPath>() else { continue };
            if let Some(text) = self.files.read(&join(self.folder, inner.as_str()), MAX_BESIDE_BYTES)? {
                texts.insert(path, text);
            }
        }
        Ok(texts)
    }

    fn beside(&self) -> Vec<String> {
        self.entries.iter().filter(|entry| entry.kind != EntryKind::Outside).map(|entry| entry.name.clone()).collect()
    }

    fn compose(&self) -> Result<Draft, AppError> {
        let root = self.tree(self.first(COMPOSE)?, Node::yaml)?;
        let texts = self.texts(&root)?;
        let named = |node: &Node| node.get("name").text().map(tidied).and_then(Result::ok);
        if !root.get("x-casaos").is_null() {
            let id = named(&root).map_or_else(|| compose::app_id(self.name), Ok)?;
            return Ok(casaos::read(id, self.name, root, &texts));
        }
        if has(self.entries, RUNTIPI.0) && !has(self.entries, CROFT) {
            let config = self.tree(RUNTIPI.0, Node::json).unwrap_or(Node::Null);
            if ["tipi_version", "form_fields", "dynamic_config"].into_iter().any(|key| !config.get(key).is_null()) {
                return self.runtipi(&config, root);
            }
        }
        let manifest = if has(self.entries, CROFT) { self.tree(CROFT, Node::toml)? } else { root.get("x-croft").clone() };
        let id = match manifest.get("id").text() {
            Some(id) => id.parse()?,
            None if self.folder.is_empty() => named(&root).map_or_else(|| compose::app_id(self.name), Ok)?,
            None => compose::app_id(self.name)?,
        };
        Ok(plain::read(id, &manifest, &self.beside(), root, &texts))
    }

    fn runtipi(&self, config: &Node, services: Node) -> Result<Draft, AppError> {
        let id = compose::app_id(config.get("id").text().unwrap_or(self.name))?;
        let texts = self.texts(&services)?;
        let mut draft = runtipi::read(id, config, services, &texts);
        if self.entries.iter().any(|entry| entry.name == "data" && entry.kind == EntryKind::Folder)
            && let Ok(data) = "data".parse::<crate::DataPath>()
        {
            draft.spec.scaffold.push(crate::Scaffold { from: data.clone(), to: data });
        }
        Ok(draft)
    }

    fn umbrel(&self) -> Result<Draft, AppError> {
        let manifest = self.tree(self.first(UMBREL)?, Node::yaml)?;
        let root = self.tree(self.first(COMPOSE)?, Node::yaml)?;
        let id = compose::app_id(manifest.get("id").text().unwrap_or(self.name))?;
        let texts = self.texts(&root)?;
        let mut scripts = Scripts { beside: self.beside(), ..Scripts::default() };
        let beside = self.folder.rsplit_once('/').map_or("", |(parent, _)| parent);
        let needed = manifest.get("dependencies").elements().iter().filter_map(|name| name.text()?.parse::<AppId>().ok());
        // An app that is the catalogue has no other beside it.
        let needed = needed.filter(|_| !self.folder.is_empty()).map(|app| join(beside, &app));
        for folder in needed.take(MAX_BESIDE).chain([self.folder.to_owned()]) {
            scripts.exports.extend(self.files.read(&join(&folder, "exports.sh"), MAX_BESIDE_BYTES)?);
        }
        if self.entries.iter().any(|entry| entry.name == "hooks" && entry.kind == EntryKind::Folder) {
            let folder = join(self.folder, "hooks");
            for entry in self.files.list(&folder)?.into_iter().filter(|entry| entry.kind != EntryKind::Folder).take(MAX_BESIDE) {
                let text = self.files.read(&join(&folder, &entry.name), MAX_BESIDE_BYTES)?;
                scripts.hooks.extend(text.map(|text| (entry.name, text)));
            }
        }
        Ok(umbrel::read(id, &manifest, root, &scripts, &texts))
    }
}
