//! Numbers with units as compose writes them, and lines that are split into words.

/// Bytes of one of a size's units.
const KIB: u64 = 1024;

/// The bytes of `1gb`, `512m`, `256M`, `1024`.
pub(super) fn bytes(text: &str) -> Option<u64> {
    let text = text.trim().to_ascii_lowercase();
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    let factor = match unit.trim() {
        "" | "b" => 1,
        "k" | "kb" | "kib" | "ki" => KIB,
        "m" | "mb" | "mib" | "mi" => KIB * KIB,
        "g" | "gb" | "gib" | "gi" => KIB * KIB * KIB,
        "t" | "tb" | "tib" | "ti" => KIB * KIB * KIB * KIB,
        _ => return None,
    };
    match number.split_once('.') {
        None => number.parse::<u64>().ok()?.checked_mul(factor),
        Some((whole, part)) => {
            let digits = part.get(..part.len().min(3)).filter(|digits| !digits.is_empty())?;
            let scale = 10u64.pow(u32::try_from(digits.len()).ok()?);
            whole.parse::<u64>().ok()?.checked_mul(factor)?.checked_add(digits.parse::<u64>().ok()?.checked_mul(factor)? / scale)
        }
    }
}

/// The seconds of `1m30s`, `500ms`, `30`, rounded up to a whole one.
pub(super) fn seconds(text: &str) -> Option<u32> {
    let mut rest = text.trim();
    if let Ok(seconds) = rest.parse::<u32>() {
        return Some(seconds);
    }
    let mut milliseconds: u64 = 0;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let (number, after) = rest.split_at(digits);
        let letters = after.find(|c: char| c.is_ascii_digit()).unwrap_or(after.len());
        let (unit, after) = after.split_at(letters);
        let factor: u64 = match unit.trim() {
            "us" | "µs" | "ns" => 0,
            "ms" => 1,
            "s" => 1000,
            "m" => 60_000,
            "h" => 3_600_000,
            "d" => 86_400_000,
            _ => return None,
        };
        // A part of a unit is rounded up with the rest.
        let (whole, part) = number.split_once('.').unwrap_or((number, ""));
        let tenths: u64 = part.get(..1).map_or(Some(0), |digit| digit.parse().ok())?;
        milliseconds = milliseconds.checked_add(whole.parse::<u64>().ok()?.checked_mul(factor)?)?.checked_add(tenths * factor / 10)?;
        rest = after;
    }
    u32::try_from(milliseconds.div_ceil(1000)).ok()
}

/// Thousandths of `0.5`.
pub(super) fn thousandths(text: &str) -> Option<u32> {
    let (whole, part) = text.trim().split_once('.').unwrap_or((text.trim(), ""));
    let part: String = part.chars().chain("000".chars()).take(3).collect();
    whole.parse::<u32>().ok()?.checked_mul(1000)?.checked_add(part.parse().ok()?)
}

/// The words of a line as a shell splits them: quotes hold together and go, a backslash takes the next character as it is, `${…}` stays whole.
/// Nothing when a quote does not end.
pub(super) fn words(line: &str) -> Option<Vec<String>> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote: Option<char> = None;
    let mut braces = 0_u32;
    let mut before = ' ';
    let mut chars = line.chars();
    while let Some(c) = chars.next() {
        match (c, quote) {
            ('{', _) if before == '$' || braces > 0 => {
                braces += 1;
                word.get_or_insert_default().push(c);
            }
            ('}', _) if braces > 0 => {
                braces -= 1;
                word.get_or_insert_default().push(c);
            }
            (c, _) if braces > 0 => word.get_or_insert_default().push(c),
            ('\\', None | Some('"')) => {
                let next = chars.next()?;
                let kept = word.get_or_insert_default();
                if quote.is_some() && !matches!(next, '"' | '\\' | '$' | '`') {
                    kept.push('\\');
                }
                if next != '\n' {
                    kept.push(next);
                }
            }
            (c, Some(open)) if c == open => quote = None,
            ('"' | '\'', None) => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            (c, None) if c.is_whitespace() => words.extend(word.take()),
            (c, _) => word.get_or_insert_default().push(c),
        }
        before = c;
    }
    words.extend(word);
    quote.is_none().then_some(words)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn sizes_durations_and_shares() {
        for (text, value) in [
            ("1gb", 1 << 30),
            ("512m", 512 << 20),
            ("256M", 256 << 20),
            ("1024", 1024),
            ("1.5g", 3 << 29),
            ("1 KiB", 1024),
            ("1.05k", 1075),
        ] {
            assert_eq!(bytes(text), Some(value), "{text}");
        }
        for (text, value) in [("1m30s", 90), ("500ms", 1), ("30", 30), ("15m", 900), ("1h", 3600), ("1.5m", 90), ("10us", 0)] {
            assert_eq!(seconds(text), Some(value), "{text}");
        }
        for (text, value) in [("0.5", 500), ("2", 2000), ("1.25", 1250), ("0.0001", 0)] {
            assert_eq!(thousandths(text), Some(value), "{text}");
        }
        for text in ["", "x", "1x", "-1", "1.x", "99999999999999999999g"] {
            assert_eq!((bytes(text), thousandths(text)), (None, None), "{text}");
        }
        assert_eq!((seconds("1x"), seconds("m"), seconds("99999999999h")), (None, None, None));
    }

    #[test]
    fn lines_become_words() {
        for (line, expected) in [
            ("a  b\n c", vec!["a", "b", "c"]),
            ("sh -c \"a 'b' \\\"c\\\"\"", vec!["sh", "-c", "a 'b' \"c\""]),
            ("'a b'c \"\"", vec!["a bc", ""]),
            ("a\\ b ${X:-c \"d\"} $${e f}", vec!["a b", "${X:-c \"d\"}", "$${e f}"]),
            ("\"a\\nb\"", vec!["a\\nb"]),
            ("", vec![]),
        ] {
            assert_eq!(words(line).unwrap(), expected, "{line}");
        }
        assert_eq!((words("'a"), words("\"a"), words("a\\")), (None, None, None));
    }

    proptest! {
        #[test]
        fn quantities_of_strangers_end(text in "[0-9a-z.]{0,20}") {
            let _ = (bytes(&text), seconds(&text), thousandths(&text));
        }

        #[test]
        fn words_that_are_quoted_come_back(parts in proptest::collection::vec("[a-z \"$]{0,6}", 0..4)) {
            let line = parts.iter().map(|part| format!("'{part}'")).collect::<Vec<_>>().join(" ");
            prop_assert_eq!(words(&line).unwrap(), parts);
        }
    }
}
