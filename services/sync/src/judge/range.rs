//! Byte ranges (RFC 9110, section 14). One range is served; several are answered whole, as the RFC allows.

/// What part of a body is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    /// All of it: no range, several, another unit, or one that cannot be read.
    Whole,
    /// From the first byte's position, so many bytes, at least one.
    Range { first: u64, length: u64 },
    /// A range that no byte of the body lies in.
    Unsatisfiable,
}

/// The part of a body of `size` bytes that the header `Range: value` asks for.
pub(crate) fn part(value: Option<&str>, size: u64) -> Part {
    let Some(set) = value.and_then(|value| value.trim().strip_prefix("bytes=")) else { return Part::Whole };
    if set.contains(',') {
        return Part::Whole;
    }
    let Some((first, last)) = set.trim().split_once('-') else { return Part::Whole };
    match (number(first), number(last)) {
        (Some(Some(first)), Some(last)) if last.is_none_or(|last| first <= last) => {
            let end = last.map_or(size, |last| last.saturating_add(1).min(size));
            if first < end { Part::Range { first, length: end - first } } else { Part::Unsatisfiable }
        }
        (Some(None), Some(Some(suffix))) => {
            let length = suffix.min(size);
            if length == 0 { Part::Unsatisfiable } else { Part::Range { first: size - length, length } }
        }
        _ => Part::Whole,
    }
}

/// `Some(None)` for nothing, `None` for what is no number. A number past 2^64 is as good as the largest.
fn number(text: &str) -> Option<Option<u64>> {
    if text.is_empty() {
        return Some(None);
    }
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| Some(text.parse().unwrap_or(u64::MAX)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn one_range_is_read_as_the_rfc_says() {
        let check = |value: &str, size, expected| assert_eq!(part(Some(value), size), expected, "{value} of {size}");
        let range = |first, length| Part::Range { first, length };
        check("bytes=0-0", 10, range(0, 1));
        check("bytes=0-", 10, range(0, 10));
        check("bytes=9-", 10, range(9, 1));
        check("bytes=5-100", 10, range(5, 5));
        check("bytes=-3", 10, range(7, 3));
        check("bytes=-30", 10, range(0, 10));
        check("bytes=5-99999999999999999999999", 10, range(5, 5));
        check("bytes=10-", 10, Part::Unsatisfiable);
        check("bytes=99999999999999999999999-", 10, Part::Unsatisfiable);
        check("bytes=-0", 10, Part::Unsatisfiable);
        check("bytes=0-", 0, Part::Unsatisfiable);
        check("bytes=-5", 0, Part::Unsatisfiable);
        for whole in ["bytes=0-1,3-4", "bytes=5-4", "bytes=-", "bytes=", "bytes=a-b", "bytes=+1-2", "items=0-1", "bytes 0-1", ""] {
            check(whole, 10, Part::Whole);
        }
        assert_eq!(part(None, 10), Part::Whole);
    }

    croft_fuzz::target! {
        /// A range never reaches beyond the body; the input is a size in a line of its own, and the header's value.
        fn ranges(input) {
            let Some((size, value)) = std::str::from_utf8(input).ok().and_then(|text| text.split_once('\n')) else { return };
            let Ok(size) = size.parse::<u64>() else { return };
            if let Part::Range { first, length } = part(Some(value), size) {
                assert!(length > 0 && first.checked_add(length).is_some_and(|end| end <= size));
                // What is served as `Content-Range` asks for the same part.
                let served = format!("bytes={first}-{}", first + length - 1);
                assert_eq!(part(Some(&served), size), Part::Range { first, length });
            }
        }
    }

    proptest! {
        #[test]
        fn a_range_lies_inside_the_body(value in "bytes=[0-9]{0,21}-[0-9]{0,21}", size in any::<u64>()) {
            if let Part::Range { first, length } = part(Some(&value), size) {
                prop_assert!(length > 0 && first.checked_add(length).is_some_and(|end| end <= size));
            }
        }
    }
}
