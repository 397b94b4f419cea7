//! Randomness for secrets and ids, from the one crypto library.

use aws_lc_rs::rand;

/// `N` unpredictable bytes.
///
/// # Errors
/// The kernel gave no randomness; nothing secret can be made then.
pub fn bytes<const N: usize>() -> Result<[u8; N], NoRandomness> {
    let mut bytes = [0; N];
    rand::fill(&mut bytes).map_err(|_| NoRandomness)?;
    Ok(bytes)
}

/// The system gave no random bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the system gave no random bytes")]
pub struct NoRandomness;
