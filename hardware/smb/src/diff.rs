//! What a change takes from somebody. A connection that stands keeps what it had, so then the server is started anew. Pure.

use crate::{Share, Wanted, conf};

/// Whether somebody may do less after the step from `before` to `after`.
pub(crate) fn takes_away(before: &Wanted, after: &Wanted) -> bool {
    let same = |was: &Share, is: &Share| {
        let may_read = |name: &String| is.readers.contains(name) || is.writers.contains(name);
        conf::section(&was.name) == conf::section(&is.name)
            && (was.folder, was.space) == (is.folder, is.space)
            && was.writers.iter().all(|name| is.writers.contains(name))
            && was.readers.iter().all(may_read)
    };
    (after.read_only && !before.read_only)
        || before.accounts.iter().any(|account| !after.accounts.contains(account))
        || before.shares.iter().any(|was| !after.shares.iter().any(|is| same(was, is)))
}

#[cfg(test)]
mod tests {
    use croft_model::{SpaceId, SpaceNumber};

    use super::*;
    use crate::{Account, Folder, NtHash};

    fn share(name: &str, readers: &[&str], writers: &[&str]) -> Share {
        let list = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        let folder = Folder::Space(SpaceId::from_number(1));
        Share { name: name.into(), folder, space: SpaceNumber(1), readers: list(readers), writers: list(writers) }
    }

    fn check(before: Share, after: Option<Share>, expected: bool) {
        let wanted = |shares: Vec<Share>| Wanted { shares, ..Wanted::default() };
        let taken = takes_away(&wanted(vec![before.clone()]), &wanted(after.clone().into_iter().collect()));
        assert_eq!(taken, expected, "{before:?} to {after:?}");
    }

    #[test]
    fn losing_something_is_told_from_winning_something() {
        check(share("x", &["a"], &["b"]), Some(share("x", &["a"], &["b"])), false);
        check(share("x", &["a"], &["b"]), Some(share("x", &[], &["a", "b", "c"])), false);
        check(share("x", &["a"], &["b"]), Some(share("x", &["a", "b"], &[])), true);
        check(share("x", &["a"], &["b"]), Some(share("x", &[], &["b"])), true);
        check(share("x", &["a"], &["b"]), Some(share("y", &["a"], &["b"])), true);
        check(share("x", &["a"], &["b"]), None, true);
    }

    #[test]
    fn who_can_write_no_more_has_lost_something() {
        let [open, shut] = [false, true].map(|read_only| Wanted { read_only, shares: vec![share("x", &[], &["a"])], ..Wanted::default() });
        assert!(takes_away(&open, &shut) && !takes_away(&shut, &open) && !takes_away(&shut, &shut));
    }

    #[test]
    fn another_password_under_the_same_name_is_somebody_else() {
        let with = |password: &str| Wanted {
            accounts: vec![Account { name: "a".into(), number: 1, password: NtHash::of(password) }],
            shares: vec![share("x", &[], &["a"])],
            ..Wanted::default()
        };
        assert!(!takes_away(&with("one"), &with("one")));
        assert!(takes_away(&with("one"), &with("two")));
    }
}
