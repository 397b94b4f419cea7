//! The wire vocabulary of the roles, and what every role stands on.
//!
//! Owns: the descriptors a role is started with ([`inherit`]), its life ([`lifecycle`]), serving HTTP on a Unix socket with the peer's and
//! the capability's check built in ([`routes`], [`socket`]), calling another role ([`call`]), following the settings ([`projection`]), reading
//! streams of documents ([`lines`]), who holds an address ([`address`]),
//! [`capability`]'s text form and signature, and [`proof`]'s of what destroys, problem documents as answers ([`problem`]), pages of lists ([`paging`]), text inside XML ([`xml`]).
//! Never: the domain of any role.

pub mod address;
pub mod body;
pub mod bulk;
pub mod call;
pub mod capability;
pub mod headers;
pub mod inherit;
pub mod lifecycle;
pub mod lines;
pub mod machine;
pub mod ocs;
pub mod paging;
pub mod preview;
pub mod problem;
pub mod projection;
pub mod proof;
pub mod random;
pub mod routes;
pub mod socket;
pub mod wire;
pub mod xml;
