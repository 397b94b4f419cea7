//! Secrets that identity makes: session tokens, app passwords and codes that people type.
//!
//! Only their SHA-256 is stored, each kind under a label of its own. They carry 80 bits or more, so a slow hash would protect nothing; the
//! pairing code is the one exception and is guarded by counting guesses.

use aws_lc_rs::digest;
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD as BASE64};
use croft_api::random::{self, NoRandomness};

/// The symbols of Crockford's base32: no I, L, O and U, so that a code survives handwriting.
const SYMBOLS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
/// Symbols between two dashes.
const GROUP: usize = 4;

/// SHA-256 of a secret, as it is stored.
pub(crate) type Hash = [u8; 32];

/// What a hash was made of; keeps a token of one kind from being of use as another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Session,
    AppPassword,
    Invitation,
    Ticket,
    Kit,
    /// For the page on which a device is granted an app password.
    Grant,
    /// With which that device asks.
    Poll,
}

impl Kind {
    fn label(self) -> &'static str {
        match self {
            Self::Session => "croft session v1",
            Self::AppPassword => "croft app password v1",
            Self::Invitation => "croft invitation v1",
            Self::Ticket => "croft claim ticket v1",
            Self::Kit => "croft recovery kit v1",
            Self::Grant => "croft grant v1",
            Self::Poll => "croft poll v1",
        }
    }

    /// The stored form of a secret of this kind.
    pub(crate) fn hash(self, secret: &[u8]) -> Hash {
        let mut context = digest::Context::new(&digest::SHA256);
        context.update(self.label().as_bytes());
        context.update(&[0]);
        context.update(secret);
        let mut hash = [0; 32];
        hash.copy_from_slice(context.finish().as_ref());
        hash
    }
}

/// A token of 256 bits for programs.
pub(crate) fn token() -> Result<String, NoRandomness> {
    Ok(BASE64.encode(random::bytes::<32>()?))
}

/// A code of `symbols` random symbols (5 bits each, at most 32) for people, without dashes.
pub(crate) fn code(symbols: usize) -> Result<String, NoRandomness> {
    let bytes = random::bytes::<32>()?;
    Ok(bytes.iter().take(symbols).map(|byte| char::from(SYMBOLS[usize::from(byte % 32)])).collect())
}

/// A code with dashes, as it is shown.
pub(crate) fn grouped(code: &str) -> String {
    let symbols: Vec<char> = code.chars().collect();
    symbols.chunks(GROUP).map(|group| group.iter().collect::<String>()).collect::<Vec<_>>().join("-")
}

/// Reads a typed code: any case, O for 0, I and L for 1, dashes and spaces anywhere. `None` when it cannot be a code of `symbols` symbols.
pub(crate) fn read_code(typed: &str, symbols: usize) -> Option<String> {
    let code = typed
        .chars()
        .filter(|c| !c.is_whitespace() && *c != '-')
        .map(|c| match c.to_ascii_uppercase() {
            'O' => Some('0'),
            'I' | 'L' => Some('1'),
            c => u8::try_from(c).ok().filter(|c| SYMBOLS.contains(c)).map(char::from),
        })
        .collect::<Option<String>>()?;
    (code.len() == symbols).then_some(code)
}

/// Whether two secrets are equal, in time that does not tell where they differ.
pub(crate) fn same(a: &[u8], b: &[u8]) -> bool {
    aws_lc_rs::constant_time::verify_slices_are_equal(a, b).is_ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check(typed: &str, expected: Option<&str>) {
        assert_eq!(read_code(typed, 8).as_deref(), expected, "{typed:?}");
    }

    #[test]
    fn a_code_is_read_as_people_type_it() {
        check("7K3M-9XQT", Some("7K3M9XQT"));
        check(" 7k3m 9xqt ", Some("7K3M9XQT"));
        check("oil0-OILO", Some("01101100".replace("01101100", "01100110").as_str()));
        for wrong in ["", "7K3M-9XQ", "7K3M-9XQTT", "7K3M-9XQU", "7K3M-9XQ\u{e9}", "\u{ff17}K3M9XQT"] {
            check(wrong, None);
        }
    }

    #[test]
    fn kinds_do_not_share_hashes() {
        let kinds = [Kind::Session, Kind::AppPassword, Kind::Invitation, Kind::Ticket, Kind::Kit, Kind::Grant, Kind::Poll];
        let hashes: std::collections::BTreeSet<_> = kinds.map(|kind| kind.hash(b"x")).into();
        assert_eq!(hashes.len(), kinds.len());
    }

    #[test]
    fn secrets_are_long_and_never_the_same() {
        assert_eq!(token().unwrap().len(), 43);
        assert_ne!(token().unwrap(), token().unwrap());
        assert_ne!(code(28).unwrap(), code(28).unwrap());
    }

    proptest! {
        #[test]
        fn what_is_shown_can_be_typed_back(symbols in 1_usize..32) {
            let code = code(symbols).unwrap();
            prop_assert_eq!(read_code(&grouped(&code).to_lowercase(), symbols), Some(code));
        }

        #[test]
        fn reading_never_panics(typed in ".{0,40}") {
            let _ = read_code(&typed, 8);
        }
    }
}
