//! What is judged without touching a file: a request's conditions, ranges, checksums and path; whether a link opens something; which versions are kept; what
//! is done to make something as it was.

pub(crate) mod back;
pub(crate) mod checksum;
pub(crate) mod conditions;
pub(crate) mod link;
pub(crate) mod lists;
pub(crate) mod path;
pub(crate) mod range;
pub(crate) mod thinning;

/// The value of a request header; the gateway sends each name once and in lower case.
pub(crate) fn header<'a>(headers: &'a [croft_api::bulk::Header], name: &str) -> Option<&'a str> {
    headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
}
