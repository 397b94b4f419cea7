//! Who is who: credentials, sessions, app passwords, capabilities and the household's certificate authority.
//!
//! **Owns** `identity.redb`: hashes of passphrases, tokens and the recovery kit, the pairing code of an unclaimed box, the authority's key.
//! **Needs** people, box and door of the settings (names and roles live there; credentials hang on person ids), the seed for capabilities, and
//! the supervisor for the first owner and the audit log.
//! **Emits** capabilities of at most a minute for one audience, certificates for the gateway's key, revocations, lines for the audit log.
//! **Never** touches a network address or a file of anybody's; shows a secret twice; keeps one that it could keep as a hash.
//!
//! Why it is so: `docs/decisions/sign-in.md`. What a capability is: `docs/formats/capability.md`.
//!
//! Tasks: the socket's server; [`run::upkeep`] sweeps what has expired; [`run::follow_people`] voids the sign-ins of who left or changed; the
//! audit log's carrier.

mod app_passwords;
mod audit;
mod authority;
mod capabilities;
mod claim;
mod error;
mod grants;
mod guesses;
mod household;
mod http;
mod identity;
mod invitations;
mod kit;
mod pairing;
mod passphrases;
mod records;
mod revocations;
mod run;
mod secrets;
mod sessions;
mod sign_in;
#[cfg(test)]
mod tests;

pub use error::IdentityError;
pub use http::routes;
pub use identity::Identity;
pub use run::run;
