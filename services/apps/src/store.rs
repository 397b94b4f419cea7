//! The store: catalogues that somebody handed to the box, as specifications. The box fetches none: whoever has a catalogue reads it
//! (`croft app catalog add`), and what comes is read again here.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use croft_api::wire::catalogs::{CatalogView, StoreApp, StoreChoice, StoreEntry, StorePage, StoreQuery, StoreQuestion};
use croft_catalog::{AppSpec, SettingKind, Template};
use croft_model::{AppId, Problem};
use croft_store::{Order, Store, Table, first_version};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tokio::task::spawn_blocking;

use crate::{error::AppsError, judge, view};

const CATALOGS: Table<String, CatalogRecord> = Table::new("catalogs");
const ENTRIES: Table<String, EntryRecord> = Table::new("catalog-apps");
/// Catalogues of a box. The largest that were read have some 400 apps.
pub(crate) const MAX_CATALOGS: usize = 16;
/// Apps of all catalogues together; specifications have some 4 KiB.
pub(crate) const MAX_APPS: usize = 10_000;
/// Bytes of all specifications together, those of an edition that is being handed over included; they are kept in memory, where they take some times as much.
/// The largest catalogues that were read have less than 2 MiB.
pub(crate) const MAX_BYTES: usize = 12 * 1024 * 1024;
/// Longest name of a catalogue, and of an edition.
const MAX_NAME: usize = 40;
const MAX_EDITION: usize = 64;
/// Apps of a page where nothing is said, and the most.
const PAGE: u32 = 50;
const MOST: u32 = 100;
/// Words of a search that count.
const MAX_WORDS: usize = 8;

/// A catalogue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct CatalogRecord {
    source: String,
    /// The edition that is shown.
    edition: String,
    since: Timestamp,
}

/// An app of a catalogue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct EntryRecord {
    catalog: String,
    edition: String,
    spec: AppSpec,
}

first_version!(CatalogRecord, EntryRecord);

/// Every catalogue, in memory and on disk. What is searched is read from memory.
#[derive(Clone)]
pub(crate) struct Shop {
    store: Store,
    known: Arc<Mutex<Known>>,
}

#[derive(Default)]
struct Known {
    catalogs: BTreeMap<String, CatalogRecord>,
    /// By catalogue and app; those of an edition that is not sealed yet beside those that are shown.
    entries: BTreeMap<(String, String, AppId), Arc<AppSpec>>,
    /// How large each is.
    bytes: BTreeMap<(String, String, AppId), usize>,
}

impl Known {
    fn insert(&mut self, key: (String, String, AppId), spec: Arc<AppSpec>) {
        self.bytes.insert(key.clone(), size(&spec));
        self.entries.insert(key, spec);
    }
}

/// Bytes of a specification as text.
fn size(spec: &AppSpec) -> usize {
    serde_json::to_string(spec).map_or(0, |text| text.len())
}

impl Shop {
    /// What the store has. Blocks.
    pub(crate) fn open(store: Store) -> Result<Self, AppsError> {
        let read = store.read()?;
        let catalogs = read.range(&CATALOGS, .., Order::Ascending, MAX_CATALOGS)?.into_iter().collect();
        let rows = read.range(&ENTRIES, .., Order::Ascending, 2 * MAX_APPS)?;
        let entry = |(_, row): (String, EntryRecord)| Some(((row.catalog, row.edition, row.spec.id.clone()), Arc::new(row.spec)));
        let mut known = Known { catalogs, ..Known::default() };
        let mut over = Vec::new();
        for (key, spec) in rows.into_iter().filter_map(entry) {
            // What was never sealed came to no end.
            if known.catalogs.get(&key.0).is_some_and(|record| record.edition == key.1) {
                known.insert(key, spec);
            } else {
                over.push(key);
            }
        }
        if !over.is_empty() {
            let mut write = store.write()?;
            for key in &over {
                write.remove(&ENTRIES, &row(key))?;
            }
            write.commit()?;
        }
        Ok(Self { store, known: Arc::new(Mutex::new(known)) })
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The catalogues, by name.
    pub(crate) fn catalogs(&self) -> Vec<CatalogView> {
        let known = self.known();
        let count = |name: &str, edition: &str| known.entries.keys().filter(|(catalog, of, _)| catalog == name && of == edition).count();
        let view = |(name, record): (&String, &CatalogRecord)| CatalogView {
            name: name.clone(),
            source: record.source.clone(),
            apps: count(name, &record.edition).try_into().unwrap_or(u32::MAX),
            since: record.since,
        };
        known.catalogs.iter().map(view).collect()
    }

    /// Takes apps of an edition, which are shown when it is sealed.
    pub(crate) async fn put(&self, catalog: &str, edition: &str, specs: Vec<AppSpec>) -> Result<(), Problem> {
        check(catalog, edition)?;
        {
            let known = self.known();
            if !known.catalogs.contains_key(catalog) && known.catalogs.len() >= MAX_CATALOGS {
                return Err(
                    Problem::new(409, "catalogs-full", format!("A box has {MAX_CATALOGS} catalogues at most.")).hint("Remove one first.")
                );
            }
            let coming: usize = specs.iter().map(size).sum();
            if known.bytes.values().sum::<usize>() + coming > MAX_BYTES {
                return Err(Problem::new(
                    409,
                    "catalogs-full",
                    "The catalogues of a box take 12 MiB at most, while an edition is handed over with the one before.",
                )
                .hint("Remove one first, or hand fewer apps over."));
            }
            if known.entries.len() + specs.len() > 2 * MAX_APPS {
                return Err(Problem::new(409, "catalogs-full", format!("The catalogues of a box have {MAX_APPS} apps at most.")));
            }
        }
        let mut rows = Vec::new();
        for spec in specs {
            let id = spec.id.clone();
            rows.push(((catalog.to_owned(), edition.to_owned(), id), spec));
        }
        let (store, written) = (self.store.clone(), rows.clone());
        let done = spawn_blocking(move || -> Result<(), croft_store::StoreError> {
            let mut write = store.write()?;
            for (key, spec) in written {
                let record = EntryRecord { catalog: key.0.clone(), edition: key.1.clone(), spec };
                write.put(&ENTRIES, &row(&key), &record)?;
            }
            write.commit()
        });
        done.await.map_err(AppsError::from)?.map_err(AppsError::from)?;
        let mut known = self.known();
        rows.into_iter().for_each(|(key, spec)| known.insert(key, Arc::new(spec)));
        Ok(())
    }

    /// Shows an edition in place of the one before.
    pub(crate) async fn seal(&self, catalog: &str, edition: &str, source: String, now: Timestamp) -> Result<CatalogView, Problem> {
        check(catalog, edition)?;
        let record = CatalogRecord { source, edition: edition.to_owned(), since: now };
        {
            let known = self.known();
            if !known.catalogs.contains_key(catalog) && known.catalogs.len() >= MAX_CATALOGS {
                return Err(
                    Problem::new(409, "catalogs-full", format!("A box has {MAX_CATALOGS} catalogues at most.")).hint("Remove one first.")
                );
            }
        }
        if !self.known().entries.keys().any(|(name, of, _)| name == catalog && of == edition) {
            return Err(Problem::new(409, "catalog-empty", "No app of this edition was handed over.")
                .hint("Hand its apps over first, then seal it."));
        }
        self.replace(catalog, Some(record)).await?;
        self.catalogs().into_iter().find(|view| view.name == catalog).ok_or_else(Problem::internal)
    }

    /// Removes a catalogue. Apps that were installed from it stay.
    pub(crate) async fn remove(&self, catalog: &str) -> Result<(), Problem> {
        let is_there = {
            let known = self.known();
            known.catalogs.contains_key(catalog) || known.entries.keys().any(|(name, ..)| name == catalog)
        };
        if is_there { self.replace(catalog, None).await } else { Err(no_catalog(catalog)) }
    }

    /// Puts a catalogue's record down, or none, and removes all its apps that are not of it.
    async fn replace(&self, catalog: &str, record: Option<CatalogRecord>) -> Result<(), Problem> {
        let edition = record.as_ref().map(|record| record.edition.clone());
        let over: Vec<_> = {
            let known = self.known();
            known.entries.keys().filter(|(name, of, _)| name == catalog && Some(of) != edition.as_ref()).cloned().collect()
        };
        let (store, name, put, gone) = (self.store.clone(), catalog.to_owned(), record.clone(), over.clone());
        let done = spawn_blocking(move || -> Result<(), croft_store::StoreError> {
            let mut write = store.write()?;
            match &put {
                Some(record) => write.put(&CATALOGS, &name, record)?,
                None => drop(write.remove(&CATALOGS, &name)?),
            }
            for key in &gone {
                write.remove(&ENTRIES, &row(key))?;
            }
            write.commit()
        });
        done.await.map_err(AppsError::from)?.map_err(AppsError::from)?;
        let mut known = self.known();
        match record {
            Some(record) => drop(known.catalogs.insert(catalog.to_owned(), record)),
            None => drop(known.catalogs.remove(catalog)),
        }
        for key in &over {
            known.entries.remove(key);
            known.bytes.remove(key);
        }
        Ok(())
    }

    /// A page of what is asked for, by name.
    pub(crate) fn page(&self, query: &StoreQuery, installed: &BTreeMap<AppId, String>, architecture: &str) -> StorePage {
        let shown = self.shown();
        let mut categories = BTreeMap::new();
        for (_, spec) in shown.iter().filter(|(_, spec)| !spec.about.category.is_empty()) {
            *categories.entry(spec.about.category.to_string()).or_default() += 1;
        }
        let words: Vec<String> =
            query.search.iter().flat_map(|text| text.split_whitespace()).take(MAX_WORDS).map(str::to_lowercase).collect();
        let fits = |spec: &AppSpec| {
            let text = format!("{} {} {}", spec.about.name, spec.about.tagline, spec.id).to_lowercase();
            words.iter().all(|word| text.contains(word))
                && query.category.as_ref().is_none_or(|category| spec.about.category.as_str() == category)
        };
        let mut found: Vec<&(String, Arc<AppSpec>)> = shown.iter().filter(|(_, spec)| fits(spec)).collect();
        found.sort_by_cached_key(|(catalog, spec)| (spec.about.name.to_lowercase(), spec.id.to_string(), catalog.clone()));
        let (from, limit) = (query.from.unwrap_or(0) as usize, query.limit.unwrap_or(PAGE).clamp(1, MOST) as usize);
        let apps = found.iter().skip(from).take(limit).filter_map(|(catalog, spec)| one(catalog, spec, installed, architecture)).collect();
        StorePage { apps, total: found.len().try_into().unwrap_or(u32::MAX), categories }
    }

    /// All about one app.
    pub(crate) fn entry(
        &self,
        catalog: &str,
        app: &AppId,
        installed: &BTreeMap<AppId, String>,
        architecture: &str,
    ) -> Result<StoreEntry, Problem> {
        let spec = {
            let known = self.known();
            let record = known.catalogs.get(catalog).ok_or_else(|| no_catalog(catalog))?;
            known.entries.get(&(catalog.to_owned(), record.edition.clone(), app.clone())).cloned()
        };
        let missing = || Problem::new(404, "no-such-app", format!("The catalogue {catalog} has no app {app}."));
        let spec = spec.ok_or_else(missing)?;
        let value = serde_json::to_value(&*spec).map_err(|error| croft_api::problem::internal(&error))?;
        Ok(StoreEntry {
            app: one(catalog, &spec, installed, architecture).ok_or_else(missing)?,
            description: spec.about.description.to_string(),
            website: spec.about.website.to_string(),
            tips: spec.about.tips.to_string(),
            images: spec.services.values().map(|part| part.image.to_string()).collect(),
            questions: questions(&spec),
            remarks: spec.remarks.iter().map(ToString::to_string).collect(),
            spec: value,
        })
    }

    fn shown(&self) -> Vec<(String, Arc<AppSpec>)> {
        let known = self.known();
        let is_shown = |catalog: &str, edition: &str| known.catalogs.get(catalog).is_some_and(|record| record.edition == edition);
        known
            .entries
            .iter()
            .filter(|((catalog, edition, _), _)| is_shown(catalog, edition))
            .map(|((catalog, _, _), spec)| (catalog.clone(), Arc::clone(spec)))
            .collect()
    }
}

fn row((catalog, edition, app): &(String, String, AppId)) -> String {
    format!("{catalog}/{edition}/{app}")
}

fn one(catalog: &str, spec: &AppSpec, installed: &BTreeMap<AppId, String>, architecture: &str) -> Option<StoreApp> {
    let id = spec.id.clone();
    Some(StoreApp {
        catalog: catalog.to_owned(),
        name: spec.about.name.to_string(),
        tagline: spec.about.tagline.to_string(),
        category: spec.about.category.to_string(),
        version: spec.about.version.to_string(),
        developer: spec.about.developer.to_string(),
        permissions: view::permissions(spec),
        refused: judge::all_refusals(spec, architecture),
        installed: installed.get(&id).cloned(),
        id,
    })
}

fn questions(spec: &AppSpec) -> Vec<StoreQuestion> {
    let kind = |kind: SettingKind| match kind {
        SettingKind::Text => "text",
        SettingKind::Password => "password",
        SettingKind::Number => "number",
        SettingKind::Switch => "switch",
        SettingKind::Mail => "mail",
        SettingKind::Url => "url",
        SettingKind::Host => "host",
        SettingKind::Ip => "ip",
    };
    let question = |setting: &croft_catalog::Setting| StoreQuestion {
        key: setting.key.to_string(),
        label: setting.label.to_string(),
        hint: setting.hint.to_string(),
        kind: kind(setting.kind).into(),
        default: setting.default.as_ref().and_then(Template::as_text).map(str::to_owned),
        required: setting.required && setting.default.is_none(),
        choices: setting
            .choices
            .iter()
            .map(|choice| StoreChoice { value: choice.value.to_string(), label: choice.label.to_string() })
            .collect(),
    };
    spec.settings.iter().map(question).collect()
}

fn check(catalog: &str, edition: &str) -> Result<(), Problem> {
    let fits = |text: &str, most: usize| {
        (1..=most).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
    };
    if !fits(catalog, MAX_NAME) || catalog == "apps" {
        return Err(Problem::new(422, "catalog-name-invalid", "A catalogue is called by 1 to 40 of a-z, 0-9 and `-`, and not `apps`.")
            .key("catalog"));
    }
    if !fits(edition, MAX_EDITION) {
        return Err(Problem::new(422, "body-invalid", "An edition is 1 to 64 of a-z, 0-9 and `-`.").key("edition"));
    }
    Ok(())
}

fn no_catalog(catalog: &str) -> Problem {
    Problem::new(
        404,
        "no-such-catalog",
        format!("There is no catalogue {} on this box.", catalog.chars().take(MAX_NAME).collect::<String>()),
    )
    .hint("`croft app catalog list` shows those that there are.")
}

#[cfg(test)]
mod tests {
    use croft_store::Options;
    use serde_json::json;

    use super::*;

    fn spec(id: &str, name: &str, category: &str) -> AppSpec {
        let spec = json!({ "id": id, "kind": "compose", "about": { "name": name, "tagline": "For ours", "category": category, "version": "2" },
            "services": { "web": { "image": "a/b:1" } } });
        serde_json::from_value(spec).expect("a spec")
    }

    fn shop(folder: &tempfile::TempDir) -> Shop {
        let path = folder.path().join("apps.redb");
        let file = std::fs::OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path).expect("a file");
        Shop::open(Store::open(file, Options::new("apps")).expect("a store")).expect("a shop")
    }

    fn names(shop: &Shop, query: &StoreQuery) -> Vec<String> {
        shop.page(query, &BTreeMap::new(), "amd64").apps.into_iter().map(|app| app.name).collect()
    }

    #[tokio::test]
    async fn an_edition_is_shown_whole_and_lasts() {
        let folder = tempfile::tempdir().expect("a folder");
        let (shop_, all) = (shop(&folder), StoreQuery::default());
        shop_.put("ours", "one", vec![spec("photos", "Photos", "Media"), spec("notes", "Notes", "")]).await.expect("taken");
        assert!(names(&shop_, &all).is_empty(), "not before it is sealed");
        assert_eq!(
            shop_.seal("ours", "two", String::new(), Timestamp::UNIX_EPOCH).await.err().map(|problem| problem.code),
            Some("catalog-empty".into())
        );
        let sealed = shop_.seal("ours", "one", "A folder".into(), Timestamp::UNIX_EPOCH).await.expect("sealed");
        assert_eq!((sealed.apps, sealed.source.as_str()), (2, "A folder"));
        assert_eq!(names(&shop_, &all), ["Notes", "Photos"]);
        shop_.put("ours", "two", vec![spec("photos", "Photos 3", "Media")]).await.expect("taken");
        assert_eq!(names(&shop_, &all), ["Notes", "Photos"]);
        shop_.seal("ours", "two", String::new(), Timestamp::UNIX_EPOCH).await.expect("sealed");
        drop(shop_);
        let again = shop(&folder);
        assert_eq!(names(&again, &all), ["Photos 3"]);
        again.remove("ours").await.expect("removed");
        assert!(names(&again, &all).is_empty() && again.remove("ours").await.is_err_and(|problem| problem.code == "no-such-catalog"));
    }

    #[tokio::test]
    async fn the_store_is_searched_by_words_and_categories_and_read_by_pages() {
        let folder = tempfile::tempdir().expect("a folder");
        let shop = shop(&folder);
        let specs = vec![spec("photos", "Photos", "Media"), spec("films", "Films at home", "Media"), spec("notes", "Notes", "Office")];
        shop.put("ours", "one", specs).await.expect("taken");
        shop.seal("ours", "one", String::new(), Timestamp::UNIX_EPOCH).await.expect("sealed");
        let check = |query: StoreQuery, expected: &[&str]| assert_eq!(names(&shop, &query), expected, "{query:?}");
        let search = |text: &str| StoreQuery { search: Some(text.into()), ..StoreQuery::default() };
        check(search("HOME films"), &["Films at home"]);
        check(search("ours"), &["Films at home", "Notes", "Photos"]);
        check(search("nothing"), &[]);
        check(StoreQuery { category: Some("Office".into()), ..StoreQuery::default() }, &["Notes"]);
        check(StoreQuery { from: Some(1), limit: Some(1), ..StoreQuery::default() }, &["Notes"]);
        let page = shop.page(&search("notes"), &[("notes".parse().expect("an id"), "1".to_owned())].into(), "amd64");
        assert_eq!((page.total, page.categories.get("Media")), (1, Some(&2)));
        assert_eq!(page.apps[0].installed.as_deref(), Some("1"));
    }

    #[tokio::test]
    async fn what_was_never_sealed_is_gone_at_the_next_start_and_can_be_removed_before() {
        let folder = tempfile::tempdir().expect("a folder");
        let first = shop(&folder);
        first.put("ours", "one", vec![spec("photos", "Photos", "")]).await.expect("taken");
        first.remove("ours").await.expect("removed");
        first.put("ours", "two", vec![spec("photos", "Photos", "")]).await.expect("taken");
        drop(first);
        assert!(shop(&folder).remove("ours").await.is_err());
    }

    #[tokio::test]
    async fn catalogues_are_bounded_by_their_bytes() {
        let folder = tempfile::tempdir().expect("a folder");
        let shop = shop(&folder);
        let mut large = spec("photos", "Photos", "");
        large.about.description = croft_catalog::Text::new(&"x".repeat(16_000));
        let mut number = 0;
        let refused = loop {
            let specs = (0..60).map(|at| AppSpec { id: format!("a{number}-{at}").parse().expect("an id"), ..large.clone() }).collect();
            number += 1;
            match shop.put("ours", "one", specs).await {
                Ok(()) => assert!(number * 60 * 16_000 < 2 * MAX_BYTES),
                Err(problem) => break problem,
            }
        };
        assert_eq!(refused.code, "catalogs-full");
    }

    #[tokio::test]
    async fn names_are_checked() {
        let folder = tempfile::tempdir().expect("a folder");
        let shop = shop(&folder);
        for (catalog, edition) in
            [("", "one"), ("apps", "one"), ("A", "one"), ("../a", "one"), ("a", ""), ("a", "a/b"), (&"a".repeat(41), "one")]
        {
            assert!(shop.put(catalog, edition, vec![]).await.is_err_and(|problem| problem.status == 422), "{catalog} {edition}");
        }
    }
}
