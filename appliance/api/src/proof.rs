//! Proofs on the wire: `base64url(JSON of the proof) "." base64url(Ed25519 signature over "proof." and that text)`.
//!
//! What destroys asks for one beside the capability: that somebody is signed in does not say that it is this person who sits there now. Identity signs
//! after the passphrase was typed again; the role that destroys verifies. The word before the text keeps a proof and a capability, which
//! are signed by one key, from ever being taken for each other.

use aws_lc_rs::signature::{ED25519, UnparsedPublicKey};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD as BASE64};
use croft_model::{Claims, MAX_PROOF_SECONDS, Principal, Problem, Proof, ToProve};
use http::HeaderMap;

use crate::{
    capability::{CLOCK_SLACK, Minter, Verifier},
    headers,
};

/// Longest proof that is looked at, in bytes.
const MAX_LENGTH: usize = 1024;
/// What is signed begins with it.
const DOMAIN: &str = "proof.";

/// What a caller wants to do that needs a proof.
#[derive(Debug, Clone, Copy)]
pub struct Destructive<'a> {
    /// What: `pool.replace`.
    pub operation: &'a str,
    /// To what. Whatever changes in here makes an older proof worthless.
    pub target: &'a str,
}

impl Minter {
    /// The text of a proof.
    #[must_use]
    pub fn prove(&self, proof: &Proof) -> String {
        let body = BASE64.encode(serde_json::to_vec(proof).unwrap_or_default());
        let signature = BASE64.encode(self.sign(format!("{DOMAIN}{body}").as_bytes()));
        format!("{body}.{signature}")
    }
}

impl Verifier {
    /// Whether the caller may destroy: the console may, since whoever has it has the disks; a person brings a proof of this operation and target
    /// in the header [`headers::PROOF`].
    ///
    /// # Errors
    /// `proof-missing`, which says what has to be proved; `proof-refused`.
    pub fn destroys(&self, claims: &Claims, sent: &HeaderMap, wanted: Destructive<'_>, now: i64) -> Result<(), Problem> {
        let person = match claims.who {
            Principal::Console => return Ok(()),
            Principal::Claimant { .. } => return Err(refused()),
            Principal::Person { id, .. } => id,
        };
        let text = sent.get(headers::PROOF).ok_or_else(|| missing(wanted))?;
        let proof = text.to_str().ok().and_then(|text| self.proof(text)).ok_or_else(refused)?;
        let left = proof.expires - now;
        let fits = proof.person == person && proof.operation == wanted.operation && proof.target == wanted.target;
        if fits && left > 0 && left <= MAX_PROOF_SECONDS + CLOCK_SLACK { Ok(()) } else { Err(refused()) }
    }

    /// What `text` proves, if identity signed it.
    fn proof(&self, text: &str) -> Option<Proof> {
        let (body, signature) = text.split_once('.').filter(|_| text.len() <= MAX_LENGTH)?;
        let signature = BASE64.decode(signature).ok()?;
        UnparsedPublicKey::new(&ED25519, self.key()).verify(format!("{DOMAIN}{body}").as_bytes(), &signature).ok()?;
        serde_json::from_slice(&BASE64.decode(body).ok()?).ok()
    }
}

fn missing(wanted: Destructive<'_>) -> Problem {
    Problem::new(403, "proof-missing", "This cannot be undone, so it asks for your passphrase once more.")
        .hint(format!("Prove `{}` of `{}` at /api/v1/session/proof, and send the proof along.", wanted.operation, wanted.target))
        .key(headers::PROOF)
        .proof(ToProve { operation: wanted.operation.into(), target: wanted.target.into() })
}

fn refused() -> Problem {
    Problem::new(403, "proof-refused", "The proof is not of this, or too old.").hint("Type your passphrase once more.").key(headers::PROOF)
}

#[cfg(test)]
mod tests {
    use croft_model::{PersonId, PersonRole, Scope};
    use http::HeaderValue;

    use super::*;

    const NOW: i64 = 1000;

    fn minter(seed: u8) -> Minter {
        Minter::from_seed(&[seed; 32]).expect("a seed of 32 bytes")
    }

    fn claims(who: Principal) -> Claims {
        Claims { who, session: None, scopes: [Scope::Manage].into(), audience: "storage".into(), expires: NOW + 60 }
    }

    fn ana() -> Claims {
        claims(Principal::Person { id: PersonId::from_number(1), name: "ana".into(), role: PersonRole::Owner })
    }

    fn proof() -> Proof {
        Proof { person: PersonId::from_number(1), operation: "pool.grow".into(), target: "disk-1 c".into(), expires: NOW + 100 }
    }

    fn judged(claims: &Claims, sent: Option<&str>) -> Option<String> {
        let verifier = Verifier::new(&minter(7).public_key_hex(), "storage").expect("a key");
        let mut headers = HeaderMap::new();
        if let Some(sent) = sent {
            headers.insert(headers::PROOF, HeaderValue::from_str(sent).expect("a header"));
        }
        let wanted = Destructive { operation: "pool.grow", target: "disk-1 c" };
        verifier.destroys(claims, &headers, wanted, NOW).err().map(|problem| problem.code.to_string())
    }

    #[test]
    fn only_this_person_s_proof_of_this_very_thing_destroys() {
        let check = |proof: Proof, expected: Option<&str>| {
            assert_eq!(judged(&ana(), Some(&minter(7).prove(&proof))).as_deref(), expected, "{proof:?}");
        };
        check(proof(), None);
        check(Proof { person: PersonId::from_number(2), ..proof() }, Some("proof-refused"));
        check(Proof { operation: "pool.remove".into(), ..proof() }, Some("proof-refused"));
        check(Proof { target: "disk-2 c".into(), ..proof() }, Some("proof-refused"));
        check(Proof { expires: NOW, ..proof() }, Some("proof-refused"));
        check(Proof { expires: NOW + 1000, ..proof() }, Some("proof-refused"));
        assert_eq!(judged(&ana(), None).as_deref(), Some("proof-missing"));
        assert_eq!(judged(&ana(), Some(&minter(8).prove(&proof()))).as_deref(), Some("proof-refused"));
        assert_eq!(
            judged(&claims(Principal::Claimant { address: "::1".into() }), Some(&minter(7).prove(&proof()))).as_deref(),
            Some("proof-refused")
        );
        assert_eq!(judged(&claims(Principal::Console), None), None);
    }

    #[test]
    fn a_capability_is_no_proof_and_a_proof_no_capability() {
        assert_eq!(judged(&ana(), Some(&minter(7).mint(&ana()))).as_deref(), Some("proof-refused"));
        let verifier = Verifier::new(&minter(7).public_key_hex(), "storage").expect("a key");
        assert!(verifier.verify(&minter(7).prove(&proof()), NOW).is_err());
    }

    croft_fuzz::target! {
        /// Nothing is a proof but what identity signed, and that in one form.
        fn proofs(input) {
            let Ok(text) = std::str::from_utf8(input) else { return };
            let verifier = Verifier::new(&minter(7).public_key_hex(), "storage").expect("a key");
            if let Some(read) = verifier.proof(text) {
                assert_eq!(text, minter(7).prove(&read));
                assert_eq!(read.expires, NOW + 100, "the corpus has one of that time");
            }
        }
    }
}
