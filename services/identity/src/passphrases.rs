//! Passphrases: argon2id in two slots, with parameters that fit the machine.

use std::sync::Arc;

use argon2::{
    Algorithm, Argon2, Params, PasswordHasher, PasswordVerifier, Version,
    password_hash::phc::{Output, ParamsString, PasswordHash, Salt},
};
use croft_api::random;
use croft_model::{Problem, Secret};
use tokio::sync::Semaphore;

use crate::error::IdentityError;

/// Hashes at the same time. Each takes memory and a processor for half a second, and the box has other things to do.
const SLOTS: usize = 2;
/// Fewest characters.
const MIN_CHARACTERS: usize = 10;
/// Most characters.
const MAX_CHARACTERS: usize = 256;
/// Below this much memory the smaller parameters are used, in KiB.
const SMALL_MACHINE_KIB: u64 = 2 * 1024 * 1024;
/// Salt in bytes (RFC 9106 section 3.1).
const SALT: usize = 16;
/// Output in bytes (RFC 9106 section 4).
const OUTPUT: usize = 32;

/// Makes and checks hashes of passphrases.
#[derive(Clone)]
pub(crate) struct Passphrases {
    slots: Arc<Semaphore>,
    params: Params,
    /// The hash of nothing, so that an unknown name costs what a known one costs.
    dummy: String,
}

/// What checking a passphrase found.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It is right; with a new hash when the stored one has other parameters than this machine uses now.
    Right(Option<String>),
    /// It is wrong.
    Wrong,
}

/// The parameters for a machine with this much memory: RFC 9106's second choice, or the floor that OWASP names for small ones.
fn params(memory_kib: u64) -> Result<Params, IdentityError> {
    let (memory, passes) = if memory_kib < SMALL_MACHINE_KIB { (19 * 1024, 2) } else { (64 * 1024, 3) };
    Params::new(memory, passes, 1, None).map_err(IdentityError::Passphrase)
}

impl Passphrases {
    /// For a machine with this much memory.
    pub(crate) fn new(memory_kib: u64) -> Result<Self, IdentityError> {
        Self::with(params(memory_kib)?)
    }

    fn with(params: Params) -> Result<Self, IdentityError> {
        let dummy = of_nothing(&params)?;
        Ok(Self { slots: Arc::new(Semaphore::new(SLOTS)), params, dummy })
    }

    /// Cheap ones, for tests that are not about the cost.
    #[cfg(test)]
    pub(crate) fn cheap() -> Self {
        Self::with(Params::new(8, 1, 1, None).unwrap()).unwrap()
    }

    /// The PHC string of a new passphrase. It is hashed as typed, byte for byte.
    pub(crate) async fn hash(&self, passphrase: &Secret) -> Result<String, IdentityError> {
        let (params, passphrase) = (self.params.clone(), passphrase.clone());
        self.in_slot(move || hash(&params, passphrase.expose().as_bytes())).await
    }

    /// Checks a passphrase; `None` as stored hash is somebody unknown, who is always wrong and takes as long.
    pub(crate) async fn check(&self, stored: Option<String>, passphrase: &Secret) -> Result<Verdict, IdentityError> {
        let (params, passphrase) = (self.params.clone(), passphrase.clone());
        let known = stored.is_some();
        let stored = stored.unwrap_or_else(|| self.dummy.clone());
        self.in_slot(move || match verify(&params, &stored, passphrase.expose().as_bytes())? {
            Verdict::Right(rehash) if known => Ok(Verdict::Right(rehash)),
            _ => Ok(Verdict::Wrong),
        })
        .await
    }

    async fn in_slot<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, IdentityError> + Send + 'static,
    ) -> Result<T, IdentityError> {
        let slot = Arc::clone(&self.slots).acquire_owned().await;
        let done = tokio::task::spawn_blocking(move || {
            let _slot = slot;
            work()
        });
        done.await?
    }
}

/// A passphrase that may be set.
pub(crate) fn acceptable(passphrase: &Secret, key: &str) -> Result<(), Problem> {
    let characters = passphrase.expose().chars().count();
    if (MIN_CHARACTERS..=MAX_CHARACTERS).contains(&characters) {
        return Ok(());
    }
    Err(Problem::new(
        422,
        "passphrase-unfit",
        format!("A passphrase has {MIN_CHARACTERS} to {MAX_CHARACTERS} characters; this one has {characters}."),
    )
    .hint("Four or five words that do not belong together are easy to keep in mind.")
    .key(key))
}

fn hasher(params: &Params) -> Argon2<'static> {
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params.clone())
}

fn hash(params: &Params, passphrase: &[u8]) -> Result<String, IdentityError> {
    let salt = random::bytes::<SALT>()?;
    let hash: PasswordHash = hasher(params).hash_password_with_salt(passphrase, &salt).map_err(|_| IdentityError::DamagedHash)?;
    Ok(hash.to_string())
}

/// What looks like a hash and was drawn instead of computed: a start does not wait for it.
fn of_nothing(params: &Params) -> Result<String, IdentityError> {
    let drawn = PasswordHash {
        algorithm: Algorithm::Argon2id.ident(),
        version: Some(Version::V0x13.into()),
        params: ParamsString::try_from(params).map_err(|_| IdentityError::DamagedHash)?,
        salt: Some(Salt::new(&random::bytes::<SALT>()?).map_err(|_| IdentityError::DamagedHash)?),
        hash: Some(Output::new(&random::bytes::<OUTPUT>()?).map_err(|_| IdentityError::DamagedHash)?),
    };
    Ok(drawn.to_string())
}

fn verify(params: &Params, stored: &str, passphrase: &[u8]) -> Result<Verdict, IdentityError> {
    let parsed = PasswordHash::new(stored).map_err(|_| IdentityError::DamagedHash)?;
    if hasher(params).verify_password(passphrase, &parsed).is_err() {
        return Ok(Verdict::Wrong);
    }
    let current = Params::try_from(&parsed)
        .is_ok_and(|used| (used.m_cost(), used.t_cost(), used.p_cost()) == (params.m_cost(), params.t_cost(), params.p_cost()));
    Ok(Verdict::Right(if current { None } else { Some(hash(params, passphrase)?) }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret(text: &str) -> Secret {
        Secret::try_from(text.to_owned()).unwrap()
    }

    #[test]
    fn parameters_fit_the_machine_and_stand_in_the_hash() {
        for (kib, start) in [(1024 * 1024, "$argon2id$v=19$m=19456,t=2,p=1$"), (8 * 1024 * 1024, "$argon2id$v=19$m=65536,t=3,p=1$")] {
            let hash = hash(&params(kib).unwrap(), b"correct horse").unwrap();
            assert!(hash.starts_with(start), "{hash}");
        }
    }

    #[tokio::test]
    async fn right_wrong_unknown_and_older_parameters() {
        let passphrases = Passphrases::cheap();
        let stored = passphrases.hash(&secret("correct horse")).await.unwrap();
        let check = async |stored: Option<&str>, typed: &str| passphrases.check(stored.map(Into::into), &secret(typed)).await.unwrap();
        assert_eq!(check(Some(&stored), "correct horse").await, Verdict::Right(None));
        assert_eq!(check(Some(&stored), "correct hors").await, Verdict::Wrong);
        assert_eq!(check(Some(&stored), "").await, Verdict::Wrong);
        assert_eq!(check(None, "correct horse").await, Verdict::Wrong);
        assert_eq!(check(Some(&stored), &stored).await, Verdict::Wrong);
        let older = hash(&Params::new(16, 2, 1, None).unwrap(), b"correct horse").unwrap();
        let Verdict::Right(Some(rehashed)) = check(Some(&older), "correct horse").await else { panic!("not rehashed") };
        assert_eq!(check(Some(&rehashed), "correct horse").await, Verdict::Right(None));
        assert!(matches!(passphrases.check(Some("$1$x".into()), &secret("x")).await, Err(IdentityError::DamagedHash)));
    }

    #[test]
    fn length_is_counted_in_characters() {
        for (text, fits) in [("", false), ("123456789", false), ("1234567890", true), ("ÄÖÜäöüßéèê", true)] {
            assert_eq!(acceptable(&secret(text), "passphrase").is_ok(), fits, "{text}");
        }
        assert!(acceptable(&secret(&"x".repeat(256)), "passphrase").is_ok());
        assert!(acceptable(&secret(&"x".repeat(257)), "passphrase").is_err());
    }
}
