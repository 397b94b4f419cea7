//! Links that open a file or a folder to whoever has their address.

use std::str::FromStr;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::SpaceNumber;

/// Bytes of the secret in a link's address.
const SECRET_BYTES: usize = 16;

/// What somebody who has a link may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum LinkKind {
    /// Look and download.
    Read,
    /// Add files, and see none.
    Drop,
    /// Look, download, add, replace and delete.
    Edit,
}

/// The secret part of a link's address, with the number of its space in front, so that nobody has to ask every worker: `7-` and 32 hexadecimal digits.
/// Whoever has it has what the link opens, so it has no `Debug` and no `Display`.
#[derive(Clone, PartialEq, Eq)]
pub struct LinkToken {
    space: SpaceNumber,
    secret: [u8; SECRET_BYTES],
}

/// A text that is no token of a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this is not the token of a link: expected a number, `-` and 32 hexadecimal digits")]
pub struct NoToken;

impl LinkToken {
    /// The token of a link of `space` with 128 random bits.
    #[must_use]
    pub const fn new(space: SpaceNumber, secret: [u8; SECRET_BYTES]) -> Self {
        Self { space, secret }
    }

    /// The space that the link is of.
    #[must_use]
    pub const fn space(&self) -> SpaceNumber {
        self.space
    }

    /// The random bits.
    #[must_use]
    pub const fn secret(&self) -> &[u8; SECRET_BYTES] {
        &self.secret
    }

    /// The text in the link's address. To be shown to who may have it, and never logged.
    #[must_use]
    pub fn expose(&self) -> String {
        let secret: String = self.secret.iter().map(|byte| format!("{byte:02x}")).collect();
        format!("{}-{secret}", self.space.0)
    }
}

impl FromStr for LinkToken {
    type Err = NoToken;

    fn from_str(text: &str) -> Result<Self, NoToken> {
        let (number, digits) = text.split_once('-').ok_or(NoToken)?;
        let plain = number.bytes().all(|byte| byte.is_ascii_digit()) && !number.starts_with('0');
        let space = number.parse().ok().filter(|number| plain && *number > 0).map(SpaceNumber).ok_or(NoToken)?;
        let lower = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        if digits.len() != 2 * SECRET_BYTES || !digits.bytes().all(lower) {
            return Err(NoToken);
        }
        let mut secret = [0; SECRET_BYTES];
        for (at, byte) in secret.iter_mut().enumerate() {
            *byte = u8::from_str_radix(&digits[2 * at..2 * at + 2], 16).map_err(|_| NoToken)?;
        }
        Ok(Self { space, secret })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_token_has_one_form() {
        let good = "7-00112233445566778899aabbccddeeff";
        let token: LinkToken = good.parse().ok().unwrap();
        assert_eq!((token.space(), token.expose().as_str()), (SpaceNumber(7), good));
        for wrong in [
            "",
            "-",
            "7",
            "7-",
            "0-00112233445566778899aabbccddeeff",
            "07-00112233445566778899aabbccddeeff",
            "+7-00112233445566778899aabbccddeeff",
            "70000-00112233445566778899aabbccddeeff",
            "s7-00112233445566778899aabbccddeeff",
            "7-00112233445566778899AABBCCDDEEFF",
            "7-00112233445566778899aabbccddeef",
            "7-00112233445566778899aabbccddeeff0",
            "7-0011223344556677+899aabbccddeeff",
            "7-\u{e9}0112233445566778899aabbccddeef",
        ] {
            assert!(wrong.parse::<LinkToken>().is_err(), "{wrong}");
        }
    }

    croft_fuzz::target! {
        /// A link has one address: what is read is written as the same text.
        fn link_tokens(input) {
            let Ok(text) = std::str::from_utf8(input) else { return };
            if let Ok(token) = text.parse::<LinkToken>() {
                assert_eq!(token.expose(), text);
            }
        }
    }

    proptest! {
        #[test]
        fn what_is_shown_is_read_and_nothing_else(space in 1_u16.., secret: [u8; 16], any in "[-0-9a-fs]{0,40}") {
            let token = LinkToken::new(SpaceNumber(space), secret);
            prop_assert!(token.expose().parse::<LinkToken>().is_ok_and(|read| read == token));
            if let Ok(read) = any.parse::<LinkToken>() {
                prop_assert_eq!(read.expose(), any);
            }
        }
    }
}
