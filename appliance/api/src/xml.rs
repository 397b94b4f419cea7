//! Text inside XML documents.

use std::borrow::Cow;

/// `text` as XML text. Characters that XML 1.0 cannot carry at all are left out.
#[must_use]
pub fn escaped(text: &str) -> Cow<'_, str> {
    let plain = |letter: char| !matches!(letter, '&' | '<' | '>' | '"' | '\'' | '\u{0}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}');
    if text.chars().all(plain) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    for letter in text.chars() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&apos;"),
            '\t' | '\n' | '\r' => out.push_str(&format!("&#{};", u32::from(letter))),
            letter if plain(letter) => out.push(letter),
            _ => {}
        }
    }
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_means_something_in_xml_is_escaped_and_what_it_cannot_carry_is_left_out() {
        for (text, expected) in [
            ("Ana M\u{fc}ller", "Ana M\u{fc}ller"),
            ("a&b <c> \"d\" 'e'", "a&amp;b &lt;c&gt; &quot;d&quot; &apos;e&apos;"),
            ("a\u{0}\u{1b}b\nc\u{ffff}", "ab&#10;c"),
            ("", ""),
        ] {
            assert_eq!(escaped(text), expected);
        }
    }
}
