//! Paths of requests for files.

use croft_model::Problem;
use percent_encoding::percent_decode_str;

/// The decoded segments of the part of a path behind a person's name: `/Family/a%20b/` is `Family`, `a b`.
pub(super) fn segments(rest: &str) -> Result<Vec<String>, Problem> {
    let rest = rest.strip_prefix('/').unwrap_or(rest);
    if rest.is_empty() {
        return Ok(Vec::new());
    }
    let rest = rest.strip_suffix('/').unwrap_or(rest);
    rest.split('/').map(segment).collect()
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
    use proptest::prelude::*;

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

    proptest! {
        #[test]
        fn no_segment_climbs(rest in "[/.%a-f0-9]{0,40}") {
            for segment in segments(&rest).unwrap_or_default() {
                prop_assert!(!segment.is_empty() && segment != "." && segment != ".." && !segment.contains(['/', '\0']));
            }
        }
    }
}
