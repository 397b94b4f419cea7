//! The path of a request inside the space.

use croft_files::Name;
use croft_model::Problem;

/// Path segments as names. The gateway decoded them; nothing is taken on trust.
pub(crate) fn names(segments: &[String]) -> Result<Vec<Name>, Problem> {
    segments
        .iter()
        .map(|segment| {
            Name::new(segment.as_str()).map_err(|error| {
                Problem::new(400, "name-invalid", format!("This name cannot be used: {error}."))
                    .hint("Choose a name of at most 255 bytes without `/`.")
            })
        })
        .collect()
}

/// The path as text, for events and records.
pub(crate) fn text(names: &[Name]) -> String {
    names.iter().map(Name::as_str).collect::<Vec<_>>().join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_segment_can_climb() {
        let check = |segments: &[&str], expected: Option<&str>| {
            let segments: Vec<String> = segments.iter().map(ToString::to_string).collect();
            assert_eq!(names(&segments).ok().map(|names| text(&names)).as_deref(), expected, "{segments:?}");
        };
        check(&[], Some(""));
        check(&["a", "b c", "ü"], Some("a/b c/ü"));
        for bad in ["", ".", "..", "a/b", "/", "a\0b", "../x"] {
            check(&["a", bad], None);
        }
    }
}
