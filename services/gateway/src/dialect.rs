//! The addresses at which clients made for Nextcloud look, where they lead to, and errors as those clients show them.
//!
//! Programs alone come here: a cookie opens none of it. Why it is so: `docs/decisions/dialect.md`.

use axum::{body::Body, response::Response};
use croft_api::{bulk::Area, xml::escaped};
use croft_model::Problem;
use http::{HeaderValue, Request, Uri, header, uri::PathAndQuery};
use http_body_util::{BodyExt, Limited};

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::{
    bulk::{path::single_slashes, preview::pairs},
    dav::Root,
    shares,
};

/// The tree of the one who asks, as clients of old name it.
const OWN_TREE: &str = "/remote.php/webdav";
/// Before the name of the one whose tree it is.
const TREES: &str = "/remote.php/dav/files/";
/// Before the name of the one whose uploads these are.
const UPLOADS: &str = "/remote.php/dav/uploads/";
/// Before the name of the one whose trash it is, and the collection behind the name.
const TRASH: (&str, &str) = ("/remote.php/dav/trashbin/", "/trash");
/// The same of earlier contents of files.
const VERSIONS: (&str, &str) = ("/remote.php/dav/versions/", "/versions");
/// Where changes are told.
pub(crate) const PUSH: &str = "/push/ws";
/// Where a client gets a token for that.
const PUSH_TOKEN: &str = "/apps/notify_push/pre_auth";
/// A small picture of the file that the query names by its path.
const PREVIEW: &str = "/index.php/core/preview.png";
/// A small picture of the file that the query names by its id.
const PREVIEW_OF_ID: &str = "/index.php/core/preview";
/// Before width, height and path of a small picture.
const THUMBNAIL: &str = "/index.php/apps/files/api/v1/thumbnail";
/// What stands before the paths of small pictures inside the gateway.
const PREVIEWS: &str = "/previews";
/// What stays as it is in a path.
const PATH: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~').remove(b'/');
/// Bytes of a problem that is turned into another form; the largest has some hundreds.
const PROBLEM_BYTES: usize = 16 * 1024;

/// Where an address of the dialect leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Leads {
    /// To files, or to nothing for whoever has signed in.
    Files(Option<Root>),
    /// To a small picture of a file, which the address names in one of three ways.
    Preview,
    /// Nowhere: that it is answered says that the box is there.
    Alive,
    /// To identity, whatever is shown.
    Open,
    /// To identity, with what is shown.
    SignedIn,
    /// To links, with what is shown.
    Shares,
    /// To a WebSocket on which changes are told.
    Push,
    /// To a token for it, with what is shown.
    PushToken,
    /// To nothing.
    Nothing,
}

/// Where `path` leads to; `None` when it is no address of the dialect.
pub(crate) fn leads(path: &str) -> Option<Leads> {
    let below = |root: &str| path.strip_prefix(root).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    if below("/remote.php") {
        let own = below(OWN_TREE).then(|| Root { area: Area::Files, prefix: OWN_TREE.into(), files: OWN_TREE.into(), name: None });
        let uploads = || Root::below(UPLOADS, path).map(|root| root.uploads_to(TREES));
        let kept = |area, (root, collection)| Root::below(root, path)?.kept(area, collection, path);
        let kept = || kept(Area::Trash, TRASH).or_else(|| kept(Area::Versions, VERSIONS));
        return Some(Leads::Files(own.or_else(|| Root::below(TREES, path)).or_else(uploads).or_else(kept)));
    }
    if path == "/index.php/204" {
        return Some(Leads::Alive);
    }
    if path == PREVIEW || path == PREVIEW_OF_ID || below(THUMBNAIL) {
        return Some(Leads::Preview);
    }
    // A program whose app password was removed asks these first, and makes no guess by it.
    if path == "/status.php" || below("/index.php/login/v2") || (below("/ocs") && path.ends_with("/cloud/capabilities")) {
        return Some(Leads::Open);
    }
    if path == PUSH {
        return Some(Leads::Push);
    }
    if path.strip_prefix("/index.php").unwrap_or(path) == PUSH_TOKEN {
        return Some(Leads::PushToken);
    }
    if below("/ocs") && shares::is_about(path) {
        return Some(Leads::Shares);
    }
    if below("/ocs") {
        return Some(Leads::SignedIn);
    }
    below("/index.php").then_some(Leads::Nothing)
}

/// Whether an answer at `path` tells how much room somebody has: it is about a person.
pub(crate) fn tells_room(path: &str) -> bool {
    let below = path.strip_prefix("/ocs/").and_then(|rest| rest.split_once('/'));
    below.is_some_and(|(_, what)| what == "cloud/user" || what.starts_with("cloud/users/"))
}

/// The request with each run of slashes in an address of the dialect made one: some clients put an address together with two.
pub(crate) fn straightened<B>(mut request: Request<B>) -> Request<B> {
    if let Some(uri) = straight(request.uri()) {
        *request.uri_mut() = uri;
    }
    request
}

/// The path that [`straightened`] gives.
pub(crate) fn straight_path(uri: &Uri) -> String {
    straight_of(uri.path()).unwrap_or_else(|| uri.path().to_owned())
}

fn straight_of(path: &str) -> Option<String> {
    if !path.contains("//") {
        return None;
    }
    let path = single_slashes(path);
    leads(&path)?;
    Some(path)
}

fn straight(uri: &Uri) -> Option<Uri> {
    let path = straight_of(uri.path())?;
    let text = uri.query().map_or_else(|| path.clone(), |query| format!("{path}?{query}"));
    let mut parts = uri.clone().into_parts();
    parts.path_and_query = Some(PathAndQuery::try_from(text).ok()?);
    Uri::from_parts(parts).ok()
}

/// A request for a small picture in the one form in which the box asks for them, and the tree that it is in.
pub(crate) fn preview<B>(mut request: Request<B>) -> Option<(Root, Request<B>)> {
    *request.uri_mut() = canonical(request.uri())?;
    Some((Root { area: Area::Previews, prefix: PREVIEWS.into(), files: PREVIEWS.into(), name: None }, request))
}

fn canonical(uri: &Uri) -> Option<Uri> {
    let text = if let Some(rest) = uri.path().strip_prefix(THUMBNAIL) {
        let mut parts = rest.strip_prefix('/')?.splitn(3, '/');
        let (x, y, path) = (parts.next()?, parts.next()?, parts.next()?);
        format!("{PREVIEWS}/{path}?x={x}&y={y}&a=1")
    } else if uri.path() == PREVIEW_OF_ID {
        format!("{PREVIEWS}?{}", uri.query()?)
    } else {
        let file = pairs(uri).remove("file")?;
        format!("{PREVIEWS}/{}?{}", utf8_percent_encode(file.trim_start_matches('/'), PATH), uri.query().unwrap_or_default())
    };
    text.parse().ok()
}

/// An answer with its problem, if it is one, in the form in which these clients show it to people.
pub(crate) async fn told(response: Response) -> Response {
    let went_wrong = response.status().is_client_error() || response.status().is_server_error();
    let is_problem = went_wrong && response.headers().get(header::CONTENT_TYPE).is_some_and(|kind| kind == "application/problem+json");
    if !is_problem {
        return response;
    }
    let (mut head, body) = response.into_parts();
    let bytes = Limited::new(body, PROBLEM_BYTES).collect().await.map(http_body_util::Collected::to_bytes).unwrap_or_default();
    let problem: Problem = serde_json::from_slice(&bytes).unwrap_or_else(|_| Problem::internal());
    head.headers.remove(header::CONTENT_LENGTH);
    head.headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/xml; charset=utf-8"));
    Response::from_parts(head, Body::from(error(&problem)))
}

fn error(problem: &Problem) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<d:error xmlns:d=\"DAV:\" xmlns:s=\"http://sabredav.org/ns\">\
         <s:exception>{}</s:exception><s:message>{}</s:message></d:error>\n",
        escaped(&problem.code),
        escaped(&problem.to_string())
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(prefix: &str, name: Option<&str>) -> Option<Leads> {
        Some(Leads::Files(Some(Root { area: Area::Files, prefix: prefix.into(), files: prefix.into(), name: name.map(Into::into) })))
    }

    fn uploads(prefix: &str, files: &str, name: &str) -> Option<Leads> {
        Some(Leads::Files(Some(Root { area: Area::Uploads, prefix: prefix.into(), files: files.into(), name: Some(name.into()) })))
    }

    fn kept(area: Area, collection: &str, what: &str) -> Option<Leads> {
        let person = format!("/remote.php/dav/{collection}/ana");
        let (prefix, files) = (format!("{person}/{what}"), format!("{person}/restore"));
        Some(Leads::Files(Some(Root { area, prefix, files, name: Some("ana".into()) })))
    }

    #[test]
    fn each_address_leads_to_one_place() {
        let nobodys = Some(Leads::Files(None));
        for (path, expected) in [
            ("/remote.php/dav/files/ana", tree("/remote.php/dav/files/ana", Some("ana"))),
            ("/remote.php/dav/files/ana/a/b", tree("/remote.php/dav/files/ana", Some("ana"))),
            ("/remote.php/webdav", tree("/remote.php/webdav", None)),
            ("/remote.php/webdav/a", tree("/remote.php/webdav", None)),
            ("/remote.php/dav/uploads/ana/7/1", uploads("/remote.php/dav/uploads/ana", "/remote.php/dav/files/ana", "ana")),
            ("/remote.php/dav/trashbin/ana/trash", kept(Area::Trash, "trashbin", "trash")),
            ("/remote.php/dav/trashbin/ana/trash/s1-00.d1/x", kept(Area::Trash, "trashbin", "trash")),
            ("/remote.php/dav/versions/ana/versions/7/5", kept(Area::Versions, "versions", "versions")),
            ("/remote.php/dav/trashbin/ana", nobodys.clone()),
            ("/remote.php/dav/trashbin/ana/restore/x", nobodys.clone()),
            ("/remote.php/dav/versions/ana/versionsx", nobodys.clone()),
            ("/remote.php/webdavs", nobodys.clone()),
            ("/remote.php/dav/", nobodys.clone()),
            ("/remote.php/dav/files/", nobodys.clone()),
            ("/remote.php/dav/nothing/ana", nobodys),
            ("/status.php", Some(Leads::Open)),
            ("/index.php/204", Some(Leads::Alive)),
            ("/index.php/login/v2", Some(Leads::Open)),
            ("/index.php/login/v2/poll", Some(Leads::Open)),
            ("/index.php/core/wipe/check", Some(Leads::Nothing)),
            ("/index.php/core/preview", Some(Leads::Preview)),
            ("/index.php/core/previews", Some(Leads::Nothing)),
            ("/index.php/core/preview.png", Some(Leads::Preview)),
            ("/index.php/apps/files/api/v1/thumbnail/64/64/a.jpg", Some(Leads::Preview)),
            ("/ocs/v1.php/cloud/capabilities", Some(Leads::Open)),
            ("/ocs/v2.php/cloud/user", Some(Leads::SignedIn)),
            ("/ocs/v2.php/apps/files_sharing/api/v1/shares/7", Some(Leads::Shares)),
            ("/ocs/v1.php/apps/files_sharing/api/v1/sharees", Some(Leads::Shares)),
            ("/ocs/v2.php/apps/files_sharing/api/v1/sharesx", Some(Leads::SignedIn)),
            ("/push/ws", Some(Leads::Push)),
            ("/push/ws/", None),
            ("/apps/notify_push/pre_auth", Some(Leads::PushToken)),
            ("/index.php/apps/notify_push/pre_auth", Some(Leads::PushToken)),
            ("/apps/notify_push", None),
            ("/dav/files/ana", None),
            ("/api/v1/status", None),
            ("/ocsx", None),
            ("/", None),
        ] {
            assert_eq!(leads(path), expected, "{path}");
        }
    }

    #[test]
    fn small_pictures_are_asked_for_in_one_form() {
        for (sent, expected) in [
            (
                "/index.php/core/preview.png?file=%2Fa%20b%2F%3F.jpg&x=64&y=48&a=1",
                Some("/previews/a%20b/%3F.jpg?file=%2Fa%20b%2F%3F.jpg&x=64&y=48&a=1"),
            ),
            ("/index.php/core/preview.png?file=/../x", Some("/previews/../x?file=/../x")),
            ("/index.php/core/preview.png?x=64", None),
            ("/index.php/core/preview?fileId=7&x=64", Some("/previews?fileId=7&x=64")),
            ("/index.php/core/preview", None),
            ("/index.php/apps/files/api/v1/thumbnail/64/48/a%20b/c.jpg", Some("/previews/a%20b/c.jpg?x=64&y=48&a=1")),
            ("/index.php/apps/files/api/v1/thumbnail/64/48", None),
            ("/index.php/apps/files/api/v1/thumbnail", None),
        ] {
            let request = preview(Request::builder().uri(sent).body(()).unwrap());
            let asked = request.map(|(root, request)| (root.area, request.uri().to_string()));
            assert_eq!(asked, expected.map(|uri| (Area::Previews, uri.to_owned())), "{sent}");
        }
    }

    #[test]
    fn two_slashes_are_one_in_the_dialect_and_stay_two_elsewhere() {
        for (sent, expected) in [
            ("/remote.php/dav/files/ana//a///b//", "/remote.php/dav/files/ana/a/b/"),
            ("//remote.php/webdav/a%2F%2Fb?x=//", "/remote.php/webdav/a%2F%2Fb?x=//"),
            ("//ocs/v2.php//cloud/user?format=json", "/ocs/v2.php/cloud/user?format=json"),
            ("https://box.local//status.php", "https://box.local/status.php"),
            ("/dav/files/ana//a", "/dav/files/ana//a"),
            ("//internal/v1/door", "//internal/v1/door"),
        ] {
            let request = Request::builder().uri(sent).body(()).unwrap();
            let path = straight_path(request.uri());
            let straight = straightened(request);
            assert_eq!((straight.uri().to_string().as_str(), straight.uri().path()), (expected, path.as_str()));
        }
    }

    #[tokio::test]
    async fn a_problem_is_told_in_the_form_of_these_clients() {
        let problem = Problem::new(409, "folder-missing", "<There> is no folder.").hint("Make it & go on.").retry_after(2);
        let response = told(croft_api::problem::answer(&problem)).await;
        assert_eq!((response.status().as_u16(), &response.headers()["retry-after"]), (409, &HeaderValue::from_static("2")));
        assert_eq!(response.headers()["content-type"], "application/xml; charset=utf-8");
        let body = response.into_body().collect().await.unwrap().to_bytes();
        let text = std::str::from_utf8(&body).unwrap();
        assert!(text.contains("<s:exception>folder-missing</s:exception>"), "{text}");
        assert!(text.contains("<s:message>&lt;There&gt; is no folder. Make it &amp; go on.</s:message>"), "{text}");
        let mut file = Response::new(Body::from("a file"));
        file.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        assert_eq!(told(file).await.into_body().collect().await.unwrap().to_bytes(), "a file");
    }
}
