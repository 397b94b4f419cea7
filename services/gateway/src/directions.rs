//! The way to people's files, for clients that were given an address above or beside it: folders that lead there step by step, and hints.

use axum::{body::Body, response::Response};
use croft_model::Problem;
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};

/// What the addresses above a tree take.
const METHODS: &str = "OPTIONS, PROPFIND";
/// The classes of RFC 4918, as the workers name them.
const CLASSES: &str = "1, 2, 3";
/// Says which precondition of RFC 4918 an endless listing fails.
const FINITE: &str = "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<d:error xmlns:d=\"DAV:\"><d:propfind-finite-depth/></d:error>\n";

/// A folder above the trees: it holds one more, the next on the way to the files of the one who asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Above {
    /// Its address, without the slash at its end.
    path: &'static str,
    /// What is in it; the person's own name where there is none.
    child: Option<&'static str>,
}

/// The folders above the trees, in the plain addresses and in those of the dialect.
const ABOVE: [Above; 6] = [
    Above { path: "", child: Some("dav") },
    Above { path: "/dav", child: Some("files") },
    Above { path: "/dav/files", child: None },
    Above { path: "/remote.php", child: Some("dav") },
    Above { path: "/remote.php/dav", child: Some("files") },
    Above { path: "/remote.php/dav/files", child: None },
];

/// The folder at `path`, with or without a slash at its end, if it is above the trees.
pub(crate) fn above(path: &str) -> Option<Above> {
    ABOVE.into_iter().find(|above| path.strip_prefix(above.path).is_some_and(|rest| rest.is_empty() || rest == "/"))
}

/// Whether a request is one about files, wherever it leads. The pages of the box are read at some of these addresses, and never in this way.
pub(crate) fn is_about_files(method: &Method, path: &str) -> bool {
    let below = |root: &str| path.strip_prefix(root).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    below("/dav") || (["PROPFIND", "SEARCH"].contains(&method.as_str()) && (path == "/" || below("/webdav")))
}

/// The answer to OPTIONS at an address above the trees. It says nothing that depends on who asks, and clients ask before they sign in.
pub(crate) fn options() -> Response {
    let mut response = Response::new(Body::empty());
    for (name, value) in [("dav", CLASSES), ("allow", METHODS), ("ms-author-via", "DAV")] {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}

/// Answers the person called `name`, whose files are at the address `files`, at a folder above the trees.
///
/// # Errors
/// Anything but a PROPFIND of one level.
pub(crate) fn answer(above: Above, method: &Method, headers: &HeaderMap, name: &str, files: &str) -> Result<Response, Problem> {
    if method.as_str() != "PROPFIND" {
        return Err(hint(Problem::new(405, "method-not-allowed", "This address only leads to the files."), files));
    }
    let depth = headers.get("depth").map_or(Some("infinity"), |depth| depth.to_str().ok()).unwrap_or_default().trim();
    let (status, text) = match depth {
        "0" | "1" => (StatusCode::MULTI_STATUS, listing(above, name, depth == "1")),
        _ if depth.eq_ignore_ascii_case("infinity") => (StatusCode::FORBIDDEN, FINITE.to_owned()),
        _ => return Err(Problem::new(400, "depth-malformed", "The header Depth is 0 or 1.").key("Depth")),
    };
    let mut response = Response::new(Body::from(text));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/xml; charset=utf-8"));
    response.headers_mut().insert("dav", HeaderValue::from_static(CLASSES));
    Ok(response)
}

/// `problem` with the address at which the files of the one who asks are.
pub(crate) fn hint(problem: Problem, files: &str) -> Problem {
    problem.hint(format!("Your files are at {files}"))
}

fn listing(above: Above, name: &str, deep: bool) -> String {
    let mut text = "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<d:multistatus xmlns:d=\"DAV:\">".to_owned();
    // Names to sign in with need no escapes.
    let child = above.child.unwrap_or(name);
    let own = above.path.rsplit('/').next().unwrap_or_default();
    let folders = [(format!("{}/", above.path), own), (format!("{}/{child}/", above.path), child)];
    for (address, name) in folders.iter().take(if deep { 2 } else { 1 }) {
        text += &format!(
            "<d:response><d:href>{address}</d:href><d:propstat><d:prop><d:displayname>{name}</d:displayname>\
             <d:resourcetype><d:collection/></d:resourcetype></d:prop><d:status>HTTP/1.1 200 OK</d:status></d:propstat></d:response>"
        );
    }
    text + "</d:multistatus>\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_folder_above_leads_to_the_next() {
        for (path, child) in [
            ("/", Some("/dav/")),
            ("/dav", Some("/dav/files/")),
            ("/dav/", Some("/dav/files/")),
            ("/dav/files", Some("/dav/files/ana/")),
            ("/remote.php/", Some("/remote.php/dav/")),
            ("/remote.php/dav", Some("/remote.php/dav/files/")),
            ("/remote.php/dav/files/", Some("/remote.php/dav/files/ana/")),
            ("/dav/files/ana", None),
            ("/davs", None),
            ("/webdav", None),
            ("/settings", None),
        ] {
            let found = above(path).map(|above| listing(above, "ana", true));
            assert_eq!(found.is_some(), child.is_some(), "{path}");
            assert!(child.is_none_or(|child| found.is_some_and(|text| text.contains(&format!("<d:href>{child}</d:href>")))), "{path}");
        }
    }
}
