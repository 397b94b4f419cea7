//! Capabilities on the wire: `base64url(JSON of the claims) "." base64url(Ed25519 signature over that text)`.
//!
//! Identity signs, everybody else verifies. There is one algorithm and no header that could name another.

use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD as BASE64};
use croft_model::{Claims, MAX_CAPABILITY_SECONDS, Problem};

/// Longest capability that is looked at, in bytes.
const MAX_LENGTH: usize = 2048;
/// Seconds that two processes' reading of one clock may differ by around a step of the clock.
pub(crate) const CLOCK_SLACK: i64 = 2;

/// Why a capability is not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// None was sent.
    #[error("no capability was sent")]
    Missing,
    /// Not the text of a capability.
    #[error("the capability cannot be read")]
    Malformed,
    /// Not signed by this box's identity.
    #[error("the capability was not signed by this box")]
    Forged,
    /// Its time is over, or it claims a longer life than any may have.
    #[error("the capability has expired")]
    Expired,
    /// Made for another role.
    #[error("the capability is for another role")]
    Audience,
}

impl From<Refused> for Problem {
    fn from(refused: Refused) -> Self {
        Self::new(401, "capability-refused", format!("{refused}.")).hint("Sign in again.")
    }
}

/// Signs capabilities. Only identity has one.
pub struct Minter(Ed25519KeyPair);

impl Minter {
    /// The minter with this 32 byte seed; `None` when the length is wrong.
    #[must_use]
    pub fn from_seed(seed: &[u8]) -> Option<Self> {
        Ed25519KeyPair::from_seed_unchecked(seed).ok().map(Self)
    }

    /// The public key by which others verify, as hexadecimal text.
    #[must_use]
    pub fn public_key_hex(&self) -> String {
        hex::encode(self.0.public_key().as_ref())
    }

    /// The signature over `text`.
    pub(crate) fn sign(&self, text: &[u8]) -> impl AsRef<[u8]> + use<> {
        self.0.sign(text)
    }

    /// The text of a capability with these claims.
    #[must_use]
    pub fn mint(&self, claims: &Claims) -> String {
        let json = serde_json::to_vec(claims).unwrap_or_default();
        let body = BASE64.encode(json);
        let signature = BASE64.encode(self.sign(body.as_bytes()));
        format!("{body}.{signature}")
    }
}

/// Verifies capabilities for one audience.
#[derive(Debug, Clone)]
pub struct Verifier {
    key: Vec<u8>,
    audience: String,
}

impl Verifier {
    /// A verifier for `audience` with identity's public key in hexadecimal; `None` when that is no key.
    #[must_use]
    pub fn new(public_key_hex: &str, audience: &str) -> Option<Self> {
        let key = hex::decode(public_key_hex).ok().filter(|key| key.len() == 32)?;
        Some(Self { key, audience: audience.into() })
    }

    /// A verifier for `audience` with the key that the supervisor put into the environment.
    ///
    /// # Errors
    /// `CROFT_CAPABILITY_KEY` is missing or no key.
    pub fn from_env(audience: &str) -> Result<Self, crate::inherit::InheritError> {
        std::env::var("CROFT_CAPABILITY_KEY")
            .ok()
            .and_then(|key| Self::new(&key, audience))
            .ok_or(crate::inherit::InheritError::Variable("CROFT_CAPABILITY_KEY"))
    }

    /// Identity's public key.
    pub(crate) fn key(&self) -> &[u8] {
        &self.key
    }

    /// The claims of `text`, if they hold at `now` (Unix seconds) for this audience.
    ///
    /// # Errors
    /// Each reason of [`Refused`] but `Missing`.
    pub fn verify(&self, text: &str, now: i64) -> Result<Claims, Refused> {
        if text.len() > MAX_LENGTH {
            return Err(Refused::Malformed);
        }
        let (body, signature) = text.split_once('.').ok_or(Refused::Malformed)?;
        let signature = BASE64.decode(signature).map_err(|_| Refused::Malformed)?;
        UnparsedPublicKey::new(&ED25519, &self.key).verify(body.as_bytes(), &signature).map_err(|_| Refused::Forged)?;
        let json = BASE64.decode(body).map_err(|_| Refused::Malformed)?;
        let claims: Claims = serde_json::from_slice(&json).map_err(|_| Refused::Malformed)?;
        if claims.audience != self.audience {
            return Err(Refused::Audience);
        }
        let left = claims.expires - now;
        if left <= 0 || left > MAX_CAPABILITY_SECONDS + CLOCK_SLACK { Err(Refused::Expired) } else { Ok(claims) }
    }
}

#[cfg(test)]
mod tests {
    use croft_model::{PersonId, PersonRole, Principal, Scope};

    use super::*;

    fn claims(audience: &str, expires: i64) -> Claims {
        Claims {
            who: Principal::Person { id: PersonId::from_number(1), name: "ana".into(), role: PersonRole::Owner },
            session: None,
            scopes: [Scope::Files].into(),
            audience: audience.into(),
            expires,
        }
    }

    #[test]
    fn only_what_identity_signed_for_this_role_and_this_minute_is_accepted() {
        let minter = Minter::from_seed(&[7; 32]).expect("a seed of 32 bytes");
        let other = Minter::from_seed(&[8; 32]).expect("a seed of 32 bytes");
        let verifier = Verifier::new(&minter.public_key_hex(), "sync@s1").expect("a key");
        let good = minter.mint(&claims("sync@s1", 1060));
        let (body, signature) = good.split_once('.').expect("two parts");
        let flipped = format!("{}{}.{signature}", if body.starts_with('a') { 'b' } else { 'a' }, &body[1..]);
        let check = |text: &str, now: i64, expected: Result<(), Refused>| {
            assert_eq!(verifier.verify(text, now).map(|_| ()), expected, "{text} at {now}");
        };
        check(&good, 1000, Ok(()));
        check(&good, 1059, Ok(()));
        check(&good, 1060, Err(Refused::Expired));
        check(&good, 900, Err(Refused::Expired));
        check(&minter.mint(&claims("sync@s2", 1060)), 1000, Err(Refused::Audience));
        check(&other.mint(&claims("sync@s1", 1060)), 1000, Err(Refused::Forged));
        check(&flipped, 1000, Err(Refused::Forged));
        check(&format!("{body}."), 1000, Err(Refused::Forged));
        check(body, 1000, Err(Refused::Malformed));
        check("", 1000, Err(Refused::Malformed));
        check(&"a".repeat(5000), 1000, Err(Refused::Malformed));
    }
    croft_fuzz::target! {
        /// Nothing is accepted but what identity signed, and that in one form.
        fn capabilities(input) {
            let Ok(text) = std::str::from_utf8(input) else { return };
            let minter = Minter::from_seed(&[7; 32]).expect("a seed of 32 bytes");
            let verifier = Verifier::new(&minter.public_key_hex(), "sync@s1").expect("a key");
            if let Ok(claims) = verifier.verify(text, 1000) {
                assert_eq!(text, minter.mint(&claims));
                assert_eq!(claims.expires, 1060, "the corpus has one of that time");
            }
        }
    }
}
