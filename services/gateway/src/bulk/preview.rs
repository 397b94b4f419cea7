//! How large a small picture shall be, out of the query of its address.

use std::{borrow::Cow, collections::HashMap};

use axum::extract::Query;
use croft_api::bulk::Header;
use croft_model::{Problem, SpaceId, SpaceNumber};
use http::Uri;

use crate::household::Tree;

/// The header by which a worker hears it. It is in no list of headers that a client may send.
const WANTED: &str = "croft-preview";
/// Pairs of a query that are looked at.
const MAX_PAIRS: usize = 16;
/// Width and height where a client of the dialect says none, as its servers have it.
const USUAL: &str = "32";

/// The pairs of a query, the first of each name.
pub(crate) fn pairs(uri: &Uri) -> HashMap<String, String> {
    let pairs = Query::<Vec<(String, String)>>::try_from_uri(uri).map(|Query(pairs)| pairs).unwrap_or_default();
    let mut first = HashMap::new();
    for (name, value) in pairs.into_iter().take(MAX_PAIRS) {
        first.entry(name).or_insert(value);
    }
    first
}

/// Whether a small picture is asked for.
pub(super) fn is_wanted(uri: &Uri) -> bool {
    uri.query().is_some() && pairs(uri).contains_key("size")
}

/// What the worker is told: `size=256` and `shape=cover` of our own, `x`, `y`, `a` and `mode` of the dialect. There, a picture that keeps its
/// shape (`a=1`) fits into the box, and any other is cut.
pub(super) fn header(uri: &Uri) -> Result<Header, Problem> {
    let pairs = pairs(uri);
    let side = |name: &str| pairs.get("size").or_else(|| pairs.get(name)).map_or(Cow::Borrowed(USUAL), Cow::from);
    let (width, height) = (side("x"), side("y"));
    let is_side = |text: &str| (1..=5).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    if !is_side(&width) || !is_side(&height) {
        return Err(Problem::new(400, "preview-malformed", "A small picture has a width and a height.").hint("Ask for `size=256`."));
    }
    let covers = if pairs.contains_key("size") {
        pairs.get("shape").is_some_and(|shape| shape == "cover")
    } else {
        pairs.get("a").is_none_or(|keeps| keeps != "1" && keeps != "true")
    };
    let id = pairs.get("fileId").and_then(|id| id.parse::<u64>().ok()).map_or_else(String::new, |id| format!(" {id}"));
    Ok((WANTED.into(), format!("{width} {height} {}{id}", if covers { "cover" } else { "fit" })))
}

/// The space of the file that a query names by its id, if the one who asks has it in `tree`.
pub(super) fn space_of(uri: &Uri, tree: &Tree) -> Result<SpaceId, Problem> {
    let number = pairs(uri).get("fileId").and_then(|id| SpaceNumber::of_file(id.parse().ok()?));
    number
        .map(|number| SpaceId::from_number(number.0))
        .filter(|space| tree.has(*space))
        .ok_or_else(|| Problem::new(404, "no-preview", "There is no small picture of this file."))
}

#[cfg(test)]
mod tests {
    use croft_model::Right;

    use super::*;
    use crate::household::Mount;

    #[test]
    fn an_id_names_a_space_of_the_tree_or_nothing() {
        let mount = Mount { name: "Family".into(), space: SpaceId::from_number(7), right: Right::Read };
        let tree = Tree { own: SpaceId::from_number(2), mounts: vec![mount], disks: Vec::new() };
        for (id, expected) in [(2_u64 << 36 | 5, Some(2)), (7 << 36, Some(7)), (3 << 36, None), (5, None), (u64::MAX, None)] {
            let uri: Uri = format!("/p?fileId={id}").parse().unwrap();
            assert_eq!(space_of(&uri, &tree).ok(), expected.map(SpaceId::from_number), "{id}");
        }
        assert!(space_of(&"/p".parse().unwrap(), &tree).is_err());
    }

    #[test]
    fn a_query_says_how_large_and_nothing_else() {
        for (query, expected) in [
            ("size=256", Some("256 256 fit")),
            ("size=256&shape=cover", Some("256 256 cover")),
            ("size=256&x=1&a=0&v=abc", Some("256 256 fit")),
            ("x=64&y=48", Some("64 48 cover")),
            ("x=64&y=48&a=1&fileId=00000068719476738", Some("64 48 fit 68719476738")),
            ("x=64&y=48&a=1&fileId=-1", Some("64 48 fit")),
            ("x=64&y=48&a=1&mode=cover&forceIcon=0", Some("64 48 fit")),
            ("a=true", Some("32 32 fit")),
            ("", Some("32 32 cover")),
            ("size=256&size=9", Some("256 256 fit")),
            ("size=", None),
            ("size=-1", None),
            ("size=1%20fit", None),
            ("x=123456&y=1", None),
            ("x=1&y=%0a", None),
        ] {
            let uri: Uri = format!("/p?{query}").parse().unwrap();
            assert_eq!(header(&uri).ok().map(|(_, value)| value).as_deref(), expected, "{query}");
        }
    }
    croft_fuzz::target! {
        /// The worker is told two sides, a shape and perhaps an id, and nothing else that stands in a query.
        fn preview_queries(input) {
            let query: String = String::from_utf8_lossy(input).chars().filter(char::is_ascii_graphic).collect();
            let Ok(uri) = format!("/p?{query}").parse::<Uri>() else { return };
            match header(&uri) {
                Ok((_, value)) => {
                    let words: Vec<&str> = value.split(' ').collect();
                    let ([width, height, shape] | [width, height, shape, _]) = words[..] else { panic!("{value}") };
                    assert!(width.parse::<u32>().is_ok_and(|side| side < 100_000) && height.parse::<u32>().is_ok_and(|side| side < 100_000));
                    assert!(["fit", "cover"].contains(&shape) && words.get(3).is_none_or(|id| id.parse::<u64>().is_ok()), "{value}");
                }
                Err(problem) => assert_eq!(problem.code, "preview-malformed"),
            }
        }
    }
}
