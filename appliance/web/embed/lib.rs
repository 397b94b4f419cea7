//! The built web UI, embedded into the executable. Owns nothing but bytes: no I/O, no clock, no HTTP.
//!
//! `build.rs` walks `dist/`, which `npm run build` has made and pressed, and writes a table of it. The gateway finds a file
//! by its path and serves it; [`INDEX`] answers every path of the app itself. The page of port 80 is [`door_page`].

include!(concat!(env!("OUT_DIR"), "/assets.rs"));

/// A file of the built app.
#[derive(Debug, PartialEq, Eq)]
pub struct Asset {
    /// Path in URLs, from the root: `/assets/index-BxFJ.js`.
    pub path: &'static str,
    /// Value of `Content-Type`.
    pub content_type: &'static str,
    /// True when the path holds a hash of the content, so that a browser may keep it for ever.
    pub immutable: bool,
    /// Strong entity tag with its quotes, made of the content.
    pub etag: &'static str,
    /// The file.
    pub bytes: &'static [u8],
    /// The file pressed with gzip, where that makes it smaller.
    pub gzip: Option<&'static [u8]>,
}

/// Path of the app's page, which answers every path of the app.
const INDEX_PATH: &str = "/index.html";

/// Path of the template of port 80's page.
const DOOR_PATH: &str = "/door/index.html";

/// The style of the page of a link, which is whole in one answer: it has no origin by which it could load anything.
pub const LINK_STYLE: &str = include_str!("../link/page.css");

/// The script of the page of a link.
pub const LINK_SCRIPT: &str = include_str!("../link/page.js");

/// Stands in for the app where it was not built.
const NOT_BUILT: &str =
    "<!doctype html><title>Croft</title><p>This executable was built without the web UI. Build it with <code>cargo xtask web</code>.</p>";

/// The app's page: served for every path that is neither a file, nor the API, nor WebDAV.
pub static INDEX: &Asset = match position(INDEX_PATH) {
    Some(at) => &ASSETS[at],
    None => &Asset {
        path: INDEX_PATH,
        content_type: "text/html; charset=utf-8",
        immutable: false,
        etag: "\"not-built\"",
        bytes: NOT_BUILT.as_bytes(),
        gzip: None,
    },
};

/// The file at `path`, with its leading slash. Templates are not files: ask [`door_page`].
#[must_use]
pub fn find(path: &str) -> Option<&'static Asset> {
    let at = ASSETS.binary_search_by(|asset| asset.path.cmp(path)).ok()?;
    ASSETS.get(at).filter(|asset| asset.path != DOOR_PATH)
}

/// The page of port 80, with the certificate's fingerprint, the encrypted origin (`https://croft.local`) and the box's name put in, escaped.
/// What it needs lies below `/door/` and is found by [`find`].
#[must_use]
pub fn door_page(fingerprint: &str, https_origin: &str, box_name: &str) -> String {
    let template = position(DOOR_PATH).and_then(|at| std::str::from_utf8(ASSETS[at].bytes).ok()).unwrap_or(NOT_BUILT);
    fill(template, &[("{{FINGERPRINT}}", fingerprint), ("{{HTTPS_ORIGIN}}", https_origin), ("{{BOX}}", box_name)])
}

/// Puts values in for their names in one pass, so that a value cannot bring in another name.
fn fill(template: &str, values: &[(&str, &str)]) -> String {
    let mut filled = String::with_capacity(template.len() + 512);
    let mut rest = template;
    while let Some((at, name, value)) = values.iter().filter_map(|(name, value)| rest.find(name).map(|at| (at, *name, *value))).min() {
        filled.push_str(&rest[..at]);
        escape(value, &mut filled);
        rest = &rest[at + name.len()..];
    }
    filled.push_str(rest);
    filled
}

/// Appends text so that it is text also in a quoted attribute.
fn escape(text: &str, onto: &mut String) {
    for sign in text.chars() {
        match sign {
            '&' => onto.push_str("&amp;"),
            '<' => onto.push_str("&lt;"),
            '>' => onto.push_str("&gt;"),
            '"' => onto.push_str("&quot;"),
            '\'' => onto.push_str("&#39;"),
            _ => onto.push(sign),
        }
    }
}

const fn position(path: &str) -> Option<usize> {
    let mut at = 0;
    while at < ASSETS.len() {
        if same(ASSETS[at].path.as_bytes(), path.as_bytes()) {
            return Some(at);
        }
        at += 1;
    }
    None
}

const fn same(one: &[u8], other: &[u8]) -> bool {
    let mut at = 0;
    while at < one.len() && at < other.len() && one[at] == other[at] {
        at += 1;
    }
    at == one.len() && at == other.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sorted_and_found() {
        assert!(ASSETS.is_sorted_by_key(|asset| asset.path));
        for asset in ASSETS.iter().filter(|asset| asset.path != DOOR_PATH) {
            assert_eq!(find(asset.path), Some(asset));
        }
        assert_eq!(find("/nothing"), None);
        assert_eq!(find(DOOR_PATH), None);
        assert_eq!(BUILT, find(INDEX_PATH).is_some());
    }

    #[test]
    fn pressed_bytes_are_gzip_and_smaller() {
        for asset in ASSETS {
            if let Some(gzip) = asset.gzip {
                assert!(gzip.starts_with(&[0x1f, 0x8b]) && gzip.len() < asset.bytes.len(), "{}", asset.path);
            }
        }
    }

    #[test]
    fn values_are_escaped_and_bring_in_nothing() {
        let check = |value: &str, expected: &str| assert_eq!(fill("<b a=\"{{X}}\">{{Y}}", &[("{{X}}", value), ("{{Y}}", "y")]), expected);
        check("plain", "<b a=\"plain\">y");
        check("\"><script>'&", "<b a=\"&quot;&gt;&lt;script&gt;&#39;&amp;\">y");
        check("{{Y}}", "<b a=\"{{Y}}\">y");
    }

    #[test]
    fn the_page_of_port_80_names_the_box() {
        if BUILT {
            let page = door_page("AB12", "https://croft.local", "Ana & Ben");
            assert!(page.contains("AB12") && page.contains("https://croft.local/") && page.contains("Ana &amp; Ben"));
            assert!(!page.contains("{{"));
        }
    }
}
