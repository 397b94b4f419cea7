//! The recovery kit: 256 random bits, shown once as 24 words and as a QR code. Only a hash of them is kept.
//!
//! Later parts of the box derive keys from the same bits by HKDF-SHA-256 with labels of their own; the hash kept here is no such key and
//! gives none (docs/decisions/sign-in.md).

use std::collections::BTreeMap;

use bip39::{Language, Mnemonic};
use croft_api::{random, wire::claim::RecoveryKit};
use croft_model::Problem;
use qrcode::{Color, EcLevel, QrCode};

use crate::{
    error::IdentityError,
    secrets::{Hash, Kind},
};

/// Words of the kit: 256 bits and 8 bits of checksum, 11 bits a word.
const WORDS: usize = 24;
/// Words that are asked back, so that nobody goes on without having written them down.
const ASKED: usize = 3;

/// A kit that was made and is not in force yet.
pub(crate) struct Kit {
    words: Vec<&'static str>,
    ask: [u8; ASKED],
    hash: Hash,
}

impl Kit {
    /// A new kit.
    pub(crate) fn make() -> Result<Self, IdentityError> {
        let entropy = random::bytes::<32>()?;
        // 32 bytes are always a length that BIP 39 has.
        let mnemonic = Mnemonic::from_entropy_in(Language::English, &entropy).map_err(|_| random::NoRandomness)?;
        Ok(Self { words: mnemonic.words().collect(), ask: positions(&random::bytes::<32>()?), hash: Kind::Kit.hash(&entropy) })
    }

    /// What the person sees, once.
    pub(crate) fn shown(&self) -> Result<RecoveryKit, IdentityError> {
        Ok(RecoveryKit {
            words: self.words.iter().map(ToString::to_string).collect(),
            qr: qr(&self.words.join(" ").to_uppercase())?,
            ask: self.ask.to_vec(),
        })
    }

    /// Whether the answers show that the person has the words; the problem names the first that is wrong.
    pub(crate) fn check(&self, answers: &BTreeMap<String, String>) -> Result<(), Problem> {
        for position in self.ask {
            let expected = self.words[usize::from(position) - 1];
            let answer = answers.get(&position.to_string()).map(|answer| answer.trim().to_lowercase());
            if answer.as_deref() != Some(expected) {
                return Err(Problem::new(422, "kit-answer-wrong", format!("Word {position} is another one."))
                    .hint("Look at your printed or written kit again.")
                    .key(format!("answers.{position}")));
            }
        }
        Ok(())
    }

    /// What is kept of it.
    pub(crate) fn hash(&self) -> Hash {
        self.hash
    }
}

/// The hash of a kit that somebody typed; `None` when the words are not a kit: a word unknown, or the checksum wrong.
pub(crate) fn hash_of(typed: &str) -> Option<Hash> {
    let words = typed.split_whitespace().map(str::to_lowercase).collect::<Vec<_>>();
    if words.len() != WORDS {
        return None;
    }
    let mnemonic = Mnemonic::parse_in_normalized(Language::English, &words.join(" ")).ok()?;
    Some(Kind::Kit.hash(&mnemonic.to_entropy()))
}

/// Three different positions from 1, in order.
fn positions(randomness: &[u8; 32]) -> [u8; ASKED] {
    let mut order: [u8; WORDS] = std::array::from_fn(|index| u8::try_from(index + 1).unwrap_or(u8::MAX));
    for (place, byte) in randomness.iter().enumerate().take(ASKED) {
        let other = place + usize::from(*byte) % (WORDS - place);
        order.swap(place, other);
    }
    let mut ask = [order[0], order[1], order[2]];
    ask.sort_unstable();
    ask
}

/// Rows of a QR code, `1` dark. Capitals and spaces fit its denser alphanumeric mode.
fn qr(text: &str) -> Result<Vec<String>, IdentityError> {
    let code = QrCode::with_error_correction_level(text, EcLevel::M).map_err(IdentityError::Kit)?;
    let dark = |color: &Color| if *color == Color::Dark { '1' } else { '0' };
    Ok(code.to_colors().chunks(code.width()).map(|row| row.iter().map(dark).collect()).collect())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn answers(kit: &Kit) -> BTreeMap<String, String> {
        kit.ask.iter().map(|place| (place.to_string(), kit.words[usize::from(*place) - 1].to_owned())).collect()
    }

    #[test]
    fn a_kit_is_24_words_that_lead_back_to_its_hash() {
        let kit = Kit::make().unwrap();
        let shown = kit.shown().unwrap();
        assert_eq!(shown.words.len(), WORDS);
        assert_eq!(hash_of(&shown.words.join(" ")), Some(kit.hash()));
        assert_eq!(hash_of(&format!("  {}\n", shown.words.join("\t ").to_uppercase())), Some(kit.hash()));
        assert_eq!(hash_of(&shown.words[..23].join(" ")), None);
        assert_eq!(hash_of(&["abandon"; 24].join(" ")), None, "the checksum is wrong");
        assert_ne!(Kit::make().unwrap().hash(), kit.hash());
    }

    #[test]
    fn the_qr_code_is_square_and_has_its_corner() {
        let qr = Kit::make().unwrap().shown().unwrap().qr;
        assert!((33..=57).contains(&qr.len()) && qr.iter().all(|row| row.len() == qr.len() && row.chars().all(|c| "01".contains(c))));
        assert!(qr[0].starts_with("1111111") && qr[1].starts_with("1000001"));
    }

    #[test]
    fn answers_are_forgiving_about_case_and_strict_about_words() {
        let kit = Kit::make().unwrap();
        let good = answers(&kit);
        kit.check(&good).unwrap();
        kit.check(&good.iter().map(|(k, v)| (k.clone(), format!(" {} ", v.to_uppercase()))).collect()).unwrap();
        for place in kit.ask {
            let mut bad = good.clone();
            bad.insert(place.to_string(), "wrong".into());
            assert_eq!(kit.check(&bad).unwrap_err().key.unwrap(), format!("answers.{place}"));
            bad.remove(&place.to_string());
            assert_eq!(kit.check(&bad).unwrap_err().code, "kit-answer-wrong");
        }
    }

    proptest! {
        #[test]
        fn positions_are_three_different_words(randomness in any::<[u8; 32]>()) {
            let [a, b, c] = positions(&randomness);
            prop_assert!(1 <= a && a < b && b < c && usize::from(c) <= WORDS);
        }
    }
}
