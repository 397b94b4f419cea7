//! Paths of requests for files.

use croft_model::Problem;
use http::{Request, Uri, header};
use percent_encoding::percent_decode_str;

/// The decoded segments of the part of a path behind a person's name: `/Family/a%20b/` is `Family`, `a b`.
pub(crate) fn segments(rest: &str) -> Result<Vec<String>, Problem> {
    let rest = rest.strip_prefix('/').unwrap_or(rest);
    if rest.is_empty() {
        return Ok(Vec::new());
    }
    let rest = rest.strip_suffix('/').unwrap_or(rest);
    rest.split('/').map(segment).collect()
}

/// The decoded segments behind `prefix` of the address that a COPY or MOVE leads to. Clients send it whole or as a path.
pub(super) fn destination<B>(request: &Request<B>, prefix: &str) -> Result<Vec<String>, Problem> {
    let wrong = |text: &str| Problem::new(400, "destination-malformed", text).key("Destination");
    let mut sent = request.headers().get_all("destination").iter();
    let (Some(value), None) = (sent.next(), sent.next()) else { return Err(wrong("The header Destination says where to, once.")) };
    let uri: Uri = value.to_str().ok().and_then(|text| text.parse().ok()).ok_or_else(|| wrong("The header Destination is no address."))?;
    let elsewhere = || {
        Problem::new(502, "other-server", "The header Destination leads out of this person's files.")
            .hint("Name an address below the one of the files.")
            .key("Destination")
    };
    let host = request.uri().authority().map(|own| own.as_str()).or_else(|| request.headers().get(header::HOST)?.to_str().ok());
    if uri.authority().is_some_and(|named| !host.is_some_and(|host| named.as_str().eq_ignore_ascii_case(host))) {
        return Err(elsewhere());
    }
    let path = single_slashes(uri.path());
    let rest = path.strip_prefix(prefix).filter(|rest| rest.is_empty() || rest.starts_with('/'));
    segments(rest.ok_or_else(elsewhere)?)
}

/// `path` with each run of slashes made one: some clients put an address together with two.
pub(crate) fn single_slashes(path: &str) -> String {
    let mut before = ' ';
    let mut path = path.to_owned();
    path.retain(|letter| {
        let again = letter == '/' && before == '/';
        before = letter;
        !again
    });
    path
}

fn segment(text: &str) -> Result<String, Problem> {
    let wrong = |what: &str| {
        Problem::new(400, "name-invalid", format!("A name in this address {what}.")).hint("Choose a name of at most 255 bytes without `/`.")
    };
    let decoded = percent_decode_str(text).decode_utf8().map_err(|_| wrong("is not UTF-8"))?;
    match decoded.as_ref() {
        "" => Err(wrong("is empty")),
        "." | ".." => Err(wrong("means another folder")),
        name if name.contains(['/', '\0']) => Err(wrong("contains `/` or NUL")),
        name => Ok(name.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

    use super::*;

    #[test]
    fn paths_are_split_before_they_are_decoded() {
        let check = |rest: &str, expected: Option<&[&str]>| {
            assert_eq!(segments(rest).ok(), expected.map(|list| list.iter().map(ToString::to_string).collect()), "{rest}");
        };
        check("", Some(&[]));
        check("/", Some(&[]));
        check("/a", Some(&["a"]));
        check("/a/", Some(&["a"]));
        check("/a%20b/%C3%BC%25", Some(&["a b", "ü%"]));
        check("/a+b", Some(&["a+b"]));
        check("/...", Some(&["..."]));
        for bad in ["//", "/a//b", "/..", "/a/../b", "/.", "/%2e%2e", "/%2E%2e/x", "/a%2fb", "/a%00", "/%ff"] {
            check(bad, None);
        }
    }

    #[test]
    fn a_destination_lies_below_the_same_prefix_on_the_same_host() {
        let check = |value: &str, expected: Result<&[&str], u16>| {
            let request =
                Request::builder().uri("/dav/files/ana/x").header("host", "box.local:8443").header("destination", value).body(()).unwrap();
            let found = destination(&request, "/dav/files/ana").map_err(|problem| problem.status);
            assert_eq!(found, expected.map(|list| list.iter().map(ToString::to_string).collect()), "{value}");
        };
        check("/dav/files/ana/a%20b/c", Ok(&["a b", "c"]));
        check("https://box.local:8443/dav/files/ana/a/", Ok(&["a"]));
        check("/dav/files/ana//a///b//", Ok(&["a", "b"]));
        check("https://BOX.local:8443/dav/files/ana", Ok(&[]));
        check("https://evil.example/dav/files/ana/a", Err(502));
        check("https://box.local/dav/files/ana/a", Err(502));
        check("/dav/files/anabel/a", Err(502));
        check("/dav/files/ana/../bob/a", Err(400));
        check("/dav/files/ana/%2e%2e/a", Err(400));
        check("a b", Err(400));
        check("", Err(400));
    }

    fn judge(segments: &[String]) {
        for segment in segments {
            assert!(!["", ".", ".."].contains(&segment.as_str()) && !segment.contains(['/', '\0']), "{segment:?}");
        }
    }

    croft_fuzz::target! {
        /// No name in an address climbs or is two, and each is read as the same when it is written in an address again.
        fn paths(input) {
            let Ok(text) = std::str::from_utf8(input) else { return };
            match segments(text) {
                Ok(found) => {
                    judge(&found);
                    assert!(found.iter().map(|segment| segment.len() + 1).sum::<usize>() <= text.len() + 1);
                    let written = |segment: &String| format!("/{}", utf8_percent_encode(segment, NON_ALPHANUMERIC));
                    let again: String = found.iter().map(written).collect();
                    assert_eq!(segments(&again).unwrap(), found);
                }
                Err(problem) => assert_eq!(problem.code, "name-invalid"),
            }
        }
    }

    croft_fuzz::target! {
        /// A destination lies below the own prefix, on the host that was asked.
        fn destinations(input) {
            let Ok(value) = http::HeaderValue::from_bytes(input) else { return };
            let request = Request::builder().uri("/dav/files/ana/x").header("host", "box.local").header("destination", value).body(()).unwrap();
            match destination(&request, "/dav/files/ana") {
                Ok(found) => {
                    judge(&found);
                    let text = std::str::from_utf8(input).unwrap();
                    assert!(text.contains("/dav/files/ana") || text.contains("//"), "{text}");
                    assert!(text.starts_with('/') || text.to_ascii_lowercase().contains("://box.local/"), "{text}");
                }
                Err(problem) => assert!(["destination-malformed", "other-server", "name-invalid"].contains(&problem.code.as_str())),
            }
        }
    }
}
