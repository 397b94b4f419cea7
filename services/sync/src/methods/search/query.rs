//! What a SEARCH asks for (RFC 5323, `DAV:basicsearch`), as the clients for phones write it; or the REPORT by which they list favourites.

use croft_model::Problem;

use super::condition::{Condition, Field};
use crate::{
    methods::{decoded, propfind::Query},
    xml::{DAV, Element, malformed},
};

/// Entries that are found at most, and where no limit is named.
pub(super) const MAX_FOUND: usize = 1000;
const FOUND: usize = 200;
/// Scopes and sort keys of one search.
const MAX_PARTS: usize = 8;

/// The namespace of a REPORT on files.
const OWNCLOUD: &str = "http://owncloud.org/ns";

/// What is looked through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Among {
    Everything,
    /// What the one who asks has marked.
    Favorites,
}

/// A search.
#[derive(Debug)]
pub(super) struct Search {
    /// The properties of what is found.
    pub(super) query: Query,
    /// Paths as addresses have them, decoded, and whether only what lies in the folder itself is meant. None means everything.
    pub(super) scopes: Vec<(Vec<String>, bool)>,
    pub(super) among: Among,
    pub(super) condition: Condition,
    /// By what the found is sorted, and whether the largest comes first.
    pub(super) order: Vec<(Field, bool)>,
    pub(super) limit: usize,
}

impl Search {
    /// Reads the body of a SEARCH or REPORT.
    pub(super) fn parse(body: &[u8]) -> Result<Self, Problem> {
        let document = Element::parse(body)?;
        if document.namespace == OWNCLOUD && document.name == "filter-files" {
            return Self::of_filter(&document);
        }
        let search = document.child("basicsearch").filter(|_| document.is("searchrequest")).ok_or_else(malformed)?;
        let select = search.child("select").ok_or_else(malformed)?;
        Ok(Self {
            query: Query::of_select(select)?,
            scopes: scopes(search)?,
            among: Among::Everything,
            condition: search.child("where").map_or(Ok(Condition::All(Vec::new())), Condition::of_where)?,
            order: order(search)?,
            limit: limit(search)?,
        })
    }

    /// The favourites, which is the one rule that there is.
    fn of_filter(filter: &Element) -> Result<Self, Problem> {
        let rules = filter.elements().filter(|element| element.namespace == OWNCLOUD && element.name == "filter-rules");
        let rules: Vec<&Element> = rules.flat_map(Element::elements).collect();
        let [rule] = rules.as_slice() else { return Err(malformed()) };
        if rule.namespace != OWNCLOUD || rule.name != "favorite" || rule.text().trim() != "1" {
            return Err(malformed());
        }
        let (scopes, condition, order) = (Vec::new(), Condition::All(Vec::new()), Vec::new());
        Ok(Self { query: Query::of_select(filter)?, scopes, among: Among::Favorites, condition, order, limit: MAX_FOUND })
    }
}

fn scopes(search: &Element) -> Result<Vec<(Vec<String>, bool)>, Problem> {
    let Some(from) = search.child("from") else { return Ok(Vec::new()) };
    let mut found = Vec::new();
    for scope in from.elements().filter(|element| element.is("scope")).take(MAX_PARTS) {
        let href = scope.child("href").ok_or_else(malformed)?.text();
        let path = decoded(path_of(href.trim())).ok_or_else(malformed)?;
        let flat = scope.child("depth").is_some_and(|depth| depth.text().trim() == "1");
        found.push((path, flat));
    }
    Ok(found)
}

/// `https://host/…` or `/…` as a path.
fn path_of(href: &str) -> &str {
    href.find("://").map_or(href, |end| href[end + 3..].find('/').map_or("/", |slash| &href[end + 3 + slash..]))
}

fn order(search: &Element) -> Result<Vec<(Field, bool)>, Problem> {
    let Some(order) = search.child("orderby") else { return Ok(Vec::new()) };
    let keys = order.elements().filter(|element| element.is("order")).take(MAX_PARTS);
    // What nothing is known of sorts nothing.
    let keys = keys.map(|key| Ok(Field::named_in(key)?.map(|field| (field, key.child("descending").is_some()))));
    keys.filter_map(Result::transpose).collect()
}

fn limit(search: &Element) -> Result<usize, Problem> {
    let named = search.child("limit").and_then(|limit| limit.child("nresults"));
    let Some(named) = named else { return Ok(FOUND) };
    debug_assert_eq!(named.namespace, DAV);
    Ok(named.text().trim().parse::<usize>().map_err(|_| malformed())?.min(MAX_FOUND))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::space::Seen;

    fn leaves(condition: &Condition) -> usize {
        match condition {
            Condition::All(all) | Condition::Any(all) => all.iter().map(leaves).sum(),
            Condition::Not(one) => leaves(one),
            _ => 1,
        }
    }

    croft_fuzz::target! {
        /// A search keeps to its limits, and says of every entry whether it is meant; one that is refused hears why.
        fn searches(input) {
            match Search::parse(input) {
                Ok(search) => {
                    assert!(search.limit <= MAX_FOUND && search.scopes.len() <= MAX_PARTS && search.order.len() <= MAX_PARTS);
                    assert!(leaves(&search.condition) <= 64);
                    for name in ["", "a", "Summer.jpg", "%_%", "\u{130}\u{df}"] {
                        let file = Seen { id: u64::MAX, name, folder: false, size: Some(u64::MAX), modified: Some(i64::MIN), taken: None };
                        let folder = Seen { folder: true, size: None, modified: None, ..file };
                        for seen in [file, folder] {
                            let not = Condition::Not(Box::new(search.condition.clone()));
                            assert_eq!(not.holds(&seen), search.condition.holds(&seen).map(|holds| !holds));
                            assert!(search.order.iter().all(|(field, _)| field.key(&seen).is_none_or(|key| key.len() <= 8 + 3 * name.len())));
                        }
                    }
                }
                Err(problem) => assert!(["xml-malformed", "search-too-long", "too-many-properties"].contains(&problem.code.as_str())),
            }
        }
    }
}
