//! Who asks without a capability: somebody with a link.

use std::net::IpAddr;

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use croft_model::{LinkToken, Problem, Secret};

/// Stands before the link where else a capability stands, which has no space in it.
const WORD: &str = "link";

/// Somebody with a link, as the gateway tells the worker of them: `link TOKEN ADDRESS`, and behind it `password BASE64URL` or `pass TEXT`.
/// The gateway knows no link: it passes on what was shown, and the address of who showed it.
#[derive(Clone)]
pub struct Stranger {
    /// The link.
    pub token: LinkToken,
    /// The client's address.
    pub address: IpAddr,
    /// What was shown beside the link.
    pub proof: Proof,
}

/// What somebody shows beside a link.
#[derive(Clone)]
pub enum Proof {
    /// Nothing.
    None,
    /// The password of the link.
    Password(Secret),
    /// What the worker gave for the password.
    Pass(Secret),
}

impl Stranger {
    /// The code of the one answer to every link that opens nothing.
    pub const NOTHING: &str = "link-opens-nothing";

    /// The one answer to every link that opens nothing: it never was, has ended, is used up, or leads to nothing any more.
    #[must_use]
    pub fn nothing() -> Problem {
        Problem::new(404, Self::NOTHING, "This link does not open anything, or no longer does.").hint("Ask whoever gave it to you.")
    }

    /// The text that stands in OPEN in place of a capability.
    #[must_use]
    pub fn expose(&self) -> String {
        let link = format!("{WORD} {} {}", self.token.expose(), self.address);
        match &self.proof {
            Proof::None => link,
            Proof::Password(password) => format!("{link} password {}", BASE64_URL_SAFE_NO_PAD.encode(password.expose())),
            Proof::Pass(pass) => format!("{link} pass {}", pass.expose()),
        }
    }

    /// Whether `text` is of a stranger; else it is a capability.
    #[must_use]
    pub fn is_one(text: &str) -> bool {
        text.split(' ').next() == Some(WORD)
    }

    /// The stranger in `text`; `None` for all else.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split(' ');
        if parts.next() != Some(WORD) {
            return None;
        }
        let (token, address) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
        let proof = match (parts.next(), parts.next()) {
            (None, None) => Proof::None,
            (Some("password"), Some(text)) => {
                Proof::Password(String::from_utf8(BASE64_URL_SAFE_NO_PAD.decode(text).ok()?).ok()?.try_into().ok()?)
            }
            (Some("pass"), Some(text)) => Proof::Pass(text.to_owned().try_into().ok()?),
            _ => return None,
        };
        parts.next().is_none().then_some(Self { token, address, proof })
    }
}

#[cfg(test)]
mod tests {
    use croft_model::SpaceNumber;

    use super::*;

    #[test]
    fn what_is_shown_crosses_whole_and_nothing_else_does() {
        let token = LinkToken::new(SpaceNumber(7), [5; 16]);
        let address = "2001:db8::1".parse().unwrap();
        for proof in [
            Proof::None,
            Proof::Password(String::from("two words: \u{fc}").try_into().unwrap()),
            Proof::Pass(String::from("5.ab").try_into().unwrap()),
        ] {
            let text = Stranger { token: token.clone(), address, proof }.expose();
            let read = Stranger::parse(&text).unwrap();
            assert!(Stranger::is_one(&text) && read.expose() == text && read.token == token && read.address == address);
            if let Proof::Password(password) = read.proof {
                assert_eq!(password.expose(), "two words: \u{fc}");
            }
        }
        let good = token.expose();
        for wrong in [
            String::new(),
            "link".into(),
            good.clone(),
            format!("link {good}"),
            format!("link {good} here"),
            format!("link {good} ::1 password"),
            format!("link {good} ::1 password %"),
            format!("link {good} ::1 word eA"),
            format!("link {good} ::1 pass a b"),
            format!(" link {good} ::1"),
            format!("link 0{good} ::1"),
        ] {
            assert!(Stranger::parse(&wrong).is_none(), "{wrong}");
        }
        assert!(!Stranger::is_one("eyJ3aG8i.c2ln"));
    }
    croft_fuzz::target! {
        /// Whoever asks by a link is taken for nobody else, and crosses as the same.
        fn strangers(input) {
            let Ok(text) = std::str::from_utf8(input) else { return };
            let Some(stranger) = Stranger::parse(text) else { return };
            assert!(Stranger::is_one(text));
            let again = Stranger::parse(&stranger.expose()).unwrap();
            assert!(again.token == stranger.token && again.address == stranger.address);
            let said = |proof: &Proof| match proof {
                Proof::None => (0, String::new()),
                Proof::Password(secret) => (1, secret.expose().to_owned()),
                Proof::Pass(secret) => (2, secret.expose().to_owned()),
            };
            assert_eq!(said(&again.proof), said(&stranger.proof));
        }
    }
}
