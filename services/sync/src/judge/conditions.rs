//! Conditions on a request (RFC 9110, section 13), in the order of its section 13.2.2.

use std::time::SystemTime;

use croft_api::bulk::Header;

use super::header;

/// The state of what a request is about. ETags are without quotes and all strong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Present<'a> {
    pub(crate) etag: &'a str,
    /// Seconds since 1970.
    pub(crate) modified: i64,
}

/// Whether a request goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    Proceed,
    /// The client has it already: 304 for GET and HEAD.
    NotModified,
    /// 412.
    Failed,
}

/// Judges a GET or HEAD.
pub(crate) fn judge_read(headers: &[Header], present: Present<'_>) -> Verdict {
    match judge_write(headers, Some(present)) {
        Verdict::Failed if !precondition_failed(headers, Some(present)) => Verdict::NotModified,
        Verdict::Proceed if header(headers, "if-none-match").is_none() && !modified_since(headers, present) => Verdict::NotModified,
        verdict => verdict,
    }
}

/// Judges a PUT or DELETE; `present` is `None` where there is nothing yet.
pub(crate) fn judge_write(headers: &[Header], present: Option<Present<'_>>) -> Verdict {
    let held =
        header(headers, "if-none-match").is_some_and(|tags| present.is_some_and(|present| matches(tags, present.etag, Compare::Weak)));
    if precondition_failed(headers, present) || held { Verdict::Failed } else { Verdict::Proceed }
}

/// Whether a range may be served, by `If-Range`: the client's part must be of this very content.
pub(crate) fn range_holds(headers: &[Header], present: Present<'_>) -> bool {
    match header(headers, "if-range") {
        None => true,
        Some(tag) if tag.starts_with('"') || tag.starts_with("W/") => matches(tag, present.etag, Compare::Strong),
        Some(date) => seconds(date) == Some(present.modified),
    }
}

fn precondition_failed(headers: &[Header], present: Option<Present<'_>>) -> bool {
    if let Some(tags) = header(headers, "if-match") {
        return !present.is_some_and(|present| matches(tags, present.etag, Compare::Strong));
    }
    match (header(headers, "if-unmodified-since").and_then(seconds), present) {
        (Some(date), Some(present)) => present.modified > date,
        _ => false,
    }
}

fn modified_since(headers: &[Header], present: Present<'_>) -> bool {
    header(headers, "if-modified-since").and_then(seconds).is_none_or(|date| present.modified > date)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Compare {
    Strong,
    Weak,
}

/// Whether `*` or one of the listed tags is `etag`. Some sync clients leave out the quotes, so they are optional; ours hold no comma.
fn matches(tags: &str, etag: &str, compare: Compare) -> bool {
    tags.split(',').map(str::trim).any(|tag| match tag.strip_prefix("W/") {
        Some(weak) => compare == Compare::Weak && unquoted(weak) == etag,
        None => tag == "*" || unquoted(tag) == etag,
    })
}

fn unquoted(tag: &str) -> &str {
    tag.strip_prefix('"').and_then(|tag| tag.strip_suffix('"')).unwrap_or(tag)
}

fn seconds(date: &str) -> Option<i64> {
    let time = httpdate::parse_http_date(date).ok()?;
    i64::try_from(time.duration_since(SystemTime::UNIX_EPOCH).ok()?.as_secs()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const PRESENT: Present<'static> = Present { etag: "abc", modified: 784_111_777 };
    const SAME: &str = "Sun, 06 Nov 1994 08:49:37 GMT";
    const BEFORE: &str = "Sun, 06 Nov 1994 08:49:36 GMT";

    fn list(headers: &[(&str, &str)]) -> Vec<Header> {
        headers.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect()
    }

    #[test]
    fn reads_are_judged_in_the_order_of_the_rfc() {
        use Verdict::{Failed, NotModified, Proceed};
        let check = |headers: &[(&str, &str)], expected| assert_eq!(judge_read(&list(headers), PRESENT), expected, "{headers:?}");
        check(&[], Proceed);
        check(&[("if-none-match", "\"abc\"")], NotModified);
        check(&[("if-none-match", "W/\"abc\"")], NotModified);
        check(&[("if-none-match", "\"x\", \"abc\"")], NotModified);
        check(&[("if-none-match", "*")], NotModified);
        check(&[("if-none-match", "\"x\"")], Proceed);
        check(&[("if-match", "\"abc\"")], Proceed);
        check(&[("if-match", "*")], Proceed);
        check(&[("if-match", "W/\"abc\"")], Failed);
        check(&[("if-match", "\"x\"")], Failed);
        check(&[("if-match", "\"x\""), ("if-none-match", "\"abc\"")], Failed);
        check(&[("if-match", "\"abc\""), ("if-none-match", "\"abc\"")], NotModified);
        check(&[("if-modified-since", SAME)], NotModified);
        check(&[("if-modified-since", BEFORE)], Proceed);
        check(&[("if-modified-since", "yesterday")], Proceed);
        check(&[("if-modified-since", SAME), ("if-none-match", "\"x\"")], Proceed);
        check(&[("if-unmodified-since", SAME)], Proceed);
        check(&[("if-unmodified-since", BEFORE)], Failed);
        check(&[("if-unmodified-since", BEFORE), ("if-match", "\"abc\"")], Proceed);
    }

    #[test]
    fn writes_are_judged_with_and_without_something_there() {
        use Verdict::{Failed, Proceed};
        let check = |headers: &[(&str, &str)], there, absent| {
            assert_eq!(judge_write(&list(headers), Some(PRESENT)), there, "{headers:?}");
            assert_eq!(judge_write(&list(headers), None), absent, "{headers:?} on nothing");
        };
        check(&[], Proceed, Proceed);
        check(&[("if-match", "\"abc\"")], Proceed, Failed);
        check(&[("if-match", "abc")], Proceed, Failed);
        check(&[("if-match", "*")], Proceed, Failed);
        check(&[("if-match", "\"x\"")], Failed, Failed);
        check(&[("if-none-match", "*")], Failed, Proceed);
        check(&[("if-none-match", "\"abc\"")], Failed, Proceed);
        check(&[("if-none-match", "\"x\"")], Proceed, Proceed);
        check(&[("if-unmodified-since", BEFORE)], Failed, Proceed);
        check(&[("if-modified-since", SAME)], Proceed, Proceed);
    }

    #[test]
    fn a_range_is_only_of_the_very_content() {
        let check = |value: &str, expected| assert_eq!(range_holds(&list(&[("if-range", value)]), PRESENT), expected, "{value}");
        check("\"abc\"", true);
        check("\"x\"", false);
        check("W/\"abc\"", false);
        check(SAME, true);
        check(BEFORE, false);
        check("nonsense", false);
        assert!(range_holds(&[], PRESENT));
    }
    croft_fuzz::target! {
        /// Nothing is changed under a condition that names another content, and what names no content by its tag cannot be a part of it.
        fn conditions(input) {
            let Ok(text) = std::str::from_utf8(input) else { return };
            let one = |name: &str| list(&[(name, text)]);
            let named = text.contains(PRESENT.etag) || text.split(',').any(|tag| tag.trim() == "*");
            assert_eq!(judge_write(&one("if-match"), None), Verdict::Failed);
            assert!(named || judge_write(&one("if-match"), Some(PRESENT)) == Verdict::Failed);
            assert_eq!(judge_write(&one("if-none-match"), None), Verdict::Proceed);
            assert!(named || judge_write(&one("if-none-match"), Some(PRESENT)) == Verdict::Proceed);
            assert!(named || seconds(text) == Some(PRESENT.modified) || !range_holds(&one("if-range"), PRESENT));
            let changed_since = seconds(text).is_some_and(|date| date < PRESENT.modified);
            assert_eq!(judge_write(&one("if-unmodified-since"), Some(PRESENT)) == Verdict::Failed, changed_since);
            // A read fails only where a write would.
            for name in ["if-match", "if-none-match", "if-modified-since", "if-unmodified-since"] {
                let failed = judge_read(&one(name), PRESENT) == Verdict::Failed;
                assert!(!failed || judge_write(&one(name), Some(PRESENT)) == Verdict::Failed);
            }
        }
    }
}
