//! The pages that somebody with a link sees. They are whole in one answer and have no origin, so whatever is in them is nobody of the household.

use std::sync::LazyLock;

use aws_lc_rs::digest::{SHA256, digest};
use axum::{body::Body, response::Response};
use base64::{Engine, prelude::BASE64_STANDARD};
use croft_api::{
    wire::links::{LinkEntry, LinkPage},
    xml::escaped,
};
use croft_model::{LinkKind, Problem};
use http::{HeaderValue, StatusCode, header};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::json;

use super::OwnPage;

/// What stays as it is in addresses: the unreserved characters of RFC 3986.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// What a page may do: run its one script, which talks to the box, send its form, start downloads. Being in a sandbox it has no origin.
static POLICY: LazyLock<String> = LazyLock::new(|| {
    let hash = |text: &str| BASE64_STANDARD.encode(digest(&SHA256, text.as_bytes()).as_ref());
    format!(
        "default-src 'none'; script-src 'sha256-{}'; style-src 'sha256-{}'; connect-src 'self'; form-action 'self'; frame-ancestors 'none'; \
         base-uri 'none'; sandbox allow-scripts allow-forms allow-downloads",
        hash(croft_web::LINK_SCRIPT),
        hash(croft_web::LINK_STYLE)
    )
});

/// Bytes of a list of files; what is over is counted. A page is in memory as long as somebody reads it.
const MAX_LIST: usize = 512 * 1024;

/// The policy of the pages.
pub(crate) fn policy() -> &'static str {
    &POLICY
}

/// The page of a folder, or of the one file that the link opens. `root` is the address of the link.
pub(super) fn shown(page: &LinkPage, root: &str, now: i64) -> Response {
    let title = page.names.last().map_or("", String::as_str);
    let below: Vec<String> = page.names.iter().skip(1).map(|name| encoded(name)).collect();
    let base = below.iter().fold(format!("{root}/"), |base, name| format!("{base}{name}/"));
    let mut body = way(page, root);
    body.push_str(&format!("<h1>{}</h1><p class=\"from\">{}</p>", escaped(title), escaped(&told(page, now))));
    if page.kind != LinkKind::Read && page.folder {
        body.push_str(ZONE);
    }
    if page.kind == LinkKind::Edit && page.folder {
        body.push_str(FOLDER);
    }
    if page.kind != LinkKind::Drop {
        body.push_str(&list(page, &base));
    }
    let words = json!({
        "added": "added",
        "failed": "That did not work. Is the link still good, and the box within reach?",
        "sure": "Really delete?",
    });
    let data = format!(
        " data-base=\"{}\" data-pass=\"{}\" data-words=\"{}\"",
        escaped(&base),
        escaped(page.pass.as_deref().unwrap_or_default()),
        escaped(&words.to_string())
    );
    let script = if page.kind == LinkKind::Read { "" } else { croft_web::LINK_SCRIPT };
    answer(StatusCode::OK, document(title, &data, &body, script))
}

/// The page that says why there is none, or asks for the password of the link at `root`.
pub(super) fn refused(problem: &Problem, root: &str) -> Response {
    let status = StatusCode::from_u16(problem.status).unwrap_or(StatusCode::NOT_FOUND);
    let asks = problem.code.starts_with("link-password");
    let wrong = problem.code == "link-password-wrong" || problem.status == 429;
    let sentence = escaped(&problem.detail);
    let hint = problem.hint.as_deref().map(escaped).unwrap_or_default();
    let body = if asks {
        let note = if wrong { format!("<p class=\"bad\" role=\"alert\">{sentence} {hint}</p>") } else { String::new() };
        format!(
            "<h1>This link asks for a password.</h1><p class=\"from\">Whoever gave you the link knows it.</p>{note}\
             <form class=\"card pad\" method=\"post\" action=\"{}\"><label for=\"password\">Password</label>\
             <input id=\"password\" name=\"password\" type=\"password\" required autofocus autocomplete=\"off\"><p><button>Open</button></p></form>",
            escaped(root)
        )
    } else {
        format!("<h1>{sentence}</h1><p class=\"from\">{hint}</p>")
    };
    let mut response = answer(status, document("A link", "", &body, ""));
    if let Some(seconds) = problem.retry_after_seconds {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}

const ZONE: &str = "<section id=\"zone\" class=\"zone\" aria-label=\"Add files\"><p>Drop files here, or choose them.</p>\
    <input class=\"hidden\" type=\"file\" multiple tabindex=\"-1\" aria-label=\"Files to add\"><button type=\"button\">Choose files</button></section>\
    <ul id=\"sent\" aria-label=\"Files that you add\"></ul>";
const FOLDER: &str = "<form id=\"folder\" class=\"card pad\"><label for=\"name\">New folder</label><div class=\"row\">\
    <input id=\"name\" type=\"text\" maxlength=\"200\" autocomplete=\"off\"><button class=\"quiet\">Make</button></div></form>";

/// The folders above the one that is shown.
fn way(page: &LinkPage, root: &str) -> String {
    let Some((_, above)) = page.names.split_last().filter(|(_, above)| !above.is_empty() && page.folder) else { return String::new() };
    let mut address = format!("{root}/");
    let mut out = String::from("<nav aria-label=\"Where you are\">");
    for (depth, name) in above.iter().enumerate() {
        if depth > 0 {
            address.push_str(&format!("{}/", encoded(name)));
        }
        out.push_str(&format!("<a href=\"{}\">{}</a> / ", escaped(&address), escaped(name)));
    }
    out.push_str("</nav>");
    out
}

fn told(page: &LinkPage, now: i64) -> String {
    let what = match page.kind {
        LinkKind::Read => "for you to look at and download",
        LinkKind::Drop => "for you to add files to. What is there already is not shown, and nothing of it is replaced",
        LinkKind::Edit => "for you to look at and change",
    };
    // Of a day that has begun most is left.
    let until = page.expires.map(|at| match (at - now).max(0).unsigned_abs().div_ceil(86_400) {
        0 | 1 => " The link ends within a day.".to_owned(),
        days => format!(" The link ends in {days} days."),
    });
    format!("{} opened this {what}.{}", page.by, until.unwrap_or_default())
}

fn list(page: &LinkPage, base: &str) -> String {
    if page.entries.is_empty() {
        return "<p class=\"note\">There is nothing in this folder.</p>".into();
    }
    let (mut entries, mut shown) = (String::new(), 0);
    for next in page.entries.iter().map(|one| entry(one, base, page)) {
        if entries.len() + next.len() > MAX_LIST {
            break;
        }
        entries.push_str(&next);
        shown += 1;
    }
    let more = match page.more + page.entries.len() - shown {
        0 => String::new(),
        more => format!("<p class=\"note\">And {more} more, which this page does not show.</p>"),
    };
    let all =
        if page.folder { format!("<p><a class=\"button\" href=\"{}?zip\">Download all</a></p>", escaped(base)) } else { String::new() };
    format!("{all}<ul class=\"card\" aria-label=\"Files\">{entries}</ul>{more}")
}

fn entry(one: &LinkEntry, base: &str, page: &LinkPage) -> String {
    let (name, address) = (escaped(&one.name), encoded(&one.name));
    let slash = if one.bytes.is_none() { "/" } else { "" };
    let size = one.bytes.map_or_else(|| "folder".to_owned(), size);
    let mut out = format!("<li><a class=\"name\" href=\"{}{address}{slash}\">{name}</a><span class=\"size\">{size}</span>", escaped(base));
    if page.kind == LinkKind::Edit {
        if one.bytes.is_some() {
            out.push_str(&format!(
                "<button type=\"button\" class=\"quiet\" data-replace=\"{address}\" data-etag=\"{}\" aria-label=\"Replace {name}\">Replace</button>",
                escaped(&one.etag)
            ));
        }
        if page.folder {
            out.push_str(&format!(
                "<button type=\"button\" class=\"quiet\" data-delete=\"{address}\" data-etag=\"{}\" aria-label=\"Delete {name}\">Delete</button>",
                if one.bytes.is_some() { escaped(&one.etag) } else { "".into() }
            ));
        }
    } else if one.bytes.is_some() {
        out.push_str(&format!("<a class=\"button\" href=\"{}{address}\" aria-label=\"Download {name}\">Download</a>", escaped(base)));
    }
    out.push_str("</li>");
    out
}

/// Bytes as people read them.
fn size(bytes: u64) -> String {
    let tenths = |unit: u64| {
        let tenths = bytes.saturating_mul(10) / unit;
        if tenths < 100 { format!("{}.{}", tenths / 10, tenths % 10) } else { (tenths / 10).to_string() }
    };
    match bytes {
        0..1_000 => format!("{bytes} B"),
        1_000..1_000_000 => format!("{} kB", tenths(1_000)),
        1_000_000..1_000_000_000 => format!("{} MB", tenths(1_000_000)),
        _ => format!("{} GB", tenths(1_000_000_000)),
    }
}

fn document(title: &str, data: &str, body: &str, script: &str) -> String {
    let script = if script.is_empty() { String::new() } else { format!("<script>{script}</script>") };
    format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
         <meta name=\"robots\" content=\"noindex\"><title>{}</title><style>{}</style></head><body><main{data}>{body}\
         <p id=\"status\" role=\"status\" class=\"note\"></p><footer>From somebody's own server at home.</footer></main>{script}</body></html>",
        escaped(title),
        croft_web::LINK_STYLE
    )
}

fn encoded(name: &str) -> String {
    utf8_percent_encode(name, SEGMENT).to_string()
}

fn answer(status: StatusCode, text: String) -> Response {
    let mut response = Response::new(Body::from(text));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response.extensions_mut().insert(OwnPage);
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_name_of_a_file_becomes_a_part_of_the_page() {
        let nasty = "<script>alert(1)</script>\"'&.txt";
        let entry = |name: &str, bytes| LinkEntry { name: name.into(), bytes, modified: 0, etag: "e\"".into() };
        for kind in [LinkKind::Read, LinkKind::Drop, LinkKind::Edit] {
            let page = LinkPage {
                names: vec![nasty.into(), nasty.into()],
                kind,
                by: nasty.into(),
                expires: Some(90_000),
                folder: true,
                entries: vec![entry(nasty, Some(5)), entry(nasty, None)],
                more: 3,
                pass: Some("5.ab".into()),
            };
            let base = "/s/t/";
            let body = format!("{}{}{}", way(&page, "/s/t"), list(&page, base), escaped(&told(&page, 0)));
            assert!(!body.contains("<script") && !body.contains("'&."), "{body}");
            assert!(body.contains("href=\"/s/t/%3Cscript%3Ealert%281%29%3C%2Fscript%3E%22%27%26.txt/\""), "{body}");
        }
        let problem = Problem::new(404, "x", "<b>").hint("<i>");
        assert_eq!(refused(&problem, "/s/<").status(), StatusCode::NOT_FOUND);
    }

    #[test]
    fn a_list_ends_where_it_would_be_too_long_and_says_so() {
        let entry = |_| LinkEntry { name: "\"".repeat(255), bytes: Some(1), modified: 0, etag: "\"e\"".into() };
        let page = LinkPage {
            names: vec!["top".into()],
            kind: LinkKind::Edit,
            by: "Ana".into(),
            expires: None,
            folder: true,
            entries: (0..2000).map(entry).collect(),
            more: 5,
            pass: None,
        };
        let text = list(&page, &format!("/s/t/{}", "%22".repeat(4000)));
        let shown = text.matches("<li>").count();
        assert!(shown > 0 && text.len() < MAX_LIST + 20_000, "{shown} in {} bytes", text.len());
        assert!(text.contains(&format!("And {} more", 2005 - shown)));
    }

    #[test]
    fn sizes_are_said_as_people_read_them() {
        for (bytes, expected) in
            [(0, "0 B"), (999, "999 B"), (1_000, "1.0 kB"), (12_345, "12 kB"), (9_990_000, "9.9 MB"), (u64::MAX, "1844674407 GB")]
        {
            assert_eq!(size(bytes), expected);
        }
    }
}
