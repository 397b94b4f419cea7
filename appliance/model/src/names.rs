//! Names that one computer can hold side by side and another cannot.

use unicode_normalization::UnicodeNormalization;

/// What stands behind the name of a shared space that is shown under another name, before the number and the bracket at its end.
const SHARED: &str = " (shared";

/// The form in which names are compared that some computer might take for one: without regard to case and to how accents are composed.
#[must_use]
pub fn folded(name: &str) -> String {
    // By way of capitals, so that letters meet that have only one of them, such as ß and ss. Letter by letter, so that a part of a name
    // is folded as in the whole.
    name.nfd().flat_map(char::to_uppercase).flat_map(char::to_lowercase).nfc().collect()
}

/// The names under which the shared space `name` is shown, in the order in which they are tried.
pub fn shown_names(name: &str) -> impl Iterator<Item = String> {
    let changed = (1_u32..).map(move |number| match number {
        1 => format!("{name}{SHARED})"),
        _ => format!("{name}{SHARED} {number})"),
    });
    std::iter::once(name.to_owned()).chain(changed)
}

/// Whether an entry called `entry` may be the shared space `name`, or be in its way. Some that say yes are neither.
#[must_use]
pub fn may_be_shown(entry: &str, name: &str) -> bool {
    let (entry, name) = (folded(entry), folded(name));
    entry.strip_prefix(&name).is_some_and(|rest| rest.is_empty() || rest.starts_with(SHARED))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn names_that_some_computer_takes_for_one_are_the_same_when_folded() {
        for (one, other, same) in [
            ("Family", "family", true),
            ("B\u{fc}ro", "BU\u{308}RO", true),
            ("Stra\u{df}e", "STRASSE", true),
            ("\u{3a3}\u{3af}\u{3c3}\u{3c5}\u{3c6}\u{3bf}\u{3c2}", "\u{3c3}\u{3af}\u{3c3}\u{3c5}\u{3c6}\u{3bf}\u{3c3}", true),
            ("Family", "Families", false),
            ("a b", "a  b", false),
        ] {
            assert_eq!(folded(one) == folded(other), same, "{one} {other}");
        }
    }

    #[test]
    fn a_space_is_shown_by_its_name_or_as_shared() {
        let first: Vec<String> = shown_names("Family").take(3).collect();
        assert_eq!(first, ["Family", "Family (shared)", "Family (shared 2)"]);
        assert!(!may_be_shown("Family photos", "Family") && !may_be_shown("Fam", "Family"));
    }

    proptest! {
        #[test]
        fn every_shown_name_is_known_in_any_case(name in "\\PC{1,20}", which in 0_usize..12) {
            // A small iota below a letter becomes a letter of its own in capitals, and marks that came after it stand with that one then:
            // Unicode has no mapping that would bring the two together (The Unicode Standard, 3.13, D145).
            prop_assume!(name.nfd().all(|c| c != '\u{345}'));
            let shown = shown_names(&name).nth(which).unwrap();
            for entry in [shown.clone(), shown.to_uppercase(), shown.to_lowercase(), shown.nfd().collect()] {
                prop_assert!(may_be_shown(&entry, &name), "{} {}", entry, name);
            }
        }

        #[test]
        fn folding_twice_is_folding_once(name in "\\PC{0,20}") {
            prop_assert_eq!(folded(&folded(&name)), folded(&name));
        }
    }
}
