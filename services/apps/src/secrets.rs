//! Random values of an app, made once and for this install alone.

use std::collections::BTreeMap;

use base64::{Engine, prelude::BASE64_STANDARD};
use croft_api::random::{self, NoRandomness};
use croft_catalog::{AppSpec, Encoding, Secret};

/// Letters and digits.
const LETTERS: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
/// Bytes that are drawn at a time.
const DRAWN: usize = 64;
/// The longest secret; the catalogues that were read have 128 at most.
pub(crate) const MAX_LENGTH: u16 = 1024;

/// The secrets of an app: those that are known, and new ones where there are none.
pub(crate) fn complete(spec: &AppSpec, known: &BTreeMap<String, String>) -> Result<BTreeMap<String, String>, NoRandomness> {
    let mut secrets = known.clone();
    for secret in &spec.secrets {
        if !secrets.contains_key(secret.key.as_str()) {
            secrets.insert(secret.key.as_str().to_owned(), made(secret)?);
        }
    }
    Ok(secrets)
}

fn made(secret: &Secret) -> Result<String, NoRandomness> {
    let length = usize::from(secret.length.min(MAX_LENGTH));
    Ok(match secret.encoding {
        Encoding::Hex => {
            let mut text = hex::encode(drawn(length.div_ceil(2))?);
            text.truncate(length);
            text
        }
        Encoding::Base64 => BASE64_STANDARD.encode(drawn(length)?),
        Encoding::Alphanumeric => {
            let mut text = String::new();
            while text.len() < length {
                // The few values past the last whole round of letters would make the first ones likelier.
                let fair = drawn(DRAWN)?.into_iter().filter(|byte| usize::from(*byte) < LETTERS.len() * 4);
                let letters = fair.filter_map(|byte| LETTERS.get(usize::from(byte) % LETTERS.len()).map(|letter| char::from(*letter)));
                text.extend(letters.take(length - text.len()));
            }
            text
        }
    })
}

fn drawn(count: usize) -> Result<Vec<u8>, NoRandomness> {
    let mut bytes = Vec::with_capacity(count + DRAWN);
    while bytes.len() < count {
        bytes.extend(random::bytes::<DRAWN>()?);
    }
    bytes.truncate(count);
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret(encoding: Encoding, length: u16) -> Secret {
        Secret { key: "KEY".parse().expect("a key"), label: Default::default(), encoding, length, shown: false }
    }

    #[test]
    fn secrets_have_their_form_and_are_never_the_same() {
        for (encoding, length, written, fits) in [
            (Encoding::Hex, 33, 33, (|c| c.is_ascii_hexdigit()) as fn(char) -> bool),
            (Encoding::Alphanumeric, 100, 100, |c| c.is_ascii_alphanumeric()),
            (Encoding::Base64, 32, 44, |c| c.is_ascii_alphanumeric() || "+/=".contains(c)),
            (Encoding::Hex, u16::MAX, MAX_LENGTH.into(), |c| c.is_ascii_hexdigit()),
        ] {
            let [one, other] = [0, 1].map(|_| made(&secret(encoding, length)).expect("randomness"));
            assert!(one.len() == written && one.chars().all(fits), "{one}");
            assert_ne!(one, other);
        }
    }
}
