//! Whether a link works, what may be done by it, and its password.

use std::{net::IpAddr, num::NonZeroU32};

use aws_lc_rs::{
    constant_time::verify_slices_are_equal,
    digest::{SHA256, digest},
    hmac, pbkdf2,
};
use croft_api::{
    address::holder,
    bulk::{Area, Method},
    wire::links::LinkState,
};
use croft_model::{LinkKind, Problem};

use crate::space::{Guarded, Link, Uses};

/// Rounds of PBKDF2 with SHA-256: what OWASP asks for in 2023, some tenths of a second on a small machine. Guesses are limited beside that.
pub(crate) const ROUNDS: u32 = 600_000;
/// Seconds for which what was given for a password stands for it: an evening.
pub(crate) const PASS_SECONDS: i64 = 12 * 3600;
/// Files that come in and folders that are made by one link: a feast with many guests.
pub(crate) const MAX_RECEIVED: u64 = 10_000;
/// Bytes that come in by one link.
pub(crate) const MAX_RECEIVED_BYTES: u64 = 64 * 1024 * 1024 * 1024;

/// The key of the link with this secret, by which it is found: 32 bits of its hash, so it tells nothing of the secret. With the number of the space
/// before it, it is a number that JavaScript counts exactly, by which the dialect's clients know a link.
pub(crate) fn key(secret: &[u8]) -> String {
    hex::encode(&digest(&SHA256, secret).as_ref()[..4])
}

/// Whether `link` is the one with this secret. Compared by hash, in constant time.
pub(crate) fn is_of(link: &Link, secret: &[u8]) -> bool {
    let known = hex::decode(&link.secret).unwrap_or_default();
    let hash = |bytes: &[u8]| digest(&SHA256, bytes);
    verify_slices_are_equal(hash(&known).as_ref(), hash(secret).as_ref()).is_ok()
}

/// Whether the link works at `now`, as far as its record tells.
pub(crate) fn state(link: &Link, uses: &Uses, now: i64) -> LinkState {
    if link.ended.is_some() {
        LinkState::Ended
    } else if link.expires.is_some_and(|expires| expires <= now) {
        LinkState::Expired
    } else if link.downloads.is_some_and(|most| uses.downloaded >= most) {
        LinkState::UsedUp
    } else {
        LinkState::Works
    }
}

/// What a password is compared with.
pub(crate) fn guarded(password: &str, salt: [u8; 16]) -> Guarded {
    Guarded { salt: hex::encode(salt), hash: hex::encode(derived(password, &salt, ROUNDS)), rounds: ROUNDS }
}

/// Whether `password` is the one. Takes some tenths of a second.
pub(crate) fn is_password(guarded: &Guarded, password: &str) -> bool {
    let (salt, hash) = (hex::decode(&guarded.salt).unwrap_or_default(), hex::decode(&guarded.hash).unwrap_or_default());
    verify_slices_are_equal(&derived(password, &salt, guarded.rounds), &hash).is_ok()
}

fn derived(password: &str, salt: &[u8], rounds: u32) -> [u8; 32] {
    let mut hash = [0; 32];
    pbkdf2::derive(pbkdf2::PBKDF2_HMAC_SHA256, NonZeroU32::new(rounds).unwrap_or(NonZeroU32::MIN), salt, password.as_bytes(), &mut hash);
    hash
}

/// What stands for the password of the link `key` until [`PASS_SECONDS`] after `now`, also with another worker, and not with another password.
pub(crate) fn pass(guarded: &Guarded, key: &str, now: i64) -> String {
    let until = now + PASS_SECONDS;
    format!("{until}.{}", hex::encode(signed(guarded, key, until)))
}

/// Whether `pass` stands for the password at `now`.
pub(crate) fn is_pass(guarded: &Guarded, key: &str, pass: &str, now: i64) -> bool {
    let Some((until, tag)) = pass.split_once('.') else { return false };
    let Ok(until) = until.parse::<i64>() else { return false };
    let tag = hex::decode(tag).unwrap_or_default();
    // One that would last longer was made before the clock was set back.
    (now + 1..=now + PASS_SECONDS).contains(&until) && verify_slices_are_equal(signed(guarded, key, until).as_ref(), &tag).is_ok()
}

fn signed(guarded: &Guarded, key: &str, until: i64) -> hmac::Tag {
    hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, guarded.hash.as_bytes()), format!("pass {key} {until}").as_bytes())
}

/// Refuses what a link of this kind does not open. `below` is how far below what it opens something lies.
pub(crate) fn allow(kind: LinkKind, area: Area, method: Method, below: usize) -> Result<(), Problem> {
    use Method::{Delete, Get, Head, Mkcol, Options, Propfind, Put};
    let allowed = match (area, kind) {
        (Area::Page, LinkKind::Drop) => method == Get && below == 0,
        (Area::Page, _) | (Area::Archive, LinkKind::Read | LinkKind::Edit) => method == Get,
        (Area::Files, LinkKind::Read) => matches!(method, Options | Get | Head | Propfind),
        (Area::Files, LinkKind::Drop) => matches!((method, below), (Options, _) | (Propfind, 0) | (Put, 1)),
        (Area::Files, LinkKind::Edit) => matches!(method, Options | Get | Head | Propfind | Put | Mkcol) || (method == Delete && below > 0),
        _ => false,
    };
    if allowed {
        return Ok(());
    }
    let sentence = match kind {
        LinkKind::Read => "This link is for looking and downloading.",
        LinkKind::Drop => "This link is for adding files alone; it shows none.",
        LinkKind::Edit => "This cannot be done by a link.",
    };
    Err(Problem::new(403, "link-not-for-this", sentence).hint("Ask whoever gave you the link."))
}

/// An address as it is remembered: it tells a home from another one, and not who is in it.
pub(crate) fn shortened(address: IpAddr) -> String {
    match holder(address) {
        IpAddr::V4(address) => {
            let [a, b, c, _] = address.octets();
            format!("{a}.{b}.{c}.x")
        }
        IpAddr::V6(address) => format!("{address}/64"),
    }
}

#[cfg(test)]
mod tests {
    use croft_model::PersonId;

    use super::*;

    fn link(expires: Option<i64>, downloads: Option<u64>, ended: Option<i64>) -> Link {
        Link {
            secret: hex::encode([1; 16]),
            target: 7,
            path: String::new(),
            folder: true,
            kind: LinkKind::Read,
            label: String::new(),
            by: PersonId::from_number(1),
            by_name: String::new(),
            made: 0,
            expires,
            password: None,
            downloads,
            ended,
        }
    }

    #[test]
    fn a_link_ends_by_time_by_use_and_with_the_right() {
        let check = |link: Link, downloaded: u64, now: i64, expected| {
            assert_eq!(state(&link, &Uses { downloaded, ..Uses::default() }, now), expected);
        };
        check(link(None, None, None), 9, 100, LinkState::Works);
        check(link(Some(101), None, None), 0, 100, LinkState::Works);
        check(link(Some(100), None, None), 0, 100, LinkState::Expired);
        check(link(None, Some(2), None), 1, 100, LinkState::Works);
        check(link(None, Some(2), None), 2, 100, LinkState::UsedUp);
        check(link(Some(1), Some(2), Some(5)), 2, 100, LinkState::Ended);
    }

    #[test]
    fn a_secret_is_known_by_its_hash_and_no_other_is() {
        let link = link(None, None, None);
        assert!(is_of(&link, &[1; 16]) && !is_of(&link, &[2; 16]) && !is_of(&link, &[]));
        assert!(key(&[1; 16]) != key(&[2; 16]) && key(&[1; 16]).len() == 8 && !link.secret.contains(&key(&[1; 16])));
    }

    #[test]
    fn a_pass_stands_for_one_password_of_one_link_for_an_evening() {
        let fast = |password: &str| Guarded { salt: "00".into(), hash: hex::encode(derived(password, &[0], 10)), rounds: 10 };
        let (right, other) = (fast("right"), fast("other"));
        assert!(is_password(&right, "right") && !is_password(&right, "wrong") && !is_password(&right, ""));
        let given = pass(&right, "k", 1000);
        assert!(is_pass(&right, "k", &given, 1000) && is_pass(&right, "k", &given, 1000 + PASS_SECONDS - 1));
        for (guarded, key, pass, now) in [
            (&right, "k", given.as_str(), 1000 + PASS_SECONDS),
            (&right, "k", given.as_str(), 999),
            (&right, "l", given.as_str(), 1000),
            (&other, "k", given.as_str(), 1000),
            (&right, "k", "", 1000),
            (&right, "k", "5000.", 1000),
            (&right, "k", "x.00", 1000),
            (&right, "k", given.trim_end_matches(|_| true), 1000),
        ] {
            assert!(!is_pass(guarded, key, pass, now), "{pass} at {now}");
        }
        assert!(is_password(&guarded("slow", [3; 16]), "slow"));
    }

    #[test]
    fn each_kind_opens_what_it_says() {
        let check = |kind, area, method, below: usize, expected: bool| {
            assert_eq!(allow(kind, area, method, below).is_ok(), expected, "{kind:?} {area:?} {method:?} {below}");
        };
        for area in Area::ALL.into_iter().filter(|area| !matches!(area, Area::Files | Area::Page | Area::Archive)) {
            for method in Method::ALL {
                for kind in [LinkKind::Read, LinkKind::Drop, LinkKind::Edit] {
                    check(kind, area, method, 1, false);
                }
            }
        }
        for method in Method::ALL {
            let reads = matches!(method, Method::Options | Method::Get | Method::Head | Method::Propfind);
            let edits = matches!(method, Method::Put | Method::Mkcol | Method::Delete);
            check(LinkKind::Read, Area::Files, method, 1, reads);
            check(LinkKind::Edit, Area::Files, method, 1, reads || edits);
            check(LinkKind::Drop, Area::Files, method, 1, matches!(method, Method::Options | Method::Put));
            check(LinkKind::Drop, Area::Files, method, 2, method == Method::Options);
            check(LinkKind::Edit, Area::Page, method, 2, method == Method::Get);
        }
        for (kind, expected) in [(LinkKind::Read, true), (LinkKind::Edit, true), (LinkKind::Drop, false)] {
            check(kind, Area::Archive, Method::Get, 0, expected);
            check(kind, Area::Archive, Method::Put, 1, false);
        }
        check(LinkKind::Drop, Area::Files, Method::Propfind, 0, true);
        check(LinkKind::Drop, Area::Page, Method::Get, 0, true);
        check(LinkKind::Drop, Area::Page, Method::Get, 1, false);
        check(LinkKind::Edit, Area::Files, Method::Delete, 0, false);
    }

    #[test]
    fn an_address_is_remembered_without_who_it_was() {
        for (address, expected) in
            [("192.168.1.7", "192.168.1.x"), ("::ffff:192.168.1.7", "192.168.1.x"), ("2001:db8:1:2:3::1", "2001:db8:1:2::/64")]
        {
            assert_eq!(shortened(address.parse().unwrap()), expected);
        }
    }
}
